"""Which cells of a tensor share one mean and one variance: geometry only, no tensors.

Rule, rule_for   the axes that a statistic is taken over; rule_for(Norm.BN, "NCHW") gives a norm's
family           the cells that share a given cell's statistics: a box, one range of indices per axis
tally            how many values go into how many statistics
mean_code        the statistic as PyTorch code: X.mean(dim=(0, 2, 3), keepdim=True)
name_axes        which norm averages over these axes, or why none does
affine           the shapes of γ and β
walk             one value on its way through a norm, with the numbers of every stop
Shown            the cells of a large tensor that are drawn, and the sentence that says so
describe         a selection in words, for screen readers

An axis is a letter: N examples, C channels, H rows, W columns, T time steps, D features.
Layouts: "NCHW" after a convolution, "ND" after a linear layer, "NTD" in a sequence model.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.config import Norm

LAYOUTS = {4: "NCHW", 3: "NTD", 2: "ND"}
FEATURE_AXIS = {"NCHW": "C", "NTD": "D", "ND": "D"}
AXIS_WORDS = {"N": "example", "C": "channel", "H": "row", "W": "column", "T": "time step", "D": "feature"}
MAX_SHOWN = 4096

_OVER = {
    "NCHW": {Norm.BN: "NHW", Norm.LN: "CHW", Norm.IN: "HW", Norm.GN: "CHW", Norm.RMS: "CHW"},
    "NTD": {Norm.BN: "N", Norm.LN: "D", Norm.IN: "T", Norm.GN: "D", Norm.RMS: "D"},
    "ND": {Norm.BN: "N", Norm.LN: "D", Norm.GN: "D", Norm.RMS: "D"},
}

FORMULAS = {
    Norm.BN: r"\hat{x} = \frac{x - \mu_c}{\sqrt{\sigma_c^2 + \varepsilon}},\quad y = \gamma_c \hat{x} + \beta_c",
    Norm.LN: r"\hat{x} = \frac{x - \mu_n}{\sqrt{\sigma_n^2 + \varepsilon}},\quad y = \gamma_c \hat{x} + \beta_c",
    Norm.IN: r"\hat{x} = \frac{x - \mu_{nc}}{\sqrt{\sigma_{nc}^2 + \varepsilon}},\quad y = \gamma_c \hat{x} + \beta_c",
    Norm.GN: r"\hat{x} = \frac{x - \mu_{ng}}{\sqrt{\sigma_{ng}^2 + \varepsilon}},\quad y = \gamma_c \hat{x} + \beta_c",
    Norm.RMS: r"\hat{x} = \frac{x}{\sqrt{\overline{x^2}_n + \varepsilon}},\quad y = \gamma_c \hat{x}",
}
SOURCES = {
    Norm.BN: "Ioffe & Szegedy 2015, Batch Normalization, arXiv:1502.03167",
    Norm.LN: "Ba, Kiros & Hinton 2016, Layer Normalization, arXiv:1607.06450",
    Norm.IN: "Ulyanov, Vedaldi & Lempitsky 2016, Instance Normalization, arXiv:1607.08022",
    Norm.GN: "Wu & He 2018, Group Normalization, arXiv:1803.08494",
    Norm.RMS: "Zhang & Sennrich 2019, Root Mean Square Layer Normalization, arXiv:1910.07467",
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


@dataclass(frozen=True, slots=True)
class Affine:
    """The shapes of γ and β (None where there is none), and what else is in use."""

    gamma: tuple[int, ...] | None
    beta: tuple[int, ...] | None
    note: str


def affine(norm: Norm, shape: Sequence[int]) -> Affine:
    """One γ and β per channel or feature, whichever the norm: scale and shift do not follow the statistics."""
    layout = layout_of(shape)
    per_feature = (shape[layout.index(FEATURE_AXIS[layout])],)
    return Affine(per_feature, None if norm is Norm.RMS else per_feature, _affine_note(norm, layout, shape))


def _affine_note(norm: Norm, layout: str, shape: Sequence[int]) -> str:
    if norm is Norm.LN and layout == "NCHW":
        each = list(shape[1:])
        return f"One pair per channel, as nn.GroupNorm(1, {shape[1]}) has it; nn.LayerNorm({each}) would have {each}."
    if norm is Norm.IN:
        return "nn.InstanceNorm2d has none unless affine=True."
    if norm is Norm.RMS:
        return "RMSNorm subtracts no mean and adds no β."
    noun = AXIS_WORDS[FEATURE_AXIS[layout]]
    return f"One pair per {noun}, shared by all examples" + (" and positions." if layout == "NCHW" else ".")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What averaging over some axes is called: `title` is None where no norm in use does it; `why` explains."""

    norm: Norm | None
    title: str | None
    why: str


def name_axes(rule: Rule) -> Verdict:
    """The name of averaging over these axes, or why it has none."""
    if not rule.centered and rule.over == _OVER[rule.layout][Norm.RMS]:
        return Verdict(Norm.RMS, "RMSNorm", "LayerNorm's axes, but only the root mean square is divided out.")
    if rule.groups > 1:
        return _name_groups(rule)
    if (rule.layout, rule.over) in _NAMED:
        return Verdict(*_NAMED[rule.layout, rule.over])
    return Verdict(None, None, _why_none(rule))


def _name_groups(rule: Rule) -> Verdict:
    if rule.over == _OVER[rule.layout][Norm.GN]:
        why = f"LayerNorm's axes, with the {rule.feature} axis cut in {rule.groups} groups that do not mix."
        return Verdict(Norm.GN, f"GroupNorm, {rule.groups} groups", why)
    return Verdict(None, None, f"GroupNorm averages within one example. {_why_none(rule)}")


def _why_none(rule: Rule) -> str:
    kept = [axis for axis in rule.layout if axis not in rule.over]
    reasons = ["No norm in use averages over " + _listed(rule.over) + "."]
    per = f" with one mean for each {' and '.join(AXIS_WORDS[axis] for axis in kept)}" if kept else " with one mean"
    reasons.append(f"It would leave a tensor{per}.")
    if rule.layout == "NCHW" and ("H" in rule.over) != ("W" in rule.over):
        reasons.append("Rows and columns of a feature map are made by one filter: they go together or not at all.")
    elif "N" in rule.over and rule.feature in rule.over:
        reasons.append("It mixes examples (so it depends on the batch, as BN) and features (so no feature is centred).")
    return " ".join(reasons)


def _listed(over: str) -> str:
    return f"({', '.join(over)})"


_NAMED: dict[tuple[str, str], tuple[Norm | None, str | None, str]] = {
    ("NCHW", "NHW"): (
        Norm.BN,
        "BatchNorm",
        "One mean per channel, over all examples and positions: what one filter sees in the whole batch.",
    ),
    ("NCHW", "CHW"): (
        Norm.LN,
        "LayerNorm",
        "One mean per example, over everything the layer says about it; the batch plays no part. It is GroupNorm "
        "with one group.",
    ),
    ("NCHW", "HW"): (
        Norm.IN,
        "InstanceNorm",
        "One mean per example and channel: each feature map by itself. It is GroupNorm with one channel per group.",
    ),
    ("NCHW", "C"): (
        None,
        "LayerNorm over channels only",
        "One mean per example and pixel, as ConvNeXt does and some libraries call LayerNorm too. It is not LayerNorm "
        "over (C, H, W): the values differ, and what a whole map has in common is kept.",
    ),
    ("NCHW", "N"): (
        None,
        "BatchNorm per activation",
        "One mean per channel and pixel. Ioffe & Szegedy (section 3.2) average a convolution over its positions too, "
        "since one filter makes the whole map; this is what a linear layer's BatchNorm would do to pixels.",
    ),
    ("NCHW", "NCHW"): (
        None,
        None,
        "One mean for everything: it comes out as 0 over the whole tensor, but no channel and no example by itself "
        "is centred. X.mean() without dim= does this; it is a common mistake, not a norm.",
    ),
    ("ND", "N"): (Norm.BN, "BatchNorm", "One mean per feature, over the examples of the batch."),
    ("ND", "D"): (Norm.LN, "LayerNorm", "One mean per example, over its features; the batch plays no part."),
    ("ND", "ND"): (
        None,
        None,
        "One mean for the whole matrix: no feature and no example is centred. X.mean() without dim= does this; a "
        "translation of the book printed it for BatchNorm.",
    ),
    ("NTD", "N"): (
        Norm.BN,
        "BatchNorm at each time step",
        "One mean per time step and feature, over the examples that are that long: it depends on the batch, and late "
        "steps have few examples or none.",
    ),
    ("NTD", "D"): (
        Norm.LN,
        "LayerNorm",
        "One mean per example and time step, over the features: neither the batch nor the length plays a part, so a "
        "step seen for the first time is treated like any other.",
    ),
    ("NTD", "NT"): (
        None,
        "BatchNorm over time",
        "One mean per feature, over examples and time steps: what nn.BatchNorm1d does to [N, D, T]. All steps must be "
        "there first, so it cannot be computed while the sequence is read.",
    ),
    ("NTD", "T"): (
        Norm.IN,
        "InstanceNorm",
        "One mean per example and feature, over time: what nn.InstanceNorm1d does to [N, D, T]. It needs the whole "
        "sequence.",
    ),
    ("NTD", "TD"): (
        None,
        "LayerNorm over the whole sequence",
        "One mean per example: nn.GroupNorm(1, D) on [N, D, T]. It depends on the length, so a prefix is normalized "
        "otherwise than the whole.",
    ),
} | {
    (layout, ""): (None, None, "Nothing is averaged: each value is its own mean, so every normalized value is 0.")
    for layout in FEATURE_AXIS
}


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a value's way through a norm: what is computed, with its numbers, and the result."""

    name: str
    working: str
    result: float

    @property
    def text(self) -> str:
        return short(self.result)


@dataclass(frozen=True, slots=True)
class Moments:
    """The mean and the biased variance (divided by the count) of a family; `mean` is 0 where none is subtracted."""

    count: int
    mean: float
    variance: float


def walk(
    value: float, moments: Moments, gamma: float, beta: float, eps: float, centered: bool = True, running: bool = False
) -> list[Stop]:
    """mean → variance → normalize → scale and shift, for one value.

    `moments.variance` is the mean square if not `centered`; both are past batches' averages if `running`.
    """
    mean, variance = moments.mean, moments.variance
    normalized = (value - mean) / math.sqrt(variance + eps)
    first, second = _origins(moments.count, centered, running)
    return [
        Stop("mean μ" if centered else "no mean", first, mean),
        Stop("variance σ²" if centered else "mean square", second, variance),
        Stop(
            "normalize x̂",
            f"({short(value)} − {short(mean, signed=True)}) / √({short(variance)} + {eps:g})"
            if centered
            else f"{short(value)} / √({short(variance)} + {eps:g})",
            normalized,
        ),
        Stop(
            "scale and shift y",
            f"{short(gamma)} × {short(normalized, signed=True)} + {short(beta, signed=True)}",
            gamma * normalized + beta,
        ),
    ]


def _origins(count: int, centered: bool, running: bool) -> tuple[str, str]:
    if running:
        return "the layer's running mean", "the layer's running variance"
    values = f"{count:,} value{_s(count)}"
    if not centered:
        return "none is subtracted", f"the mean of x² of {values}"
    return f"the mean of {values}", f"the mean squared distance from μ, of {values}"


def short(number: float, signed: bool = False) -> str:
    """Four digits and a true minus sign; `signed` puts a negative number in brackets."""
    text = f"{number:.4g}".replace("-", "−")
    return f"({text})" if signed and number < 0 else text


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

    def within(self, box: Box) -> int:
        """How many of the cells drawn lie in the box."""
        return math.prod(sum(i in part for i in indices) for indices, part in zip(self.indices, box, strict=True))

    def nearest(self, cell: Sequence[int]) -> tuple[int, ...]:
        """The drawn cell that is nearest on every axis, so that a selection outlives a change of what is drawn."""
        return tuple(
            min(indices, key=lambda i: abs(i - index)) for indices, index in zip(self.indices, cell, strict=True)
        )

    def middle(self) -> tuple[int, ...]:
        """A drawn cell to begin with."""
        return tuple(indices[len(indices) // 2] for indices in self.indices)

    def __str__(self) -> str:
        axes = (
            f"{axis.lower()} {_span(indices, size)}"
            for axis, indices, size in zip(layout_of(self.shape), self.indices, self.shape, strict=True)
        )
        whole = math.prod(self.shape)
        if self.count == whole:
            return f"All {whole:,} cells are drawn."
        return f"Drawn: {', '.join(axes)}; {self.count:,} of {whole:,} cells. Statistics are of all {whole:,}."


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
    box = family(rule, shown.shape, cell)
    where = ", ".join(f"{axis.lower()} {index}" for axis, index in zip(rule.layout, cell, strict=True))
    drawn = f"{shown.within(box):,} of {shown.count:,} cells drawn share"
    statistic = "one mean and one variance" if rule.centered else "one mean square"
    whole = box_size(box, lengths)
    return f"{title}, cell {where}: {drawn} {statistic}; in the whole tensor {whole:,} cell{_s(whole)}."
