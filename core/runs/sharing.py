"""A run that several pressed Start for: it belongs to nobody and only runs.

may_be_shared  whether somebody who starts the same experiment watches it instead of standing in line behind it
branched       a run of one's own from where it stands
"""

from __future__ import annotations

from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import torch

from core.experiment.config import ExperimentConfig
from core.experiment.schedule import shown_rate
from core.language.message import Message
from core.runs.asking import NothingToSee, QueueFull
from core.runs.kept_looks import reading
from core.runs.origin import PAGE, begun
from core.runs.pace import is_look
from core.runs.run import Run
from core.store.card import Card, fingerprint, new_id
from core.store.networks import networks_bytes
from core.store.run_file import Checkpoint, Look, RunFile
from core.store.shelf import Shelf
from core.store.troubles import StoreError
from core.training.records import LearningRateChanged, StatusChanged

SHARED_SECONDS = 60.0  # after a run has begun, who starts the same joins it
PATIENCE = 3.0  # seconds until the next mini-batch, between two of which a run says how it stands

FROM_THERE = Message("This run of your own goes on from a shared one, which goes on for the others.")
FROM_THE_START = Message(
    "This run of your own begins anew: what the shared one has reached could not be taken over. That one goes on for "
    "the others."
)


def may_be_shared(run: Run, config: ExperimentConfig, key: str) -> bool:
    """Whether it is the same, has just begun or not yet, all of it is shown, and nobody has steered it."""
    is_new = run.status == "queued" or (datetime.now(UTC) - run.clock.made).total_seconds() <= SHARED_SECONDS
    is_free = not run.is_owned_by(key) and not run.hidden and not _is_steered(run)
    return config in (run.asked, run.config) and is_new and is_free


def _is_steered(run: Run) -> bool:
    is_ordered = any(
        isinstance(record, LearningRateChanged) or (isinstance(record, StatusChanged) and record.status == "paused")
        for record in run.history
    )
    snapshot = run.snapshot(run.history.latest)
    return is_ordered or bool(snapshot.asked) or snapshot.learning_rate != shown_rate(run.config, snapshot.step)


@dataclass(frozen=True, slots=True)
class _Standing:
    step: int
    records: int
    looks: int
    content: bytes


def branched(shelf: Shelf, run: Run, key: str, device: torch.device) -> tuple[Card, RunFile] | None:
    """The run as it stands, once more on the shelf, as that of who has `key`; None where that is not possible."""
    try:
        standing = run.ask(lambda _arms, _images: _standing(run)).result(PATIENCE)
        file = shelf.create(new_id(), replace(begun(run, PAGE, device), owner=fingerprint(key)))
    except (NothingToSee, QueueFull, NotInTime, StoreError, ValueError):  # the last is a state that JSON does not have
        return None
    try:
        _copy(shelf, run, standing, file)
        return file.card(), file
    except BaseException:
        file.close(ended=True)
        shelf.delete(file.folder.name)
        raise


def _standing(run: Run) -> _Standing:
    if run.state is None:
        raise NothingToSee(Message("The networks are not built yet; ask again when the run has started."))
    state = run.state()
    return _Standing(state.values["step"], run.history.latest, run.inside.latest, state.to_bytes())


def _copy(shelf: Shelf, run: Run, standing: _Standing, file: RunFile) -> None:
    records = [(number, record) for number, record in run.history.since(0) if number <= standing.records]
    networks = {
        step: networks_bytes(run.snapshots.networks(step)) for step in run.snapshots.steps if step <= standing.step
    }
    checkpoint = Checkpoint(standing.step, standing.records, standing.looks, standing.content)
    looks = _looks(shelf, run, standing)
    file.write(records, looks, networks, checkpoint, {"seconds": run.clock.seconds})


def _looks(shelf: Shelf, run: Run, standing: _Standing) -> list[Look]:
    """Those that are written already: the writer is a moment behind."""
    found: list[Look] = []
    with suppress(StoreError), reading(shelf.folder(run.id)) as file:
        for number, step, source in file.looks():
            look = file.look(number) if number <= standing.looks else None
            if look is not None:
                found.append(Look(number, look, source == "fixed" and is_look(step, run.config.total_steps)))
    return found
