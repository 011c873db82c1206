"""Two ways of doing the same, timed alternately; and the table that shows it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

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
        return sorted(a / b for a, b in zip(self.reference, self.ours, strict=True))


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


def table(pairs: list[Pair]) -> str:
    rows = ["| what | ratio | range | target | reference, s | NormScope, s |", "|---|---|---|---|---|---|"]
    for pair in pairs:
        ratios, times = pair.ratios, (statistics.median(pair.reference), statistics.median(pair.ours))
        span = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        seconds_each = " | ".join(f"{time_:.2f}" for time_ in times)
        rows.append(f"| {pair.what} | **{statistics.median(ratios):.2f}** | {span} | {pair.target} | {seconds_each} |")
    return "\n".join(rows)
