"""A run of the shelf as a Recording: its records at once, its looks and networks when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.language.message import Message
from core.store.card import INTERRUPTED, UNDER_WAY, Card
from core.store.networks import networks_from, of_state
from core.store.recording import Networks, Recording
from core.store.run_file import RunFile
from core.store.troubles import damaged
from core.training.checkpoint import State
from core.training.records import ArmDiverged, ArmFailed, NetworksSeen, Record, StatusChanged, reached


def recording(card: Card, folder: Path) -> Recording:
    """Raises StoreError where it cannot be read."""
    file = RunFile.read(folder)
    try:
        records = tuple(record for _, record in file.records())
        steps = tuple(file.network_steps())
    finally:
        file.close()
    return Recording(
        id=card.id,
        name=card.name,
        config=card.config,
        asked=card.asked,
        status=card.status,
        origin=card.origin,
        records=_settled(records, card),
        looks=lambda: _looks(folder),
        network_steps=steps,
        networks=lambda step: _living(networks(folder, step), records, step),
        seconds=card.seconds,
    )


def _settled(records: tuple[Record, ...], card: Card) -> tuple[Record, ...]:
    """As `Shelf.settle` will have them: a run that was killed has not said so itself, and may only be read here."""
    stood = next((each.status for each in reversed(records) if isinstance(each, StatusChanged)), "queued")
    if card.status != INTERRUPTED or stood not in UNDER_WAY:
        return records
    return (*records, StatusChanged(INTERRUPTED, reached(records), card.message))


def _living(all_arms: Networks, records: tuple[Record, ...], step: int) -> Networks:
    """Without those that had diverged or failed."""
    ends = {each.arm: each.step for each in records if isinstance(each, ArmDiverged | ArmFailed)}
    return {arm: tensors for arm, tensors in all_arms.items() if ends.get(arm, step + 1) > step}


def _looks(folder: Path) -> Iterator[NetworksSeen]:
    file = RunFile.read(folder)
    try:
        for sequence, _, _ in file.looks():
            look = file.look(sequence)
            if look is not None:
                yield look
    finally:
        file.close()


def networks(folder: Path, step: int) -> Networks:
    """Those after `step` updates. Raises LookupError for a step of which none are kept."""
    file = RunFile.read(folder)
    try:
        content, checkpoint = file.networks(step), file.checkpoint()
        if content is not None:
            return file.told_of(networks_from, content)
        if checkpoint is not None and checkpoint.step == step:
            return of_state(_state(file, checkpoint.content))
        steps = file.network_steps()
    finally:
        file.close()
    raise LookupError(
        Message("The networks were kept at steps {steps}; got step {step}.", {"steps": steps, "step": step})
    )


def _state(file: RunFile, content: bytes) -> State:
    try:
        return State.from_bytes(content)
    except ValueError as error:
        raise damaged(file.path, Message("its checkpoint cannot be read")) from error
