"""What is drawn in the arms' colours is to be told from the ground, and what is faint is faint: by WCAG's contrast."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.exports.colours import COLOURS, RAW

THEME = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: list[float], ground: list[float]) -> float:
    low, high = sorted((luminance(colour), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("ground", "norm"), [(ground, norm) for ground in COLOURS for norm in COLOURS[ground]])
def test_what_was_measured_is_there_behind_its_smoothed_line_and_dim_in_either_theme(ground: str, norm: str) -> None:
    below, line = channels(THEME[ground]["backgroundColor"]), channels(COLOURS[ground][norm])
    raw = [RAW * mine + (1 - RAW) * other for mine, other in zip(line, below, strict=True)]
    assert 1.2 < contrast(raw, below) < 1.45
    assert contrast(line, below) > 3  # of lines, WCAG 1.4.11
