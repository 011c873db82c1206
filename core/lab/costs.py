"""What a sweep says about what its arms cost, where it compares them and nothing else.

about_costs  the processor time of each arm's training step, as the table has it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.lab.summary import Group
from core.language.message import Message, Value
from core.words.numerals import digits


def about_costs(found: Sequence[Group], titles: Mapping[str, Message | str]) -> list[Message]:
    """Of groups with no setting varied; nothing where fewer than two arms were measured."""
    spreads = {group.arm: group.spread("step_milliseconds") for group in found if not group.where}
    costs: list[Value] = [
        Message("{arm} {time} ms", {"arm": titles[arm], "time": digits(spread.median)})
        for arm, spread in spreads.items()
        if spread is not None
    ]
    if len(costs) < 2:
        return []
    return [Message("Processor time of a training step, median over the seeds: {costs}.", {"costs": costs})]
