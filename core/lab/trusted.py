"""What a sweep says of how far the gradients can be trusted, in sentences.

about_gradients  of each combination: whose gradient turns after a step, among the arms that learned there
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.lab.probing import PROBES
from core.lab.statistics import Values
from core.lab.summary import Group
from core.lab.wording import at, ranged
from core.language.message import Message, Value

MEASURED = "along_cosine"


def about_gradients(found: Sequence[Group], titles: Mapping[str, Message | str]) -> list[Message]:
    """Nothing where it was not measured.

    An arm that did not learn is told apart: on a plateau a gradient hardly turns, which is no merit.
    """
    probed = [group for group in found if group.spread(MEASURED)]
    said: list[Message] = []
    for where in dict.fromkeys(group.where for group in probed):
        here = [group for group in probed if group.where == where]
        learned = [group for group in here if 2 * group.learned > len(group.entries)]
        said += _turned(where, learned, titles)
        said += _stayed([group for group in here if group not in learned], where, titles)
    return [*said, _how()] if said else []


def _turned(where: Values, learned: Sequence[Group], titles: Mapping[str, Message | str]) -> list[Message]:
    if not learned:
        return []
    values: dict[str, Value] = {"where": at(where), "arms": [_cosine(group, titles) for group in learned]}
    if not where:
        return [Message("Cosine of a mini-batch’s gradients before and after one step: {arms}.", values)]
    return [Message("With {where}, cosine of a mini-batch’s gradients before and after one step: {arms}.", values)]


def _stayed(groups: Sequence[Group], where: Values, titles: Mapping[str, Message | str]) -> list[Message]:
    if not groups:
        return []
    values: dict[str, Value] = {"where": at(where), "arms": [_cosine(group, titles) for group in groups]}
    if not where:
        return [
            Message(
                "Not compared: {arms}. Half of their seeds or more did not learn, and on a plateau a gradient "
                "hardly turns.",
                values,
            )
        ]
    return [
        Message(
            "With {where}, not compared: {arms}. Half of their seeds or more did not learn, and on a plateau a "
            "gradient hardly turns.",
            values,
        )
    ]


def _cosine(group: Group, titles: Mapping[str, Message | str]) -> Message:
    values: dict[str, Value] = {"arm": titles[group.arm], "cosine": ranged(group.spread(MEASURED), signed)}
    return Message("{arm} {cosine}", values)


def signed(cosine: float) -> str:
    """+0.61, −0.50."""
    return f"{cosine:+.2f}".replace("-", "−")


def _how() -> Message:
    return Message(
        "(Medians of {n} mini-batches after the first fifth of each run; a step is the learning rate times the "
        "gradient, in training mode. +1: the gradient stays as it was, −1: it is reversed.)",
        {"n": PROBES},
    )
