"""What batch norm leaves as it is: how the features of a mini-batch hang together; and whitening, which undoes it.

WHITENING  the correlations of features before, after batch norm, and after whitening
"""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from core.experiment.arm import NORM_TITLES, Norm
from core.language.message import Message
from core.lessons.demonstration import Code, Demonstration, Given, Shown, Table, numbers
from core.nets.norms import standardize

EXAMPLES, SHARED = 64, 1.0  # the part that all three features have in common is as large as the part of their own
PAIRS = tuple(combinations(range(3), 2))
READINGS = {"bn": NORM_TITLES[Norm.BN], "whitened": Message("Whitening")}


def batch_normalized(X: Tensor) -> Tensor:
    return standardize(X, 0)  # each feature by itself


def whitened(X: Tensor) -> Tensor:
    centered = X - X.mean(dim=0)
    covariance = centered.T @ centered / len(X)
    variances, axes = torch.linalg.eigh(covariance)
    rotated: Tensor = centered @ axes / (variances + 1e-5).sqrt() @ axes.T
    return rotated


def _correlations(X: Tensor) -> list[float]:
    """Of each pair of features."""
    found = torch.corrcoef(X.T)
    return [found[pair].item() for pair in PAIRS]


def _largest(correlations: list[float]) -> float:
    return max(map(abs, correlations))


def _show(given: Given) -> Shown:
    drawn = torch.Generator().manual_seed(given.seed)
    own, shared = (torch.randn(EXAMPLES, n, generator=drawn, dtype=torch.float64) for n in (3, 1))
    X = own + SHARED * shared
    before = _correlations(X)
    after = {"bn": _correlations(batch_normalized(X)), "whitened": _correlations(whitened(X))}
    columns = tuple(Message("features {first} and {second}", {"first": a + 1, "second": b + 1}) for a, b in PAIRS)
    rows = [(Message("X, before"), before), *((READINGS[name], values) for name, values in after.items())]
    title = Message("Correlations between the features of {n} examples", {"n": EXAMPLES})
    table = Table(title, columns, tuple((head, numbers(values, 3)) for head, values in rows))
    return Shown((table,), {name: _largest(values) / _largest(before) for name, values in after.items()})


def _before(given: Given) -> tuple[Code, ...]:
    return (Code.of(Message("Batch normalization, and whitening"), batch_normalized, whitened),)


WHITENING = Demonstration(_before, _show, READINGS, "seed")
