"""What a look inside the networks supports, in a sentence for each page; nothing that these numbers do not show."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from core.probes.summary import LayerSummary, NetworkSummary
from core.words.numerals import printed

ALIKE = 1.5  # first and last layer's gradients within this factor are called alike


def about_gradients(arms: Mapping[str, NetworkSummary], titles: Mapping[str, str]) -> str:
    """How the first layer's mean |dL/dW| compares with the last layer's, per arm."""
    parts, lost = [], []
    for name, summary in arms.items():
        ratio = summary.gradient_ratio
        if ratio is not None and not isfinite(ratio):
            lost.append(titles[name])
        elif ratio:
            parts.append(f"{titles[name]} {_times(ratio)}")
    first = f"The first layer’s mean gradient against the last layer’s: {'; '.join(parts)}." if parts else ""
    return f"{first} {_lost('The gradients', lost)}".strip()


def _times(ratio: float) -> str:
    if 1 / ALIKE <= ratio <= ALIKE:
        return "about as large"
    return f"{_round(ratio)} times larger" if ratio > 1 else f"{_round(1 / ratio)} times smaller"


def about_activations(arms: Mapping[str, NetworkSummary], titles: Mapping[str, str]) -> str:
    """How much a unit of the last hidden layer varies from image to image, beside the pooled spread."""
    parts, lost = [], []
    for name, summary in arms.items():
        stage = _last_hidden(summary).activated
        if stage is not None and not isfinite(stage.unit_std):
            lost.append(titles[name])
        elif stage is not None:
            parts.append(f"{titles[name]} {_digits(stage.unit_std)} (pooled {_digits(stage.std)})")
    if not parts and not lost:
        return ""
    layer = _last_hidden(next(iter(arms.values()))).name
    varies = (
        f"From image to image a unit of {layer} varies by: {'; '.join(parts)}. "
        "Only the first number carries information about the image."
    )
    return f"{varies if parts else ''} {_lost(f'The values of {layer}', lost)}".strip()


def _lost(what: str, titles: list[str]) -> str:
    if not titles:
        return ""
    return f"{what} are not finite numbers at this step in {' and '.join(titles)}, so they cannot be drawn."


def about_parameters(arms: Mapping[str, NetworkSummary], titles: Mapping[str, str]) -> str:
    """The range of γ in the first norm, and where running variance is furthest from this batch's."""
    parts = []
    for name, summary in arms.items():
        norm = summary.layers[0].norm
        if norm is not None and norm.gamma:
            spread = f"{titles[name]} {_fixed(min(norm.gamma))} to {_fixed(max(norm.gamma))}"
            parts.append(", ".join([spread, *_lag(summary)]))
    return (
        f"γ of the first norm layer, from 1 at the start: {'; '.join(parts)}."
        if parts
        else "No arm of this run has a norm on its first layer."
    )


def _lag(summary: NetworkSummary) -> list[str]:
    """Mean running variance over mean batch variance, of the layer where the two differ most."""
    factors = {}
    for layer in summary.layers:
        norm = layer.norm
        if norm is not None and norm.running_var and sum(norm.batch_var) > 0:
            factors[layer.name] = sum(norm.running_var) / sum(norm.batch_var)
    if not factors:
        return []
    name = max(factors, key=lambda layer: max(factors[layer], 1 / factors[layer]) if factors[layer] > 0 else 0.0)
    return [f"running variance of {name} {_digits(factors[name])} × that of the images looked at"]


def _last_hidden(summary: NetworkSummary) -> LayerSummary:
    return summary.layers[-2]


def _fixed(value: float) -> str:
    return printed(f"{value:.2f}" if abs(value) < 1000 else f"{value:.1e}")


def _round(factor: float) -> str:
    return printed(f"{factor:,.0f}" if factor < 1e6 else f"{factor:.0e}")


def _digits(value: float) -> str:
    """Two digits that matter, as the charts write them: 0.20, 14, 2.7·10⁻⁷."""
    if not 1e-4 <= abs(value) < 1e4:
        return printed(f"{value:.1e}") if value else "0"
    rounded = float(f"{value:.2g}")
    return printed(f"{rounded:.0f}" if abs(rounded) >= 10 else f"{rounded:#.2g}")
