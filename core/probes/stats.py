"""From what was seen to plain numbers, reduced on the device, with one copy to the host per look.

summarise  Seen -> NetworkSummary

reduction.py never asks the device for a value on the way, so a GPU is not waited for until the end: there, all results
travel as one vector. What is left is done here on the host, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.language.message import Message
from core.probes import distributions
from core.probes.distributions import LOG_BINS, LOG_HIGH, LOG_INF, LOG_LOW, LOG_NAN, LOG_ZERO, Found
from core.probes.reduction import PER_CHANNEL, fixed_range, own_stages, reduce, with_gradients
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
from core.probes.watch import LayerSeen, Seen

RULES = {  # the bounds are ends of bins, see _inactive_share
    "Sigmoid": Message("saturated: outside [0.05, 0.95]"),
    "Tanh": Message("saturated: |y| > 0.9"),
    "ReLU": Message("dead: units that are 0 for every image and position"),
}

Array = NDArray[Any]
Numbers = Mapping[str, Array]  # what was found, on the host: float64, and counts int64


@torch.inference_mode()
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
    found = reduce(seen, measured_update=learning_rate is None)
    return summary_of(seen, found, packed(found).cpu(), learning_rate)


def summary_of(seen: Seen, found: Found, on_host: Tensor, learning_rate: float | None) -> NetworkSummary:
    """The records that `packed(found)` makes once it is on the host; of `seen` and `found` only shapes are read."""
    layers, numbers = list(seen.layers.values()), _unpacked(found, on_host)
    stages = _by_stage(layers, numbers)
    gradients = _gradient_summaries(layers, numbers, learning_rate)
    return NetworkSummary(
        examples=len(layers[0].stages["before"]),
        layers=tuple(_layer_summary(layer, stages[layer.name], gradients.get(layer.name), numbers) for layer in layers),
    )


# To the host


def packed(found: Found) -> Tensor:
    """All numbers as one vector on the device. Counts are exact in float32 up to 16.7 million."""
    return torch.cat([values.flatten() for values in found.values()])


def _unpacked(found: Found, on_host: Tensor) -> Numbers:
    numbers = on_host.numpy().astype(np.float64)
    ends = np.cumsum([values.numel() for values in found.values()])
    parts = np.split(numbers, ends[:-1])
    return {key: part.reshape(values.shape) for (key, values), part in zip(found.items(), parts, strict=True)}


# On the host: numbers -> records


def _by_stage(layers: Sequence[LayerSeen], numbers: Numbers) -> dict[str, dict[str, Numbers]]:
    """{layer: {stage: its row of what is known of the distributions}}."""
    rows = [(layer, stage) for layer in layers for stage in own_stages(layer)]
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
    return Histogram(*fixed_range(layer, stage), tuple(bins), underflow=below - not_finite, overflow=beyond)


def _gradient_summaries(
    layers: Sequence[LayerSeen], numbers: Numbers, learning_rate: float | None
) -> dict[str, GradientSummary]:
    found = {}
    for row, (layer, _, _) in enumerate(with_gradients(layers)):
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
    per_channel = {key: numbers.get(f"{layer.name}/{key}", np.empty(0)) for key in PER_CHANNEL}
    return NormSummary(
        kind=type(layer.norm).__name__,
        values=z.numel() // z.shape[1],
        batch_mean=tuple(before["unit_means"].tolist()),
        batch_var=tuple(before["unit_vars"].tolist()),
        **{key: tuple(values.flatten().tolist()) for key, values in per_channel.items()},
    )
