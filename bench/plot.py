"""A plot on doubly logarithmic axes as SVG, drawn by plotly.js in chromium."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from bench import browser

Point = tuple[float, float]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676", "#E69F00")  # Okabe and Ito's
NAMED = ("top right", "middle right", "bottom right")  # the highest line, those between, the lowest: none overlap
AXIS = {"type": "log", "tickvals": [first * 10.0**zeros for zeros in range(-3, 9) for first in (1, 2, 5)]}
COLUMNS, WIDTH, HEIGHT = 2, 560, 380  # of one panel, in pixels


@dataclass(frozen=True)
class Panel:
    """One pair of axes; `lines` are points by name, positive and with rising x."""

    title: str
    x_title: str
    y_title: str
    lines: dict[str, Sequence[Point]]


def svg(panels: Sequence[Panel]) -> str:
    """The panels side by side; raises browser.NoBrowser."""
    plot = figure(panels)
    size = {"format": "svg", "width": plot["layout"]["width"], "height": plot["layout"]["height"]}
    with browser.chromium() as chromium:
        page = chromium.new_page()
        page.add_script_tag(content=files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8"))
        address = page.evaluate("([plot, size]) => Plotly.toImage(plot, size)", [plot, size])
    return unquote(address.partition(",")[2])


def figure(panels: Sequence[Panel]) -> dict[str, Any]:
    """As plotly.js wants it: each panel with its own axes, and each line named at its last point."""
    rows = -(-len(panels) // COLUMNS)
    layout: dict[str, Any] = {
        "grid": {"rows": rows, "columns": COLUMNS, "pattern": "independent", "xgap": 0.35, "ygap": 0.45},
        "width": COLUMNS * WIDTH,
        "height": rows * HEIGHT,
        "showlegend": False,
        "margin": {"t": 60, "r": 100},
        "annotations": [_title(panel, number) for number, panel in _numbered(panels)],
    }
    for number, panel in _numbered(panels):
        layout[f"xaxis{number}"] = AXIS | {"title": {"text": panel.x_title}}
        layout[f"yaxis{number}"] = AXIS | {"title": {"text": panel.y_title}}
    lines = [line for number, panel in _numbered(panels) for line in _lines(panel, number)]
    return {"data": lines, "layout": layout}


def _numbered(panels: Sequence[Panel]) -> Iterator[tuple[str, Panel]]:
    """plotly counts axes as x, x2, x3."""
    return zip(["", *(str(number) for number in range(2, len(panels) + 1))], panels, strict=True)


def _title(panel: Panel, number: str) -> dict[str, Any]:
    place = {"xref": f"x{number} domain", "yref": f"y{number} domain", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {"text": f"<b>{panel.title}</b>", "showarrow": False, "font": {"size": 14}, **place}


def _lines(panel: Panel, number: str) -> Iterator[dict[str, Any]]:
    ends = sorted((points[-1][1] for points in panel.lines.values()), reverse=True)
    for (name, points), color in zip(panel.lines.items(), COLORS, strict=False):
        x, y = zip(*points, strict=True)
        yield {
            "x": list(x),
            "y": list(y),
            "xaxis": f"x{number}",
            "yaxis": f"y{number}",
            "mode": "lines+markers+text",
            "text": [""] * (len(points) - 1) + [f" {name}"],
            "textposition": NAMED[round(2 * ends.index(points[-1][1]) / max(1, len(ends) - 1))],
            "textfont": {"color": color},
            "line": {"color": color},
            "cliponaxis": False,
        }
