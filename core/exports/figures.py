"""A run's charts as figures of plotly's Python, for notebooks and reports: those of the pages, in the language spoken.

    from core.exports import figures
    figures.loss(recording).show()

loss, accuracy         over the run: training solid, tests dashed, tests with batch statistics dotted
gradients, spread      by layer, at one step
distribution           of one stage of a layer, at one step; gradient_distribution
affine, running, lag   γ and β; running statistics at one step, and over the run

`step` is that of the last look at or before it; None takes the last look. `source` is "fixed" or "batch" (images).
What they cannot draw is a ValueError that says what they can, and a run without looks a LookupError.
"""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from core.experiment.rules import quoted
from core.exports import charts, curves
from core.exports.charts import Drawn
from core.language.lists import either
from core.language.message import Message
from core.language.speech import _
from core.training.rates import by_hand, falls
from core.training.records import NetworksSeen

if TYPE_CHECKING:
    from core.store.recording import Recording

QUANTITIES = {
    "mean_abs": Message("mean |∂L/∂W|"),
    "rms": Message("RMS ∂L/∂W"),
    "before_rms": Message("RMS ∂L/∂z"),
    "update_ratio": Message("update / weight"),
    "zero_share": Message("exact zeros"),
}
STAGES = {
    "before": Message("before the norm"),
    "normalized": Message("normalized"),
    "scaled": Message("after γ and β"),
    "activated": Message("after the activation"),
}
SYMBOLS = {"gamma": "γ", "beta": "β"}
STATISTICS = ("mean", "var")
SOURCES = ("fixed", "batch")
AXES = {
    "step": Message("step (mini-batches)"),
    "epoch": Message("epoch"),
    "seconds": Message("seconds of the arm’s own training"),
}
FAINT = "rgba(128,128,128,.7)"


# --- over the run ------------------------------------------------------------------------------------------------


def loss(recording: Recording, x: str = "step", width: int = curves.WIDTH) -> go.Figure:
    """`x` is step, epoch or seconds; training lines are means over `width` points, faint behind them as measured."""
    _check("x", x, AXES)
    _check_whole("width", width, 1)
    traces = curves.loss_traces(recording.config, recording.records, x, width)
    ends = list(curves.loss_range(curves.whole_run(recording.records)))
    return _over_run(
        recording, traces, x, _("Loss (cross-entropy)"), {"type": "log", "range": ends, "title": _("nats")}
    )


def accuracy(recording: Recording, x: str = "step", width: int = curves.WIDTH) -> go.Figure:
    """As loss."""
    _check("x", x, AXES)
    _check_whole("width", width, 1)
    traces = curves.accuracy_traces(recording.config, recording.records, x, width)
    axis = {"range": [0, 1], "tickformat": ".0%", "title": _("share of images")}
    return _over_run(recording, traces, x, _("Accuracy"), axis)


def _over_run(
    recording: Recording, traces: list[dict[str, Any]], x: str, title: str, yaxis: dict[str, Any]
) -> go.Figure:
    figure = _figure(traces, title, {"title": str(AXES[x]), "rangemode": "tozero"}, yaxis, hovermode="x unified")
    for change in [*falls(recording.config, recording.records), *by_hand(recording.records)]:
        if x != "seconds":
            at = change.step / (recording.config.steps_per_epoch if x == "epoch" else 1)
            words = _("lr {rates}", rates=f"{change.old:g} → {change.new:g}".replace("-", "−"))
            figure.add_vline(at, line={"color": FAINT, "dash": "dashdot", "width": 1.5}, annotation_text=words)
    return figure


# --- at one step -------------------------------------------------------------------------------------------------


def looks_of(recording: Recording, source: str) -> list[NetworksSeen]:
    """All that are kept; raises LookupError where there are none."""
    _check("source", source, SOURCES)
    found = [look for look in recording.looks() if look.source == source]
    if not found:
        raise LookupError(_("This run has no look of the source {source}: nothing can be drawn of it.", source=source))
    return found


def _at(looks: list[NetworksSeen], step: int | None) -> NetworksSeen:
    if step is not None:
        _check_whole("step", step, 0)
    before = [look for look in looks if step is None or look.step <= step]
    return before[-1] if before else looks[0]


def _drawn(recording: Recording, step: int | None, source: str, layer: str | None = None) -> Drawn:
    return _of_look(recording, _at(looks_of(recording, source), step), layer)


def _of_look(recording: Recording, look: NetworksSeen, layer: str | None) -> Drawn:
    """Raises ValueError where it has no such `layer`."""
    drawn = Drawn(recording.config.arms, look)
    if layer is not None:
        _check("layer", layer, dict.fromkeys(name for arm in drawn.arms for name in drawn.layers(arm)))
    return drawn


def _check(name: str, given: str, known: Collection[str]) -> None:
    """Raises ValueError."""
    if not isinstance(given, str) or given not in known:
        values = {"name": name, "known": either(known), "given": quoted(given)}
        raise ValueError(_("{name} must be one of {known}; got {given}. Give one of these.", **values))


def _check_whole(name: str, given: int, least: int) -> None:
    """Raises ValueError."""
    if not isinstance(given, Integral) or isinstance(given, bool) or given < least:
        values = {"name": name, "least": least, "given": quoted(given)}
        raise ValueError(_("{name} must be a whole number, at least {least}; got {given}. Give such a one.", **values))


def _check_has(drawn: Drawn, layer: str, which: str, words: str) -> None:
    """Raises ValueError where no network has `which` of a norm in that layer."""
    layers = dict.fromkeys(name for arm in drawn.arms for name in drawn.layers(arm))
    has = [name for name in layers if any(getattr(norm, which) for norm in drawn.norms(name).values())]
    if not has:
        raise ValueError(_("No network of this run has {what}. Choose a run with a norm that has.", what=words))
    _check("layer", layer, has)


def gradients(
    recording: Recording, step: int | None = None, quantity: str = "mean_abs", source: str = "fixed"
) -> go.Figure:
    """One of QUANTITIES by layer."""
    _check("quantity", quantity, QUANTITIES)
    drawn, name = _drawn(recording, step, source), str(QUANTITIES[quantity])
    yaxis: dict[str, Any] = {"type": "log"} if quantity in charts.LOGARITHMIC else {"tickformat": ".0%"}
    figure = _figure(
        charts.gradients(drawn, quantity),
        _with_step(_("{quantity} by layer, input on the left", quantity=name), drawn),
        {"type": "category", "title": _("layer, from the input to the output")},
        yaxis | {"title": name},
    )
    if quantity == "update_ratio":
        figure.add_hline(1e-3, line={"color": FAINT, "dash": "dash", "width": 1.5})
    return figure


def spread(recording: Recording, step: int | None = None, stage: str = "activated", source: str = "fixed") -> go.Figure:
    """Standard deviations by layer, of one of STAGES."""
    _check("stage", stage, STAGES)
    drawn, name = _drawn(recording, step, source), str(STAGES[stage])
    figure = _figure(
        charts.spread(drawn, stage),
        _with_step(_("Spread of the values {stage}, by layer", stage=name), drawn),
        {"type": "category", "domain": [0, 0.47], "title": _("pooled")},
        {"type": "log", "title": _("std, {stage}", stage=name)},
    )
    return figure.update_layout(xaxis2={"type": "category", "domain": [0.53, 1], "title": _("within the units")})


def distribution(
    recording: Recording, layer: str, stage: str = "activated", step: int | None = None, source: str = "fixed"
) -> go.Figure:
    """The shares of the values in each bin, of one of STAGES."""
    drawn = _drawn(recording, step, source, layer)
    summaries = [drawn.layers(arm)[layer] for arm in drawn.arms]
    _check("stage", stage, [each for each in STAGES if any(getattr(summary, each) for summary in summaries)])
    title = _("{layer}, {stage}: share of the values in each bin", layer=layer, stage=str(STAGES[stage]))
    return _figure(charts.distribution(drawn, layer, stage), _with_step(title, drawn), {}, {"tickformat": ".0%"})


def gradient_distribution(
    recording: Recording, layer: str, step: int | None = None, source: str = "fixed"
) -> go.Figure:
    """The shares of the weights by sign and magnitude of their gradients."""
    drawn = _drawn(recording, step, source, layer)
    marks = [-2, -5, -8, -11]
    places = [*(-(mark + 14) for mark in marks), 0, *(mark + 14 for mark in marks)]
    words = [*(f"−10<sup>{mark}</sup>" for mark in marks), "0", *(f"10<sup>{mark}</sup>" for mark in marks)]
    title = _(
        "∂L/∂W of {layer} at step {step}: share of weights by sign and magnitude", layer=layer, step=drawn.look.step
    )
    xaxis = {"tickvals": places, "ticktext": words, "title": _("∂L/∂W (signed log axis)")}
    yaxis = {"tickformat": ".0%", "rangemode": "tozero", "title": _("share of weights")}
    return _figure(charts.gradient_distribution(drawn, layer), title, xaxis, yaxis)


# --- norms -------------------------------------------------------------------------------------------------------


def affine(
    recording: Recording, layer: str, which: str = "gamma", step: int | None = None, source: str = "fixed"
) -> go.Figure:
    """`which` is gamma or beta: every unit at the step at the left, over the run at the right."""
    _check("which", which, SYMBOLS)
    looks = looks_of(recording, source)
    drawn = _of_look(recording, _at(looks, step), layer)
    _check_has(drawn, layer, which, SYMBOLS[which])
    wide = any(len(norm.batch_mean) > charts.WIDE for norm in drawn.norms(layer).values())
    symbol = SYMBOLS[which]
    title = (
        _("{symbol} of every unit, sorted, and over the run", symbol=symbol)
        if wide
        else _("{symbol} per channel, and over the run", symbol=symbol)
    )
    left = {"domain": [0, 0.43], "title": _("units, sorted by value") if wide else _("channel")}
    figure = _figure(
        charts.affine(drawn, looks, layer, which),
        _with_step(_("{layer}: {title}", layer=layer, title=title), drawn),
        left,
        {"title": symbol},
    )
    start = charts.START[which]
    figure.add_shape(type="line", xref="paper", x0=0, x1=1, y0=start, y1=start, line={"color": FAINT, "dash": "dot"})
    return figure.update_layout(barmode="group", bargap=0.25, xaxis2={"domain": [0.5, 1], "title": _("step")})


def running(
    recording: Recording, layer: str, which: str = "mean", step: int | None = None, source: str = "fixed"
) -> go.Figure:
    """`which` is mean or var: each unit's running value over that of the images."""
    _check("which", which, STATISTICS)
    drawn = _drawn(recording, step, source, layer)
    _check_has(drawn, layer, "running_var", _("running statistics"))
    is_mean, is_fixed = which == "mean", source == "fixed"
    if is_mean:
        title, y = _("{quantity}, per unit", quantity=_("running mean")), _("running mean")
        x = _("mean of the 64 fixed images") if is_fixed else _("mean of this mini-batch")
    else:
        title, y = _("{quantity}, per unit", quantity=_("running variance")), _("running variance")
        x = _("variance of the 64 fixed images") if is_fixed else _("variance of this mini-batch")
    kind = "linear" if is_mean else "log"
    traces = charts.running(drawn, layer, which)
    return _figure(
        traces,
        _with_step(_("{layer}: {title}", layer=layer, title=title), drawn),
        {"type": kind, "title": x},
        {"type": kind, "title": y},
    )


def lag(recording: Recording, layer: str, source: str = "fixed") -> go.Figure:
    """Running variance over that of the images, over the run; 1 where they agree."""
    looks = looks_of(recording, source)
    drawn = _of_look(recording, looks[-1], layer)
    _check_has(drawn, layer, "running_var", _("running statistics"))
    traces = charts.lag(drawn, looks, layer)
    title = _("{layer}: {title}", layer=layer, title=_("running / batch variance, over the run"))
    yaxis = {"type": "log", "title": _("ratio of the layer’s means")}
    figure = _figure(traces, title, {"title": _("step")}, yaxis)
    return figure.add_hline(1, line={"color": FAINT, "dash": "dot", "width": 1.5})


# --- how all look ------------------------------------------------------------------------------------------------


def _with_step(title: str, drawn: Drawn) -> str:
    return _("{title} (step {step:,})", title=title, step=drawn.look.step)


def _figure(
    traces: list[dict[str, Any]], title: str, xaxis: dict[str, Any], yaxis: dict[str, Any], **more: Any
) -> go.Figure:
    axis = {"exponentformat": "power", "zeroline": False, "automargin": True}
    return go.Figure(
        traces,
        {
            "template": "plotly_white",
            "title": {"text": title},
            "xaxis": axis | xaxis,
            "yaxis": axis | yaxis,
            "hovermode": "closest",
            "legend": {"groupclick": "toggleitem"},
        }
        | more,
    )
