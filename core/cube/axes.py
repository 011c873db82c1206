"""Which cells of a tensor share one mean and one variance: geometry only, no tensors.

Rule, rule_for   the axes that a statistic is taken over; rule_for(Norm.BN, "NCHW") gives a norm's
family           the cells that share a given cell's statistics: a box, one range of indices per axis
tally            how many values go into how many statistics
mean_code        the statistic as PyTorch code: X.mean(dim=(0, 2, 3), keepdim=True)
Shown            the cells of a large tensor that are drawn, and the sentence that says so
describe         a selection in words, for screen readers

An axis is a letter: N examples, C channels, H rows, W columns, T time steps, D features.
Layouts: "NCHW" after a convolution, "ND" after a linear layer, "NTD" in a sequence model.
What averaging over some axes is called is in core/cube/naming.py, one value's way through a norm in core/cube/walk.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.experiment.arm import Norm

LAYOUTS = {4: "NCHW", 3: "NTD", 2: "ND"}
FEATURE_AXIS = {"NCHW": "C", "NTD": "D", "ND": "D"}
AXIS_WORDS = {"N": "example", "C": "channel", "H": "row", "W": "column", "T": "time step", "D": "feature"}
MAX_SHOWN = 4096

_OVER = {
    "NCHW": {Norm.BN: "NHW", Norm.LN: "CHW", Norm.IN: "HW", Norm.GN: "CHW", Norm.RMS: "CHW"},
    "NTD": {Norm.BN: "N", Norm.LN: "D", Norm.IN: "T", Norm.GN: "D", Norm.RMS: "D"},
    "ND": {Norm.BN: "N", Norm.LN: "D", Norm.GN: "D", Norm.RMS: "D"},
}


class AxesError(ValueError):
    """Axes, groups or a cell that do not fit the tensor."""


def layout_of(shape: Sequence[int]) -> str:
    """'NCHW' for four axes, 'NTD' for three, 'ND' for two."""
    if len(shape) not in LAYOUTS or min(shape) < 1:
        raise AxesError(
            f"A tensor is [N, C, H, W], [N, T, D] or [N, D] with at least one of each; got {list(shape)}. "
            "Choose the output of a convolution, a recurrent or a linear layer."
        )
    return LAYOUTS[len(shape)]


@dataclass(frozen=True, slots=True)
class Rule:
    """Cells that agree on every axis outside `over` (and lie in the same group) share their statistics.

    `over` holds letters of the layout. `groups` cuts the feature axis (C or D), which must then be averaged over,
    into equal parts with statistics of their own. `centered` is False for RMSNorm, which subtracts no mean.
    """

    layout: str
    over: str
    groups: int = 1
    centered: bool = True

    def __post_init__(self) -> None:
        if self.layout not in FEATURE_AXIS or any(axis not in self.layout for axis in self.over):
            raise AxesError(
                f"The axes averaged over must be axes of the tensor; got {list(self.over)} for {self.layout}. "
                "Tick only the tensor's own axes."
            )
        object.__setattr__(self, "over", "".join(axis for axis in self.layout if axis in self.over))
        if self.groups > 1 and self.feature not in self.over:
            raise AxesError(
                f"Groups cut the axis {self.feature}, so it must be averaged over; got {self.groups} groups over "
                f"{list(self.over)}. Tick {self.feature} as well, or use one group."
            )

    @property
    def feature(self) -> str:
        """The axis that γ and β follow and that groups cut: C or D."""
        return FEATURE_AXIS[self.layout]

    @property
    def dims(self) -> tuple[int, ...]:
        """The averaged axes by number, as `dim=` takes them."""
        return tuple(self.layout.index(axis) for axis in self.over)

    def check(self, shape: Sequence[int]) -> None:
        """Raise AxesError unless the tensor has this layout and its features divide into the groups."""
        if layout_of(shape) != self.layout:
            raise AxesError(f"This rule is for {self.layout}; got a tensor of shape {list(shape)}. Choose another one.")
        features = shape[self.layout.index(self.feature)]
        if self.groups < 1 or features % self.groups:
            allowed = ", ".join(str(g) for g in divisors(features))
            raise AxesError(
                f"Groups must have equally many channels each; got {features} channels in {self.groups} groups. "
                f"Use one of {allowed}."
            )


def rule_for(norm: Norm, layout: str, groups: int = 2) -> Rule:
    """The rule of a norm; `groups` is GroupNorm's and ignored by the others."""
    over = _OVER[layout].get(norm)
    if over is None:
        raise AxesError(
            f"{norm.upper()} has no axes to average over in {layout}: "
            + ("it leaves the values as they are." if norm is Norm.NONE else "each value would be its own mean.")
            + f" Choose one of {', '.join(norms_of(layout))}."
        )
    return Rule(layout, over, groups if norm is Norm.GN else 1, centered=norm is not Norm.RMS)


def norms_of(layout: str) -> tuple[Norm, ...]:
    """The norms that a tensor of this layout can have."""
    return tuple(_OVER[layout])


def divisors(number: int) -> list[int]:
    """All g with number % g == 0: the group counts that GroupNorm accepts."""
    return [g for g in range(1, number + 1) if number % g == 0]


Box = tuple[range, ...]


def family(rule: Rule, shape: Sequence[int], cell: Sequence[int]) -> Box:
    """The cells that share `cell`'s mean and variance: a box, one range of indices per axis."""
    rule.check(shape)
    _check_cell(shape, cell)
    return tuple(
        _part(size // rule.groups if axis == rule.feature else size, index) if axis in rule.over else _part(1, index)
        for axis, size, index in zip(rule.layout, shape, cell, strict=True)
    )


def _part(length: int, index: int) -> range:
    start = index - index % length
    return range(start, start + length)


def _check_cell(shape: Sequence[int], cell: Sequence[int]) -> None:
    if len(cell) != len(shape) or not all(0 <= index < size for index, size in zip(cell, shape, strict=True)):
        raise AxesError(
            f"A cell has one index per axis, from 0 up to but not including the axis's size; got {list(cell)} in "
            f"{list(shape)}. Click a cell of the picture."
        )


def inside(box: Box, cell: Sequence[int]) -> bool:
    return all(index in indices for indices, index in zip(box, cell, strict=True))


def box_size(box: Box, lengths: Sequence[int] | None = None) -> int:
    """How many cells the box holds; with `lengths` (of sequences [N, T, D]), how many of them exist."""
    if lengths is None:
        return math.prod(len(indices) for indices in box)
    examples, times, features = box
    steps = sum(max(0, min(times.stop, lengths[n]) - times.start) for n in examples)
    return steps * len(features)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many values go into how many statistics; `values` is the number per statistic."""

    values: int
    statistics: int
    centered: bool = True

    def __str__(self) -> str:
        noun = "mean" if self.centered else "mean square"
        return f"{self.values:,} value{_s(self.values)} → {self.statistics:,} {noun}{_s(self.statistics)}"


def tally(rule: Rule, shape: Sequence[int]) -> Tally:
    """E.g. conv1 at batch 256, [256, 6, 24, 24]: BN 147,456 values each → 6 means; LN 3,456 → 256 means."""
    values = box_size(family(rule, shape, [0] * len(shape)))
    return Tally(values, math.prod(shape) // values, rule.centered)


def statistics_shape(rule: Rule, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of the means with keepdim: 1 where averaged, the groups in place of a feature axis cut in groups."""
    rule.check(shape)
    kept = [1 if axis in rule.over else size for axis, size in zip(rule.layout, shape, strict=True)]
    if rule.groups > 1:
        kept[rule.layout.index(rule.feature)] = rule.groups
    return tuple(kept)


def grouped(rule: Rule, shape: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(shape with the feature axis split in [groups, features per group], the dims to average there)."""
    rule.check(shape)
    at = rule.layout.index(rule.feature)
    split = (*shape[:at], rule.groups, shape[at] // rule.groups, *shape[at + 1 :])
    return split, tuple(dim + (dim >= at) for dim in rule.dims)


def mean_code(rule: Rule, shape: Sequence[int]) -> str:
    """The statistic as it would be written: X.mean(dim=(0, 2, 3), keepdim=True)."""
    dims, view = rule.dims, ""
    if rule.groups > 1:
        split, dims = grouped(rule, shape)
        view = f".reshape({', '.join(str(size) for size in split)})"
    if not dims:
        return "X  # no axis: each value is its own mean"
    square = "" if rule.centered else ".square()"
    return f"X{view}{square}.mean(dim={dims if len(dims) > 1 else dims[0]}, keepdim=True)"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


@dataclass(frozen=True, slots=True)
class Shown:
    """The cells of a tensor of `shape` that are drawn: the product of one sorted tuple of indices per axis."""

    shape: tuple[int, ...]
    indices: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if self.count > MAX_SHOWN:
            raise AxesError(
                f"At most {MAX_SHOWN:,} cells can be told apart in a picture; got {self.count:,}. Show fewer examples, "
                "channels or positions: the statistics are of the whole tensor all the same."
            )

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
        axes = (
            f"{axis.lower()} {_span(indices, size)}"
            for axis, indices, size in zip(layout_of(self.shape), self.indices, self.shape, strict=True)
        )
        tensor = tuple(range(size) for size in self.shape)
        drawn, whole = self.within(tensor, lengths), box_size(tensor, lengths)
        if drawn == whole:
            return f"All {whole:,} cells are drawn."
        return f"Drawn: {', '.join(axes)}; {drawn:,} of {whole:,} cells. Statistics are of all {whole:,}."


def _span(indices: tuple[int, ...], size: int) -> str:
    if len(indices) == size:
        return f"all {size}"
    step = indices[1] - indices[0] if len(indices) > 1 else 1
    if len(indices) > 1 and any(b - a != step for a, b in itertools.pairwise(indices)):
        return f"{', '.join(str(i) for i in indices)} of {size}"
    ends = f"{indices[0]}–{indices[-1]}" if len(indices) > 1 else f"{indices[0]}"
    return f"{ends}{f' every {step}' if step > 1 else ''} of {size}"


def spread(size: int, count: int, start: int | None = None) -> tuple[int, ...]:
    """`count` indices of an axis: neighbours from `start`, or evenly spaced and centred if no start is given."""
    count = min(count, size)
    if start is not None:
        first = max(0, min(start, size - count))
        return tuple(range(first, first + count))
    step = size // count
    first = (size - 1 - step * (count - 1)) // 2
    return tuple(first + step * i for i in range(count))


def describe(title: str, rule: Rule, shown: Shown, cell: Sequence[int], lengths: Sequence[int] | None = None) -> str:
    """A selection in words: the cell, its family among the cells drawn, and in the whole tensor."""
    box, tensor = family(rule, shown.shape, cell), tuple(range(size) for size in shown.shape)
    where = ", ".join(f"{axis.lower()} {index}" for axis, index in zip(rule.layout, cell, strict=True))
    drawn = f"{shown.within(box, lengths):,} of {shown.within(tensor, lengths):,} cells drawn share"
    statistic = "one mean and one variance" if rule.centered else "one mean square"
    whole = box_size(box, lengths)
    return f"{title}, cell {where}: {drawn} {statistic}; in the whole tensor {whole:,} cell{_s(whole)}."
