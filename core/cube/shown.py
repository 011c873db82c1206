"""Which cells of a large tensor are drawn, and what is said of those.

Shown      the cells that are drawn, and the sentence that says so
spread     indices of one axis
shared     what the cells of a family have in common, in words
describe   a selection in words, for screen readers
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.cube.axes import AxesError, Box, Rule, box_size, family, layout_of
from core.language.lists import enumerated
from core.language.message import Message
from core.language.speech import _, ngettext

MAX_SHOWN = 4096


@dataclass(frozen=True, slots=True)
class Shown:
    """The cells of a tensor of `shape` that are drawn: the product of one sorted tuple of indices per axis."""

    shape: tuple[int, ...]
    indices: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if self.count > MAX_SHOWN:
            rule = Message(
                "At most {most:,} cells can be told apart in a picture; got {count:,}. Show fewer examples, "
                "channels or positions: the statistics are of the whole tensor all the same.",
                {"most": MAX_SHOWN, "count": self.count},
            )
            raise AxesError(rule)

    @property
    def count(self) -> int:
        return math.prod(len(indices) for indices in self.indices)

    def within(self, box: Box, lengths: Sequence[int] | None = None) -> int:
        """How many of the cells drawn lie in the box; with `lengths` (of sequences [N, T, D]), of those that exist."""
        found = [[i for i in indices if i in part] for indices, part in zip(self.indices, box, strict=True)]
        if lengths is None:
            return math.prod(len(indices) for indices in found)
        examples, times, features = found
        return sum(t < lengths[n] for n in examples for t in times) * len(features)

    def nearest(self, cell: Sequence[int]) -> tuple[int, ...]:
        """The drawn cell that is nearest on every axis, so that a selection outlives a change of what is drawn."""
        return tuple(
            min(indices, key=lambda i: abs(i - index)) for indices, index in zip(self.indices, cell, strict=True)
        )

    def middle(self) -> tuple[int, ...]:
        """A drawn cell to begin with."""
        return tuple(indices[len(indices) // 2] for indices in self.indices)

    def told(self, lengths: Sequence[int] | None = None) -> str:
        """What is drawn, as a sentence; of sequences that differ in length, only the time steps that exist count."""
        axes = map(_span, layout_of(self.shape).lower(), self.indices, self.shape)
        tensor = tuple(range(size) for size in self.shape)
        drawn, whole = self.within(tensor, lengths), box_size(tensor, lengths)
        if drawn == whole:
            return _("All {whole:,} cells are drawn.", whole=whole)
        return _(
            "Drawn: {axes}; {drawn:,} of {whole:,} cells. Statistics are of all {whole:,}.",
            axes=enumerated(axes),
            drawn=drawn,
            whole=whole,
        )


def _span(axis: str, indices: tuple[int, ...], size: int) -> str:
    if len(indices) == size:
        return _("{axis} all {size}", axis=axis, size=size)
    step = indices[1] - indices[0] if len(indices) > 1 else 1
    if len(indices) == 1 or any(b - a != step for a, b in itertools.pairwise(indices)):
        return _("{axis} {indices} of {size}", axis=axis, indices=enumerated(indices), size=size)
    ends = f"{indices[0]}–{indices[-1]}"
    if step == 1:
        return _("{axis} {indices} of {size}", axis=axis, indices=ends, size=size)
    return _("{axis} {indices} every {step} of {size}", axis=axis, indices=ends, step=step, size=size)


def spread(size: int, count: int, start: int | None = None) -> tuple[int, ...]:
    """`count` indices of an axis: neighbours from `start`, or evenly spaced and centred if no start is given."""
    count = min(count, size)
    if start is not None:
        first = max(0, min(start, size - count))
        return tuple(range(first, first + count))
    step = size // count
    first = (size - 1 - step * (count - 1)) // 2
    return tuple(first + step * i for i in range(count))


def shared(rule: Rule) -> str:
    """What the cells of a family have in common."""
    return _("one mean and one variance") if rule.centered else _("one mean square")


def describe(title: str, rule: Rule, shown: Shown, cell: Sequence[int], lengths: Sequence[int] | None = None) -> str:
    """A selection in words: the cell, its family among the cells drawn, and in the whole tensor."""
    box, tensor = family(rule, shown.shape, cell), tuple(range(size) for size in shown.shape)
    return ngettext(
        "{title}, cell {cell}: {count:,} of {drawn:,} cells drawn share {shared}; in the whole tensor {n:,} cell.",
        "{title}, cell {cell}: {count:,} of {drawn:,} cells drawn share {shared}; in the whole tensor {n:,} cells.",
        box_size(box, lengths),
        title=title,
        cell=enumerated(f"{axis.lower()} {index}" for axis, index in zip(rule.layout, cell, strict=True)),
        count=shown.within(box, lengths),
        drawn=shown.within(tensor, lengths),
        shared=shared(rule),
    )
