"""What a sweep says, in sentences, and no more than its seeds support.

conclusions  each arm at its own best settings; how large the rate can be; which arm is surely better than which
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from core.lab.entries import DIVERGED, FAILED
from core.lab.statistics import Pair, Spread
from core.lab.summary import Group, Ladder, chosen, ladders, pairs
from core.lab.trusted import about_gradients
from core.lab.wording import at
from core.language.message import Message, Plural, Value

Titles = Mapping[str, Message | str]  # of arms, by name


def conclusions(found: Sequence[Group], titles: Titles) -> list[Message | str]:
    best = [_of_arm(arm, found, titles) for arm in dict.fromkeys(group.arm for group in found)]
    learned = [ladder for ladder in ladders(found) if ladder.largest or ladder.where]  # else it has been said
    rates = [sentence for ladder in learned for sentence in _rates(ladder, titles)]
    return [*best, *rates, *_separated(pairs(found), titles), *about_gradients(found, titles)]


def _of_arm(arm: str, found: Sequence[Group], titles: Titles) -> Message:
    """Where it is best, or what became of it where it learned nowhere: no arm is passed over."""
    mine = [group for group in found if group.arm == arm]
    best = chosen(mine).get(arm)
    if best and any(group.learned for group in mine):
        return _best(best, titles[arm])
    return _learned_nothing(titles[arm], {entry["status"] for group in mine for entry in group.entries})


def _learned_nothing(title: Message | str, statuses: Set[str]) -> Message:
    """`statuses` of its entries; what failed has no result, and says nothing about the arm."""
    values: dict[str, Value] = {"arm": title}
    if statuses == {FAILED}:
        return Message("{arm} has no result, with any of its settings and seeds.", values)
    if statuses == {DIVERGED}:
        return Message("{arm} diverged, with each of its settings and seeds.", values)
    if statuses == {DIVERGED, FAILED}:
        return Message("{arm} diverged, with each of the settings and seeds that have a result.", values)
    if FAILED in statuses:
        return Message("{arm} did not learn, with any of the settings and seeds that have a result.", values)
    return Message("{arm} did not learn, with any of its settings and seeds.", values)


def percent(spread: Spread) -> Message | str:
    """79.0 % (78.1 to 80.2), or of one number that number."""
    if spread.n == 1:
        return f"{100 * spread.median:.1f} %"
    values: dict[str, Value] = {
        which: f"{100 * number:.1f}"
        for which, number in (("middle", spread.median), ("low", spread.low), ("high", spread.high))
    }
    return Message("{middle} % ({low} to {high})", values)


def _best(group: Group, title: Message | str) -> Message:
    by, tested = group.spread("validation_accuracy"), group.spread("test_accuracy")
    count = tested.n if tested else len(group.entries)
    values: dict[str, Value] = {
        "arm": title,
        "by": f"{100 * by.median:.1f} %" if by else "–",
        "told": percent(tested) if tested else "–",
    }
    if not group.where:
        return Plural(
            "{arm}: {told} of the test images over {n} seed.",
            "{arm}: {told} of the test images over {n} seeds.",
            count,
            values,
        )
    return Plural(
        "{arm}: best with {where}, by the held-out images ({by}); {told} of the test images over {n} seed.",
        "{arm}: best with {where}, by the held-out images ({by}); {told} of the test images over {n} seeds.",
        count,
        values | {"where": at(group.where)},
    )


def _rates(ladder: Ladder, titles: Titles) -> list[Message]:
    """The largest at which it learned; and where it did not at a smaller one, that too: the largest alone says more."""
    values: dict[str, Value] = {"arm": titles[ladder.arm], "where": at(ladder.where)}
    arm: Message | str = Message("{arm} with {where}", values) if ladder.where else titles[ladder.arm]
    if ladder.largest is None:
        return [Message("{arm} learned at none of these learning rates.", {"arm": arm})]
    return [_largest(ladder, ladder.largest, arm), *([_missed(ladder, arm)] if ladder.missed else [])]


def _missed(ladder: Ladder, arm: Message | str) -> Message:
    return Message(
        "{arm}: with {missing} of {seeds} seeds it did not learn at a smaller rate ({rates}).",
        {
            "arm": arm,
            "missing": ladder.missing,
            "seeds": ladder.seeds,
            "rates": [f"{rate:g}" for rate in ladder.missed],
        },
    )


def _largest(ladder: Ladder, found: Spread, arm: Message | str) -> Message:
    middle, low, high = (f"{number:g}" for number in (found.median, found.low, found.high))
    largest: Message | str = middle
    if low != high:
        largest = Message("{middle} ({low} to {high})", {"middle": middle, "low": low, "high": high})
    rate: dict[str, Value] = {"arm": arm, "rate": largest, "high": high, "learned": found.n, "seeds": ladder.seeds}
    if ladder.open:
        return Message(
            "{arm}: the largest rate at which it learned is {rate}, with {learned} of {seeds} seeds; {high} is the "
            "largest that was tried.",
            rate,
        )
    return Message("{arm}: the largest rate at which it learned is {rate}, with {learned} of {seeds} seeds.", rate)


def _separated(found: Sequence[Pair], titles: Titles) -> list[Message | str]:
    """Nothing, where there are too few seeds."""
    if not found:
        return []
    said: list[Message | str] = [_better(pair, titles) for pair in found if pair.separated]
    if not said:
        return [Message("Of the arms with numbers from all seeds none is surely better than another (paired t, Holm).")]
    return [
        *said,
        Plural(
            "(Paired t intervals over the seeds, with Holm's correction for {n} pair; they count what a seed decides, "
            "not another choice of images.)",
            "(Paired t intervals over the seeds, with Holm's correction for {n} pairs; they count what a seed decides, "
            "not another choice of images.)",
            len(found),
        ),
    ]


def _better(pair: Pair, titles: Titles) -> Message:
    first, second, sign = (pair.first, pair.second, 1) if pair.difference > 0 else (pair.second, pair.first, -1)
    low, high = sorted((sign * pair.low, sign * pair.high))
    values: dict[str, Value] = {
        "first": titles[first],
        "second": titles[second],
        "points": f"{100 * abs(pair.difference):.1f}",
        "low": f"{100 * low:.1f}",
        "high": f"{100 * high:.1f}",
        "n": pair.n,
        "where": at(pair.where),
    }
    if pair.where:
        return Message(
            "With {where}, {first} is better than {second} by {points} points ({low} to {high}, {n} seeds).", values
        )
    return Message("{first} is better than {second} by {points} points ({low} to {high}, {n} seeds).", values)
