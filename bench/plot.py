"""A plot on doubly logarithmic axes as SVG text, so that a report needs no drawing library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676", "#E69F00")  # Okabe and Ito's
WIDTH, HEIGHT = 520, 360  # of one panel
LEFT, RIGHT, TOP, BOTTOM = 70, 110, 44, 52  # the lines' names stand at the right
INK, GRID, PAPER = "#17212b", "#d8dbdd", "#fbfbfa"
NAME_GAP = 15


@dataclass(frozen=True)
class Panel:
    """One pair of axes; `lines` are points by name, positive and with rising x."""

    title: str
    x_title: str
    y_title: str
    lines: dict[str, Sequence[Point]]


@dataclass(frozen=True)
class Axis:
    """From the values low to high to the pixels start to end, logarithmically."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten; with fewer than three of those in view, twice and five times them as well."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1,), (1, 2, 5), tuple(range(1, 10))):
            found = [step * 10.0**decade for decade in decades for step in steps]
            inside = [value for value in found if self.low * 0.999 <= value <= self.high * 1.001]
            if len(inside) >= 3:
                break
        return inside


def svg(panels: Sequence[Panel], columns: int = 2) -> str:
    """The panels side by side, `columns` in a row."""
    rows = math.ceil(len(panels) / columns)
    width, height = WIDTH * min(columns, len(panels)), HEIGHT * rows
    parts = [
        f'<g transform="translate({WIDTH * (i % columns)} {HEIGHT * (i // columns)})">{"".join(_panel(panel))}</g>'
        for i, panel in enumerate(panels)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    style = f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}"'
    return "\n".join([f"{head} {style}>", f'<rect width="100%" height="100%" fill="{PAPER}"/>', *parts, "</svg>", ""])


def _panel(panel: Panel) -> Iterator[str]:
    x = _axis([x for line in panel.lines.values() for x, _ in line], LEFT, WIDTH - RIGHT)
    y = _axis([y for line in panel.lines.values() for _, y in line], HEIGHT - BOTTOM, TOP)
    yield _text(LEFT, 24, panel.title, 'font-weight="600" font-size="14"')
    yield from _grid(x, y)
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, panel.x_title, 'text-anchor="middle"')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield _text(18, middle, panel.y_title, f'text-anchor="middle" transform="rotate(-90 18 {middle:g})"')
    for points, color in zip(panel.lines.values(), COLORS, strict=False):
        yield from _line([(x.at(a), y.at(b)) for a, b in points], color)
    yield from _names(panel, y)


def _axis(values: Sequence[float], start: float, end: float) -> Axis:
    low, high = min(values), max(values)
    if high < 3 * low:  # a flat line is drawn as one
        low, high = low / 2, high * 2
    return Axis(low / 1.15, high * 1.15, start, end)


def _grid(x: Axis, y: Axis) -> Iterator[str]:
    for value in x.ticks():
        yield _stroke(x.at(value), y.start, x.at(value), y.end)
        yield _text(x.at(value), y.start + 18, number(value), 'text-anchor="middle"')
    for value in y.ticks():
        yield _stroke(x.start, y.at(value), x.end, y.at(value))
        yield _text(x.start - 8, y.at(value) + 4, number(value), 'text-anchor="end"')


def _line(places: Sequence[Point], color: str) -> Iterator[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'


def _names(panel: Panel, y: Axis) -> Iterator[str]:
    """Each line's name beside its last point, pushed down where two would overlap."""
    ends = [
        (y.at(points[-1][1]), name, color) for (name, points), color in zip(panel.lines.items(), COLORS, strict=False)
    ]
    free = 0.0
    for place, name, color in sorted(ends):
        free = max(place + 4, free + NAME_GAP)
        yield _text(WIDTH - RIGHT + 8, free, name, f'fill="{color}" font-weight="600"')


def number(value: float) -> str:
    """A tick's value: 0.01, 5, 200, 10k, 2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size * 0.999:
            return f"{value / (1e3 if unit == 'k' else size):g}{unit}"
    return f"{value:.12g}"


def _stroke(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GRID}"/>'


def _text(x: float, y: float, words: str, how: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {how}>{escape(words)}</text>'
