"""From what was seen to plain numbers, reduced on the device, with one copy to the host per look.

summarise    Seen -> NetworkSummary
batch_noise  how much a mini-batch's mean varies, by the size of the mini-batch

Reductions never ask the device for a value on the way (no .item(), no boolean indexing), so a GPU is not waited for
until the end: there, all results travel as one vector.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from core.fast import are_images_last
from core.probes import STAGES, LayerSeen, Seen
from core.summary import (
    PERCENTILES,
    GradientSummary,
    Histogram,
    LayerSummary,
    NetworkSummary,
    NormSummary,
    SignedLogHistogram,
    StageSummary,
)

BINS = 80
# Of the fixed histograms, so that arms and steps share one axis; what lies beyond is counted as under- and overflow.
FIXED_RANGES = {"before": (-5.0, 5.0), "normalized": (-5.0, 5.0), "scaled": (-5.0, 5.0)}
ACTIVATED_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU": (0.0, 5.0)}
RULES = {
    "Sigmoid": "saturated: outside [0.05, 0.95]",
    "Tanh": "saturated: |y| > 0.9",
    "ReLU": "dead: units that are 0 for every image and position",
}
# Percentiles need sorting. Of more values than this, an evenly spread subset is sorted: its percentiles are off by
# about 0.6 percentage points at the median and 0.1 at the 1st and 99th (standard error sqrt(p(1 - p)/n)).
SORTED_VALUES = 2**13
# Gradients of deep sigmoid networks reach 1e-12, so gradients are binned by magnitude: two bins per decade.
LOG_LOW, LOG_HIGH, BINS_PER_DECADE = -14, 2, 2
LOG_BINS = (LOG_HIGH - LOG_LOW) * BINS_PER_DECADE

Found = dict[str, Tensor]  # "conv1/before/mean" and the like, on the device
Numbers = Mapping[str, Sequence[float]]  # the same, on the host


@torch.no_grad()
def summarise(seen: Seen, learning_rate: float | None = None) -> NetworkSummary:
    """Reduce what a watch or probe has seen to plain numbers.

    learning_rate: if given, update ratios are those of a plain SGD step with it; if None, those of the step that the
    optimizer has taken since the watch began (so call this after it), and None where the weights have not moved.

    Raises ValueError if the network has not been run inside the watch.
    """
    unseen = [layer.name for layer in seen.layers.values() if "before" not in layer.stages]
    if unseen:
        raise ValueError(
            f"A summary needs a forward pass inside `with watch(model) as seen:`; nothing came through {unseen[0]}. "
            "Call the model inside the block."
        )
    numbers = _transfer(reduce(seen, learning_rate))
    layers = tuple(_layer_summary(layer, numbers) for layer in seen.layers.values())
    return NetworkSummary(len(next(iter(seen.layers.values())).stages["before"]), layers)


def reduce(seen: Seen, learning_rate: float | None = None) -> Found:
    """Everything a summary needs, in small tensors on the device."""
    found: Found = {}
    for layer in seen.layers.values():
        for stage in _own_stages(layer):
            values = _stage(layer.stages[stage], _fixed_range(layer, stage))
            found |= {f"{layer.name}/{stage}/{key}": value for key, value in values.items()}
        parts = _activity(layer) | _gradients(layer, learning_rate) | _norm(layer)
        found |= {f"{layer.name}/{key}": value for key, value in parts.items()}
    return found


def _transfer(found: Found) -> dict[str, list[float]]:
    """The one copy from the device to the host. Counts are exact in float32 up to 16.7 million."""
    packed: list[float] = torch.cat([values.flatten() for values in found.values()]).tolist()
    numbers, start = {}, 0
    for key, values in found.items():
        numbers[key] = packed[start : start + values.numel()]
        start += values.numel()
    return numbers


def _own_stages(layer: LayerSeen) -> list[str]:
    # Without a norm, normalized and scaled are the same tensor as before.
    return [stage for stage in STAGES if stage in layer.stages and (layer.norm or stage in ("before", "activated"))]


def _fixed_range(layer: LayerSeen, stage: str) -> tuple[float, float]:
    return ACTIVATED_RANGES[type(layer.activation).__name__] if stage == "activated" else FIXED_RANGES[stage]


# Distributions


def _stage(X: Tensor, fixed_range: tuple[float, float]) -> Found:
    by_unit = _by_unit(X)
    unit_means, unit_vars = _unit_moments(by_unit)  # [C], [C]
    mean = unit_means.mean()
    # The law of total variance: what varies within the units, and what varies between them.
    pooled_var = unit_vars.mean() + (unit_means - mean).square().mean()
    values = by_unit.flatten()
    low, high = _finite_extremes(values)
    return {
        "mean": mean,
        "std": pooled_var.sqrt(),
        "unit_std": unit_vars.sqrt().mean(),
        "unit_means": unit_means,
        "unit_vars": unit_vars,
        "low": low,
        "high": high,
        "percentiles": _percentiles(values[:: _stride(values.numel())]),
        "fixed": _fixed_counts(values, *fixed_range),
        "adaptive": _adaptive_counts(values, low, high),
    }


def _by_unit(X: Tensor) -> Tensor:
    """[N, C, H, W] -> [C, N*H*W], or [N, D] -> [D, N], a unit's values in any order: without a copy if possible."""
    return X.permute(1, 2, 3, 0).flatten(1) if are_images_last(X) else X.transpose(0, 1).flatten(1)


def _unit_moments(by_unit: Tensor) -> tuple[Tensor, Tensor]:
    means = by_unit.mean(dim=1)
    return means, (by_unit - means[:, None]).square().mean(dim=1)  # around the mean, so that narrow ones are resolved


def _finite_extremes(X: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest finite value; (inf, -inf) if there is none."""
    inf = math.inf
    return (
        torch.nan_to_num(X, nan=inf, posinf=inf, neginf=inf).amin(),
        torch.nan_to_num(X, nan=-inf, posinf=-inf, neginf=-inf).amax(),
    )


def _stride(values: int) -> int:
    """The step through so many values that leaves SORTED_VALUES at most, and skips no channel or column of a map."""
    return next(step for step in count(math.ceil(values / SORTED_VALUES)) if math.gcd(step, values) == 1)


def _percentiles(sample: Tensor) -> Tensor:
    """PERCENTILES of the finite values, linear between ranks as numpy's; inf or nan if there are none."""
    inf = math.inf
    ordered = _sorted(torch.nan_to_num(sample, nan=inf, posinf=inf, neginf=inf))  # the finite ones come first
    last = ((ordered < inf).sum() - 1).clamp(min=0)
    ranks = last * _shares(sample.device)
    below, above = ordered[ranks.floor().long()], ordered[ranks.ceil().long()]
    return torch.lerp(below, above, ranks.frac().to(sample.dtype))


@cache
def _shares(device: torch.device) -> Tensor:
    return torch.tensor(PERCENTILES, device=device) / 100


def _sorted(X: Tensor) -> Tensor:
    # numpy's sort is vectorized: on the CPU it takes a twentieth of torch's time, which was a fifth of a look's.
    return torch.from_numpy(np.sort(X.numpy())) if X.device.type == "cpu" else X.sort().values


def _fixed_counts(X: Tensor, low: float, high: float) -> Tensor:
    """[1 + BINS + 2]: below low (with -inf), the bins, from high on (with +inf), nan."""
    scale = BINS / (high - low)
    places = (X * scale).add_(1 - low * scale).clamp_(0, BINS + 1)
    return _occurrences(places.nan_to_num_(nan=BINS + 2), BINS + 3)


def _adaptive_counts(X: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """[BINS + 4]: the bins from low to high, those at high itself, nan, +inf, -inf."""
    low, high = (torch.where(low <= high, end, 0) for end in (low, high))
    half_width = (high / 2 - low / 2).clamp(min=BINS * torch.finfo(X.dtype).tiny)  # halves: no overflow, no 0
    places = (X / 2).sub_(low / 2).mul_(BINS / half_width)
    return _occurrences(places.nan_to_num_(nan=BINS + 1, posinf=BINS + 2, neginf=BINS + 3), BINS + 4)


def _log_counts(X: Tensor) -> Tensor:
    """[2, LOG_BINS + 3], positive and negative: below the bins (with 0), the bins, above them (with inf), nan."""
    places = (X.abs().log10() - LOG_LOW) * BINS_PER_DECADE + 1
    places = places.clamp_(0, LOG_BINS + 1).nan_to_num_(nan=LOG_BINS + 2).floor_()
    return _occurrences(places + (X < 0) * (LOG_BINS + 3), 2 * (LOG_BINS + 3))


def _occurrences(places: Tensor, slots: int) -> Tensor:
    """How often each of 0, 1, ..., slots - 1 occurs among `places`, rounded down: [slots]."""
    # Either is right anywhere; bincount is faster on the CPU, but makes the host wait for any other device.
    count_on = _occurrences_on_cpu if places.device.type == "cpu" else _occurrences_on_device
    return count_on(places, slots)


def _occurrences_on_cpu(places: Tensor, slots: int) -> Tensor:
    return torch.bincount(places.int(), minlength=slots).to(places.dtype)


def _occurrences_on_device(places: Tensor, slots: int) -> Tensor:
    return places.new_zeros(slots).scatter_add_(0, places.long(), torch.ones_like(places))


# Activity, gradients, norms


def _activity(layer: LayerSeen) -> Found:
    if "activated" not in layer.stages:
        return {}
    Y = layer.stages["activated"]
    return {"inactive_share": inactive_share(layer.activation, Y), "zero_share": 1 - Y.count_nonzero() / Y.numel()}


def inactive_share(activation: nn.Module | None, Y: Tensor) -> Tensor:
    """The share that RULES speaks of, of the activation's output Y [N, C, H, W] or [N, D]; raises TypeError."""
    match activation:
        case nn.Sigmoid():
            return ((Y - 0.5).abs() > 0.45).count_nonzero() / Y.numel()
        case nn.Tanh():
            return (Y.abs() > 0.9).count_nonzero() / Y.numel()
        case nn.ReLU():
            return 1 - _by_unit(Y).amax(dim=1).count_nonzero() / Y.shape[1]
    raise TypeError(f"There is a rule for sigmoid, tanh and ReLU; got {type(activation).__name__}. Add it to RULES.")


def _gradients(layer: LayerSeen, learning_rate: float | None) -> Found:
    gradient, before_grad = layer.weight_grad, layer.before_grad
    if gradient is None or before_grad is None:
        return {}
    update = layer.layer.weight - layer.weight if learning_rate is None else learning_rate * gradient
    return {
        "mean_abs": gradient.abs().mean(),
        "rms": _rms(gradient),
        "before_rms": _rms(before_grad),
        "zeros": (gradient == 0).sum(),
        "infs": gradient.isinf().sum(),
        "log_counts": _log_counts(gradient.flatten()),
        "update_ratio": _rms(update) / _rms(layer.weight),
    }


def _rms(X: Tensor) -> Tensor:
    # By way of the largest magnitude: the square of 1e-23, a deep sigmoid network's gradient, is 0 in float32.
    largest = X.abs().amax().clamp(min=torch.finfo(X.dtype).tiny)
    return (X / largest).square().mean().sqrt() * largest


_PER_CHANNEL = ("gamma", "beta", "gamma_grad", "beta_grad", "running_mean", "running_var")


def _norm(layer: LayerSeen) -> Found:
    values = {key: getattr(layer, key) for key in _PER_CHANNEL}
    return {key: value for key, value in values.items() if value is not None}


# On the host: numbers -> records


def _layer_summary(layer: LayerSeen, numbers: Numbers) -> LayerSummary:
    own = {key.removeprefix(f"{layer.name}/"): value for key, value in numbers.items() if key.startswith(layer.name)}
    stages = {stage: _stage_summary(layer, stage, own) for stage in _own_stages(layer)}
    return LayerSummary(
        name=layer.name,
        before=stages["before"],
        normalized=stages.get("normalized"),
        scaled=stages.get("scaled"),
        activated=stages.get("activated"),
        rule=RULES[type(layer.activation).__name__] if "activated" in stages else "",
        inactive_share=own["inactive_share"][0] if "activated" in stages else None,
        zero_share=own["zero_share"][0] if "activated" in stages else None,
        gradient=_gradient_summary(own) if "mean_abs" in own else None,
        norm=_norm_summary(layer, own) if layer.norm else None,
    )


def _stage_summary(layer: LayerSeen, stage: str, numbers: Numbers) -> StageSummary:
    own = {key.removeprefix(f"{stage}/"): value for key, value in numbers.items()}
    values = layer.stages[stage].numel()
    *bins, at_high, nan, positive_inf, negative_inf = map(int, own["adaptive"])
    bins[-1] += at_high
    low, high = (own[end][0] if sum(bins) else math.nan for end in ("low", "high"))
    return StageSummary(
        values=values,
        nan=nan,
        positive_inf=positive_inf,
        negative_inf=negative_inf,
        mean=own["mean"][0],
        std=own["std"][0],
        unit_std=own["unit_std"][0],
        low=low,
        high=high,
        percentiles=tuple(own["percentiles"]) if sum(bins) else (math.nan,) * len(PERCENTILES),
        sampled=math.ceil(values / _stride(values)),
        fixed=_fixed_histogram(layer, stage, own["fixed"], (negative_inf, positive_inf)),
        adaptive=Histogram(low, high, tuple(bins), underflow=0, overflow=0),
        unit_means=tuple(own["unit_means"]),
    )


def _fixed_histogram(layer: LayerSeen, stage: str, counts: Sequence[float], infs: tuple[int, int]) -> Histogram:
    below, *bins, beyond, _ = map(int, counts)
    negative_inf, positive_inf = infs
    overflow = beyond - positive_inf
    if stage == "activated" and not isinstance(layer.activation, nn.ReLU):
        bins[-1] += overflow  # sigmoid and tanh end at 1: those "from 1 on" are exactly 1
        overflow = 0
    return Histogram(*_fixed_range(layer, stage), tuple(bins), underflow=below - negative_inf, overflow=overflow)


def _gradient_summary(numbers: Numbers) -> GradientSummary:
    zeros, size = int(numbers["zeros"][0]), sum(numbers["log_counts"])
    return GradientSummary(
        mean_abs=numbers["mean_abs"][0],
        rms=numbers["rms"][0],
        before_rms=numbers["before_rms"][0],
        zero_share=zeros / size,
        histogram=_log_histogram(numbers["log_counts"], zeros, int(numbers["infs"][0])),
        update_ratio=numbers["update_ratio"][0] or None,
    )


def _log_histogram(counts: Sequence[float], zeros: int, infs: int) -> SignedLogHistogram:
    below, *positive, above, nan = map(int, counts[: LOG_BINS + 3])
    below_too, *negative, above_too, _ = map(int, counts[LOG_BINS + 3 :])
    return SignedLogHistogram(
        low=10.0**LOG_LOW,
        high=10.0**LOG_HIGH,
        negative=tuple(negative),
        zero=zeros,
        tiny=below + below_too - zeros,
        positive=tuple(positive),
        huge=above + above_too - infs,
        nan=nan,
        inf=infs,
    )


def _norm_summary(layer: LayerSeen, numbers: Numbers) -> NormSummary:
    z = layer.stages["before"]
    return NormSummary(
        kind=type(layer.norm).__name__,
        values=z.numel() // z.shape[1],
        batch_mean=tuple(numbers["before/unit_means"]),
        batch_var=tuple(numbers["before/unit_vars"]),
        **{key: tuple(numbers.get(key, ())) for key in _PER_CHANNEL},
    )


# Batch noise


@torch.no_grad()
def batch_noise(z: Tensor, sizes: Sequence[int], seed: int = 0, batches: int = 300) -> dict[int, float]:
    """How far a mini-batch's mean is off, by batch size: its standard deviation over `batches` random mini-batches.

    z: [M, C, H, W] or [M, D], a layer's output for a pool of M images that the batches are drawn from without
    replacement, such as a probe's stages["before"]. In units of the channel's standard deviation over the pool,
    averaged over the channels. For a linear layer that is 1/sqrt(N), times sqrt(1 - N/M) because the pool is finite;
    for a convolution it is far more than 1/sqrt(N*H*W), because neighbouring positions say almost the same.

    Raises ValueError if a batch would be larger than the pool.
    """
    if max(sizes) > len(z):
        raise ValueError(
            f"A batch is drawn from the pool of {len(z)} images; got size {max(sizes)}. Use a larger pool."
        )
    image_means = z.flatten(2).mean(dim=2) if z.ndim == 4 else z  # [M, C]
    _, unit_vars = _unit_moments(_by_unit(z))  # [C]
    order = torch.rand(batches, len(z), generator=torch.Generator().manual_seed(seed)).argsort(dim=1).to(z.device)
    noises = [image_means[order[:, :size]].mean(dim=1).std(dim=0, correction=0) for size in sizes]  # each [C]
    in_sigmas = torch.stack([(noise / unit_vars.sqrt()).mean() for noise in noises])
    return dict(zip(sizes, in_sigmas.tolist(), strict=True))
