"""A tensor of one's own: any small shape and ε, with values that can be reckoned with by hand.

OWN        its name among the layers
own_site   the tensor; another shape leaves the cells that both have as they are
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from core.cube.axes import AxesError
from core.cube.shown import Shown
from core.cube.sites import Site
from core.language.message import Message

OWN = "own"
MOST = (8, 12, 6, 6)


def own_site(shape: Sequence[int], eps: str) -> Site:
    """[N, C, H, W] with one decimal: every channel lies elsewhere, every example spreads otherwise."""
    if len(shape) != len(MOST) or not all(1 <= size <= most for size, most in zip(shape, MOST, strict=True)):
        rule = Message(
            "A tensor of your own has 1 to {n} examples, {c} channels, {h} rows and {w} columns; got {shape}. Move the "
            "sliders.",
            dict(zip("nchw", MOST, strict=True)) | {"shape": str(list(shape))},
        )
        raise AxesError(rule)
    part = tuple(slice(size) for size in shape)
    return Site(Message("your own tensor"), _values()[part].clone(), eps=float(eps))


def all_of(site: Site) -> Shown:
    """Every cell of it: none is too many to be drawn."""
    return Shown(site.shape, tuple(tuple(range(size)) for size in site.shape))


def _values() -> torch.Tensor:
    n, c, _, _ = MOST
    noise = torch.randn(MOST, generator=torch.Generator().manual_seed(0))
    levels = torch.tensor([(3 * channel) % 7 - 3 for channel in range(c)]).view(1, c, 1, 1)
    spreads = torch.linspace(0.6, 2.4, n).view(n, 1, 1, 1)
    return ((levels + spreads * noise) * 10).round() / 10
