"""A run that goes on from its last checkpoint: what it measures a second time is known already, and is not told again.

Again  of a run that was kept: where it goes on, and what must not be repeated
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from core.store.run_file import Checkpoint
from core.training.records import (
    DataArrived,
    DataReplaced,
    LearningRateChanged,
    NetworksSeen,
    Record,
    RunNoted,
    RunReplaced,
    StatusChanged,
    TrainingStarted,
)


class Again:
    """`records` and `looks`, (step, source), were told from `checkpoint` on, until the run was interrupted.

    They are what the same steps give once more: bit for bit on the CPU. So they stay, what comes again is dropped, and
    sequence numbers never go back. A learning rate that was changed there is changed at the same step again.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None = None,
        records: Iterable[Record] = (),
        looks: Iterable[tuple[int, str]] = (),
    ) -> None:
        told = list(records)
        self.checkpoint, self.taken_up = checkpoint, checkpoint is not None or bool(told)
        self._known = {_key(record) for record in told} | {("seen", step, source) for step, source in looks}
        self._known -= {None}
        self._rates = {record.step: record.new for record in told if isinstance(record, LearningRateChanged)}
        self.until = max((getattr(record, "step", 0) for record in told), default=0)

    def knows(self, record: Record) -> bool:
        """Whether it was told before."""
        return bool(self._known) and _key(record) in self._known

    def rate(self, step: int) -> float | None:
        """The learning rate that was ordered for `step`, if one was."""
        return self._rates.pop(step, None)


def _key(record: Record) -> Hashable:
    """What a record is of; None for what is never the same again."""
    found: Any = record
    match record:
        case StatusChanged() | RunNoted() | RunReplaced() | DataArrived() | DataReplaced():
            return None
        case TrainingStarted():
            return record.kind
        case NetworksSeen():
            return record.kind, record.step, record.source
        case _:
            return record.kind, found.step, getattr(record, "arm", "")
