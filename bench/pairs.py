"""Two ways of doing the same, timed alternately; and the table that shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.timings import ratios, table, with_range

Loop = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds of the reference and of ours, pair by pair; a ratio above 1 means that ours takes less time."""

    what: str
    target: str
    reference: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return ratios(zip(self.reference, self.ours, strict=True))


def compare(what: str, reference: Loop, ours: Loop, repeats: int, target: str = "") -> Pair:
    """Run each once for warmth, then `repeats` times in turn."""
    reference(), ours()
    times = [(seconds(reference), seconds(ours)) for _ in range(repeats)]
    first, second = zip(*times, strict=True)
    return Pair(what, target, first, second)


def seconds(loop: Loop) -> float:
    started = time.perf_counter()
    loop()
    return time.perf_counter() - started


def rows(pairs: list[Pair]) -> str:
    """The pairs as a table."""
    header = ["what", "ratio", "target", "reference, s", "NormScope, s"]
    return table(header, [_cells(pair) for pair in pairs])


def _cells(pair: Pair) -> list[str]:
    return [
        pair.what,
        with_range(pair.ratios),
        pair.target,
        f"{median(pair.reference):.2f}",
        f"{median(pair.ours):.2f}",
    ]
