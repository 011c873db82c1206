"""How a number of a lesson's check is written: a share, nats, a factor, megabytes, standard deviations, a count.

UNITS  what stands behind a number on a slider, of the kinds that have one
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from core.language.speech import _
from core.words.numerals import in_percent, printed


def percent(share: float) -> str:
    return _("{points} %", points=in_percent(share))


def points(share: float) -> str:
    return _("{points} points", points=printed(in_percent(share)))


def nats(value: float) -> str:
    return printed(f"{value:.3f}") if isfinite(value) else "∞"


def digits(value: float) -> str:
    return printed(f"{value:.2g}") if isfinite(value) else "∞"


def mb(value: float) -> str:
    return _("{n} MB", n=printed(f"{value:.2g}"))


def sigmas(value: float) -> str:
    return f"{digits(value)} σ"


def count(value: float) -> str:
    return f"{value:,.0f}" if isfinite(value) else _("not reached")


UNITS: dict[Callable[[float], str], str] = {mb: "MB", sigmas: "σ"}
