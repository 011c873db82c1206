"""Loss and accuracy of every arm from mini-batch to mini-batch, averaged into points and epochs.

Meter     publishes training points on a schedule that is dense at the start and bounded over the run
Averages  the sums behind a point or an epoch
"""

from __future__ import annotations

import math
from typing import Any

from core.experiment.config import ExperimentConfig
from core.training import records
from core.training.arms import Arm

POINTS = 2000  # a run publishes at most about so many training points, however long it is
FIRST_STEPS = 100  # each of these gets a point of its own

Measured = dict[str, tuple[float, float]]  # arm: (loss, correctly read examples)


class Meter:
    """Publishes training points on a schedule that is dense at the start and bounded over the run."""

    def __init__(self, config: ExperimentConfig, arms: list[Arm], publish: records.Publish) -> None:
        self._config, self._arms, self._publish = config, arms, publish
        self._stride = max(1, math.ceil(config.total_steps / POINTS))
        self._averages, self._steps, self._step = Averages(), 0, 0

    def add(self, step: int, measured: Measured, examples: int) -> None:
        self._averages.add(measured, examples)
        self._steps += 1
        self._step = step
        if step <= FIRST_STEPS or step % self._stride == 0:
            self.flush()

    def flush(self) -> None:
        """Publish what has come since the last point, if anything has."""
        if not self._steps:
            return
        step, steps = self._step, self._steps
        loss, accuracy = self._averages.take()
        self._steps = 0
        if loss:
            epoch = step / self._config.steps_per_epoch
            seconds = {arm.name: arm.seconds for arm in self._arms if arm.name in loss}
            examples = {arm.name: arm.examples for arm in self._arms if arm.name in loss}
            self._publish(records.TrainMeasured(step, epoch, steps, loss, accuracy, seconds, examples))

    def state(self) -> dict[str, Any]:
        """What has come since the last point, as JSON values."""
        return {"steps": self._steps, "step": self._step, "averages": self._averages.state()}

    def resume(self, state: dict[str, Any]) -> None:
        self._steps, self._step = state["steps"], state["step"]
        self._averages.resume(state["averages"])


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

    def finish(self, step: int, epoch: int) -> records.EpochFinished:
        """The epoch's averages."""
        loss, accuracy = self.take()
        return records.EpochFinished(step, epoch, loss, accuracy)

    def state(self) -> dict[str, Any]:
        """The sums, as JSON values."""
        return {"sums": {name: list(sums) for name, sums in self._sums.items()}, "examples": self._examples}

    def resume(self, state: dict[str, Any]) -> None:
        self._sums = {name: (sums[0], sums[1], sums[2]) for name, sums in state["sums"].items()}
        self._examples = state["examples"]
