"""A run that was stopped or interrupted goes on from its last checkpoint.

to_go_on   its card and its file, if it can go on
taken_up   the run, as it was
recall     what it has seen of its networks
compare    whether it goes on with what it was begun with
go_on      the training, to its end
"""

from __future__ import annotations

from itertools import chain, count

import torch

from core.data.images import Images
from core.language.message import Message
from core.runs.again import Again
from core.runs.clock import Clock
from core.runs.kept_looks import reading, spread
from core.runs.line import Line
from core.runs.looks import MAX_OBSERVATIONS, SOURCES, Observations
from core.runs.origin import differences, origin
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.runs.snapshots import Snapshots
from core.store.card import Card
from core.store.networks import networks_from
from core.store.recording import IMPORT, Origin
from core.store.run_file import RunFile
from core.store.shelf import Shelf
from core.store.troubles import StoreError
from core.training.arms import Arm
from core.training.checkpoint import State
from core.training.crew import Crew
from core.training.records import Publish, RunNoted
from core.training.trainer import Training, carry_on

_versions = count(1 << 32, 1 << 32)  # where each begins: its watchers are never told what was said of it before

NOT_YOURS = Message("Only who started this run can have it go on; start a run with its settings to do so.")


def in_memory_only() -> StoreError:
    return StoreError(Message("This server keeps no runs (NORMSCOPE_STORE is off), so none can go on."))


def to_go_on(shelf: Shelf, run_id: str, secret: str | None) -> tuple[Card, RunFile]:
    """Without a `secret` whoever can read the folder may. Raises NotTheOwner, or StoreError with the reason."""
    card = shelf.card(run_id)
    if secret is not None and not card.owned_by(secret):
        raise NotTheOwner(NOT_YOURS)
    if shelf.is_written(run_id):
        raise StoreError(Message("This run is under way in another process; it goes on there."))
    if card.origin.by == IMPORT:
        raise StoreError(
            Message("A run that was imported came without what it needs to go on. Start one with its settings.")
        )
    if not card.resumable:
        raise StoreError(
            Message(
                "Only a run that was stopped or interrupted can go on; this one has come to its end. Start one with "
                "its settings."
            )
        )
    shelf.settle(run_id)
    return card, shelf.write_to(run_id)


def taken_up(card: Card, file: RunFile, line: Line, grace: float, key: str) -> Run:
    """The run with all that it has told, at the end of the line."""
    checkpoint, records = file.checkpoint(), file.records()
    since = checkpoint.step if checkpoint is not None else 0
    again = Again(
        checkpoint,
        [record for _, record in records if getattr(record, "step", 0) >= since],
        [(step, source) for _, step, source in file.looks() if step >= since],
    )
    run = Run(card.config, line, grace, key, card.id)
    run.version = next(_versions)
    run.hide(run.key, card.hidden)
    clock = Clock(file.seconds(), checkpoint.step if checkpoint is not None else 0)
    run.take_up(card.asked, [record for _, record in records], again, clock)
    return run


def compare(run: Run, begun: Origin, device: torch.device) -> None:
    """Tell what differs, here and now, from where the run was begun."""
    said = differences(begun, origin(begun.by, device))
    if said:
        run.publish(RunNoted(run.snapshot().step, said))


def recall(run: Run, shelf: Shelf) -> None:
    """Have the run know what was seen inside its networks before, as many looks as a page draws."""
    looks, snapshots = Observations({arm.name: arm.title for arm in run.config.arms}), Snapshots()
    with reading(shelf.folder(run.id)) as file:
        of_each = ([number for number, _, of in file.looks() if of == source] for source in SOURCES)
        for number in sorted(chain.from_iterable(spread(numbers, MAX_OBSERVATIONS) for numbers in of_each)):
            look = file.look(number)
            if look is not None:
                looks.append(look, number)
        for step in file.network_steps():
            content = file.networks(step)
            if content is not None:
                snapshots.put(step, file.told_of(networks_from, content))
    run.inside, run.snapshots = looks, snapshots


def go_on(run: Run, images: Images, crew: Crew, publish: Publish | None = None) -> list[Arm]:
    """Train from the checkpoint to the end, publishing to `publish`, or to the run itself."""
    checkpoint = run.again.checkpoint
    assert checkpoint is not None
    training = Training.resumed(run.config, images, State.from_bytes(checkpoint.content), publish or run.publish, crew)
    if training.step:  # whose test may not have come to its end
        training.test(run.wait)
    return carry_on(training, run)
