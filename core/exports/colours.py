"""The arms' colours and markers in figures: those of the pages (assets/shared/look.js), which a test compares.

COLOURS      by norm, on a light and on a dark ground (Okabe–Ito, and as light)
MARKERS      by an arm's place
RAW          opacity of what was measured, behind its smoothed line
arm_colours  {arm: colour}; arms of one norm differ in lightness
tinted       a colour that lets the ground through
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from core.experiment.arm import ArmConfig

COLOURS = {
    "light": {
        "none": "#6b7280",
        "bn": "#0072b2",
        "ln": "#d55e00",
        "in": "#00875f",
        "gn": "#b8568c",
        "rms": "#b87a00",
        "mo": "#6f56c5",
        "vo": "#7d6b1f",
        "fix": "#0f7f8c",
    },
    "dark": {
        "none": "#a3acb9",
        "bn": "#56b4e9",
        "ln": "#ff8c42",
        "in": "#2fd0a0",
        "gn": "#e59ac6",
        "rms": "#f0b429",
        "mo": "#b7a4f5",
        "vo": "#b9bf5a",
        "fix": "#5cc3d1",
    },
}
MARKERS = ("circle", "square", "diamond", "triangle-up", "pentagon", "star")
RAW = 0.18  # not stronger than the grid is
_SHARES = (0, 0.42, 0.7)  # of black or white that the second and third arm of a norm have


def arm_colours(arms: Iterable[ArmConfig], ground: str = "light") -> dict[str, str]:
    """Each arm's colour on a "light" or "dark" ground."""
    seen: Counter[str] = Counter()
    found = {}
    for arm in arms:
        share = _SHARES[seen[arm.main_norm] % len(_SHARES)]
        found[arm.name] = _mixed(COLOURS[ground][arm.main_norm], 255 if ground == "dark" else 0, share)
        seen[arm.main_norm] += 1
    return found


def tinted(colour: str, share: float) -> str:
    """As rgba()."""
    return f"rgba({','.join(map(str, _bytes(colour)))},{share})"


def _bytes(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _mixed(colour: str, other: int, share: float) -> str:
    return "#" + "".join(f"{math.floor(each + (other - each) * share + 0.5):02x}" for each in _bytes(colour))
