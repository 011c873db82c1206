"""What the panel says of one cell, its family and its norm, all of it computed.

Reading, read    mean, variance, the value's way with its numbers, code, counts, shapes, formula, source
family_moments   the moments of one cell's family
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from core.cube.axes import Rule, Shown, describe, family, mean_code, tally
from core.cube.naming import FORMULAS, SOURCES, Affine, Norming, Verdict, affine, name_axes
from core.cube.sites import Site
from core.cube.walk import Moments, Stop, short, walk
from core.experiment.arm import NORM_TITLES, Norm


def family_moments(site: Site, rule: Rule, cell: Sequence[int]) -> Moments:
    """The moments of one cell's family, taken from its box alone; NaN where no member exists."""
    box = tuple(slice(part.start, part.stop) for part in family(rule, site.shape, cell))
    members, present = site.values[box].double(), site.exists()
    if present is not None:
        members = members[present.expand(site.shape)[box]]
    mean = members.mean() if rule.centered else torch.zeros((), dtype=torch.float64)
    return Moments(members.numel(), mean.item(), (members - mean).square().mean().item())


def _running_moments(site: Site, rule: Rule, cell: tuple[int, ...]) -> Moments:
    assert site.running_mean is not None
    assert site.running_var is not None
    feature = cell[site.layout.index(rule.feature)]
    return Moments(0, site.running_mean[feature].item(), site.running_var[feature].item())


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to say of one cell, its family and its norm."""

    sentence: str
    value: float
    moments: Moments
    stops: list[Stop]
    code: str
    tally: str
    affine: Affine | None
    scale_note: str
    verdict: Verdict
    formula: str | None
    source: str | None
    warning: str

    @property
    def value_text(self) -> str:
        return short(self.value)


def read(site: Site, norming: Norming, shown: Shown, cell: Sequence[int]) -> Reading:
    """Mean, variance, the value's way through the norm with its numbers, code, counts, shapes, formula, source."""
    rule, cell = norming.rule, tuple(cell)
    lengths = None if site.lengths is None else site.lengths.tolist()
    running = norming.running and site.has_running(rule)
    moments = _running_moments(site, rule, cell) if running else family_moments(site, rule, cell)
    gamma, beta = (flat[cell[site.layout.index(rule.feature)]].item() for flat in site.scale_and_shift(rule))
    value, verdict = site.values[cell].item(), name_axes(rule)
    return Reading(
        sentence=describe(norming.title, rule, shown, cell, lengths),
        value=value,
        moments=moments,
        stops=walk(value, moments, gamma, beta, site.eps, rule.centered, running),
        code=mean_code(rule, site.shape),
        tally=tally_text(site, rule),
        affine=affine(verdict.norm, site.shape) if verdict.norm else None,
        scale_note=_scale_note(site, rule, verdict),
        verdict=verdict,
        formula=FORMULAS.get(verdict.norm) if verdict.norm else None,
        source=SOURCES.get(verdict.norm) if verdict.norm else None,
        warning=_warning(moments.count, running),
    )


def tally_text(site: Site, rule: Rule) -> str:
    """How many values go into how many statistics; at most so many where sequences differ in length."""
    ragged = site.lengths is not None and ("N" in rule.over or "T" in rule.over)
    return f"{'up to ' * ragged}{tally(rule, site.shape)}"


def _scale_note(site: Site, rule: Rule, verdict: Verdict) -> str:
    if site.is_own(rule):
        return f"γ and β as this network has learned them with {NORM_TITLES[site.norm]}."
    trained = f"this network has {NORM_TITLES[site.norm]} here" if site.norm is not Norm.NONE else "no norm is here"
    what = NORM_TITLES[verdict.norm] if verdict.norm else "such a layer"
    return f"γ = 1 and β = 0, where {what} would start: {trained}."


def _warning(count: int, running: bool) -> str:
    if running or count > 1:
        return ""
    if count == 0:
        return "This time step does not exist in any sequence of the batch."
    return (
        "A family of one value has no spread: every normalized value is 0, the layer outputs only β and nothing can be "
        "learned through it."
    )
