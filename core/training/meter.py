"""Loss and accuracy of every arm from mini-batch to mini-batch, averaged into points and epochs.

Meter     publishes training points on a schedule that is dense at the start and bounded over the run
Averages  the sums behind a point or an epoch
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.experiment.config import ExperimentConfig
from core.training import records

if TYPE_CHECKING:
    from core.training.trainer import Arm, Batch

POINTS = 2000  # a run publishes at most about so many training points, however long it is
FIRST_STEPS = 100  # each of these gets a point of its own

Measured = dict[str, tuple[float, float]]  # arm: (loss, correctly read examples)


class Meter:
    """Publishes training points on a schedule that is dense at the start and bounded over the run."""

    def __init__(self, config: ExperimentConfig, publish: records.Publish) -> None:
        self._config, self._publish = config, publish
        self._stride = max(1, math.ceil(config.total_steps / POINTS))
        self._averages, self._steps = Averages(), 0
        self._last: tuple[Batch, list[Arm]] | None = None

    def add(self, batch: Batch, measured: Measured, arms: list[Arm]) -> None:
        self._averages.add(measured, len(batch.labels))
        self._steps += 1
        self._last = batch, arms
        if batch.step <= FIRST_STEPS or batch.step % self._stride == 0:
            self.flush()

    def flush(self) -> None:
        """Publish what has come since the last point, if anything has."""
        if self._last is None:
            return
        (batch, arms), steps = self._last, self._steps
        loss, accuracy = self._averages.take()
        self._last, self._steps = None, 0
        if loss:
            epoch = batch.step / self._config.steps_per_epoch
            seconds = {arm.name: arm.seconds for arm in arms if arm.name in loss}
            examples = {arm.name: arm.examples for arm in arms if arm.name in loss}
            self._publish(records.TrainMeasured(batch.step, epoch, steps, loss, accuracy, seconds, examples))


class Averages:
    """Loss and accuracy per arm, averaged over examples. An arm that stopped on the way is left out."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float, int]] = {}
        self._examples = 0

    def add(self, measured: Measured, examples: int) -> None:
        for name, (loss, correct) in measured.items():
            losses, corrects, count = self._sums.get(name, (0.0, 0.0, 0))
            self._sums[name] = losses + loss * examples, corrects + correct, count + examples
        self._examples += examples

    def take(self) -> tuple[dict[str, float], dict[str, float]]:
        """(loss, accuracy) by arm; starts anew."""
        whole = {name: sums for name, sums in self._sums.items() if sums[2] == self._examples}
        self._sums, self._examples = {}, 0
        losses = {name: loss / count for name, (loss, _, count) in whole.items()}
        return losses, {name: correct / count for name, (_, correct, count) in whole.items()}

    def finish(self, batch: Batch) -> records.EpochFinished:
        """The epoch's averages."""
        loss, accuracy = self.take()
        return records.EpochFinished(batch.step, batch.epoch, loss, accuracy)
