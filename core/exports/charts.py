"""What looks inside the networks show, as plotly's traces: what the pages draw (assets/inside), without plotly.

gradients, spread           by layer
distribution                one stage of a layer; gradient_distribution of its gradient
affine                      γ or β of every unit, now and over the run
running                     the running statistics against the batch's; lag: over the run
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from core.experiment.arm import ArmConfig
from core.exports.colours import MARKERS, arm_colours, tinted
from core.language.speech import _
from core.probes.summary import Histogram, LayerSummary, NormSummary, StageSummary
from core.training.records import NetworksSeen

Trace = dict[str, Any]
Arms = Sequence[ArmConfig]

LOGARITHMIC = ("mean_abs", "rms", "before_rms", "update_ratio")  # of the gradient's measures
START = {"gamma": 1.0, "beta": 0.0}
WIDE = 16  # more units than this are drawn sorted, and as bands over the run
BINS = 80  # of a histogram over a narrow range
BIN = 10 / BINS  # else each is so wide


class Drawn:
    """The arms of one look with what they are drawn with."""

    def __init__(self, arms: Arms, look: NetworksSeen, ground: str = "light") -> None:
        self.look = look
        self.colours = arm_colours(arms, ground)
        self.markers = {arm.name: MARKERS[i] for i, arm in enumerate(arms)}
        self.arms = [arm.name for arm in arms if arm.name in look.arms]

    def layers(self, arm: str) -> dict[str, LayerSummary]:
        """By name, in the network's order."""
        return {layer.name: layer for layer in self.look.arms[arm].layers}

    def norms(self, layer: str) -> dict[str, NormSummary]:
        """Of the arms that have one there."""
        found = {arm: self.layers(arm)[layer].norm for arm in self.arms if layer in self.layers(arm)}
        return {arm: norm for arm, norm in found.items() if norm is not None}

    def line(self, arm: str, x: Sequence[Any], y: Sequence[Any], **more: Any) -> Trace:
        """Of an arm over layers."""
        colour = self.colours[arm]
        marker = {"color": colour, "symbol": self.markers[arm], "size": 10}
        line = {"color": colour, "width": 3}
        how = {"type": "scatter", "mode": "lines+markers", "connectgaps": False}
        return how | {"name": arm, "legendgroup": arm, "x": x, "y": y, "line": line, "marker": marker} | more


def finite(value: float | None) -> float | None:
    """None where it is not."""
    return value if value is not None and isfinite(value) else None


# --- by layer ----------------------------------------------------------------------------------------------------


def gradients(drawn: Drawn, quantity: str) -> list[Trace]:
    """One measure of GradientSummary by layer; 0 has no place on a log axis."""
    return [drawn.line(arm, list(drawn.layers(arm)), _by_layer(drawn.layers(arm), quantity)) for arm in drawn.arms]


def _by_layer(layers: Mapping[str, LayerSummary], quantity: str) -> list[float | None]:
    values = [finite(getattr(layer.gradient, quantity)) if layer.gradient else None for layer in layers.values()]
    return [None if value is not None and value <= 0 and quantity in LOGARITHMIC else value for value in values]


def spread(drawn: Drawn, stage: str) -> list[Trace]:
    """Standard deviations by layer: pooled at the left, within the units at the right."""
    has = [arm for arm in drawn.arms if any(stage_of(layer, stage) for layer in drawn.layers(arm).values())]
    names = [name for name, layer in drawn.layers(drawn.arms[0]).items() if stage_of(layer, stage)] if has else []
    return [
        drawn.line(arm, names, [_spread(drawn.layers(arm)[name], stage, key) for name in names], xaxis=axis)
        | {"showlegend": axis == "x"}
        for arm in drawn.arms
        for key, axis in (("std", "x"), ("unit_std", "x2"))
    ]


def _spread(layer: LayerSummary, stage: str, key: str) -> float | None:
    found = stage_of(layer, stage)
    return finite(getattr(found, key)) or None if found else None  # 0 has no place on a log axis


def stage_of(layer: LayerSummary, stage: str) -> StageSummary | None:
    """Without a norm normalized and scaled are the same as before; the last layer has no activation."""
    found: StageSummary | None = getattr(layer, stage)
    return found if found is not None or stage == "activated" else layer.before


# --- distributions -----------------------------------------------------------------------------------------------


def distribution(drawn: Drawn, layer: str, stage: str) -> list[Trace]:
    """The shares of one stage's values in the bins that are the same for all arms and steps."""
    found = {arm: getattr(drawn.layers(arm)[layer], stage) for arm in drawn.arms}
    return [_steps(_coarse(it.fixed), it.values, drawn.colours[arm], arm) for arm, it in found.items() if it]


def _coarse(fixed: Histogram) -> Histogram:
    wide = fixed.high - fixed.low
    return _rebinned(fixed, BINS if wide < 4 else math.floor(wide / BIN + 0.5))


def _rebinned(histogram: Histogram, bins: int) -> Histogram:
    """With `bins` bins over the same range: each count is spread evenly over where its bin lies."""
    counts = [0.0] * bins
    for i, count in enumerate(histogram.counts):
        start, end = (place / len(histogram.counts) * bins for place in (i, i + 1))
        for place in range(math.floor(start), min(bins, math.ceil(end))):
            counts[place] += count * max(0.0, min(end, place + 1) - max(start, place)) / (end - start)
    return Histogram(histogram.low, histogram.high, tuple(counts), 0, 0)  # type: ignore[arg-type]


def _steps(histogram: Histogram, values: int, colour: str, name: str) -> Trace:
    low, high, counts = histogram.low, histogram.high, histogram.counts
    edges = [low + (high - low) * i / len(counts) for i in range(len(counts) + 1)]
    shares = [count / values for count in counts]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [low, *edges, high],
        "y": [0, *shares, shares[-1], 0],
        "line": {"shape": "hv", "color": colour, "width": 2.4},
        "fill": "tozeroy",
        "fillcolor": tinted(colour, 0.1),
        "hovertemplate": "%{y:.1%}",
    }


def gradient_distribution(drawn: Drawn, layer: str) -> list[Trace]:
    """The shares of ∂L/∂W by sign and magnitude; x counts decades from the smallest bin, to both sides."""
    traces = []
    for arm in drawn.arms:
        gradient = drawn.layers(arm)[layer].gradient
        if gradient is None:
            continue
        found = gradient.histogram
        width = math.log10(found.high / found.low) / len(found.positive)
        places = [(i + 0.5) * width for i in range(len(found.positive))]
        counts = [*reversed(found.negative), found.zero + found.tiny, *found.positive]
        total = sum(counts) + found.huge + found.nan + found.inf
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": arm,
                "x": [*(-place for place in reversed(places)), 0, *places],
                "y": [count / total for count in counts],
                "line": {"shape": "hvh", "width": 2.2, "color": drawn.colours[arm]},
                "hovertemplate": "%{y:.1%}",
            }
        )
    return traces


# --- norms -------------------------------------------------------------------------------------------------------


def affine(drawn: Drawn, looks: Sequence[NetworksSeen], layer: str, which: str) -> list[Trace]:
    """`which` is gamma or beta: of every unit at the look, and over all looks on the axis x2."""
    own = {arm: values for arm, norm in drawn.norms(layer).items() if (values := getattr(norm, which))}
    now = [_units(arm, drawn.colours[arm], values, START[which]) for arm, values in own.items()]
    past = [trace for arm in own for trace in _over_time(arm, drawn.colours[arm], looks, layer, which)]
    return now + past


def _units(arm: str, colour: str, values: Sequence[float], start: float) -> Trace:
    """Bars that grow from the start value; of a wide layer the sorted values, whose order would mean nothing anyway."""
    if len(values) > WIDE:
        y = sorted(value for value in values if isfinite(value))
        line = {"color": colour, "width": 3}
        return {"type": "scatter", "mode": "lines", "name": arm, "x": list(range(len(y))), "y": y, "line": line}
    heights = [value - start if isfinite(value) else None for value in values]
    bar = {"type": "bar", "name": arm, "x": list(range(len(values))), "y": heights, "base": start, "offsetgroup": arm}
    return bar | {"marker": {"color": colour}}


def _over_time(arm: str, colour: str, looks: Sequence[NetworksSeen], layer: str, which: str) -> list[Trace]:
    steps = [look.step for look in looks]
    table = [[finite(value) for value in _norm_values(look, arm, layer, which)] for look in looks]
    common = {"type": "scatter", "mode": "lines", "xaxis": "x2", "showlegend": False, "name": arm}
    units = max(map(len, table), default=0)
    if units <= WIDE:
        x = [step for _unit in range(units) for step in (*steps, None)]
        y = [value for unit in range(units) for value in (*(row[unit] if row else None for row in table), None)]
        return [common | {"x": x, "y": y, "opacity": 0.75, "line": {"color": colour, "width": 1.6}}]

    def at(share: float, **more: Any) -> Trace:
        y = [_quantile(row, share) for row in table]
        return common | {"x": steps, "y": y, "line": {"width": 0}, "fillcolor": tinted(colour, 0.2)} | more

    bands = [at(0.05), at(0.95, fill="tonexty"), at(0.25), at(0.75, fill="tonexty")]
    return [*bands, at(0.5, line={"color": colour, "width": 2.5}, fillcolor=None)]


def _norm_values(look: NetworksSeen, arm: str, layer: str, which: str) -> Sequence[float]:
    network = look.arms.get(arm)
    found = next((each.norm for each in network.layers if each.name == layer), None) if network else None
    return getattr(found, which) if found else ()


def _quantile(values: Iterable[float | None], share: float) -> float | None:
    known = sorted(value for value in values if value is not None)
    return known[math.floor(share * (len(known) - 1) + 0.5)] if known else None


def running(drawn: Drawn, layer: str, which: str) -> list[Trace]:
    """`which` is mean or var: every unit's running value over the images', after a line where they are equal."""
    pairs = {arm: _pairs(norm, which) for arm, norm in drawn.norms(layer).items() if norm.running_var}
    every = [value for each in pairs.values() for pair in each for value in pair]
    ends = [min(every), max(every)] if every else []
    equal = {"color": "rgba(128,128,128,.7)", "dash": "dot", "width": 1.5}
    traces = [{"type": "scatter", "mode": "lines", "x": ends, "y": ends, "line": equal, "name": _("equal")}]
    for arm, each in pairs.items():
        marker = {"color": drawn.colours[arm], "size": 9, "opacity": 0.75, "symbol": drawn.markers[arm]}
        x, y = [pair[0] for pair in each], [pair[1] for pair in each]
        traces.append({"type": "scatter", "mode": "markers", "name": arm, "x": x, "y": y, "marker": marker})
    return traces


def _pairs(norm: NormSummary, which: str) -> list[tuple[float, float]]:
    both = zip(getattr(norm, f"batch_{which}"), getattr(norm, f"running_{which}"), strict=True)
    return [pair for pair in both if all(isfinite(v) and (which == "mean" or v > 0) for v in pair)]


def lag(drawn: Drawn, looks: Sequence[NetworksSeen], layer: str) -> list[Trace]:
    """Running variance over that of the images, of the layer's means, over the run."""
    arms = [arm for arm, norm in drawn.norms(layer).items() if norm.running_var]
    steps = [look.step for look in looks]
    traces = []
    for arm in arms:
        y = [
            _ratio(*(_norm_values(look, arm, layer, f"{kind}_var") for kind in ("running", "batch"))) for look in looks
        ]
        traces.append(
            drawn.line(arm, steps, y) | {"line": {"color": drawn.colours[arm], "width": 2.5}, "marker": {"size": 5}}
        )
    return traces


def _ratio(running: Sequence[float], batch: Sequence[float]) -> float | None:
    own = sum(filter(isfinite, batch))
    return sum(filter(isfinite, running)) / own if own > 0 and running else None
