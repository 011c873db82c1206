"""The lines of loss and accuracy, as plotly's traces: what the Train page draws (assets/train), without plotly.

loss_traces, accuracy_traces  all lines of a run
loss_range                    how far the axis of the losses goes
smoothed                      the moving mean of training lines
whole_run                     where an arm's values are

Smoothing has one definition, written down here and in assets/train/series.js, and a test holds them together: each
point is the mean of itself and of the points before it, `width` in all, of those that are finite; what is not finite
stays a gap. So nothing measured later moves a line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from core.experiment.config import ExperimentConfig
from core.exports.colours import MARKERS, RAW, arm_colours
from core.language.speech import _
from core.training.records import ArmDiverged, ArmFailed, Record, TestMeasured, TrainingStarted, TrainMeasured

WIDTH = 9  # of the smoothing, in points: what the page begins with
DASHES = {"train": "solid", "test": "dash", "batch": "dot"}
LEAST_LOSS = 1e-6  # on a log axis

Trace = dict[str, Any]
Number = float | None  # None: not finite


@dataclass(slots=True)
class Column:
    """One arm's measurements of one kind."""

    step: list[int] = field(default_factory=list)
    epoch: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    loss: list[Number] = field(default_factory=list)
    accuracy: list[Number] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)  # whether on all test images


@dataclass(slots=True)
class Lines:
    """One arm's, and how it ended if it was lost."""

    train: Column = field(default_factory=Column)
    test: Column = field(default_factory=Column)
    batch: Column = field(default_factory=Column)
    lost: ArmDiverged | ArmFailed | None = None


def whole_run(records: Sequence[Record]) -> dict[str, Lines]:
    """The lines of every arm, in their order."""
    started = next((record for record in records if isinstance(record, TrainingStarted)), None)
    found = {arm.name: Lines() for arm in started.arms} if started else {}
    for record in records:
        if isinstance(record, TrainMeasured):
            for name, loss in record.loss.items():
                _add(found[name].train, record, name, loss, record.accuracy[name], False)
        elif isinstance(record, TestMeasured):
            whole = started is not None and record.examples == started.test_examples
            for name, loss in record.loss.items():
                _add(found[name].test, record, name, loss, record.accuracy[name], whole)
            for name, loss in record.batch_loss.items():
                _add(found[name].batch, record, name, loss, record.batch_accuracy[name], whole)
        elif isinstance(record, ArmDiverged | ArmFailed):
            found[record.arm].lost = record
    return found


def _add(
    column: Column, record: TrainMeasured | TestMeasured, name: str, loss: float, accuracy: float, whole: bool
) -> None:
    column.step.append(record.step)
    column.epoch.append(record.epoch)
    column.seconds.append(record.seconds[name])
    column.loss.append(loss if isfinite(loss) else None)
    column.accuracy.append(accuracy if isfinite(accuracy) else None)
    column.whole.append(whole)


def smoothed(values: Sequence[Number], width: int) -> Sequence[Number]:
    """As said at the head of this file; the values themselves where there is nothing to smooth."""
    if width <= 1:
        return values
    return [None if value is None else _mean(values[max(0, i - width + 1) : i + 1]) for i, value in enumerate(values)]


def _mean(window: Sequence[Number]) -> float:
    finite = [value for value in window if value is not None]
    return sum(finite) / len(finite)


def loss_traces(
    config: ExperimentConfig, records: Sequence[Record], x: str = "step", width: int = WIDTH, ground: str = "light"
) -> list[Trace]:
    """`x` is step, epoch or seconds; `width` how many points training lines are averaged over."""
    return _traces(config, whole_run(records), "loss", x, width, ground)


def accuracy_traces(
    config: ExperimentConfig, records: Sequence[Record], x: str = "step", width: int = WIDTH, ground: str = "light"
) -> list[Trace]:
    """As loss_traces."""
    return _traces(config, whole_run(records), "accuracy", x, width, ground)


def _traces(
    config: ExperimentConfig, run: dict[str, Lines], value: str, x: str, width: int, ground: str
) -> list[Trace]:
    colours = arm_colours(config.arms, ground)
    top = 10 ** loss_range(run)[1] if value == "loss" else 1.0
    traces: list[Trace] = []
    for place, (name, lines) in enumerate(run.items()):
        for kind, dash in DASHES.items():
            column: Column = getattr(lines, kind)
            if column.step:
                traces += _line(name, kind, column, value, x, width, {"color": colours[name], "dash": dash}, place)
        if lines.lost is not None:
            traces.append(_cross(name, lines, value, x, colours[name], top))
    return traces


def _line(name: str, kind: str, column: Column, value: str, x: str, width: int, line: Trace, place: int) -> list[Trace]:
    raw: Sequence[Number] = getattr(column, value)
    y = smoothed(raw, width) if kind == "train" else raw
    common = {"type": "scatter", "mode": "lines", "x": getattr(column, x), "connectgaps": False, "legendgroup": name}
    trace = common | {
        "y": y,
        "line": line | {"width": 2.4 if kind == "train" else 2.2},
        "name": f"{name} {line_name(kind)}",
        "hovertemplate": "%{y:.4g}" if value == "loss" else "%{y:.1%}",
    }
    if kind == "test":
        sizes = [9 if whole else 0 if i else 5 for i, whole in enumerate(column.whole)]
        marker = {"color": line["color"], "symbol": MARKERS[place], "size": sizes}
        trace |= {"mode": "lines+markers", "cliponaxis": False, "marker": marker}
    if y is raw:
        return [trace]
    measured = {"color": line["color"], "dash": "solid", "width": 1}
    return [common | {"y": raw, "line": measured, "opacity": RAW, "hoverinfo": "skip", "showlegend": False}, trace]


def line_name(kind: str) -> str:
    """What a line is of, beside its arm's name."""
    return {"train": _("train"), "test": _("test"), "batch": _("test, batch statistics")}[kind]


def _cross(name: str, lines: Lines, value: str, x: str, colour: str, top: float) -> Trace:
    """Where an arm was lost: a cross at its last finite value, or an arrow where it left the picture before."""
    column = lines.train if lines.train.step else lines.test
    values: list[Number] = getattr(column, value)
    finite = [i for i, each in enumerate(values) if each is not None]
    out = next((i for i in finite if (values[i] or 0) > top), None)
    at = out if out is not None else finite[-1] if finite else 0
    y = top if out is not None or not finite else values[at]
    assert lines.lost is not None
    symbol = "x" if out is None else "triangle-up"
    return {
        "type": "scatter",
        "mode": "markers",
        "x": getattr(column, x)[at : at + 1] or [0],
        "y": [y],
        "marker": {"symbol": symbol, "size": 13, "color": colour, "line": {"width": 1}},
        "hovertext": str(lines.lost.what),
        "hoverinfo": "text",
        "cliponaxis": False,
        "showlegend": False,
    }


def loss_range(run: dict[str, Lines]) -> tuple[float, float]:
    """As exponents of ten. One arm on its way to infinity would flatten all others."""
    alive = [lines for lines in run.values() if lines.lost is None]
    shown = alive or list(run.values())
    losses = [
        value for lines in shown for kind in DASHES for value in getattr(lines, kind).loss if value is not None
    ] or [0.2, 2.6]
    low, high = (math.log10(max(end, LEAST_LOSS)) for end in (min(losses), max(losses)))
    pad = max(0.04, (high - low) * 0.06)
    return low - pad, high + pad
