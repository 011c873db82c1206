"""A laboratory without processes: what a point gives is made up, and comes when a test lets it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch

from core.data.device import kind_of
from core.experiment import links
from core.lab.conducted import Bench, Conducted
from core.lab.entries import MEASURED
from core.lab.estimate import Estimate
from core.lab.kept import Remembered
from core.lab.sweep import Sweep
from core.runs.aside import Aside
from core.runs.engine import Outcome
from core.store.codec import record_text
from core.training.records import StatusChanged

PATIENCE_SECONDS = 30.0
ENDED = [record_text(StatusChanged("finished", 1))]


def made_up(point: Mapping[str, Any]) -> dict[str, Any]:
    """Arms learn the better the smaller the rate is; at 10 they diverge.

    With another seed than 0 the second number along the gradient is not finite.
    """
    config, _problems = links.from_query(point["experiment"])
    accuracy = None if config.learning_rate >= 10 else 1 / (1 + config.learning_rate)
    numbers: dict[str, Any] = dict.fromkeys(MEASURED) | {"message": "", "gradient_ratio": 0.5}
    numbers |= {"status": "finished" if accuracy else "diverged", "seconds": 1.0}
    numbers |= {"validation_accuracy": accuracy, "test_accuracy": accuracy, "step_milliseconds": 2.5}
    arms = {arm.name: numbers for arm in config.arms}
    curves = {name: [(1, 2.0), (2, 1.0 + config.seed)] for name in arms}
    found = {"arms": arms, "curves": curves, "records": ENDED, "processor": kind_of(torch.device("cpu"))}
    cosine = [(3, 0.5), (7, None if config.seed else -0.5)]
    along = {name: {"cosine": cosine, "loss_range": [(3, 0.1)]} for name in arms}
    return found | ({"along": along} if point["along"] else {})


class Gated:
    """An engine of one place: each point comes after a `let`, and raises what `breaks` is."""

    places = 1

    def __init__(self, open_: bool = False) -> None:
        self._gate = threading.Semaphore(1000 if open_ else 0)
        self.submitted: list[str] = []
        self._under_way: list[tuple[str, Mapping[str, Any]]] = []
        self.breaks: Exception | None = None
        self.closed = 0

    def let(self, count: int = 1) -> None:
        for _ in range(count):
            self._gate.release()

    def submit(self, key: str, point: Mapping[str, Any]) -> None:
        self.submitted.append(key)
        self._under_way.append((key, point))

    def poll(self, seconds: float) -> list[Outcome]:
        if self.breaks is not None:
            raise self.breaks
        if not self._under_way or not self._gate.acquire(timeout=0.01):
            return []
        key, point = self._under_way.pop(0)
        return [Outcome(key, made_up(point), seconds=1.0)]

    def close(self) -> None:
        self.closed += 1
        self._under_way.clear()


class Made:
    """One sweep, and all that decides how it goes."""

    def __init__(self, sweep: Sweep, kept: Remembered | None = None, **how: Any) -> None:
        self.engine, self.is_busy, self.aside = Gated(), False, Aside("sweep")
        self.begun: list[Gated] = []
        self.kept = kept if kept is not None else Remembered()
        self.sweep = Conducted(sweep, replace(self._bench(), **how), self.aside)

    def _bench(self) -> Bench:
        return Bench(
            begin=self._begin,
            places=1,
            kept=self.kept,
            device=torch.device("cpu"),
            is_busy=lambda: self.is_busy,
            fetch=lambda config, check: None,
            estimate=quick,
            grace=math.inf,
            minutes=math.inf,
        )

    def _begin(self) -> Gated:
        self.begun.append(self.engine)
        return self.engine

    def end(self) -> None:
        self.aside.join(PATIENCE_SECONDS)


def quick(points: Iterable[Any], places: int) -> Estimate:
    return Estimate(points, places, lambda config: 1.0)
