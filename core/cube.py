"""From an activation tensor to the picture of its cells: values at every stage, and the statistics of each family.

Site            what enters one norm layer, with the layer's own γ, β and running statistics
capture         the sites of a network, for a batch of images; the network is left as it was
Statistics      the mean and variance that each cell is normalized with
View, view      what one picture shows: a norm's (or any axes') stages of the cells drawn, as JSON for assets/cube.js
Reading, read   what the panel says of one cell and its family, all of it computed here
mean_noise      how much the mean of a small batch scatters

The statistics are always of the whole tensor, in float64; only what is drawn is a selection (axes.Shown).
"""

from __future__ import annotations

import base64
import copy
import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from core.axes import (
    AXIS_WORDS,
    FORMULAS,
    SOURCES,
    Affine,
    Moments,
    Rule,
    Shown,
    Stop,
    Verdict,
    affine,
    describe,
    family,
    grouped,
    layout_of,
    mean_code,
    name_axes,
    short,
    spread,
    tally,
    walk,
)
from core.config import BATCH_OF_ONE, NORM_TITLES, Norm
from core.norms import EPS, gamma_beta

STAGES = {
    "before": "before: x",
    "centred": "mean: x − μ",
    "squared": "variance: (x − μ)²",
    "normalized": "normalize: x̂",
    "after": "scale and shift: y",
}


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What enters one norm layer, [N, C, H, W], [N, T, D] or [N, D], on the CPU, and the layer's own state.

    `gamma`, `beta`, `running_mean`, `running_var` are flat, one number per channel or feature; None where the layer
    has none. `groups` is GroupNorm's. `lengths` [N] are the time steps that exist of each sequence. `origin` says in
    a few words where the values come from.
    """

    name: str
    values: Tensor
    norm: Norm = Norm.NONE
    groups: int = 1
    gamma: Tensor | None = None
    beta: Tensor | None = None
    running_mean: Tensor | None = None
    running_var: Tensor | None = None
    lengths: Tensor | None = None
    eps: float = EPS
    origin: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)

    @property
    def layout(self) -> str:
        return layout_of(self.shape)

    @property
    def features(self) -> int:
        """The size of the axis that γ and β follow."""
        return self.shape[1] if self.layout == "NCHW" else self.shape[-1]

    def per_feature(self, flat: Tensor) -> Tensor:
        """[C] -> [1, C, 1, 1], or [D] as it is: what broadcasts against the values."""
        return flat.double().view(-1, 1, 1) if self.layout == "NCHW" else flat.double()

    def first(self, examples: int) -> Site:
        """The same site for a batch of only the first examples."""
        lengths = None if self.lengths is None else self.lengths[:examples]
        return replace(self, values=self.values[:examples], lengths=lengths)

    def exists(self) -> Tensor | None:
        """[N, T, 1] bool: which time steps exist; None where all do."""
        if self.lengths is None:
            return None
        return (torch.arange(self.shape[1]) < self.lengths[:, None])[:, :, None]

    def is_own(self, rule: Rule) -> bool:
        """Whether this is what the layer itself does, so that its γ and β were learned for it."""
        verdict = name_axes(rule)
        same_groups = verdict.norm is not Norm.GN or rule.groups == self.groups
        return self.norm is not Norm.NONE and verdict.norm is self.norm and same_groups


def capture(net: nn.Sequential, images: Tensor, origin: str = "") -> dict[str, Site]:
    """The input of every norm layer `*_norm` for images [N, 1, 28, 28], as a training step would see it.

    The pass runs through a copy in training mode: weights, running statistics and random streams of `net` stay
    bitwise as they are. Names are conv1, conv2, fc1, fc2, …; values are copied to the CPU.
    """
    seen: dict[str, Site] = {}
    running = copy.deepcopy(net).train()
    with torch.no_grad():
        for (name, layer), original in zip(running.named_children(), net.children(), strict=True):
            if name.endswith("_norm"):
                seen[name.removesuffix("_norm")] = _site(name.removesuffix("_norm"), images, original, origin)
            images = layer(images)
    return seen


def _site(name: str, values: Tensor, layer: nn.Module, origin: str) -> Site:
    gamma, beta = gamma_beta(layer)
    mean = getattr(layer, "running_mean", getattr(layer, "moving_mean", None))
    variance = getattr(layer, "running_var", getattr(layer, "moving_var", None))
    norm, groups = _norm_of(layer)
    return Site(
        name,
        values.detach().cpu().clone(),
        norm,
        groups,
        _flat(gamma),
        _flat(beta),
        _flat(mean),
        _flat(variance),
        origin=origin,
    )


def _flat(numbers: Tensor | None) -> Tensor | None:
    return None if numbers is None else numbers.detach().reshape(-1).cpu().clone()


def _norm_of(layer: nn.Module) -> tuple[Norm, int]:
    if isinstance(layer, nn.Identity):
        return Norm.NONE, 1
    if isinstance(layer, nn.GroupNorm):
        return (Norm.LN, 1) if layer.num_groups == 1 else (Norm.GN, layer.num_groups)
    known = {"BatchNorm": Norm.BN, "LayerNorm": Norm.LN, "InstanceNorm": Norm.IN, "RMSNorm": Norm.RMS}
    return next(norm for name, norm in known.items() if type(layer).__name__.startswith(name)), 1


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
    if running and _has_running(site, rule) and site.running_mean is not None and site.running_var is not None:
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


def stages(site: Site, rule: Rule, used: Statistics, shown: Shown) -> dict[str, Tensor]:
    """The cells drawn on their way through the norm: before, centred, squared, normalized, after; float64."""
    x, mean, variance = (select(t, shown) for t in (site.values.double(), used.mean, used.variance))
    centred = x - mean
    normalized = centred / (variance + site.eps).sqrt()
    drawn_features = torch.tensor(shown.indices[rule.layout.index(rule.feature)])
    gamma, beta = (site.per_feature(flat[drawn_features]) for flat in scale_and_shift(site, rule))
    found = (x, centred, centred.square(), normalized, gamma * normalized + beta)
    return dict(zip(STAGES, found, strict=True))


def scale_and_shift(site: Site, rule: Rule) -> tuple[Tensor, Tensor]:
    """(γ, β), flat: the layer's own where the rule is its own, else 1 and 0, where every norm starts."""
    own = site.is_own(rule)
    gamma = site.gamma if own and site.gamma is not None else torch.ones(site.features)
    beta = site.beta if own and site.beta is not None else torch.zeros(site.features)
    return gamma, beta


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
        title = verdict.title or f"No norm: over {', '.join(rule.over) or 'nothing'}"
        return cls(rule, title, verdict.norm, running)


def picture(site: Site, normings: Sequence[Norming], shown: Shown, cell: Sequence[int], stage: str) -> dict[str, Any]:
    """Everything that assets/cube.js draws, as JSON values; numbers of cells as base64 float32, in C order."""
    cell = shown.nearest(cell)
    present = site.exists()
    return {
        "axes": [
            {"name": axis, "word": AXIS_WORDS[axis], "ids": list(ids), "size": size}
            for axis, ids, size in zip(site.layout, shown.indices, site.shape, strict=True)
        ],
        "exists": None if present is None else _pack(present.expand(site.shape).float(), shown),
        "panels": [_panel(site, norming, shown, cell) for norming in normings],
        "stages": STAGES,
        "stage": stage if stage in STAGES else "before",
        "cell": list(cell),
        "title": f"{site.name} {list(site.shape)}",
        "origin": site.origin,
        "drawn": str(shown),
    }


def _panel(site: Site, norming: Norming, shown: Shown, cell: Sequence[int]) -> dict[str, Any]:
    rule = norming.rule
    rule.check(site.shape)
    used = statistics(site, rule, norming.running)
    drawn = {name: values.float() for name, values in stages(site, rule, used, shown).items()}
    return {
        "title": norming.title,
        "norm": norming.norm,
        "over": [axis in rule.over for axis in rule.layout],
        "groups": rule.groups,
        "feature": rule.layout.index(rule.feature),
        "shares": "one mean and one variance" if rule.centered else "one mean square",
        "note": "running statistics, as in evaluation" if used.running else _tally_text(site, rule),
        "stages": {name: base64.b64encode(values.numpy().tobytes()).decode() for name, values in drawn.items()},
        "scales": {name: _largest(values) for name, values in drawn.items()},
        "stops": _stop_texts(read(site, norming, shown, cell)),
    }


def _stop_texts(reading: Reading) -> dict[str, str]:
    mean, variance, normalize, scale = reading.stops
    return {
        "before": f"x = {reading.value_text}",
        "centred": f"{mean.name} = {mean.text}, {mean.working}",
        "squared": f"{variance.name} = {variance.text}, {variance.working}",
        "normalized": f"x̂ = {normalize.working} = {normalize.text}",
        "after": f"y = {scale.working} = {scale.text}",
    }


def select(values: Tensor, shown: Shown) -> Tensor:
    """The cells that are drawn, in the tensor's order."""
    for axis, indices in enumerate(shown.indices):
        values = values.index_select(axis, torch.tensor(indices))
    return values.contiguous()


def _pack(values: Tensor, shown: Shown) -> str:
    return base64.b64encode(select(values, shown).numpy().tobytes()).decode()


def _largest(values: Tensor) -> float:
    finite = values[values.isfinite()]
    return float(finite.abs().max()) if finite.numel() else 1.0


def family_moments(site: Site, rule: Rule, cell: Sequence[int]) -> Moments:
    """The moments of one cell's family, taken from its box alone; NaN where no member exists."""
    box = tuple(slice(part.start, part.stop) for part in family(rule, site.shape, cell))
    members, present = site.values[box].double(), site.exists()
    if present is not None:
        members = members[present.expand(site.shape)[box]]
    mean = members.mean() if rule.centered else torch.zeros((), dtype=torch.float64)
    return Moments(members.numel(), mean.item(), (members - mean).square().mean().item())


def _has_running(site: Site, rule: Rule) -> bool:
    return site.running_mean is not None and name_axes(rule).norm is Norm.BN


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
    running = norming.running and _has_running(site, rule)
    moments = _running_moments(site, rule, cell) if running else family_moments(site, rule, cell)
    gamma, beta = (flat[cell[site.layout.index(rule.feature)]].item() for flat in scale_and_shift(site, rule))
    value, verdict = site.values[cell].item(), name_axes(rule)
    return Reading(
        sentence=describe(norming.title, rule, shown, cell, lengths),
        value=value,
        moments=moments,
        stops=walk(value, moments, gamma, beta, site.eps, rule.centered, running),
        code=mean_code(rule, site.shape),
        tally=_tally_text(site, rule),
        affine=affine(verdict.norm, site.shape) if verdict.norm else None,
        scale_note=_scale_note(site, rule, verdict),
        verdict=verdict,
        formula=FORMULAS.get(verdict.norm) if verdict.norm else None,
        source=SOURCES.get(verdict.norm) if verdict.norm else None,
        warning=_warning(moments.count, running),
    )


def _tally_text(site: Site, rule: Rule) -> str:
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
    return BATCH_OF_ONE.split(". PyTorch")[0].replace("A batch of 1", "A family of one value") + "."


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


@dataclass(frozen=True, slots=True)
class Noise:
    """How far a batch's mean lies from the whole pool's, in standard deviations of the values (0.35 = 35 %)."""

    batch: int
    measured: float
    independent_examples: float
    independent_values: float


def mean_noise(site: Site, batches: Iterable[int], draws: int = 300, seed: int = 0) -> list[Noise]:
    """The scatter of BatchNorm's mean over `draws` batches drawn from the site's examples, averaged over features.

    For [N, C, H, W] and [N, D]. Drawn with replacement, so that the pool's size plays no part. Beside it what
    theory says for examples that are independent, 1/√N times what one example scatters, and for values that are all
    independent, 1/√(N·H·W). LayerNorm's mean of an image has no such noise: the batch plays no part in it.
    """
    x = site.values.double()
    per_example = x.flatten(2).mean(2) if x.ndim == 4 else x  # [N, C]
    sigma = x.transpose(0, 1).flatten(1).std(1, correction=0).clamp(min=1e-12)
    positions = math.prod(site.shape[2:])
    one = (per_example.std(0, correction=0) / sigma).mean().item()
    generator = torch.Generator().manual_seed(seed)
    return [
        Noise(size, _scatter(per_example, sigma, size, draws, generator), one / size**0.5, (size * positions) ** -0.5)
        for size in batches
    ]


def _scatter(per_example: Tensor, sigma: Tensor, size: int, draws: int, generator: torch.Generator) -> float:
    picked = torch.randint(len(per_example), (draws, size), generator=generator)
    weights = torch.zeros(draws, len(per_example), dtype=torch.float64)
    weights.scatter_add_(1, picked, torch.full(picked.shape, 1 / size, dtype=torch.float64))
    means = weights @ per_example  # [draws, C]
    return (means.std(0) / sigma).mean().item()


@functools.cache
def worked_example() -> Mapping[str, Site]:
    """conv1, conv2, fc1 and fc2 of a LeNet with BatchNorm after 24 steps on the built-in digits: the same every time.

    Used where there is no run. Takes about a second, once.
    """
    from core.config import ExperimentConfig, parse_arm
    from core.data import as_floats, load
    from core.lenet import build_lenet

    config = ExperimentConfig(data="digits", examples=1024, batch_size=64, learning_rate=1.0)
    net, digits = build_lenet(parse_arm("bn"), config), load("digits")
    for step in range(24):
        batch = slice(step % 16 * 64, step % 16 * 64 + 64)
        loss = nn.functional.cross_entropy(net(as_floats(digits.train_images[batch])), digits.train_labels[batch])
        parameters = list(net.parameters())
        with torch.no_grad():  # plain SGD by hand: torch.optim takes seconds to import
            for values, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                values.sub_(config.learning_rate * gradient)
    return capture(net, as_floats(digits.train_images[:256]), "worked example: BatchNorm, step 24, built-in digits")
