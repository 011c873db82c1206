"""Which cells of a tensor share one mean and one variance: geometry only, no tensors.

Rule, rule_for   the axes that a statistic is taken over; rule_for(Norm.BN, "NCHW") gives a norm's
family           the cells that share a given cell's statistics: a box, one range of indices per axis
tally            how many values go into how many statistics
mean_code        the statistic as PyTorch code: X.mean(dim=(0, 2, 3), keepdim=True)

An axis is a letter: N examples, C channels, H rows, W columns, T time steps, D features.
Layouts: "NCHW" after a convolution, "ND" after a linear layer, "NTD" in a sequence model.
What averaging over some axes is called is in core/cube/naming.py, one value's way through a norm in core/cube/walk.py,
which cells of a large tensor are drawn in core/cube/shown.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.experiment.arm import OVER_BATCH, Norm
from core.language.message import Message
from core.language.speech import _, ngettext

LAYOUTS = {4: "NCHW", 3: "NTD", 2: "ND"}
FEATURE_AXIS = {"NCHW": "C", "NTD": "D", "ND": "D"}

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
        rule = Message(
            "A tensor is [N, C, H, W], [N, T, D] or [N, D] with at least one of each; got {shape}. "
            "Choose the output of a convolution, a recurrent or a linear layer.",
            {"shape": str(list(shape))},
        )
        raise AxesError(rule)
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
            rule = Message(
                "The axes averaged over must be axes of the tensor; got {axes} for {layout}. "
                "Tick only the tensor's own axes.",
                {"axes": str(list(self.over)), "layout": self.layout},
            )
            raise AxesError(rule)
        object.__setattr__(self, "over", "".join(axis for axis in self.layout if axis in self.over))
        if self.groups > 1 and self.feature not in self.over:
            rule = Message(
                "Groups cut the axis {axis}, so it must be averaged over; got {groups} groups over {axes}. "
                "Tick {axis} as well, or use one group.",
                {"axis": self.feature, "groups": self.groups, "axes": str(list(self.over))},
            )
            raise AxesError(rule)

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
            rule = Message(
                "This rule is for {layout}; got a tensor of shape {shape}. Choose another one.",
                {"layout": self.layout, "shape": str(list(shape))},
            )
            raise AxesError(rule)
        features = shape[self.layout.index(self.feature)]
        if self.groups < 1 or features % self.groups:
            rule = Message(
                "Groups must have equally many channels each; got {features} channels in {groups} groups. "
                "Use one of {allowed}.",
                {"features": features, "groups": self.groups, "allowed": divisors(features)},
            )
            raise AxesError(rule)


def rule_for(norm: Norm, layout: str, groups: int = 2) -> Rule:
    """The rule of a norm; `groups` is GroupNorm's and ignored by the others."""
    over = _OVER[layout].get(Norm.BN if norm in OVER_BATCH else norm)
    if over is None:
        raise AxesError(_no_axes(norm, layout))
    return Rule(layout, over, groups if norm is Norm.GN else 1, centered=norm is not Norm.RMS)


def _no_axes(norm: Norm, layout: str) -> Message:
    told = {"norm": norm.upper(), "layout": layout, "norms": [each.value for each in norms_of(layout)]}
    if norm is Norm.NONE:
        return Message(
            "{norm} has no axes to average over in {layout}: it leaves the values as they are. Choose one of {norms}.",
            told,
        )
    return Message(
        "{norm} has no axes to average over in {layout}: each value would be its own mean. Choose one of {norms}.", told
    )


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
        rule = Message(
            "A cell has one index per axis, from 0 up to but not including the axis's size; got {cell} in {shape}. "
            "Click a cell of the picture.",
            {"cell": str(list(cell)), "shape": str(list(shape))},
        )
        raise AxesError(rule)


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
        values = ngettext("{n:,} value", "{n:,} values", self.values)
        if self.centered:
            return f"{values} → {ngettext('{n:,} mean', '{n:,} means', self.statistics)}"
        return f"{values} → {ngettext('{n:,} mean square', '{n:,} mean squares', self.statistics)}"


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
        return _("X  # no axis: each value is its own mean")
    square = "" if rule.centered else ".square()"
    return f"X{view}{square}.mean(dim={dims if len(dims) > 1 else dims[0]}, keepdim=True)"
