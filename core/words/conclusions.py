"""What a look inside the networks supports, in sentences for each page; nothing that these numbers do not show.

about_gradients    the first layer's gradient against the last layer's
about_activations  how much a unit of one layer varies from image to image, beside the pooled spread
about_parameters   γ and the running variance of one layer's norm
about_dead         which arms cannot learn any more: layers that are 0 for every image, gradients that are exactly 0

Each takes the look's arms and their titles. Arms are parted by semicolons, since titles have commas.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, isfinite

from core.probes.summary import LayerSummary, NetworkSummary, NormSummary
from core.words.numerals import printed

ALIKE = 1.5  # first and last layer's gradients within this factor are called alike

Arms = Mapping[str, NetworkSummary]
Titles = Mapping[str, str]


def about_gradients(arms: Arms, titles: Titles) -> str:
    """How the first layer's mean |dL/dW| compares with the last layer's, per arm."""
    parts, lost = [], []
    for name, summary in arms.items():
        first, last = summary.layers[0].gradient, summary.layers[-1].gradient
        if first is None or last is None:
            continue
        if not isfinite(first.mean_abs + last.mean_abs):
            lost.append(titles[name])
        else:
            parts.append(f"{titles[name]} {_compared(first.mean_abs, last.mean_abs)}")
    said = f"The first layer’s mean gradient against the last layer’s: {'; '.join(parts)}." if parts else ""
    return f"{said} {_lost('The gradients', lost)}".strip()


def _compared(first: float, last: float) -> str:
    if not first:
        return "exactly 0" if last else "both exactly 0"
    if not last:
        return "only the last layer’s is exactly 0"
    ratio = first / last
    if 1 / ALIKE <= ratio <= ALIKE:
        return "about as large"
    return f"{_round(ratio)} times larger" if ratio > 1 else f"{_round(1 / ratio)} times smaller"


def about_activations(arms: Arms, titles: Titles, layer: str) -> str:
    """How much a unit of `layer` varies from image to image after the activation, beside the pooled spread."""
    parts, lost, is_output = [], [], False
    for name, summary in arms.items():
        found = _layer(summary, layer)
        stage, is_output = found.activated or found.before, found.activated is None
        if isfinite(stage.unit_std):
            parts.append(f"{titles[name]} {_digits(stage.unit_std)} (pooled {_digits(stage.std)})")
        else:
            lost.append(titles[name])
    where = f"the output {layer}" if is_output else f"{layer} after the activation"
    varies = (
        f"From image to image a unit of {where} varies by: {'; '.join(parts)}. "
        "Only what varies from image to image says anything about the image."
    )
    return f"{varies if parts else ''} {_lost(f'The values of {layer}', lost)}".strip()


def about_parameters(arms: Arms, titles: Titles, layer: str) -> str:
    """The range of γ in the norm behind `layer`, and its running variance against this batch's."""
    parts, lost = [], []
    for name, summary in arms.items():
        norm = _layer(summary, layer).norm
        if norm is None or not norm.gamma:
            continue
        if isfinite(fsum(norm.gamma)):
            spread = f"{titles[name]} {_range(min(norm.gamma), max(norm.gamma))}"
            parts.append(spread + _lag(norm))
        else:
            lost.append(titles[name])
    if not parts and not lost:
        return f"No arm of this look has a norm behind {layer}."
    said = f"γ of the norm behind {layer}, from 1 at the start: {'; '.join(parts)}." if parts else ""
    broken = f"γ of the norm behind {layer} is not a finite number at this step: {'; '.join(lost)}." if lost else ""
    return f"{said} {broken}".strip()


def _lag(norm: NormSummary) -> str:
    """Mean running variance over mean batch variance."""
    own, running = sum(norm.batch_var), sum(norm.running_var)
    if not norm.running_var or not own > 0 or not isfinite(running / own):
        return ""
    return f", running variance {_digits(running / own)} × that of the images looked at"


def about_dead(arms: Arms, titles: Titles, step: int) -> str:
    """Which arms have a hidden layer that is 0 for every image, or weights whose gradient is exactly 0, and where."""
    dead = _together({titles[name]: _dead_layer(summary) for name, summary in arms.items()})
    still = _together({titles[name]: _without_gradient(summary) for name, summary in arms.items()})
    images = next((summary.examples for summary in arms.values()), 0)
    sentences = [
        f"Dead at step {step:,}, 0 for all {images:,} images: {dead}." if dead else "",
        f"Gradient exactly 0 at step {step:,}: {still}." if still else "",
    ]
    return " ".join(filter(None, sentences))


def _together(where: Mapping[str, str]) -> str:
    """Arms of one place are named in one breath, since often all die alike: "fc2 of LayerNorm, RMSNorm; conv1 of …"."""
    places = dict.fromkeys(place for place in where.values() if place)
    return "; ".join(f"{place} of {', '.join(t for t, there in where.items() if there == place)}" for place in places)


def _dead_layer(summary: NetworkSummary) -> str:
    return next((layer.name for layer in summary.layers if layer.zero_share == 1), "")


def _without_gradient(summary: NetworkSummary) -> str:
    layers = [layer.name for layer in summary.layers]
    still = [layer.name for layer in summary.layers if layer.gradient and layer.gradient.zero_share == 1]
    if still == layers:
        return "every layer"
    is_stretch = len(still) > 2 and still == layers[layers.index(still[0]) :][: len(still)]
    return f"{still[0]} to {still[-1]}" if is_stretch else ", ".join(still)


def _lost(what: str, titles: list[str]) -> str:
    if not titles:
        return ""
    return f"{what} are not finite numbers at this step, so they cannot be drawn: {'; '.join(titles)}."


def _layer(summary: NetworkSummary, name: str) -> LayerSummary:
    return next(layer for layer in summary.layers if layer.name == name)


def _range(low: float, high: float) -> str:
    """Two decimals, or as many more, up to five, as tell the ends apart."""
    decimals = next((d for d in (2, 3, 4) if f"{low:.{d}f}" != f"{high:.{d}f}"), 5 if low < high else 2)
    return f"{_fixed(low, decimals)} to {_fixed(high, decimals)}"


def _fixed(value: float, decimals: int) -> str:
    return printed(f"{value:z.{decimals}f}" if abs(value) < 1000 else f"{value:.1e}")


def _round(factor: float) -> str:
    """As exactly as a reader can use it: of large numbers two digits, as the chart beside has them."""
    if factor < 1e3:
        return f"{factor:.0f}"
    return f"{float(f'{factor:.2g}'):,.0f}" if factor < 1e6 else printed(f"{factor:.0e}")


def _digits(value: float) -> str:
    """Two digits that matter, as the charts write them: 0.20, 14, 2.7·10⁻⁷."""
    if not 1e-4 <= abs(value) < 1e4:
        return printed(f"{value:.1e}") if value else "0"
    rounded = float(f"{value:.2g}")
    return printed(f"{rounded:.0f}" if abs(rounded) >= 10 else f"{rounded:#.2g}")
