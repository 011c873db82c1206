"""What averaging over some axes is called, and what belongs to the name: formula, source, shapes of γ and β.

name_axes   which norm averages over these axes, or why none does
Norming     one way to normalize, by name, as a picture shows it
affine      the shapes of γ and β
FORMULAS, SOURCES
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.cube.axes import AXIS_WORDS, FEATURE_AXIS, Rule, layout_of, rule_for
from core.experiment.arm import Norm


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
    if not rule.centered and rule.over == rule_for(Norm.RMS, rule.layout).over:
        return Verdict(Norm.RMS, "RMSNorm", "LayerNorm's axes, but only the root mean square is divided out.")
    if rule.groups > 1:
        return _name_groups(rule)
    if (rule.layout, rule.over) in _NAMED:
        return Verdict(*_NAMED[rule.layout, rule.over])
    return Verdict(None, None, _why_none(rule))


def _name_groups(rule: Rule) -> Verdict:
    if rule.over == rule_for(Norm.GN, rule.layout).over:
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
class Norming:
    """One way to normalize, as a picture shows it; `running` takes the layer's running statistics where it has any."""

    rule: Rule
    title: str
    norm: Norm | None
    running: bool = False

    @classmethod
    def of(cls, rule: Rule, running: bool = False) -> Norming:
        verdict = name_axes(rule)
        title = verdict.title or f"None of the norms: over {', '.join(rule.over) or 'nothing'}"
        return cls(rule, title, verdict.norm, running)
