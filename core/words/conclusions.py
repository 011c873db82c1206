"""What a look inside the networks supports, in sentences for each page; nothing that these numbers do not show.

about_gradients    the first layer's gradient against the last layer's
about_activations  how much a unit of one layer varies from image to image, beside the pooled spread
about_parameters   γ and the running variance of one layer's norm
about_dead         which arms cannot learn any more: layers that are 0 for every image, gradients that are exactly 0

Each takes the look's arms and their titles, and says a Message: a look is kept, and told to whoever opens its page.
Arms are parted by semicolons, since titles have commas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, isfinite

from core.language.message import Message, Value
from core.language.several import Parted, Sentences
from core.probes.summary import LayerSummary, NetworkSummary, NormSummary
from core.words.numerals import digits, printed, rounded

ALIKE = 1.5  # first and last layer's gradients within this factor are called alike

Arms = Mapping[str, NetworkSummary]
Titles = Mapping[str, Message]
Said = Message | str  # "" where there is nothing to say
Place = Message | str | tuple[str, ...]  # of a network: a layer, several


def about_gradients(arms: Arms, titles: Titles) -> Said:
    """How the first layer's mean |dL/dW| compares with the last layer's, per arm."""
    parts, lost = [], []
    for name, summary in arms.items():
        first, last = summary.layers[0].gradient, summary.layers[-1].gradient
        if first is None or last is None:
            continue
        if not isfinite(first.mean_abs + last.mean_abs):
            lost.append(titles[name])
        else:
            parts.append(_compared(titles[name], first.mean_abs, last.mean_abs))
    return Sentences([_against_the_last(parts), _gradients_lost(lost)])


def _against_the_last(parts: Sequence[Message]) -> Said:
    if not parts:
        return ""
    return Message("The first layer’s mean gradient against the last layer’s: {arms}.", {"arms": Parted(parts)})


def _gradients_lost(titles: Sequence[Message]) -> Said:
    if not titles:
        return ""
    return Message(
        "The gradients are not finite numbers at this step, so they cannot be drawn: {arms}.", {"arms": Parted(titles)}
    )


def _compared(arm: Message, first: float, last: float) -> Message:
    if not first:
        return Message("{arm} exactly 0", {"arm": arm}) if last else Message("{arm} both exactly 0", {"arm": arm})
    if not last:
        return Message("{arm} only the last layer’s is exactly 0", {"arm": arm})
    ratio = first / last
    if 1 / ALIKE <= ratio <= ALIKE:
        return Message("{arm} about as large", {"arm": arm})
    if ratio > 1:
        return Message("{arm} {n} times larger", {"arm": arm, "n": rounded(ratio)})
    return Message("{arm} {n} times smaller", {"arm": arm, "n": rounded(1 / ratio)})


def about_activations(arms: Arms, titles: Titles, layer: str) -> Said:
    """How much a unit of `layer` varies from image to image after the activation, beside the pooled spread."""
    parts, lost, is_output = [], [], False
    for name, summary in arms.items():
        found = _layer(summary, layer)
        stage, is_output = found.activated or found.before, found.activated is None
        if isfinite(stage.unit_std):
            std, pooled = digits(stage.unit_std), digits(stage.std)
            values: dict[str, Value] = {"arm": titles[name], "std": std, "pooled": pooled}
            parts.append(Message("{arm} {std} (pooled {pooled})", values))
        else:
            lost.append(titles[name])
    return Sentences([_varies(parts, layer, is_output), _values_lost(lost, layer)])


def _varies(parts: Sequence[Message], layer: str, is_output: bool) -> Said:
    if not parts:
        return ""
    values: dict[str, Value] = {"layer": layer, "arms": Parted(parts)}
    if is_output:
        return Message(
            "From image to image a unit of the output {layer} varies by: {arms}. Only what varies from image to image "
            "says anything about the image.",
            values,
        )
    return Message(
        "From image to image a unit of {layer} after the activation varies by: {arms}. Only what varies from image to "
        "image says anything about the image.",
        values,
    )


def _values_lost(titles: Sequence[Message], layer: str) -> Said:
    if not titles:
        return ""
    return Message(
        "The values of {layer} are not finite numbers at this step, so they cannot be drawn: {arms}.",
        {"layer": layer, "arms": Parted(titles)},
    )


def about_parameters(arms: Arms, titles: Titles, layer: str) -> Said:
    """The range of γ in the norm behind `layer`, and its running variance against this batch's."""
    parts, lost = [], []
    for name, summary in arms.items():
        norm = _layer(summary, layer).norm
        if norm is None or not norm.gamma:
            continue
        if isfinite(fsum(norm.gamma)):
            parts.append(_spread(titles[name], norm))
        else:
            lost.append(titles[name])
    if not parts and not lost:
        return Message("No arm of this look has a norm behind {layer}.", {"layer": layer})
    return Sentences([_gammas(parts, layer), _gammas_lost(lost, layer)])


def _gammas(parts: Sequence[Message], layer: str) -> Said:
    if not parts:
        return ""
    return Message(
        "γ of the norm behind {layer}, from 1 at the start: {arms}.", {"layer": layer, "arms": Parted(parts)}
    )


def _gammas_lost(titles: Sequence[Message], layer: str) -> Said:
    if not titles:
        return ""
    return Message(
        "γ of the norm behind {layer} is not a finite number at this step: {arms}.",
        {"layer": layer, "arms": Parted(titles)},
    )


def _spread(arm: Message, norm: NormSummary) -> Message:
    """The range of γ; and mean running variance over mean batch variance, where there are such."""
    low, high = _range(min(norm.gamma), max(norm.gamma))
    own, running = sum(norm.batch_var), sum(norm.running_var)
    if not norm.running_var or not own > 0 or not isfinite(running / own):
        return Message("{arm} {low} to {high}", {"arm": arm, "low": low, "high": high})
    return Message(
        "{arm} {low} to {high}, running variance {ratio} × that of the images looked at",
        {"arm": arm, "low": low, "high": high, "ratio": digits(running / own)},
    )


def about_dead(arms: Arms, titles: Titles, step: int) -> Said:
    """Which arms have hidden layers that are 0 for every image, or weights whose gradient is exactly 0, and where."""
    dead = _together({name: _dead_layers(summary) for name, summary in arms.items()}, titles)
    still = _together({name: _without_gradient(summary) for name, summary in arms.items()}, titles)
    images = next((summary.examples for summary in arms.values()), 0)
    at_dead: dict[str, Value] = {"step": step, "images": images, "places": dead}
    return Sentences(
        [
            Message("Dead at step {step:,}, 0 for all {images:,} images: {places}.", at_dead) if dead else "",
            Message("Gradient exactly 0 at step {step:,}: {places}.", {"step": step, "places": still}) if still else "",
        ]
    )


def _together(where: Mapping[str, Place], titles: Titles) -> Said:
    """Arms of one place are named in one breath, since often all die alike: "fc2 of LayerNorm, RMSNorm; conv1 of …"."""
    places = dict.fromkeys(place for place in where.values() if place)
    said = [
        Message(
            "{place} of {arms}",
            {"place": place, "arms": [titles[name] for name, there in where.items() if there == place]},
        )
        for place in places
    ]
    return Parted(said) if said else ""


def _dead_layers(summary: NetworkSummary) -> Place:
    return _stretch([layer.name for layer in summary.layers if layer.zero_share == 1], summary)


def _without_gradient(summary: NetworkSummary) -> Place:
    still = [layer.name for layer in summary.layers if layer.gradient and layer.gradient.zero_share == 1]
    return Message("every layer") if len(still) == len(summary.layers) else _stretch(still, summary)


def _stretch(names: Sequence[str], summary: NetworkSummary) -> Place:
    """The first and the last of more than two layers in a row, else each."""
    layers = [layer.name for layer in summary.layers]
    in_a_row = len(names) > 2 and names == layers[layers.index(names[0]) :][: len(names)]
    return Message("{first} to {last}", {"first": names[0], "last": names[-1]}) if in_a_row else tuple(names)


def _layer(summary: NetworkSummary, name: str) -> LayerSummary:
    return next(layer for layer in summary.layers if layer.name == name)


def _range(low: float, high: float) -> tuple[str, str]:
    """Two decimals, or as many more, up to five, as tell the ends apart."""
    decimals = next((d for d in (2, 3, 4) if f"{low:.{d}f}" != f"{high:.{d}f}"), 5 if low < high else 2)
    return _fixed(low, decimals), _fixed(high, decimals)


def _fixed(value: float, decimals: int) -> str:
    return printed(f"{value:z.{decimals}f}" if abs(value) < 1000 else f"{value:.1e}")
