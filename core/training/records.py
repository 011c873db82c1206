"""What was measured: small frozen facts in the past tense, and the history of a run.

Every record knows its `kind`, the word under which the browser receives it. Losses are mean cross-entropies in nats,
accuracies are shares from 0 to 1, `seconds` are those of the clock that an arm's own steps have taken (no tests, no
pauses).
Mappings go from an arm's name to its value; an arm that has diverged or failed is absent from then on.
What is said in words is a Message: in whose language, is decided where it is told (to_json).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from math import isfinite
from typing import Any, ClassVar

from core.language.message import Message
from core.probes.summary import NetworkSummary

Values = Mapping[str, float]
NO_MEMORY = Message("the device ran out of memory")  # what an arm that failed of it did


@dataclass(frozen=True, slots=True)
class DataArrived:
    """`done` of `total` bytes of a file are here (total 0: unknown)."""

    kind: ClassVar[str] = "data"
    file: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DataReplaced:
    """The run uses other data than asked for: `reason` is why, and how to get those; `settings` what else changed."""

    kind: ClassVar[str] = "data-replaced"
    asked: str
    used: str
    reason: Message | str
    settings: Message | str


@dataclass(frozen=True, slots=True)
class ArmStarted:
    """An arm was built: its words, its size, and the fingerprint of its initial convolution and linear weights."""

    name: str
    norm: str
    title: Message | str
    parameters: int
    norm_parameters: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    """The networks are built and the first batch is next."""

    kind: ClassVar[str] = "started"
    device: Message | str
    data: str
    examples: int
    test_examples: int
    batch_size: int
    steps_per_epoch: int
    total_steps: int
    arms: tuple[ArmStarted, ...]


@dataclass(frozen=True, slots=True)
class TrainMeasured:
    """Training loss and accuracy, in training mode, averaged over the last `steps` mini-batches up to `step`."""

    kind: ClassVar[str] = "train"
    step: int
    epoch: float
    steps: int
    loss: Values
    accuracy: Values
    seconds: Values
    examples: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TestMeasured:
    """Test loss and accuracy in evaluation mode; `batch_*` with the batch's statistics, for arms with BatchNorm.

    `examples` says on how many test images; `whole` whether on all of them.
    """

    kind: ClassVar[str] = "test"
    step: int
    epoch: float
    examples: int
    whole: bool
    loss: Values
    accuracy: Values
    batch_loss: Values
    batch_accuracy: Values
    seconds: Values


@dataclass(frozen=True, slots=True)
class EpochFinished:
    """Training loss and accuracy averaged over the epoch's examples while the weights moved, as in the book."""

    kind: ClassVar[str] = "epoch"
    step: int
    epoch: int
    train_loss: Values
    train_accuracy: Values


@dataclass(frozen=True, slots=True)
class LearningRateChanged:
    """From `step` on, the arms without a learning rate of their own used `new`."""

    kind: ClassVar[str] = "lr"
    step: int
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class ArmDiverged:
    """An arm's loss at `step` was not finite; `layer` is the first, from the input on, where it showed."""

    kind: ClassVar[str] = "diverged"
    step: int
    arm: str
    layer: str
    what: Message | str


@dataclass(frozen=True, slots=True)
class ArmFailed:
    """What an arm did at `step` raised an exception, which ended it; `steps` mini-batches were behind it.

    `doing` is "step", "look" or "test", `what` the exception in words.
    """

    kind: ClassVar[str] = "arm-failed"
    step: int
    arm: str
    doing: str
    what: Message | str

    @property
    def steps(self) -> int:
        return self.step - (self.doing == "step")


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The worker confirmed a new status at `step`; `message` says why where it is not plain."""

    kind: ClassVar[str] = "status"
    status: str
    step: int
    message: Message | str = ""


@dataclass(frozen=True, slots=True)
class RunNoted:
    """Something that whoever reads the run should know from `step` on, besides its status."""

    kind: ClassVar[str] = "note"
    step: int
    said: Message | str


@dataclass(frozen=True, slots=True)
class RunReplaced:
    """Who started the run began another one in its place, whose id is `next`; this one ends."""

    kind: ClassVar[str] = "replaced-by"
    step: int
    next: str


@dataclass(frozen=True, slots=True)
class NetworksSeen:
    """The living arms after `step` updates, by name.

    `source` is "fixed" (always the same test images) or "batch" (the next training mini-batch).
    """

    kind: ClassVar[str] = "seen"
    step: int
    epoch: float
    source: str
    arms: Mapping[str, NetworkSummary]


Record = (
    DataArrived
    | DataReplaced
    | TrainingStarted
    | TrainMeasured
    | TestMeasured
    | EpochFinished
    | LearningRateChanged
    | ArmDiverged
    | ArmFailed
    | StatusChanged
    | RunNoted
    | RunReplaced
    | NetworksSeen
)
Publish = Callable[[Record], None]


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON values, in the language spoken here; what is not finite becomes null, never disappears."""
    values: dict[str, Any] = to_finite(record)
    return {"kind": record.kind} | values


def to_finite(value: Any) -> Any:
    """`value` with lists for tuples, dicts for records and None for floats that are not finite, as JSON wants it."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Message):
        return str(value)
    if isinstance(value, dict):
        return {key: to_finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_finite(item) for item in value]
    return to_finite(fields_of(value)) if is_dataclass(value) else value


def fields_of(record: Any) -> dict[str, Any]:
    """A record's values by name, themselves and not copies of them, which dataclasses.asdict would make one by one."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


class History:
    """The records of a run in order; sequence numbers count from 1. Not locked: its run does that.

    Bounded because the trainer's schedules are (at most some 6,000 records a run, however long).
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records: list[Record] = list(records)

    def append(self, record: Record) -> int:
        """Keep `record`; returns its sequence number."""
        self._records.append(record)
        return len(self._records)

    @property
    def latest(self) -> int:
        """The newest sequence number, 0 when empty."""
        return len(self._records)

    def since(self, sequence: int) -> list[tuple[int, Record]]:
        """All (sequence number, record) newer than `sequence`."""
        start = max(0, sequence)
        return list(enumerate(self._records[start:], start + 1))

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records))


def reached(records: Iterable[Record]) -> int:
    """The step that the training had come to: of the newest status, training point or test; 0 before any."""
    told = (each.step for each in records if isinstance(each, StatusChanged | TrainMeasured | TestMeasured))
    return max(told, default=0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment; `news` are the (sequence number, record) pairs asked for."""

    status: str
    asked: str
    place: int
    step: int
    learning_rate: float  # of the next mini-batch
    eta_seconds: float | None
    version: int
    latest: int
    news: list[tuple[int, Record]]
