"""What a sweep says, in sentences, and no more than its seeds support.

concluded    of a sweep, once all of its entries have ended: until then nothing, but how many runs there are
conclusions  each arm at its own best settings; how large the rate can be, how small the batch, how deep the network;
             which arm is surely better than which
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from core.lab.batches import about_batches
from core.lab.costs import about_costs
from core.lab.depths import about_depths
from core.lab.entries import DIVERGED, FAILED
from core.lab.points import points
from core.lab.statistics import Pair, Spread
from core.lab.summary import Group, Ladder, chosen, is_whole, ladders, pairs
from core.lab.sweep import BATCH_SIZE, Sweep
from core.lab.trusted import about_gradients
from core.lab.wording import at, percent
from core.language.message import Message, Plural, Value
from core.words.numerals import in_percent

Titles = Mapping[str, Message | str]  # of arms, by name


def concluded(sweep: Sweep, found: Sequence[Group]) -> list[Message | str]:
    """Of the sweep's groups, with its arms' titles; nothing where there are none yet."""
    if not found:
        return []
    if not is_whole(sweep, found):
        return [_not_yet(sweep, found)]
    titles = {arm.name: arm.title for arm in sweep.base.arms}
    follows = _of_those_that_follow(found, titles) if sweep.then else []
    return [*conclusions(found, titles), *about_costs(found, titles), *follows]


def _of_those_that_follow(found: Sequence[Group], titles: Titles) -> list[Message]:
    """Who is left out of the seeds with each arm's own best rate; or that there are none, where one alone is left."""
    best = chosen(found)
    left_out: list[Value] = [title for arm, title in titles.items() if arm not in best]
    if not left_out:
        return []
    if len(best) < min(2, len(titles)):
        return [Message("No seeds follow: at these rates too few arms learned to compare them.")]
    return [
        Message("The seeds that follow are without what learned at none of these rates: {arms}.", {"arms": left_out})
    ]


def _not_yet(sweep: Sweep, found: Sequence[Group]) -> Message:
    """How many runs have ended; two combinations may be one."""
    ended = {(group.where, entry["seed"]) for group in found for entry in group.entries}
    asked = points(sweep)
    there = {point.key for point in asked if (tuple(point.values.items()), point.config.seed) in ended}
    return Plural(
        "{n} of {total} runs is there: what they say together is told when all are.",
        "{n} of {total} runs are there: what they say together is told when all are.",
        len(there),
        {"total": len({point.key for point in asked})},
    )


def conclusions(found: Sequence[Group], titles: Titles) -> list[Message | str]:
    best = [_of_arm(arm, found, titles) for arm in dict.fromkeys(group.arm for group in found)]
    learned = [ladder for ladder in ladders(found) if ladder.largest or ladder.where]  # else it has been said
    rates = [sentence for ladder in learned for sentence in _rates(ladder, titles)]
    compared = pairs(found)
    batches = about_batches(found, compared, titles)
    of_depths, of_gradients = about_depths(found, titles), about_gradients(found, titles)
    return [*best, *rates, *batches, *of_depths, *_separated(compared, titles), *of_gradients]


def _of_arm(arm: str, found: Sequence[Group], titles: Titles) -> Message:
    """Where it is best, or what became of it where it learned nowhere: no arm is passed over."""
    mine = [group for group in found if group.arm == arm]
    if best := chosen(mine).get(arm):
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


def _best(group: Group, title: Message | str) -> Message:
    by, tested = group.spread("validation_accuracy"), group.spread("test_accuracy")
    count = tested.n if tested else len(group.entries)
    values: dict[str, Value] = {
        "arm": title,
        "by": f"{in_percent(by.median)} %" if by else "–",
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
    """Nothing, where there are too few seeds; where the batch size is varied, winners are told for all of its sizes."""
    if not found:
        return []
    if not any(pair.separated for pair in found):
        return [
            Message(
                "Of the arms with numbers from all seeds none is surely better than another by the held-out images "
                "(paired t, Holm)."
            )
        ]
    return [
        *(_better(pair, titles) for pair in found if pair.separated and BATCH_SIZE not in dict(pair.where)),
        Plural(
            "(Paired t intervals over the seeds, of accuracies on the held-out images, with Holm's correction for {n} "
            "pair; they count what a seed decides, not another choice of images. The test images have no say.)",
            "(Paired t intervals over the seeds, of accuracies on the held-out images, with Holm's correction for {n} "
            "pairs; they count what a seed decides, not another choice of images. The test images have no say.)",
            len(found),
        ),
    ]


def _better(pair: Pair, titles: Titles) -> Message:
    sign = 1 if pair.difference > 0 else -1
    low, high = sorted((sign * pair.low, sign * pair.high))
    values: dict[str, Value] = {
        "first": titles[pair.better],
        "second": titles[pair.worse],
        "points": in_percent(abs(pair.difference)),
        "low": in_percent(low),
        "high": in_percent(high),
        "n": pair.n,
        "where": at(pair.where),
        "told": "–" if pair.test_difference is None else _points(sign * pair.test_difference),
    }
    if pair.where:
        return Message(
            "With {where}, {first} is better than {second} by {points} points on the held-out images ({low} to {high}, "
            "{n} seeds); on the test images the mean difference is {told} points.",
            values,
        )
    return Message(
        "{first} is better than {second} by {points} points on the held-out images ({low} to {high}, {n} seeds); on "
        "the test images the mean difference is {told} points.",
        values,
    )


def _points(difference: float) -> str:
    """+1.2, −0.3."""
    return in_percent(difference, "+").replace("-", "−")
