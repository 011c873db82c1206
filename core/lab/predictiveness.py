"""How far each arm's gradient can be trusted while it trains: core.probes.along, before some of its mini-batches.

Probed  measures, and has what it was at each of these mini-batches, and the medians over them
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict

from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.lab.probing import PROBES
from core.probes.along import Along, along
from core.training.arms import Arm, Batches, schedule
from core.training.records import to_finite
from core.training.trainer import Training

SKIPPED = 0.2  # of the run, at its start: there every arm still leaves its initial weights


class Probed:
    """Of one training; it leaves the arms and their batches as they are."""

    def __init__(self, config: ExperimentConfig, images: Images) -> None:
        self._config, self._batches = config, Batches(config, images)
        self._steps = probed_steps(config.total_steps)
        self._found: dict[str, list[tuple[int, Along]]] = defaultdict(list)

    def before(self, training: Training) -> None:
        """Measure at the mini-batch that `training` takes next, if it is one of them, with the rate that it has."""
        step = training.step + 1
        if step not in self._steps:
            return
        training.settle()
        schedule(self._config, training.arms, step)
        batch = self._batches.at(step)
        for arm in training.arms:
            if arm.alive:
                found = along(arm.twin(), batch.images, batch.labels, arm.learning_rate)
                self._found[arm.name].append((step, found))

    def of(self, arm: Arm) -> dict[str, float | None]:
        """core.lab.probing.ALONG; None where the arm has not come to the end, or one of its numbers is not finite."""
        found = self._found[arm.name] if arm.alive else []
        return {f"along_{name}": _median([getattr(each, name) for _step, each in found]) for name in Along.__slots__}

    def curves(self) -> dict[str, dict[str, list[tuple[int, float | None]]]]:
        """By arm and by the fields of Along: the step that it was measured before, and the number.

        None where that is not finite.
        """
        return {
            arm: {name: [(step, to_finite(getattr(each, name))) for step, each in found] for name in Along.__slots__}
            for arm, found in self._found.items()
        }


def probed_steps(total: int) -> frozenset[int]:
    """PROBES of the mini-batches 1 to `total`, fewer where there are fewer after the first ones."""
    first = math.floor(SKIPPED * total)
    return frozenset(first + math.ceil((each + 0.5) * (total - first) / PROBES) for each in range(PROBES))


def _median(numbers: list[float]) -> float | None:
    return statistics.median(numbers) if numbers and all(map(math.isfinite, numbers)) else None
