"""One part of what a server computes: a sweep, or the first or the second of a question that is two.

Part  its points, and which of them are done
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.lab.arrived import Arrived, of_point
from core.lab.points import Point, points
from core.lab.sweep import Sweep
from core.language.message import Message


class Part:
    """The points of `sweep` by their keys, of which those in `done` have numbers and those in `failed` have none.

    `number` is 0 or 1. Whoever has it guards it.
    """

    def __init__(self, sweep: Sweep, number: int = 0) -> None:
        self.sweep, self.number = sweep, number
        self._places: dict[str, list[tuple[int, Point]]] = {}  # two combinations may be one experiment
        for place, point in enumerate(points(sweep)):
            self._places.setdefault(point.key, []).append((place, point))
        self.points = [each[0][1] for each in self._places.values()]
        self.done, self.failed = set[str](), set[str]()

    @property
    def total(self) -> int:
        return len(self._places)

    @property
    def missing(self) -> list[Point]:
        """Those that have no numbers yet."""
        return [point for point in self.points if point.key not in self.done]

    def add(self, key: str, found: Mapping[str, Any] | None, why: Message | str | None) -> list[Arrived]:
        """A point has come to its end; returns what there is to tell of it."""
        (self.done if found else self.failed).add(key)
        return [each for place, point in self._places[key] for each in of_point(place, point, found, why, self.number)]

    def forget_failures(self, found: Iterable[str]) -> set[int]:
        """Of points that have been computed since; returns the places of which all that was told is to be told anew."""
        again = self.failed.intersection(found)
        self.failed -= again
        return {place for key in again for place, _point in self._places[key]}
