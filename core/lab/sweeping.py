"""A sweep on its way: what is missing goes to the engine, what comes is kept at once, whatever ends it.

Sweeping  of the points of one sweep, or of one part of it
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from core.lab.estimate import Estimate
from core.lab.kept import KeptPoints, Remembered
from core.lab.points import Point
from core.language.message import Message
from core.runs.engine import Engine, Outcome
from core.store.troubles import StoreError


class Sweeping:
    """`found` has what was measured of each point by its key, `failed` why there is nothing of it.

    Points with the same key are one. `more` is what the work needs besides the point: the `root` of the images, the
    `device`; `under_way` are the points that it has. Where the shelf cannot keep a point, `unkept` says why, and the
    numbers stay in memory.
    """

    def __init__(
        self,
        points: Sequence[Point],
        engine: Engine,
        kept: KeptPoints | Remembered | None = None,
        more: Mapping[str, Any] | None = None,
        estimated: Callable[[Collection[Point], int], Estimate] = Estimate,
    ) -> None:
        self._points = {point.key: point for point in points}
        self._engine, self._kept = engine, kept
        self.unkept: Message | str = ""
        self.found = self._from_before(points)
        self.failed: dict[str, Message | str] = {}
        self._ahead = deque(point for key, point in self._points.items() if key not in self.found)
        self._more = dict(more or {})
        self.under_way: dict[str, Point] = {}
        self.before = len(self.found)
        self.estimate = estimated(self._ahead, engine.places)

    def _from_before(self, points: Sequence[Point]) -> dict[str, dict[str, Any]]:
        try:
            return self._kept.find(points) if self._kept is not None else {}
        except StoreError as error:
            self.unkept = error.args[0]
            return {}

    @property
    def total(self) -> int:
        return len(self._points)

    @property
    def done(self) -> int:
        return len(self.found) + len(self.failed)

    def advance(self, seconds: float, hands_out: bool = True) -> list[Point]:
        """Wait for news, but no longer than so; returns the points that have come to their end.

        Unless it `hands_out` points, those that are under way are the last ones for now.
        """
        while hands_out and self._ahead and len(self.under_way) < self._engine.places:
            self._hand_out(self._ahead.popleft())
        return [self._take(outcome) for outcome in self._engine.poll(seconds)]

    def _hand_out(self, point: Point) -> None:
        self.under_way[point.key] = point
        self._engine.submit(point.key, point.to_json() | self._more)

    def _take(self, outcome: Outcome) -> Point:
        point = self.under_way.pop(outcome.key)
        self.estimate.done(outcome.key, outcome.seconds if outcome.found else None)
        if outcome.found is None:
            self.failed[outcome.key] = outcome.why
        else:
            self.found[outcome.key] = self._keep(point, outcome.found)
        return point

    def _keep(self, point: Point, found: dict[str, Any]) -> dict[str, Any]:
        run = None
        if self._kept is not None:
            try:
                run = self._kept.keep(point, found)
            except StoreError as error:
                self.unkept = error.args[0]
        return {name: value for name, value in found.items() if name != "records"} | {"run": run}
