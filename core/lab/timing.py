"""How long a mini-batch takes on a server that has other things to do: found out by a process of its own, once.

Timing  remembers what it has found; `estimate` makes an Estimate with it
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.experiment import links
from core.experiment.config import ExperimentConfig
from core.lab.estimate import Estimate, timed
from core.lab.points import Point
from core.runs.aside import Aside
from core.runs.local_engine import LocalEngine

PRELOAD = ("core.lab.measure", "core.lab.estimate")  # the same for all engines of a process: its first one decides
LIMIT_SECONDS, AGAIN_SECONDS = 20.0, 60.0
HEEDED = ("batch_size", "depth", "activation", "pool", "optimizer")


class Timing:
    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        self._again: dict[str, float] = {}  # when what did not come off, as on a full machine, is tried again
        self._guard = Aside("timing").changed

    def estimate(self, points: Iterable[Point], places: int) -> Estimate:
        return Estimate(points, places, self.step_seconds)

    def step_seconds(self, config: ExperimentConfig) -> float:
        """0 where it could not be found out: a mini-batch that is too large for the machine ends that process alone."""
        kind = _kind(config)
        with self._guard:
            if not self._known.get(kind) and time.monotonic() >= self._again.get(kind, -math.inf):
                self._known[kind] = self._timed(config)
                self._again[kind] = time.monotonic() + AGAIN_SECONDS
            return self._known[kind]

    def _timed(self, config: ExperimentConfig) -> float:
        with LocalEngine(timed, 1, PRELOAD, LIMIT_SECONDS) as engine:
            engine.submit("", {"experiment": links.to_query(config)})
            while not (outcomes := engine.poll(LIMIT_SECONDS)):
                pass
        found: dict[str, Any] = outcomes[0].found or {}
        return float(found.get("seconds", 0.0))


def _kind(config: ExperimentConfig) -> str:
    """Whatever the learning rates are, a step takes as long."""
    arms = tuple(replace(arm, learning_rate=None) for arm in config.arms)
    return repr([arms, *(getattr(config, name) for name in HEEDED)])
