"""The training loss of a point in few numbers, and of several seeds as a band.

thinned  of each arm: [step, loss] at no more than POINTS steps, the same for every seed
Band     median and range over the seeds at each of these steps
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.training.records import Record, TrainMeasured

POINTS = 40
Curve = list[tuple[int, float]]


def thinned(records: Iterable[Record], total_steps: int) -> dict[str, Curve]:
    """Each loss is the mean over the mini-batches since the step before; a loss that is not finite ends the curve."""
    count = min(POINTS, total_steps)
    sums: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for record in records:
        if isinstance(record, TrainMeasured):
            place = math.ceil(record.step * count / total_steps)
            for arm, loss in record.loss.items():
                of_place = sums[arm][place]
                of_place[0] += record.steps * loss
                of_place[1] += record.steps
    return {arm: _curve(of_arm, count, total_steps) for arm, of_arm in sums.items()}


def _curve(of_arm: dict[int, list[float]], count: int, total_steps: int) -> Curve:
    found: Curve = []
    for place, (total, steps) in sorted(of_arm.items()):
        if not math.isfinite(total):
            break
        found.append((place * total_steps // count, total / steps))
    return found


@dataclass(frozen=True, slots=True)
class Band:
    """`n` is how many seeds have come so far; of those that have not, nothing is in it."""

    steps: list[int]
    median: list[float]
    low: list[float]
    high: list[float]
    n: list[int]

    @classmethod
    def of(cls, curves: Sequence[Curve]) -> Band:
        by_step: dict[int, list[float]] = defaultdict(list)
        for curve in curves:
            for step, loss in curve:
                by_step[step].append(loss)
        columns = [(step, statistics.median(of), min(of), max(of), len(of)) for step, of in sorted(by_step.items())]
        return cls(*(list(column) for column in zip(*columns, strict=True))) if columns else cls([], [], [], [], [])
