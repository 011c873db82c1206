"""All families of a tensor at once: how many there are, and how many of them are drawn.

told    both, as a sentence
drawn   how many families the cells drawn belong to
"""

from __future__ import annotations

import math

from core.cube.axes import Rule, tally
from core.cube.naming import AXIS_WORDS
from core.cube.shown import Shown
from core.language.lists import joined
from core.language.message import Message
from core.language.speech import _, ngettext


def told(title: str, rule: Rule, shown: Shown) -> str:
    """E.g. 6 families, one for each channel, all of them drawn; 256, one for each example, 4 of them drawn."""
    kept = [AXIS_WORDS[axis] for axis in rule.layout if axis not in rule.over]
    if rule.groups > 1:
        each = shown.shape[rule.layout.index(rule.feature)] // rule.groups
        of = {
            "C": Message("group of {n:,} channels", {"n": each}),
            "D": Message("group of {n:,} features", {"n": each}),
        }
        kept.append(of[rule.feature])
    if not kept:
        return _("{title}: the whole tensor is one family, with one tint and border.", title=title)
    return ngettext(
        "{title}: {n:,} family, one for each {kept}; {drawn:,} drawn, each with its own tint and border.",
        "{title}: {n:,} families, one for each {kept}; {drawn:,} drawn, each with its own tint and border.",
        tally(rule, shown.shape).statistics,
        title=title,
        kept=joined(kept),
        drawn=drawn(rule, shown),
    )


def drawn(rule: Rule, shown: Shown) -> int:
    """How many families have a cell that is drawn."""
    return math.prod(_parts(rule, *each) for each in zip(rule.layout, shown.shape, shown.indices, strict=True))


def _parts(rule: Rule, axis: str, size: int, indices: tuple[int, ...]) -> int:
    if axis not in rule.over:
        return len(indices)
    groups = rule.groups if axis == rule.feature else 1
    return len({index * groups // size for index in indices})
