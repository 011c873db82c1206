"""A sweep's entries in fewer numbers: chosen on validation, told on test.

Group          the seeds of one combination and arm
groups         all of them, in the sweep's order; is_whole: whether all entries of a sweep have ended
chosen         each arm's best group, by validation; of those that learned somewhere
at_their_best  a sweep of the arms, each at its best learning rate: other seeds of what was chosen
pairs          which arm is better than which on validation, where the same settings and enough seeds say so
Ladder         the largest learning rate at which an arm still learns
ladders        of each arm, where learning rates were varied
learns         what counts as learned; surely: from which validation accuracy on
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from core.experiment.config import STEP
from core.experiment.rules import ConfigError
from core.lab.entries import FAILED, Entry
from core.lab.probing import ALONG
from core.lab.statistics import Pair, Spread, Values, holm, paired, without
from core.lab.sweep import LR, LR_RULE, NORM, OPTIMIZER, SCHEDULE, SGD, Sweep, without_effect

CHANCE, LEAST = 0.1, 0.2  # validation accuracies: of guessing, and the least of one that is better
FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Group:
    """`entries` of one arm with the same settings, `where`, one a seed; `finished` of them came to their end."""

    where: Values
    arm: str
    entries: tuple[Entry, ...]

    @property
    def finished(self) -> int:
        return sum(entry["status"] == FINISHED for entry in self.entries)

    @property
    def learned(self) -> int:
        return sum(map(learns, self.entries))

    @property
    def fate(self) -> str:
        """That of most of its seeds: learns, survives or fails; of the worse one where as many have another."""
        counts = {"fails": len(self.entries) - self.finished, "survives": self.finished - self.learned}
        counts |= {"learns": self.learned}
        return max(counts, key=counts.__getitem__)

    def spread(self, measured: str) -> Spread | None:
        """Of one of entries.MEASURED, over the seeds that have it."""
        return Spread.of([entry[measured] for entry in self.entries if entry[measured] is not None])

    def to_json(self) -> dict[str, Any]:
        told = (
            "validation_accuracy",
            "test_accuracy",
            "train_loss",
            "gradient_ratio",
            "seconds",
            "step_milliseconds",
            *ALONG,
        )
        spreads = {name: self.spread(name) for name in told}
        return {
            "values": dict(self.where) | {NORM: self.arm},
            "seeds": len(self.entries),
            "finished": self.finished,
            "learned": self.learned,
        } | {
            name: {"n": spread.n, "median": spread.median, "low": spread.low, "high": spread.high} if spread else None
            for name, spread in spreads.items()
        }


def learns(entry: Entry) -> bool:
    """It ended with finite numbers, and better than chance; else it has only survived, or failed."""
    accuracy = entry["validation_accuracy"]
    return entry["status"] == FINISHED and accuracy is not None and bool(accuracy >= surely(entry["held_out"]))


def surely(held_out: int) -> float:
    """Twice chance; of fewer than 81 images chance + 3·√(chance·(1 − chance)/n), which guessing reaches by luck seldom.

    Three standard errors of the binomial.
    """
    return min(1.0, max(LEAST, CHANCE + 3 * math.sqrt(CHANCE * (1 - CHANCE) / held_out)))


def where_of(entry: Entry) -> Values:
    """Its varied settings without the norm."""
    return tuple((name, value) for name, value in entry["values"].items() if name != NORM)


def groups(entries: Iterable[Entry]) -> list[Group]:
    found: dict[tuple[Values, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((where_of(entry), entry["arm"]), []).append(entry)
    return [Group(where, arm, tuple(each)) for (where, arm), each in found.items()]


def is_whole(sweep: Sweep, found: Iterable[Group]) -> bool:
    """Whether each entry has ended: finished, diverged or failed. Before, what is sure today may be taken back.

    A test that is made anew after each seed finds a winner sooner or later, and Holm's correction is for all pairs.
    """
    ended = sum(len(group.entries) for group in found)
    return ended == len(sweep.combinations()) * sweep.seeds * len(sweep.arms)


def chosen(found: Sequence[Group]) -> dict[str, Group]:
    """By the median validation accuracy, where most seeds finished; test accuracies play no part.

    Settings at which the arm learned with more than half of the seeds come before all others. What learned with no seed
    at no settings has no best ones.
    """
    best: dict[str, Group] = {}
    learned = {group.arm for group in found if group.learned}
    for group in found:
        if (
            group.arm in learned
            and group.spread("validation_accuracy")
            and (group.arm not in best or _merit(group) > _merit(best[group.arm]))
        ):
            best[group.arm] = group
    return best


def _merit(group: Group) -> tuple[bool, float, float]:
    spread, count = group.spread("validation_accuracy"), len(group.entries)
    return 2 * group.learned > count, group.finished / count, spread.median if spread else 0.0


def at_their_best(sweep: Sweep, found: Sequence[Group], seeds: int) -> Sweep | None:
    """The arms that learned, each at its own best rate by the held-out images, with `seeds` after the sweep's own.

    A seed by which a rate was chosen flatters it: it takes no part in what is then tested. None where of several arms
    one or none is left, and where so many seeds are no sweep: more entries than its limit, or no seeds left to take.
    """
    rates = {arm: dict(group.where).get(LR) for arm, group in chosen(found).items()}
    arms = [replace(arm, learning_rate=rates[arm.name]) for arm in sweep.base.arms if rates.get(arm.name)]
    if len(arms) < min(2, len(sweep.arms)):
        return None
    with suppress(ConfigError):
        base = replace(sweep.base, arms=tuple(arms), seed=sweep.base.seed + sweep.seeds)
        return Sweep(base, (), seeds, sweep.validation, sweep.limit, sweep.along)
    return None


def pairs(found: Sequence[Group]) -> list[Pair]:
    """Of all arms at the same settings, where all their seeds have numbers and these are enough; the surest first.

    Which is better is decided on validation; what that is on the test images stands beside it and decides nothing.
    Settings that are the same runs are tested once.
    """
    shown: dict[tuple[Values, str, str], list[tuple[Group, Group]]] = {}
    for first, second in combinations(found, 2):
        if first.where == second.where and _differences(first, second, "validation_accuracy"):
            shown.setdefault((_runs(first), first.arm, second.arm), []).append((first, second))
    by_where = {(each[0][0].where, each[0][0].arm, each[0][1].arm): each for each in shown.values()}
    told = [(*key, _differences(*each[0], "validation_accuracy") or []) for key, each in by_where.items()]
    return [_with_test(pair, by_where[pair.where, pair.first, pair.second]) for pair in holm(told, _least(found))]


def _least(found: Sequence[Group]) -> float:
    """The smallest difference of two accuracies: one of the held-out images."""
    return 1 / min((entry["held_out"] for group in found for entry in group.entries), default=1)


def _with_test(pair: Pair, same: Sequence[tuple[Group, Group]]) -> Pair:
    """`same` are the pairs of groups that it stands for."""
    told = _differences(*same[0], "test_accuracy")
    also = tuple(first.where for first, _second in same[1:])
    low, high = max(-1.0, pair.low), min(1.0, pair.high)  # no two accuracies are further apart
    return replace(pair, low=low, high=high, test_difference=statistics.fmean(told) if told else None, also=also)


def _runs(group: Group) -> Values:
    """Its settings, where others leave them any effect.

    At the base's batch size a fixed rate and a proportional one are one rate, so the same runs.
    """
    rate, varied = group.entries[0]["learning_rate"], dict(group.where)
    unheeded = without_effect(varied.get(OPTIMIZER, SGD), varied.get(SCHEDULE, STEP))
    where = tuple((name, value) for name, value in group.where if name not in unheeded)
    if rate is None:
        return where
    return tuple((name, rate if name == LR_RULE else value) for name, value in where)


def _differences(first: Group, second: Group, measured: str) -> list[float] | None:
    """Of each seed; None where there are too few, or one has no number."""
    one, other = ({entry["seed"]: entry[measured] for entry in each.entries} for each in (first, second))
    return paired(one, other)


@dataclass(frozen=True, slots=True)
class Ladder:
    """`largest` is each seed's largest rate at which the arm learns, over the seeds that have one, of `seeds`.

    `open`: with some seed it is the largest that was tried, so there may be larger ones. `missed` are the smaller rates
    at which it did not learn with one of these seeds, and `missing` is the number of such seeds.
    """

    where: Values  # without the rate
    arm: str
    seeds: int
    largest: Spread | None
    open: bool
    missed: tuple[float, ...] = ()
    missing: int = 0


def ladders(found: Sequence[Group]) -> list[Ladder]:
    """Of the entries that have a result: one that was killed, or for which there was no memory, says nothing."""
    rates: dict[tuple[Values, str], dict[int, list[tuple[float, bool]]]] = {}
    for group in found:
        where = without(group.where, LR)
        for entry in group.entries:
            if LR in entry["values"] and entry["status"] != FAILED:
                by_seed = rates.setdefault((where, group.arm), {})
                by_seed.setdefault(entry["seed"], []).append((entry["values"][LR], learns(entry)))
    return [_ladder(where, arm, by_seed) for (where, arm), by_seed in rates.items()]


def _ladder(where: Values, arm: str, by_seed: dict[int, list[tuple[float, bool]]]) -> Ladder:
    best = {seed: max((rate for rate, learned in tried if learned), default=None) for seed, tried in by_seed.items()}
    most = max(rate for tried in by_seed.values() for rate, _learned in tried)
    found = [rate for rate in best.values() if rate is not None]
    below = [
        {rate for rate, learned in by_seed[seed] if not learned and rate < largest}
        for seed, largest in best.items()
        if largest is not None
    ]
    missed = tuple(sorted(set().union(*below)))
    return Ladder(where, arm, len(by_seed), Spread.of(found), most in found, missed, sum(map(bool, below)))
