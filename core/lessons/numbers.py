"""A check's numbers in words, in the language spoken here.

numbers_of   what each arm of runs reads; readings_of: what a demonstration does
title_of     what a target is called in a sentence
apart        what tells a step's experiments apart
how_far      a margin, a lead or a distance
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from core.experiment.config import ExperimentConfig
from core.language.lists import enumerated, parted, phrased
from core.language.speech import _, ngettext
from core.lessons.check import Check, Target
from core.lessons.evidence import Evidence
from core.lessons.lesson import Step
from core.words.numerals import in_percent
from core.words.settings import LABELS, told


def how_far(check: Check, value: float) -> str:
    if check.how.in_percent:
        return _("{n} points", n=in_percent(value))
    return f"{value:.2g}" if isfinite(value) else "∞"


def title_of(step: Step, target: Target) -> str:
    if step.computes is not None:
        return str(step.computes.readings[target.arm])
    arms = {arm.name: arm.title for arm in step.experiments[target.experiment].arms}
    if target.layer:
        return _("{arm} in {layer}", arm=arms[target.arm], layer=target.layer)
    if len({each.experiment for each in step.check.of}) > 1:
        settings = apart(step.experiments)[target.experiment]
        return _("{arm} ({settings})", arm=arms[target.arm], settings=settings) if settings else str(arms[target.arm])
    return str(arms[target.arm])


def apart(experiments: Sequence[ExperimentConfig]) -> list[str]:
    """What each has that another has not, besides its arms: "activation relu"; empty for one that stands alone."""
    differing = [name for name in LABELS if name != "arms" and len({getattr(each, name) for each in experiments}) > 1]
    return [enumerated(told(name, each) for name in differing) for each in experiments]


def numbers_of(step: Step, evidence: Sequence[Evidence], values: Sequence[float | None]) -> str:
    check = step.check
    read = [
        _read(step, target, evidence[target.experiment], value) for target, value in zip(check.of, values, strict=True)
    ]
    return _("{measure}: {values}.", measure=phrased([check.how.title, *_where(check)]), values=parted(read))


def _read(step: Step, target: Target, evidence: Evidence, value: float | None) -> str:
    """The number behind the arm's title; before one that has a number itself, which would run into it."""
    check, title, end = step.check, title_of(step, target), evidence.lost_at(target.arm)
    if end is not None and check.where.at is None and not check.how.looks:
        return _("{arm} (lost at step {step:,})", arm=title, step=end)
    said = "–" if value is None else check.how.told(value)
    if title[-1:].isdigit():
        return _("{value} ({arm})", arm=title, value=said)
    return _("{arm} {value}", arm=title, value=said)


def _where(check: Check) -> list[str]:
    where, said = check.where, []
    if where.layer:
        said.append(_("in {layer}", layer=where.layer))
    if where.unit is not None:
        said.append(_("unit {n}", n=where.unit))
    if where.reach is not None:
        said.append(_("{points} %", points=f"{100 * where.reach:g}"))
    if where.at == 0:
        said.append(_("before the first step"))
    elif where.at is not None:
        said.append(ngettext("after {n:,} step", "after {n:,} steps", where.at))
    return said


def readings_of(step: Step, values: Sequence[float | None]) -> str:
    """The readings of a demonstration."""
    read = [
        _("{value} ({arm})", arm=title_of(step, target), value="–" if value is None else step.check.how.told(value))
        for target, value in zip(step.check.of, values, strict=True)
    ]
    return _("{measure}: {values}.", measure=step.check.how.title, values=parted(read))
