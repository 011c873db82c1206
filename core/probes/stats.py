"""From what was seen to plain numbers, reduced on the device, with one copy to the host per look.

summarise    Seen -> NetworkSummary
batch_noise  how much a mini-batch's mean varies, by the size of the mini-batch

distributions.py has the reductions, which never ask the device for a value on the way, so a GPU is not waited for
until the end: there, all results travel as one vector. What is left is done on the host, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.nets.fast import are_images_last
from core.probes import distributions
from core.probes.distributions import LOG_BINS, LOG_HIGH, LOG_INF, LOG_LOW, LOG_NAN, LOG_ZERO, Found, Rows
from core.probes.summary import (
    PERCENTILES,
    GradientSummary,
    Histogram,
    LayerSummary,
    NetworkSummary,
    NormSummary,
    SignedLogHistogram,
    StageSummary,
)
from core.probes.watch import STAGES, LayerSeen, Seen

# Of the fixed histograms, so that arms and steps share one axis; what lies beyond is counted as under- and overflow.
FIXED_RANGES = {"before": (-5.0, 5.0), "normalized": (-5.0, 5.0), "scaled": (-5.0, 5.0)}
ACTIVATED_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU": (0.0, 5.0)}
RULES = {  # the bounds are ends of bins, see _inactive_share
    "Sigmoid": "saturated: outside [0.05, 0.95]",
    "Tanh": "saturated: |y| > 0.9",
    "ReLU": "dead: units that are 0 for every image and position",
}
# Stages of a layer are reduced together if they have fewer values than this: they fit the second-level cache then.
TOGETHER = 2**15

Array = NDArray[Any]
Numbers = Mapping[str, Array]  # what was found, on the host: float64, and counts int64


@torch.inference_mode()
def summarise(seen: Seen, learning_rate: float | None = None) -> NetworkSummary:
    """Reduce what a watch or probe has seen to plain numbers.

    learning_rate: if given, update ratios are those of a plain SGD step with it; if None, those of the step that the
    optimizer has taken since the watch began (so call this after it), and None where the weights have not moved.

    Raises ValueError if the network has not been run inside the watch.
    """
    layers = list(seen.layers.values())
    unseen = [layer.name for layer in layers if "before" not in layer.stages]
    if unseen:
        raise ValueError(
            f"A summary needs a forward pass inside `with watch(model) as seen:`; nothing came through {unseen[0]}. "
            "Call the model inside the block."
        )
    numbers = _transfer(reduce(seen, measured_update=learning_rate is None))
    stages = _by_stage(layers, numbers)
    gradients = _gradient_summaries(layers, numbers, learning_rate)
    return NetworkSummary(
        examples=len(layers[0].stages["before"]),
        layers=tuple(_layer_summary(layer, stages[layer.name], gradients.get(layer.name), numbers) for layer in layers),
    )


# On the device


def reduce(seen: Seen, *, measured_update: bool) -> Found:
    """Everything a summary needs, in small tensors on the device; rows are stages, layer by layer."""
    layers = list(seen.layers.values())
    found = distributions.distributions([rows for layer in layers for rows in _rows(layer)])
    for layer in layers:
        parts = _zero_share(layer) | _norm(layer)
        found |= {f"{layer.name}/{key}": value for key, value in parts.items()}
    return found | _gradients(layers, measured_update)


def _rows(layer: LayerSeen) -> list[Rows]:
    stages = _own_stages(layer)
    units = [_by_unit(layer.stages[stage]) for stage in stages]
    ranges = tuple(_fixed_range(layer, stage) for stage in stages)
    if units[0].numel() < TOGETHER:
        return [Rows(torch.stack(units), ranges)]
    return [Rows(unit[None], (its_range,)) for unit, its_range in zip(units, ranges, strict=True)]


def _own_stages(layer: LayerSeen) -> list[str]:
    # Without a norm, normalized and scaled are the same tensor as before.
    return [stage for stage in STAGES if stage in layer.stages and (layer.norm or stage in ("before", "activated"))]


def _fixed_range(layer: LayerSeen, stage: str) -> tuple[float, float]:
    return ACTIVATED_RANGES[type(layer.activation).__name__] if stage == "activated" else FIXED_RANGES[stage]


def _by_unit(X: Tensor) -> Tensor:
    """[N, C, H, W] -> [C, N*H*W], or [N, D] -> [D, N], a unit's values in any order: without a copy if possible."""
    return X.permute(1, 2, 3, 0).flatten(1) if are_images_last(X) else X.transpose(0, 1).flatten(1)


def _zero_share(layer: LayerSeen) -> Found:
    if "activated" not in layer.stages:
        return {}
    Y = layer.stages["activated"]
    return {"zero_share": 1 - Y.bool().count_nonzero() / Y.numel()}  # bool() takes a fourth of the time of Y == 0


_PER_CHANNEL = ("gamma", "beta", "gamma_grad", "beta_grad", "running_mean", "running_var")


def _norm(layer: LayerSeen) -> Found:
    values = {key: getattr(layer, key) for key in _PER_CHANNEL}
    return {key: value for key, value in values.items() if value is not None}


def _with_gradients(layers: Sequence[LayerSeen]) -> list[tuple[LayerSeen, Tensor, Tensor]]:
    """(layer, dL/dW, dL/dz) of those that a backward pass has come through."""
    return [
        (layer, layer.weight_grad, layer.before_grad)
        for layer in layers
        if layer.weight_grad is not None and layer.before_grad is not None
    ]


def _gradients(layers: Sequence[LayerSeen], measured_update: bool) -> Found:
    """A row for each layer with gradients."""
    found = _with_gradients(layers)
    if not found:
        return {}
    gradients = [weight_grad for _, weight_grad, _ in found]
    sized = {
        "rms": gradients,
        "before_rms": [before_grad for _, _, before_grad in found],
        "weight_rms": [layer.weight for layer, _, _ in found],
        "update_rms": [layer.layer.weight - layer.weight for layer, _, _ in found] if measured_update else [],
    }
    sizes = distributions.root_mean_squares([tensor for tensors in sized.values() for tensor in tensors])
    each = torch.split(sizes, [len(tensors) for tensors in sized.values()])
    return dict(zip(sized, each, strict=True)) | {
        "mean_abs": torch.stack([gradient.abs().mean() for gradient in gradients]),
        "log_counts": distributions.log_counts(gradients),
    }


# To the host


def _transfer(found: Found) -> Numbers:
    """The one copy from the device. Counts are exact in float32 up to 16.7 million."""
    packed = torch.cat([values.flatten() for values in found.values()]).cpu().numpy().astype(np.float64)
    ends = np.cumsum([values.numel() for values in found.values()])
    parts = np.split(packed, ends[:-1])
    return {key: part.reshape(values.shape) for (key, values), part in zip(found.items(), parts, strict=True)}


# On the host: numbers -> records


def _by_stage(layers: Sequence[LayerSeen], numbers: Numbers) -> dict[str, dict[str, Numbers]]:
    """{layer: {stage: its row of what is known of the distributions}}."""
    rows = [(layer, stage) for layer in layers for stage in _own_stages(layer)]
    units = np.array([layer.stages[stage].shape[1] for layer, stage in rows])
    starts = np.cumsum(units) - units
    known = {key: numbers[key] for key in ("low", "high", "percentiles")}
    known |= {key: numbers[key].astype(int) for key in ("fixed", "adaptive")}
    known |= _pooled(numbers["unit_means"], numbers["unit_vars"], units, starts)
    by_unit = {key: np.split(numbers[key], starts[1:]) for key in ("unit_means", "unit_vars")}
    by_row = known | by_unit
    found: dict[str, dict[str, Numbers]] = {layer.name: {} for layer in layers}
    for row, (layer, stage) in enumerate(rows):
        found[layer.name][stage] = {key: values[row] for key, values in by_row.items()}
    return found


def _pooled(means: Array, variances: Array, units: Array, starts: Array) -> dict[str, Array]:
    """[R] each: mean and standard deviation over everything in a row, and its units' own deviations averaged.

    means, variances: [C], all units of all rows, as many values in each unit of a row; a row begins at `starts`.
    """

    def over_units(values: Array) -> Array:
        return np.add.reduceat(values, starts) / units

    with np.errstate(invalid="ignore"):  # inf - inf, where the network's values are not finite
        mean = over_units(means)
        # The law of total variance: what varies within the units, and what varies between them.
        between = over_units(np.square(means - np.repeat(mean, units)))
        return {
            "mean": mean,
            "std": np.sqrt(over_units(variances) + between),
            "unit_std": over_units(np.sqrt(variances)),
        }


def _layer_summary(
    layer: LayerSeen, stages: Mapping[str, Numbers], gradient: GradientSummary | None, numbers: Numbers
) -> LayerSummary:
    own = {stage: _stage_summary(layer, stage, row) for stage, row in stages.items()}
    has_activation = "activated" in stages
    return LayerSummary(
        name=layer.name,
        before=own["before"],
        normalized=own.get("normalized"),
        scaled=own.get("scaled"),
        activated=own.get("activated"),
        rule=RULES[type(layer.activation).__name__] if has_activation else "",
        inactive_share=_inactive_share(layer.activation, own["activated"]) if has_activation else None,
        zero_share=numbers[f"{layer.name}/zero_share"].item() if has_activation else None,
        gradient=gradient,
        norm=_norm_summary(layer, stages["before"], numbers) if layer.norm else None,
    )


def _inactive_share(activation: nn.Module | None, activated: StageSummary) -> float:
    """The share that RULES speaks of; of sigmoid and tanh what lies in the outer twentieths of the fixed histogram."""
    if isinstance(activation, nn.ReLU):
        return sum(mean == 0 for mean in activated.unit_means) / len(activated.unit_means)  # nothing is below 0
    counts, outer = activated.fixed.counts, len(activated.fixed.counts) // 20
    return sum(counts[:outer] + counts[-outer:]) / activated.values


def _stage_summary(layer: LayerSeen, stage: str, row: Numbers) -> StageSummary:
    values = layer.stages[stage].numel()
    *bins, at_high, nan, positive_inf, negative_inf = row["adaptive"].tolist()
    bins[-1] += at_high
    low, high = (row[end].item() if sum(bins) else math.nan for end in ("low", "high"))
    return StageSummary(
        values=values,
        nan=nan,
        positive_inf=positive_inf,
        negative_inf=negative_inf,
        mean=row["mean"].item(),
        std=row["std"].item(),
        unit_std=row["unit_std"].item(),
        low=low,
        high=high,
        percentiles=tuple(row["percentiles"].tolist()) if sum(bins) else (math.nan,) * len(PERCENTILES),
        sampled=math.ceil(values / distributions.stride(values)),
        fixed=_fixed_histogram(layer, stage, row["fixed"], not_finite=nan + positive_inf + negative_inf),
        adaptive=Histogram(low, high, tuple(bins), underflow=0, overflow=0),
        unit_means=tuple(row["unit_means"].tolist()),
    )


def _fixed_histogram(layer: LayerSeen, stage: str, counts: Array, not_finite: int) -> Histogram:
    below, *bins, beyond = counts.tolist()
    if stage == "activated" and not isinstance(layer.activation, nn.ReLU):
        bins[-1] += beyond  # sigmoid and tanh end at 1: those "from 1 on" are exactly 1
        beyond = 0
    # What is not finite was counted as if it lay below.
    return Histogram(*_fixed_range(layer, stage), tuple(bins), underflow=below - not_finite, overflow=beyond)


def _gradient_summaries(
    layers: Sequence[LayerSeen], numbers: Numbers, learning_rate: float | None
) -> dict[str, GradientSummary]:
    found = {}
    for row, (layer, _, _) in enumerate(_with_gradients(layers)):
        own = {key: numbers[key][row].item() for key in ("mean_abs", "rms", "before_rms", "weight_rms")}
        update = numbers["update_rms"][row].item() if learning_rate is None else learning_rate * own["rms"]
        histogram = _log_histogram(numbers["log_counts"][row])
        found[layer.name] = GradientSummary(
            mean_abs=own["mean_abs"],
            rms=own["rms"],
            before_rms=own["before_rms"],
            zero_share=histogram.zero / layer.weight.numel(),
            histogram=histogram,
            update_ratio=(update / own["weight_rms"] if own["weight_rms"] else math.inf) or None,
        )
    return found


def _log_histogram(counts: Array) -> SignedLogHistogram:
    positive, negative = counts.astype(int).tolist()
    both = [plus + minus for plus, minus in zip(positive, negative, strict=True)]
    return SignedLogHistogram(
        low=10.0**LOG_LOW,
        high=10.0**LOG_HIGH,
        negative=tuple(negative[1 : 1 + LOG_BINS]),
        zero=both[LOG_ZERO],
        tiny=both[0],
        positive=tuple(positive[1 : 1 + LOG_BINS]),
        huge=sum(both[1 + LOG_BINS : LOG_INF]),
        nan=both[LOG_NAN],
        inf=both[LOG_INF],
    )


def _norm_summary(layer: LayerSeen, before: Numbers, numbers: Numbers) -> NormSummary:
    z = layer.stages["before"]
    per_channel = {key: numbers.get(f"{layer.name}/{key}", np.empty(0)) for key in _PER_CHANNEL}
    return NormSummary(
        kind=type(layer.norm).__name__,
        values=z.numel() // z.shape[1],
        batch_mean=tuple(before["unit_means"].tolist()),
        batch_var=tuple(before["unit_vars"].tolist()),
        **{key: tuple(values.flatten().tolist()) for key, values in per_channel.items()},
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
    unit_vars = _by_unit(z).var(dim=1, correction=0)  # [C]
    order = torch.rand(batches, len(z), generator=torch.Generator().manual_seed(seed)).argsort(dim=1).to(z.device)
    noises = [image_means[order[:, :size]].mean(dim=1).std(dim=0, correction=0) for size in sizes]  # each [C]
    in_sigmas = torch.stack([(noise / unit_vars.sqrt()).mean() for noise in noises])
    return dict(zip(sizes, in_sigmas.tolist(), strict=True))
