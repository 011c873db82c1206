"""How long a sweep takes: before it starts, from a few mini-batches of each kind; then from the points that are done.

step_seconds  a mini-batch of all arms, timed here and now; timed: the same as the work of an engine
Estimate      of the points that are left
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from core.data.images import Images
from core.experiment import links
from core.experiment.config import DATASETS, ExperimentConfig
from core.lab.points import Point
from core.lab.probing import PASSES, PROBES
from core.nets.steady import threads
from core.training.trainer import Training

TIMED_STEPS = 3
MOST_KINDS = 8  # that are timed; the others are taken from their batch size
Kind = tuple[int, int]  # batch size and depth: these decide how long a step takes
READING = 0.3  # of a step's time an image takes that is only read


def step_seconds(config: ExperimentConfig) -> float:
    """With one thread, on images of noise: their time is that of any others."""
    count = config.batch_size
    noise = torch.randint(256, (count, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(count) % 10
    once = ExperimentConfig(
        data="fashion-mnist", examples=count, batch_size=count, drop_last=True, arms=config.arms, depth=config.depth,
        activation=config.activation, pool=config.pool, optimizer=config.optimizer, epochs=TIMED_STEPS + 1,
    )  # fmt: skip
    with threads(1):
        training = Training(once, Images("noise", noise, labels, noise[:1], labels[:1], ()))
        training.advance()  # the first one takes longer
        began = time.perf_counter()
        for _ in range(TIMED_STEPS):
            training.advance()
        return (time.perf_counter() - began) / TIMED_STEPS


def timed(point: Mapping[str, Any]) -> dict[str, Any]:
    """Of a point as Point.to_json has it."""
    config, _problems = links.from_query(point["experiment"])
    return {"seconds": step_seconds(config)}


class Estimate:
    """Of `points`, of which `places` are computed at once.

    What those of a kind, that is, of a batch size and a depth, were found to take corrects it for their kind, and for
    kinds of which none is done yet.
    """

    def __init__(
        self, points: Iterable[Point], places: int, timed: Callable[[ExperimentConfig], float] = step_seconds
    ) -> None:
        self._places, self._timed = places, timed
        self._kinds: dict[Kind, float] = {}
        self._left = {point.key: (_kind(point.config), self._expected(point)) for point in points}
        self._done: dict[Kind, tuple[float, float]] = {}  # seconds that were expected, and that it took

    def done(self, key: str, seconds: float | None) -> None:
        """The point has come to its end after `seconds`; None where that says nothing of the others."""
        if key not in self._left:
            return
        kind, expected = self._left.pop(key)
        if seconds is not None and expected:
            before, took = self._done.get(kind, (0.0, 0.0))
            self._done[kind] = before + expected, took + seconds

    @property
    def seconds(self) -> float:
        """Until all are done."""
        of_all = _factor(self._done.values())
        factors = {kind: _factor([done]) for kind, done in self._done.items()}
        left = [factors.get(kind, of_all) * expected for kind, expected in self._left.values()]
        return max(sum(left) / self._places, max(left, default=0.0))

    def _expected(self, point: Point) -> float:
        config = point.config
        read = point.held_out + DATASETS[config.data][1]
        along = PROBES * PASSES if point.along else 0
        return self._step(config) * (config.total_steps + along + READING * read / config.batch_size)

    def _step(self, config: ExperimentConfig) -> float:
        kind = _kind(config)
        if kind not in self._kinds:
            if len(self._kinds) >= MOST_KINDS:
                near = min(self._kinds, key=lambda known: (known[1] != kind[1], abs(known[0] - kind[0])))
                return self._kinds[near] * max(1.0, kind[0] / near[0])
            self._kinds[kind] = self._timed(config)
        return self._kinds[kind]


def _kind(config: ExperimentConfig) -> Kind:
    return config.batch_size, config.depth


def _factor(done: Iterable[tuple[float, float]]) -> float:
    """What it took over what was expected; 1 where nothing is done."""
    expected, took = map(sum, zip((0.0, 0.0), *done, strict=True))
    return took / expected if expected else 1.0
