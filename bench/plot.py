"""A plot on doubly logarithmic axes as SVG: plotly draws it, in chromium, because it draws in browsers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import unquote

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from bench import browser

Point = tuple[float, float]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676", "#E69F00")  # Okabe and Ito's
NAMED = ("top right", "middle right", "bottom right")  # the highest line, those between, the lowest: none overlap
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
    drawn = figure(panels)
    size = {"format": "svg", "width": drawn.layout.width, "height": drawn.layout.height}
    with browser.chromium() as chromium:
        page = chromium.new_page()
        page.add_script_tag(content=files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8"))
        address = page.evaluate("([plot, size]) => Plotly.toImage(JSON.parse(plot), size)", [drawn.to_json(), size])
    return unquote(address.partition(",")[2])


def figure(panels: Sequence[Panel]) -> go.Figure:
    """Each panel with its own axes, and each line named at its last point."""
    rows = -(-len(panels) // COLUMNS)
    plot = make_subplots(rows, COLUMNS, subplot_titles=[panel.title for panel in panels], horizontal_spacing=0.17)
    for place, panel in enumerate(panels):
        where = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        ends = sorted((points[-1][1] for points in panel.lines.values()), reverse=True)
        for (name, points), color in zip(panel.lines.items(), COLORS, strict=False):
            where_named = NAMED[round(2 * ends.index(points[-1][1]) / max(1, len(ends) - 1))]
            plot.add_trace(_line(name, points, color, where_named), **where)
        plot.update_xaxes(type="log", title=panel.x_title, dtick="D2", **where)
        plot.update_yaxes(type="log", title=panel.y_title, dtick="D2", **where)
    return plot.update_layout(
        template="plotly_white", showlegend=False, width=COLUMNS * WIDTH, height=rows * HEIGHT, paper_bgcolor="white"
    )


def _line(name: str, points: Sequence[Point], color: str, where_named: str) -> go.Scatter:
    names = ["" for _ in points[1:]] + [f" {name}"]
    x, y = zip(*points, strict=True)
    look = {"line": {"color": color}, "textfont": {"color": color}, "textposition": where_named, "cliponaxis": False}
    return go.Scatter(x=x, y=y, mode="lines+markers+text", text=names, **look)
