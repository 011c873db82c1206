"""The guided walk: one cell's way through a norm, step by step, in sentences whose words light what they name.

guide           the sentence of every step
running_sums    how the sum runs through the family, as far as each of the cells that light one after the other

A word that lights something stands between <name> and </name>: cell, family, others, or the letter of an axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from core.cube.axes import Rule, box_size, family
from core.cube.naming import AXIS_WORDS, Norming
from core.cube.reading import Reading
from core.cube.shown import Shown
from core.cube.sites import Site
from core.cube.walk import STEPS, short
from core.language.lists import enumerated, joined
from core.language.speech import _, ngettext

CHECKPOINTS = 24  # of a running sum: more are not read


def guide(site: Site, norming: Norming, shown: Shown, cell: tuple[int, ...], reading: Reading) -> dict[str, str]:
    """{step: its sentences} for one cell and one norm."""
    first = [_cell(site, cell, reading)]
    running = norming.running and site.has_running(norming.rule)
    if running:
        first += [_running(norming.rule), _("Nothing is summed up: the running mean is there already.")]
    else:
        first += [_family(site, norming.rule, shown, cell), _sum(norming.rule)]
    told = [
        *first,
        _mean(norming.rule, reading, running),
        _variance(norming.rule, reading, running),
        _normalized(site, norming.rule, reading, running),
        _after(norming.rule, reading),
    ]
    return dict(zip(STEPS, told, strict=True))


def _cell(site: Site, cell: tuple[int, ...], reading: Reading) -> str:
    where = enumerated(f"{axis.lower()} {index}" for axis, index in zip(site.layout, cell, strict=True))
    return _("One <cell>cell</cell>, at {where}. Its value is x = {value}.", where=where, value=reading.value_text)


def _family(site: Site, rule: Rule, shown: Shown, cell: tuple[int, ...]) -> str:
    kept = [f"<{axis}>{AXIS_WORDS[axis]}</{axis}>" for axis in rule.layout if axis not in rule.over]
    if rule.groups > 1:
        kept.append(_("<{axis}>group</{axis}>", axis=rule.feature))
    box, lengths = family(rule, site.shape, cell), None if site.lengths is None else site.lengths.tolist()
    drawn = shown.within(box, lengths)
    if not kept:
        return ngettext(
            "Its <family>family</family> is the whole tensor: {n:,} cell, {drawn:,} drawn.",
            "Its <family>family</family> is the whole tensor: {n:,} cells, {drawn:,} drawn.",
            box_size(box, lengths),
            drawn=drawn,
        )
    return ngettext(
        "Its <family>family</family> has the same {kept}: {n:,} cell, {drawn:,} drawn. The <others>others</others> "
        "play no part.",
        "Its <family>family</family> has the same {kept}: {n:,} cells, {drawn:,} drawn. The <others>others</others> "
        "play no part.",
        box_size(box, lengths),
        kept=joined(kept),
        drawn=drawn,
    )


def _running(rule: Rule) -> str:
    return _(
        "As in evaluation, no cell of this batch is averaged: the <{axis}>{word}</{axis}> has running statistics.",
        axis=rule.feature,
        word=AXIS_WORDS[rule.feature],
    )


def _sum(rule: Rule) -> str:
    if rule.centered:
        return _("The values of the <family>family</family> are summed up, cell after cell.")
    return _("The squares of the <family>family</family> are summed up, cell after cell.")


def _mean(rule: Rule, reading: Reading, running: bool) -> str:
    mean = reading.stops[0].text
    if not rule.centered:
        return _("No mean is subtracted: that is what RMSNorm leaves out.")
    if running:
        return _("The running mean is μ = {mean}. Subtracted, it leaves x − μ.", mean=mean)
    return _(
        "The sum divided by their number is the mean, μ = {mean}: one for the whole <family>family</family>. "
        "Subtracted, it leaves x − μ.",
        mean=mean,
    )


def _variance(rule: Rule, reading: Reading, running: bool) -> str:
    variance = reading.stops[1].text
    if not rule.centered:
        return _("The mean of the squares x² of the <family>family</family> is {variance}.", variance=variance)
    if running:
        return _("The running variance is σ² = {variance}.", variance=variance)
    return _(
        "The mean of the squares (x − μ)² is the variance, σ² = {variance}: how far the <family>family</family> "
        "spreads.",
        variance=variance,
    )


def _normalized(site: Site, rule: Rule, reading: Reading, running: bool) -> str:
    stop, spread = reading.stops[2], reading.moments.variance
    if running:
        return _("This <cell>cell</cell> becomes x̂ = {working} = {result}.", working=stop.working, result=stop.text)
    told = {"working": stop.working, "result": stop.text, "left": short(spread / (spread + site.eps))}
    if not rule.centered:
        return _(
            "This <cell>cell</cell> becomes x̂ = {working} = {result}. The <family>family</family> now has the mean "
            "square {left}.",
            **told,
        )
    return _(
        "This <cell>cell</cell> becomes x̂ = {working} = {result}. The <family>family</family> now has mean 0 and "
        "variance {left}.",
        **told,
    )


def _after(rule: Rule, reading: Reading) -> str:
    stop = reading.stops[3]
    return _(
        "Scale and shift, with γ and β of its <{axis}>{word}</{axis}>: y = {working} = {result}.",
        axis=rule.feature,
        word=AXIS_WORDS[rule.feature],
        working=stop.working,
        result=stop.text,
    )


def running_sums(site: Site, rule: Rule, shown: Shown, cell: Sequence[int]) -> list[tuple[int, str]]:
    """(cells drawn that are lit, what the sum is by then), in the tensor's order; the last is of the whole family."""
    box = family(rule, site.shape, cell)
    part = tuple(slice(each.start, each.stop) for each in box)
    values = site.values[part].double()
    exists = site.exists()
    present = torch.ones(values.shape, dtype=torch.bool) if exists is None else exists.expand(site.shape)[part]
    terms = (values if rule.centered else values.square()) * present
    sums, counts = terms.flatten().cumsum(0), present.flatten().cumsum(0)
    inner = torch.arange(values.numel()).view(values.shape)
    for axis, (each, indices) in enumerate(zip(box, shown.indices, strict=True)):
        inner = inner.index_select(axis, torch.tensor([i - each.start for i in indices if i in each]))
    places = inner.flatten()[present.flatten()[inner.flatten()]].tolist()
    if not places:
        return []
    lit = sorted({round((k + 1) * len(places) / CHECKPOINTS) for k in range(CHECKPOINTS)} - {0})
    ends = [*(places[n - 1] for n in lit[:-1]), -1]  # the last sum is of those too that are not drawn
    return [
        (n, _told(rule, int(counts[end]), int(counts[-1]), sums[end].item())) for n, end in zip(lit, ends, strict=True)
    ]


def _told(rule: Rule, count: int, of: int, value: float) -> str:
    told = {"sum": short(value), "count": count, "of": of}
    if rule.centered:
        return _("Σ x = {sum} after {count:,} of {of:,} values", **told)
    return _("Σ x² = {sum} after {count:,} of {of:,} values", **told)
