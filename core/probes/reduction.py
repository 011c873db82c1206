"""What a watch has seen, reduced on its device to small tensors: the first half of a summary.

reduce  Seen -> everything that stats.py makes records of

Nothing here asks the device for a value, so a GPU is not waited for.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.nets.fast import are_images_last
from core.probes import distributions
from core.probes.distributions import Found, Rows
from core.probes.watch import STAGES, LayerSeen, Seen

# Of the fixed histograms, so that arms and steps share one axis; what lies beyond is counted as under- and overflow.
FIXED_RANGES = {"before": (-5.0, 5.0), "normalized": (-5.0, 5.0), "scaled": (-5.0, 5.0)}

ACTIVATED_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU": (0.0, 5.0)}


# Stages of a layer are reduced together if they have fewer values than this: they fit the second-level cache then.
TOGETHER = 2**15


def reduce(seen: Seen, *, measured_update: bool) -> Found:
    """Everything a summary needs, in small tensors on the device; rows are stages, layer by layer."""
    layers = list(seen.layers.values())
    found = distributions.distributions([rows for layer in layers for rows in _rows(layer)])
    for layer in layers:
        parts = _zero_share(layer) | _norm(layer)
        found |= {f"{layer.name}/{key}": value for key, value in parts.items()}
    return found | _gradients(layers, measured_update)


def _rows(layer: LayerSeen) -> list[Rows]:
    stages = own_stages(layer)
    units = [by_unit(layer.stages[stage]) for stage in stages]
    ranges = tuple(fixed_range(layer, stage) for stage in stages)
    if units[0].numel() < TOGETHER:
        return [Rows(torch.stack(units), ranges)]
    return [Rows(unit[None], (its_range,)) for unit, its_range in zip(units, ranges, strict=True)]


def own_stages(layer: LayerSeen) -> list[str]:
    # Without a norm, normalized and scaled are the same tensor as before.
    return [stage for stage in STAGES if stage in layer.stages and (layer.norm or stage in ("before", "activated"))]


def fixed_range(layer: LayerSeen, stage: str) -> tuple[float, float]:
    return ACTIVATED_RANGES[type(layer.activation).__name__] if stage == "activated" else FIXED_RANGES[stage]


def by_unit(X: Tensor) -> Tensor:
    """[N, C, H, W] -> [C, N*H*W], or [N, D] -> [D, N], a unit's values in any order: without a copy if possible."""
    return X.permute(1, 2, 3, 0).flatten(1) if are_images_last(X) else X.transpose(0, 1).flatten(1)


def _zero_share(layer: LayerSeen) -> Found:
    if "activated" not in layer.stages:
        return {}
    Y = layer.stages["activated"]
    return {"zero_share": 1 - Y.bool().count_nonzero() / Y.numel()}  # bool() takes a fourth of the time of Y == 0


PER_CHANNEL = ("gamma", "beta", "gamma_grad", "beta_grad", "running_mean", "running_var")


def _norm(layer: LayerSeen) -> Found:
    values = {key: getattr(layer, key) for key in PER_CHANNEL}
    return {key: value for key, value in values.items() if value is not None}


def with_gradients(layers: Sequence[LayerSeen]) -> list[tuple[LayerSeen, Tensor, Tensor]]:
    """(layer, dL/dW, dL/dz) of those that a backward pass has come through."""
    return [
        (layer, layer.weight_grad, layer.before_grad)
        for layer in layers
        if layer.weight_grad is not None and layer.before_grad is not None
    ]


def _gradients(layers: Sequence[LayerSeen], measured_update: bool) -> Found:
    """A row for each layer with gradients."""
    found = with_gradients(layers)
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
