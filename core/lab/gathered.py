"""What there is of a sweep: of one part, or of a question that is two, the rates and then the seeds at each one's best.

Gathered  what has arrived, and which parts are known by then
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from itertools import compress
from typing import Any

from core.lab.arrived import Arrived, Findings
from core.lab.entries import Entry
from core.lab.part import Part
from core.lab.points import Point, stand_ins
from core.lab.summary import at_their_best, groups
from core.lab.sweep import Sweep


class Gathered:
    """`changed` guards it.

    `generation` counts how often it was begun, or something of it replaced: what has `arrived` begins anew then.
    """

    def __init__(self, sweep: Sweep, changed: AbstractContextManager[Any]) -> None:
        self.sweep, self.changed, self.generation = sweep, changed, 0
        self.clear()

    def clear(self) -> None:
        """`_later` is how many runs the second part will have, while nobody knows its rates."""
        self.arrived: list[Arrived] = []
        self.parts, self._later = [Part(self.sweep)], self.sweep.then

    @property
    def total(self) -> int:
        """How many runs it has."""
        return sum(part.total for part in self.parts) + self._later

    @property
    def done(self) -> int:
        return sum(len(part.done) for part in self.parts)

    @property
    def failed(self) -> int:
        return sum(len(part.failed) for part in self.parts)

    @property
    def missing(self) -> int:
        """How many runs have no numbers yet."""
        return self.total - self.done

    @property
    def asked_points(self) -> list[Point]:
        """Of all parts that are known."""
        return [point for part in self.parts for point in part.points]

    @property
    def following(self) -> Sweep | None:
        """The second part, once it is known."""
        return self.parts[1].sweep if len(self.parts) > 1 else None

    @property
    def entries(self) -> list[Entry]:
        """As many as there are, in the sweep's order."""
        return [entry for findings in self.findings for entry in findings.entries]

    @property
    def findings(self) -> list[Findings]:
        """All that there is now, of each part that is known."""
        with self.changed:
            return [self._findings(part) for part in self.parts]

    def _findings(self, part: Part) -> Findings:
        arrived = [each for each in self.arrived if each.part == part.number]
        return Findings(part.sweep, arrived, len(part.done), part.total)

    def take(self, part: Part, found: Mapping[str, Mapping[str, Any]]) -> None:
        """What failed here, and another process has computed since, is told anew; other rates may be best then."""
        if part.number == 0 and self.following is not None and found.keys() - part.done:
            self.arrived = [each for each in self.arrived if each.part == 0]
            self.parts, self._later = [part], self.sweep.then
            self.generation += 1
        if places := part.forget_failures(found.keys()):
            stays = [each.part != part.number or each.place[0] not in places for each in self.arrived]
            self.arrived = list(compress(self.arrived, stays))
            self.generation += 1
        for key in found.keys() - part.done:
            self.arrived += part.add(key, found[key], None)

    def follow(self) -> Part | None:
        """The second part, now that the first one's rates are known; None where there is none."""
        if self._later:
            self.follow_with(self.likely())
        return self.parts[1] if len(self.parts) > 1 else None

    def follow_with(self, second: Part | None) -> None:
        self.parts += [second] if second is not None else []
        self._later = 0

    def likely(self) -> Part | None:
        """The second part, as the first one's rates look now."""
        if not self._later:
            return None
        best = at_their_best(self.sweep, groups(self._findings(self.parts[0]).entries), self._later)
        return Part(best, 1) if best is not None else None

    def stand_ins(self) -> list[Point]:
        """For the points of a second part that is not known."""
        return stand_ins(self.sweep) if self._later else []
