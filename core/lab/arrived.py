"""What has come of a sweep, in the order in which it came.

Arrived   one entry of it; of_point: those of a point
Findings  all that there is at one moment
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.lab import entries
from core.lab.curves import Curve
from core.lab.entries import Entry
from core.lab.points import Point, points
from core.lab.sweep import Sweep
from core.language.message import Message


@dataclass(frozen=True, slots=True)
class Arrived:
    """`place` is where it stands in the sweep, of a question that is two in its `part`; `curve` is the training loss.

    `along` has each number of core.probes.along over the steps, None where it is not finite; nothing where the sweep
    does not ask for it.
    """

    place: tuple[int, int]
    entry: Entry
    curve: Curve
    along: Mapping[str, Sequence[tuple[int, float | None]]] = field(default_factory=dict)
    part: int = 0


def of_point(
    place: int, point: Point, found: Mapping[str, Any] | None, why: Message | str | None, part: int = 0
) -> Iterator[Arrived]:
    """One of each arm, of what was `found` of the sweep's point at `place`, or of `why` there is nothing."""
    curves, along = ((found or {}).get(name, {}) for name in ("curves", "along"))
    for arm, entry in enumerate(entries.of_point(point, found, why)):
        name = entry["arm"]
        curve = [(step, loss) for step, loss in curves.get(name, [])]
        yield Arrived((place, arm), entry, curve, along.get(name, {}), part)


@dataclass(frozen=True, slots=True)
class Findings:
    """Of `total` runs `done` have numbers."""

    sweep: Sweep
    arrived: Sequence[Arrived]
    done: int
    total: int

    @classmethod
    def of(cls, sweep: Sweep, found: Mapping[str, Mapping[str, Any]], failed: Mapping[str, Message | str]) -> Findings:
        """What was `found` of its points, and why others have nothing, by their keys."""
        asked = points(sweep)
        pairs = enumerate(asked)
        arrived = [
            each for n, point in pairs for each in of_point(n, point, found.get(point.key), failed.get(point.key))
        ]
        keys = {point.key for point in asked}  # two combinations may be one experiment
        return cls(sweep, arrived, len(keys & found.keys()), len(keys))

    @property
    def entries(self) -> list[Entry]:
        """In the sweep's order; what they say is not told yet."""
        return [each.entry for each in sorted(self.arrived, key=lambda each: each.place)]
