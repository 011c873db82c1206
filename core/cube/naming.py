"""What averaging over some axes is called, and what belongs to the name: formula, source, shapes of γ and β.

name_axes   which norm averages over these axes, or why none does
Norming     one way to normalize, by name, as a picture shows it
affine      the shapes of γ and β
AXIS_WORDS  what one of an axis is called, and AXIS_NAMES: all of it
FORMULAS, SOURCES
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.cube.axes import FEATURE_AXIS, Rule, layout_of, rule_for
from core.experiment.arm import Norm
from core.language.lists import enumerated, joined
from core.language.message import Message
from core.language.speech import _

AXIS_WORDS = {
    "N": Message("example"),
    "C": Message("channel"),
    "H": Message("row"),
    "W": Message("column"),
    "T": Message("time step"),
    "D": Message("feature"),
}
AXIS_NAMES = {
    "N": Message("examples"),
    "C": Message("channels"),
    "H": Message("rows"),
    "W": Message("columns"),
    "T": Message("time steps"),
    "D": Message("features"),
}


def _formula(over: str, centred: bool = True) -> str:
    """In plain HTML, which needs no library; `over` is what the mean and variance belong to."""
    spread = f"σ<sub>{over}</sub><sup>2</sup>" if centred else f"mean<sub>{over}</sub>(x<sup>2</sup>)"
    above = f"(x − μ<sub>{over}</sub>)" if centred else "x"
    return f"x̂ = {above} / √({spread} + ε), &emsp; y = γ<sub>c</sub> x̂" + " + β<sub>c</sub>" * centred


FORMULAS = {
    Norm.BN: _formula("c"),
    Norm.LN: _formula("n"),
    Norm.IN: _formula("nc"),
    Norm.GN: _formula("ng"),
    Norm.RMS: _formula("n", centred=False),
}
SOURCES = {
    Norm.BN: "Ioffe & Szegedy 2015, Batch Normalization, arXiv:1502.03167",
    Norm.LN: "Ba, Kiros & Hinton 2016, Layer Normalization, arXiv:1607.06450",
    Norm.IN: "Ulyanov, Vedaldi & Lempitsky 2016, Instance Normalization, arXiv:1607.08022",
    Norm.GN: "Wu & He 2018, Group Normalization, arXiv:1803.08494",
    Norm.RMS: "Zhang & Sennrich 2019, Root Mean Square Layer Normalization, arXiv:1910.07467",
}


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
        return _(
            "One pair per channel, as nn.GroupNorm(1, {channels}) has it; nn.LayerNorm({each}) would have {each}.",
            channels=shape[1],
            each=list(shape[1:]),
        )
    if norm is Norm.IN:
        return _("nn.InstanceNorm2d has none unless affine=True.")
    if norm is Norm.RMS:
        return _("RMSNorm subtracts no mean and adds no β.")
    if layout == "NCHW":
        return _("One pair per channel, shared by all examples and positions.")
    return _("One pair per feature, shared by all examples.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What averaging over some axes is called: `title` is None where no norm in use does it; `why` explains."""

    norm: Norm | None
    title: str | None
    why: str


def name_axes(rule: Rule) -> Verdict:
    """The name of averaging over these axes, or why it has none."""
    if not rule.centered and rule.over == rule_for(Norm.RMS, rule.layout).over:
        return Verdict(Norm.RMS, "RMSNorm", _("LayerNorm's axes, but only the root mean square is divided out."))
    if rule.groups > 1:
        return _name_groups(rule)
    if (rule.layout, rule.over) in _NAMED:
        norm, title, why = _NAMED[rule.layout, rule.over]
        return Verdict(norm, None if title is None else str(title), str(why))
    return Verdict(None, None, _why_none(rule))


def _name_groups(rule: Rule) -> Verdict:
    if rule.over == rule_for(Norm.GN, rule.layout).over:
        why = _(
            "LayerNorm's axes, with the {axis} axis cut in {groups} groups that do not mix.",
            axis=rule.feature,
            groups=rule.groups,
        )
        return Verdict(Norm.GN, _("GroupNorm, {groups} groups", groups=rule.groups), why)
    return Verdict(None, None, _("GroupNorm averages within one example. {why}", why=_why_none(rule)))


def _why_none(rule: Rule) -> str:
    fact = _what_it_would_leave(", ".join(rule.over), [axis for axis in rule.layout if axis not in rule.over])
    if rule.layout == "NCHW" and ("H" in rule.over) != ("W" in rule.over):
        return _(
            "{fact} Rows and columns of a feature map are made by one filter: they go together or not at all.",
            fact=fact,
        )
    if "N" in rule.over and rule.feature in rule.over:
        return _(
            "{fact} It mixes examples (so it depends on the batch, as BN) and features (so no feature is centred).",
            fact=fact,
        )
    return fact


def _what_it_would_leave(over: str, kept: Sequence[str]) -> str:
    if not kept:
        return _("No norm in use averages over ({axes}). It would leave a tensor with one mean.", axes=over)
    return _(
        "No norm in use averages over ({axes}). It would leave a tensor with one mean for each {kept}.",
        axes=over,
        kept=joined(AXIS_WORDS[axis] for axis in kept),
    )


_NAMED: dict[tuple[str, str], tuple[Norm | None, Message | None, Message]] = {
    ("NCHW", "NHW"): (
        Norm.BN,
        Message("BatchNorm"),
        Message("One mean per channel, over all examples and positions: what one filter sees in the whole batch."),
    ),
    ("NCHW", "CHW"): (
        Norm.LN,
        Message("LayerNorm"),
        Message(
            "One mean per example, over everything the layer says about it; the batch plays no part. It is GroupNorm "
            "with one group."
        ),
    ),
    ("NCHW", "HW"): (
        Norm.IN,
        Message("InstanceNorm"),
        Message(
            "One mean per example and channel: each feature map by itself. It is GroupNorm with one channel per group."
        ),
    ),
    ("NCHW", "C"): (
        None,
        Message("LayerNorm over channels only"),
        Message(
            "One mean per example and pixel, as ConvNeXt does and some libraries call LayerNorm too. It is not "
            "LayerNorm over (C, H, W): the values differ, and what a whole map has in common is kept."
        ),
    ),
    ("NCHW", "N"): (
        None,
        Message("BatchNorm per activation"),
        Message(
            "One mean per channel and pixel. Ioffe & Szegedy (section 3.2) average a convolution over its positions "
            "too, since one filter makes the whole map; this is what a linear layer's BatchNorm would do to pixels."
        ),
    ),
    ("NCHW", "NCHW"): (
        None,
        None,
        Message(
            "One mean for everything: it comes out as 0 over the whole tensor, but no channel and no example by itself "
            "is centred. X.mean() without dim= does this; it is a common mistake, not a norm."
        ),
    ),
    ("ND", "N"): (
        Norm.BN,
        Message("BatchNorm"),
        Message("One mean per feature, over the examples of the batch."),
    ),
    ("ND", "D"): (
        Norm.LN,
        Message("LayerNorm"),
        Message("One mean per example, over its features; the batch plays no part."),
    ),
    ("ND", "ND"): (
        None,
        None,
        Message(
            "One mean for the whole matrix: no feature and no example is centred. X.mean() without dim= does this; a "
            "translation of the book printed it for BatchNorm."
        ),
    ),
    ("NTD", "N"): (
        Norm.BN,
        Message("BatchNorm at each time step"),
        Message(
            "One mean per time step and feature, over the examples that are that long: it depends on the batch, and "
            "late steps have few examples or none."
        ),
    ),
    ("NTD", "D"): (
        Norm.LN,
        Message("LayerNorm"),
        Message(
            "One mean per example and time step, over the features: neither the batch nor the length plays a part, so "
            "a step seen for the first time is treated like any other."
        ),
    ),
    ("NTD", "NT"): (
        None,
        Message("BatchNorm over time"),
        Message(
            "One mean per feature, over examples and time steps: what nn.BatchNorm1d does to [N, D, T]. All steps must "
            "be there first, so it cannot be computed while the sequence is read."
        ),
    ),
    ("NTD", "T"): (
        Norm.IN,
        Message("InstanceNorm"),
        Message(
            "One mean per example and feature, over time: what nn.InstanceNorm1d does to [N, D, T]. It needs the whole "
            "sequence."
        ),
    ),
    ("NTD", "TD"): (
        None,
        Message("LayerNorm over the whole sequence"),
        Message(
            "One mean per example: nn.GroupNorm(1, D) on [N, D, T]. It depends on the length, so a prefix is "
            "normalized otherwise than the whole."
        ),
    ),
} | {
    (layout, ""): (
        None,
        None,
        Message("Nothing is averaged: each value is its own mean, so every normalized value is 0."),
    )
    for layout in FEATURE_AXIS
}


@dataclass(frozen=True, slots=True)
class Norming:
    """One way to normalize, as a picture shows it; `running` takes the layer's running statistics where it has any."""

    rule: Rule
    title: str
    norm: Norm | None
    running: bool = False

    @classmethod
    def of(cls, rule: Rule, running: bool = False) -> Norming:
        verdict = name_axes(rule)
        return cls(rule, verdict.title or _none_of_the_norms(rule.over), verdict.norm, running)


def _none_of_the_norms(over: str) -> str:
    if not over:
        return _("None of the norms: over nothing")
    return _("None of the norms: over {axes}", axes=enumerated(over))
