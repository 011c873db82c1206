"""A run as TensorBoard's events. Needs the package tensorboard.

Each arm has a run of TensorBoard's for what was measured in training ("bn/train"), on the test images ("bn/test") and
there with the batch's statistics ("bn/test batch statistics"), so that train and test stand in one chart, and one for
what its layers looked like ("bn/inside"). An event's wall time is when the run was started plus the seconds that the
arm's own training had taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.experiment.arm import ArmConfig
from core.exports.networks import file_name
from core.exports.packages import need
from core.probes.summary import Histogram, LayerSummary, StageSummary
from core.store.recording import Recording
from core.training.rates import rate_of
from core.training.records import LearningRateChanged, NetworksSeen, Record, TestMeasured, TrainMeasured

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Scalar = tuple[str, int, float, float]  # tag, step, value, seconds of the arm's training


def write(recording: Recording, folder: Path) -> list[Path]:
    """One folder an arm, each with up to four of events. Raises PackageMissing without tensorboard, and OSError."""
    need("tensorboard")
    folder.mkdir(parents=True, exist_ok=True)
    folders = [folder / file_name(arm) for arm in recording.config.arms]
    for earlier in _events(folders):
        earlier.unlink()  # or each point would be there twice
    for arm, own in zip(recording.config.arms, folders, strict=True):
        _write(recording, arm, own)
    return _events(folders)


def _events(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.glob("*/events.out.tfevents.*"))]


def _write(recording: Recording, arm: ArmConfig, folder: Path) -> None:
    began = recording.origin.started.timestamp()
    for kind, scalars in _scalars(recording, arm).items():
        if scalars:
            with closing(_writer(folder / kind)) as writer:
                for tag, step, value, seconds in scalars:
                    writer.add_scalar(tag, value, step, began + seconds)
    looks = (look for look in recording.looks() if look.source == "fixed" and arm.name in look.arms)
    trained = _Trained(recording.records, arm.name)
    with closing(_writer(folder / "inside")) as writer:
        for look in looks:
            _add_look(writer, look, arm.name, began + trained.until(look.step))


def _writer(folder: Path) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter  # takes seconds

    return SummaryWriter(str(folder))


def _scalars(recording: Recording, arm: ArmConfig) -> dict[str, list[Scalar]]:
    found: dict[str, list[Scalar]] = {"train": [], "test": [], "test batch statistics": []}
    changes: list[LearningRateChanged] = []
    for record in recording.records:
        if isinstance(record, LearningRateChanged):
            changes.append(record)
        if isinstance(record, TrainMeasured) and arm.name in record.loss:
            used = rate_of(recording.config, arm, record.step, changes)
            found["train"] += [*_both(record, arm.name, record.loss, record.accuracy)]
            found["train"] += [("learning rate", record.step, used, record.seconds[arm.name])]
        if isinstance(record, TestMeasured) and arm.name in record.loss:
            found["test"] += _both(record, arm.name, record.loss, record.accuracy)
        if isinstance(record, TestMeasured) and arm.name in record.batch_loss:
            found["test batch statistics"] += _both(record, arm.name, record.batch_loss, record.batch_accuracy)
    return found


def _both(record: TrainMeasured | TestMeasured, arm: str, loss: Any, accuracy: Any) -> Iterator[Scalar]:
    seconds = record.seconds[arm]
    yield "loss", record.step, loss[arm], seconds
    yield "accuracy", record.step, accuracy[arm], seconds


class _Trained:
    """How long an arm had been trained by a step; the records are read once, however many looks ask."""

    def __init__(self, records: tuple[Record, ...], arm: str) -> None:
        points = [(r.step, r.seconds[arm]) for r in records if isinstance(r, TrainMeasured) and arm in r.seconds]
        self._steps, self._seconds = [step for step, _ in points], [seconds for _, seconds in points]

    def until(self, step: int) -> float:
        points = bisect_right(self._steps, step)
        return self._seconds[points - 1] if points else 0.0


def _add_look(writer: SummaryWriter, look: NetworksSeen, arm: str, when: float) -> None:
    for layer in look.arms[arm].layers:
        for tag, value in _numbers(layer):
            writer.add_scalar(f"{tag}/{layer.name}", value, look.step, when)
        for stage in ("before", "activated"):
            seen: StageSummary | None = getattr(layer, stage)
            if seen is not None and any(seen.adaptive.counts):
                _add_histogram(writer, f"{stage}/{layer.name}", seen, look.step, when)


def _numbers(layer: LayerSummary) -> Iterator[tuple[str, float]]:
    """What the pages draw over time, under the names that the tables have."""
    yield "unit_std before", layer.before.unit_std
    yield "std before", layer.before.std
    if layer.activated is not None:
        yield "unit_std activated", layer.activated.unit_std
        yield "std activated", layer.activated.std
    if layer.gradient is not None:
        yield "gradient mean_abs", layer.gradient.mean_abs
        yield "gradient rms", layer.gradient.rms
        if layer.gradient.update_ratio is not None:
            yield "update_ratio", layer.gradient.update_ratio
    if layer.norm is not None and layer.norm.gamma:
        yield "gamma mean", sum(layer.norm.gamma) / len(layer.norm.gamma)
    if layer.norm is not None and layer.norm.beta:
        yield "beta mean", sum(layer.norm.beta) / len(layer.norm.beta)


def _add_histogram(writer: SummaryWriter, tag: str, stage: StageSummary, step: int, when: float) -> None:
    """The finite values, in the bins of the look."""
    bins = stage.adaptive
    counted = sum(bins.counts)
    writer.add_histogram_raw(
        tag,
        min=stage.low,
        max=stage.high,
        num=counted,
        sum=stage.mean * counted,
        sum_squares=(stage.std**2 + stage.mean**2) * counted,
        bucket_limits=_upper_edges(bins),
        bucket_counts=list(bins.counts),
        global_step=step,
        walltime=when,
    )


def _upper_edges(bins: Histogram) -> list[float]:
    width = (bins.high - bins.low) / len(bins.counts)
    return [bins.low + width * (i + 1) for i in range(len(bins.counts))]
