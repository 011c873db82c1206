"""What a sweep says of depths: the gradient that the first layer starts with, and the accuracy that comes of it.

about_depths  nothing where the depth is not varied
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.lab.statistics import Values, without
from core.lab.summary import Group
from core.lab.sweep import DEPTH
from core.lab.wording import at
from core.language.message import Message, Value
from core.words.numerals import digits, in_percent


def about_depths(found: Sequence[Group], titles: Mapping[str, Message | str]) -> list[Message]:
    """A sentence for each arm and other setting; a depth without a gradient in any seed is left out."""
    measured = [group for group in found if DEPTH in dict(group.where) and group.spread("gradient_ratio")]
    said = [
        _of_arm(
            others, arm, [each for each in measured if (without(each.where, DEPTH), each.arm) == (others, arm)], titles
        )
        for others, arm in dict.fromkeys((without(group.where, DEPTH), group.arm) for group in measured)
    ]
    return [*said, _how()] if said else []


def _of_arm(others: Values, arm: str, mine: Sequence[Group], titles: Mapping[str, Message | str]) -> Message:
    by_depth = sorted(mine, key=lambda group: int(dict(group.where)[DEPTH]))
    values: dict[str, Value] = {"arm": titles[arm], "where": at(others), "depths": [_at(group) for group in by_depth]}
    if others:
        return Message(
            "{arm} with {where}, first layer’s gradient over the last’s, and test images right in the end: {depths}.",
            values,
        )
    return Message("{arm}, first layer’s gradient over the last’s, and test images right in the end: {depths}.", values)


def _at(group: Group) -> Message:
    ratio = group.spread("gradient_ratio")
    values: dict[str, Value] = {"depth": dict(group.where)[DEPTH], "ratio": digits(ratio.median) if ratio else "–"}
    return Message("{ratio} with {depth} layers ({told})", values | {"told": _in_the_end(group)})


def _in_the_end(group: Group) -> Message | str:
    """Of how many seeds it is, where others diverged or failed."""
    tested, seeds = group.spread("test_accuracy"), len(group.entries)
    if tested is None:
        return Message("with none of {seeds} seeds", {"seeds": seeds})
    told = f"{in_percent(tested.median)} %"
    if tested.n == seeds:
        return told
    return Message("{told} with {n} of {seeds} seeds", {"told": told, "n": tested.n, "seeds": seeds})


def _how() -> Message:
    return Message("(Medians over the seeds; mean absolute gradients of the weights, before the first step.)")
