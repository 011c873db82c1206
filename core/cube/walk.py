"""One value's way through a norm, mean → variance → normalize → scale and shift, with the numbers of every stop.

STEPS     of the guided walk, each with the stage that is seen at it
Moments   the mean and variance of a family
walk      the stops
short     a number in four digits
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.language.speech import _, ngettext
from core.words.numerals import printed

STEPS = {
    "cell": "before",
    "family": "before",
    "sum": "before",
    "mean": "centred",
    "variance": "squared",
    "normalized": "normalized",
    "after": "after",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a value's way through a norm: what is computed, with its numbers, and the result."""

    name: str
    working: str
    result: float

    @property
    def text(self) -> str:
        return short(self.result)


@dataclass(frozen=True, slots=True)
class Moments:
    """The mean and the biased variance (divided by the count) of a family; `mean` is 0 where none is subtracted."""

    count: int
    mean: float
    variance: float


def walk(
    value: float, moments: Moments, gamma: float, beta: float, eps: float, centered: bool = True, running: bool = False
) -> list[Stop]:
    """mean → variance → normalize → scale and shift, for one value.

    `moments.variance` is the mean square if not `centered`; both are past batches' averages if `running`.
    """
    mean, variance = moments.mean, moments.variance
    normalized = (value - mean) / math.sqrt(variance + eps)
    first, second = _origins(moments.count, centered, running)
    return [
        Stop(_("mean μ") if centered else _("no mean"), first, mean),
        Stop(_("variance σ²") if centered else _("mean square"), second, variance),
        Stop(
            _("normalize x̂"),
            f"({short(value)} − {short(mean, signed=True)}) / √({short(variance)} + {short(eps)})"
            if centered
            else f"{short(value)} / √({short(variance)} + {short(eps)})",
            normalized,
        ),
        Stop(
            _("scale and shift y"),
            f"{short(gamma)} × {short(normalized, signed=True)} + {short(beta, signed=True)}",
            gamma * normalized + beta,
        ),
    ]


def _origins(count: int, centered: bool, running: bool) -> tuple[str, str]:
    if running:
        return _("the layer's running mean"), _("the layer's running variance")
    if not centered:
        square = ngettext("the mean of x² of {n:,} value", "the mean of x² of {n:,} values", count)
        return _("none is subtracted"), square
    return (
        ngettext("the mean of {n:,} value", "the mean of {n:,} values", count),
        ngettext(
            "the mean squared distance from μ, of {n:,} value",
            "the mean squared distance from μ, of {n:,} values",
            count,
        ),
    )


def short(number: float, signed: bool = False) -> str:
    """Four digits and a true minus sign; `signed` puts a negative number in brackets."""
    text = printed(f"{number:.4g}")
    return f"({text})" if signed and number < 0 else text
