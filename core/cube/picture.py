"""From an activation tensor to the picture of its cells: values at every stage, as JSON for assets/cube/cube.js.

Statistics   the mean and variance that each cell is normalized with
results      what the norm makes of the whole tensor
stages       the cells drawn, before, centred, squared, normalized, after γ and β
picture      everything that assets/cube/cube.js draws
choose       what is drawn of a large tensor

The statistics are always of the whole tensor, in float64; only what is drawn is a selection (shown.Shown).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.cube import families
from core.cube.axes import Rule, grouped, layout_of
from core.cube.guide import guide, running_sums
from core.cube.naming import AXIS_NAMES, Norming
from core.cube.reading import Reading, read, tally_text
from core.cube.shown import Shown, shared, spread
from core.cube.sites import Site
from core.cube.walk import STEPS, Stop
from core.language.message import Message
from core.language.speech import _

STAGES = {
    "before": Message("before: x"),
    "centred": Message("mean: x − μ"),
    "squared": Message("variance: (x − μ)²"),
    "normalized": Message("normalize: x̂"),
    "after": Message("scale and shift: y"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """The mean and (biased) variance that each cell is normalized with, float64, broadcast to the tensor's shape.

    Without centring, `mean` is 0 and `variance` the mean square. `running` tells that they are a layer's running
    ones, as evaluation mode uses them, and not the batch's.
    """

    mean: Tensor
    variance: Tensor
    running: bool = False


def statistics(site: Site, rule: Rule, running: bool = False) -> Statistics:
    """The statistics of every family of the whole tensor, or the layer's running ones where it has them."""
    if running and site.has_running(rule) and site.running_mean is not None and site.running_var is not None:
        mean, variance = site.per_feature(site.running_mean), site.per_feature(site.running_var)
        return Statistics(mean.expand(site.shape), variance.expand(site.shape), running=True)
    x = site.values.double()
    mean = family_mean(x, rule, site.exists()) if rule.centered else torch.zeros_like(x)
    return Statistics(mean, family_mean((x - mean).square(), rule, site.exists()))


def family_mean(x: Tensor, rule: Rule, exists: Tensor | None = None) -> Tensor:
    """Each cell's family's mean, in x's shape; cells that do not exist are left out of it."""
    if exists is not None:
        present = exists.expand_as(x).to(x.dtype)
        return family_mean(x * present, rule) / family_mean(present, rule).clamp(min=1e-30)
    if not rule.over:
        return x
    if rule.groups == 1:
        return x.mean(dim=rule.dims, keepdim=True).expand_as(x)
    split, dims = grouped(rule, x.shape)
    in_groups = x.reshape(split)
    return in_groups.mean(dim=dims, keepdim=True).expand_as(in_groups).reshape(x.shape)


def results(site: Site, norming: Norming) -> Tensor:
    """What the norm makes of every cell of the tensor, scaled and shifted; float64."""
    used = statistics(site, norming.rule, norming.running)
    gamma, beta = (site.per_feature(flat) for flat in site.scale_and_shift(norming.rule))
    return gamma * ((site.values.double() - used.mean) / (used.variance + site.eps).sqrt()) + beta


def stages(site: Site, rule: Rule, used: Statistics, shown: Shown) -> dict[str, Tensor]:
    """The cells drawn on their way through the norm: before, centred, squared, normalized, after; float64."""
    x, mean, variance = (select(t, shown) for t in (site.values.double(), used.mean, used.variance))
    centred = x - mean
    normalized = centred / (variance + site.eps).sqrt()
    drawn_features = torch.tensor(shown.indices[rule.layout.index(rule.feature)])
    gamma, beta = (site.per_feature(flat[drawn_features]) for flat in site.scale_and_shift(rule))
    found = (x, centred, centred.square(), normalized, gamma * normalized + beta)
    return dict(zip(STAGES, found, strict=True))


def picture(
    site: Site, normings: Sequence[Norming], shown: Shown, cell: Sequence[int], stage: str, guided: bool = False
) -> dict[str, Any]:
    """Everything that assets/cube/cube.js draws, as JSON values; numbers of cells as base64 float32, in C order.

    Where the cell is `guided` through the norms, the sentences of that walk are among it.
    """
    cell = shown.nearest(cell)
    present = site.exists()
    return {
        "axes": [
            {"name": axis, "words": str(AXIS_NAMES[axis]), "ids": list(ids), "size": size}
            for axis, ids, size in zip(site.layout, shown.indices, site.shape, strict=True)
        ],
        "exists": None if present is None else pack(present.expand(site.shape).float(), shown),
        "panels": [_panel(site, norming, shown, cell, guided) for norming in normings],
        "steps": STEPS,
        "stages": {name: str(words) for name, words in STAGES.items()},
        "stage": stage if stage in STAGES else "before",
        "cell": list(cell),
        "title": f"{site.name} {list(site.shape)}",
        "origin": str(site.origin),
        "drawn": shown.told(None if site.lengths is None else site.lengths.tolist()),
    }


def _panel(site: Site, norming: Norming, shown: Shown, cell: tuple[int, ...], guided: bool) -> dict[str, Any]:
    rule = norming.rule
    rule.check(site.shape)
    used = statistics(site, rule, norming.running)
    exists = site.exists()
    present = None if exists is None else select(exists.expand(site.shape), shown)
    drawn = {name: values.float() for name, values in stages(site, rule, used, shown).items()}
    reading = read(site, norming, shown, cell)
    return (_guiding(site, norming, shown, cell, reading) if guided else {}) | {
        "title": norming.title,
        "norm": norming.norm,
        "over": [axis in rule.over for axis in rule.layout],
        "groups": rule.groups,
        "feature": rule.layout.index(rule.feature),
        "shares": shared(rule),
        "all": families.told(norming.title, rule, shown),
        "note": _("running statistics, as in evaluation") if used.running else tally_text(site, rule),
        "stages": {name: base64.b64encode(values.numpy().tobytes()).decode() for name, values in drawn.items()},
        "scales": {name: _largest(values, present) for name, values in drawn.items()},
        "stops": _stop_texts(reading),
    }


def _guiding(site: Site, norming: Norming, shown: Shown, cell: tuple[int, ...], reading: Reading) -> dict[str, Any]:
    told = guide(site, norming, shown, cell, reading)
    is_summed = not (norming.running and site.has_running(norming.rule))
    return {"guide": told, "sums": running_sums(site, norming.rule, shown, cell) if is_summed else []}


def _stop_texts(reading: Reading) -> dict[str, str]:
    mean, variance, normalize, scale = reading.stops
    return {
        "before": f"x = {reading.value_text}",
        "centred": _moment(mean),
        "squared": _moment(variance),
        "normalized": f"x̂ = {normalize.working} = {normalize.text}",
        "after": f"y = {scale.working} = {scale.text}",
    }


def _moment(stop: Stop) -> str:
    return _("{name} = {value}, {working}", name=stop.name, value=stop.text, working=stop.working)


def select(values: Tensor, shown: Shown) -> Tensor:
    """The cells that are drawn, in the tensor's order."""
    for axis, indices in enumerate(shown.indices):
        values = values.index_select(axis, torch.tensor(indices))
    return values.contiguous()


def pack(values: Tensor, shown: Shown) -> str:
    """The cells that are drawn, as the browser reads them."""
    return base64.b64encode(select(values, shown).numpy().tobytes()).decode()


def _largest(values: Tensor, present: Tensor | None) -> float:
    finite = values[values.isfinite() if present is None else values.isfinite() & present]
    return float(finite.abs().max()) if finite.numel() else 1.0


def choose(shape: Sequence[int], examples: int = 4, first: int = 0, positions: int = 4, features: int = 16) -> Shown:
    """What is drawn of a tensor: neighbouring examples, the first features, positions spread evenly over the map."""
    layout = layout_of(shape)
    if layout == "NCHW":
        n, c, h, w = shape
        picked = spread(n, examples, first), spread(c, features, 0), spread(h, positions), spread(w, positions)
        return Shown(tuple(shape), picked)
    if layout == "NTD":
        n, t, d = shape
        return Shown(tuple(shape), (spread(n, examples, first), spread(t, 28, 0), spread(d, features, 0)))
    n, d = shape
    return Shown(tuple(shape), (spread(n, 4 * examples, first), spread(d, 2 * features, 0)))


def batch_sizes(site: Site) -> list[int]:
    """1, 2, 4, … and all of the site's examples: the batches that the page can look at."""
    examples = site.shape[0]
    return [*(2**i for i in range(examples.bit_length()) if 2**i < examples), examples]
