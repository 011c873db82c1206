"""Batch norm on maps three ways: by hand, channel by channel; written out as in the book; nn.BatchNorm2d.

THREE_WAYS  how far they are apart, with numbers of 32 and of 64 bits
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import torch
from torch import Tensor, nn

from core.language.message import Message
from core.lessons.demonstration import Code, Demonstration, Given, Shown, Table
from core.nets.norms import batch_norm
from core.words.numerals import printed

SHAPE = (8, 3, 6, 6)


def channel_by_channel(X: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    channels = []
    for c in range(X.shape[1]):
        values = X[:, c]  # this channel of all images: N · H · W numbers
        mean = values.sum() / values.numel()
        var = ((values - mean) ** 2).sum() / values.numel()
        channels.append(gamma[c] * (values - mean) / torch.sqrt(var + 1e-5) + beta[c])
    return torch.stack(channels, dim=1)


def written_out(X: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    shape = (1, -1, 1, 1)
    start = torch.zeros_like(gamma).view(shape), torch.ones_like(gamma).view(shape)
    Y, _, _ = batch_norm(X, gamma.view(shape), beta.view(shape), *start, eps=1e-5, momentum=0.9, training=True)
    return Y


def by_pytorch(X: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    layer = nn.BatchNorm2d(X.shape[1], dtype=X.dtype)
    Y: Tensor = torch.func.functional_call(layer, {"weight": gamma, "bias": beta}, X)
    return Y


WAYS = (channel_by_channel, written_out, by_pytorch)
NAMES = ("Y", "∂L/∂X", "∂L/∂γ", "∂L/∂β")


def _before(given: Given) -> tuple[Code, ...]:
    return (Code.of(Message("By hand, written out as in the book, and nn.BatchNorm2d"), *WAYS),)


def _show(given: Given) -> Shown:
    apart = {dtype: _apart(dtype, given.seed) for dtype in (torch.float32, torch.float64)}
    rows = tuple(
        (name, tuple(printed(f"{values[at]:.1e}") for values in apart.values())) for at, name in enumerate(NAMES)
    )
    small, large = (max(values) for values in apart.values())
    title = Message("The largest difference between any two of the three ways")
    return Shown((Table(title, ("float32", "float64"), rows),), {"shrinks": small / large if large else None})


def _apart(dtype: torch.dtype, seed: int) -> list[float]:
    """Of the output and of each gradient."""
    found = [_all_of(way, dtype, seed) for way in WAYS]
    pairs = list(combinations(found, 2))
    return [max((one[at] - other[at]).abs().max().item() for one, other in pairs) for at in range(len(NAMES))]


def _all_of(way: Callable[..., Tensor], dtype: torch.dtype, seed: int) -> list[Tensor]:
    """The output, and the gradients of a sum with random weights."""
    drawn = torch.Generator().manual_seed(seed)
    X, weights = (torch.randn(SHAPE, generator=drawn, dtype=torch.float64).to(dtype) for _ in range(2))
    gamma, beta = (torch.randn(SHAPE[1], generator=drawn, dtype=torch.float64).to(dtype) for _ in range(2))
    for each in (X, gamma, beta):
        each.requires_grad_()
    Y = way(X, gamma, beta)
    return [Y.detach(), *torch.autograd.grad((Y * weights).sum(), (X, gamma, beta))]


THREE_WAYS = Demonstration(_before, _show, {"shrinks": Message("float32 over float64")}, "seed")
