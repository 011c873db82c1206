"""What several seeds say: medians and ranges; and from five seeds on which of two arms is better, if that is sure.

without  settings beside one of them
Spread   median and range
Pair     two arms on the same seeds: their mean difference, with an interval
holm     all pairs that are shown, each with an interval at the level that decides about it

Two arms that train in lock-step share the seed, the initial weights and the order of the batches, so the differences of
each seed are compared with 0: Student's paired t, which takes them for a sample of a normal distribution. Holm's steps
(1979) keep the chance of any false winner among all pairs at 5 %. What varies is what the seed decides, weights, order
and dropout, not which images are trained on or tested on; Bouthillier et al. (2021) count those, too.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEAST_SEEDS = 5  # below, no interval is told
SURE = 0.95
ALIKE = 1e-12  # apart at most: differences that are all the same have no deviation, and t is no number

Values = tuple[tuple[str, Any], ...]  # varied settings


def without(where: Values, name: str) -> Values:
    """The settings beside the one of this name."""
    return tuple(each for each in where if each[0] != name)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of `n` numbers."""

    n: int
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread | None:
        return cls(len(numbers), statistics.median(numbers), min(numbers), max(numbers)) if numbers else None


@dataclass(frozen=True, slots=True)
class Pair:
    """At the settings `where`: `difference` is the mean of first − second over `n` seeds.

    With the level `sure` it is from `low` to `high`.

    `separated`: the interval, and those of all pairs that are surer, exclude 0. `test_difference` is what the pair was
    not chosen by: the mean of first − second on the test images, where all seeds have one. `also` are other settings
    that are the same runs.
    """

    where: Values
    first: str
    second: str
    n: int
    difference: float
    low: float
    high: float
    p: float
    sure: float = SURE
    separated: bool = False
    test_difference: float | None = None
    also: tuple[Values, ...] = ()

    @property
    def better(self) -> str:
        return self.first if self.difference > 0 else self.second

    @property
    def worse(self) -> str:
        return self.second if self.difference > 0 else self.first


def holm(pairs: Sequence[tuple[Values, str, str, Sequence[float]]], least: float = 0.0) -> list[Pair]:
    """(where, first, second, the difference of each seed) of all pairs that are shown, the surest first.

    The surest of m has an interval at 1 − 0.05/m, the next at 1 − 0.05/(m − 1), and so on; from the first one that has
    0 in it on, none is separated. They decide together; that all of them cover is less sure than 95 %. Each needs
    LEAST_SEEDS differences. Those that are all alike have no deviation, and t is not defined: theirs is from `least`
    below to `least` above, which is the smallest difference that there can be, as that of one image.
    """
    tested = [(*pair, *_tested(pair[3], least)) for pair in pairs]
    found, holds = [], True
    for place, (where, first, second, differences, p, interval) in enumerate(sorted(tested, key=lambda each: each[4])):
        sure = 1 - (1 - SURE) / (len(pairs) - place)
        low, high = interval(sure)
        holds = holds and not low <= 0 <= high
        mean = statistics.fmean(differences)
        found.append(Pair(where, first, second, len(differences), mean, low, high, p, sure, holds))
    return found


def paired(first: Mapping[int, float | None], second: Mapping[int, float | None]) -> list[float] | None:
    """The difference of each seed; None where one of them has no number, or there are too few: nothing is said then."""
    pairs = [(first.get(seed), second.get(seed)) for seed in sorted(first.keys() | second.keys())]
    differences = [a - b for a, b in pairs if a is not None and b is not None]
    return differences if len(differences) == len(pairs) >= LEAST_SEEDS else None


def _tested(differences: Sequence[float], least: float) -> tuple[float, Callable[[float], tuple[float, float]]]:
    """The two-sided p, and the interval at a level."""
    from scipy import stats  # here: it takes a second to import

    if max(differences) - min(differences) <= ALIKE:
        only = 0.0 if abs(differences[0]) <= ALIKE else differences[0]
        if abs(only) <= least + ALIKE:
            return 1.0, lambda sure: (min(0.0, only - least), max(0.0, only + least))
        return 0.0, lambda sure: (only - least, only + least)
    test = stats.ttest_1samp(differences, 0.0)
    return float(test.pvalue), lambda sure: tuple(map(float, test.confidence_interval(sure)))  # type: ignore[return-value]
