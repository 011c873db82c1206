"""A matrix of 4 examples with 3 features that one may type over: which results of a norm change by it.

BY_HAND     batch norm
SIDE_BY_SIDE  batch norm and layer norm
VARIANCES   batch norm with a variance divided by n, by n − 1, and PyTorch's
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from core.language.message import Message
from core.lessons.demonstration import MATRIX, Block, Code, Demonstration, Given, Shown, Table, numbers
from core.nets.norms import EPS, standardize

FEATURES = tuple(Message("feature {n}", {"n": n}) for n in (1, 2, 3))
EXAMPLES = tuple(Message("example {n}", {"n": n}) for n in (1, 2, 3, 4))
NOTHING_TYPED = Message("No value has been typed over yet. Type another number into the matrix.")
READINGS = {
    "column": Message("its column"),
    "row": Message("its row"),
    "elsewhere": Message("all other cells"),
}
ROUNDING = 1e-9  # what is less is no change
BATCH, LAYER = 0, 1  # the axis that is averaged over


def _show(axes: Sequence[int], given: Given) -> Shown:
    """The check reads the last of `axes`."""
    before, X = (torch.tensor(matrix, dtype=torch.float64) for matrix in (MATRIX, given.matrix))
    typed = before != X
    blocks: list[Table] = []
    for axis in axes:
        blocks += [_statistics(X, axis), _results(X, (standardize(X, axis) - standardize(before, axis)).abs(), axis)]
    change = (standardize(X, axes[-1]) - standardize(before, axes[-1])).abs()
    return Shown(tuple(blocks), _by_place(change, typed), None if typed.any() else NOTHING_TYPED)


def _by_place(change: Tensor, typed: Tensor) -> dict[str, float | None]:
    """The largest change in the columns of what was typed, in its rows, and where it shares neither."""
    columns = typed.any(0, keepdim=True) & ~typed.any(1, keepdim=True)
    rows = typed.any(1, keepdim=True) & ~typed.any(0, keepdim=True)
    neither = ~typed.any(0, keepdim=True) & ~typed.any(1, keepdim=True)
    places = {"column": columns, "row": rows, "elsewhere": neither}
    return {name: change[place].max().item() if place.any() else None for name, place in places.items()}


def _matrix(given: Given) -> Table:
    X, before = (torch.tensor(matrix, dtype=torch.float64) for matrix in (given.matrix, MATRIX))
    title = Message("X: a mini-batch of 4 examples with 3 features")
    rows = tuple((head, tuple(f"{value:g}" for value in row)) for head, row in zip(EXAMPLES, X.tolist(), strict=True))
    return Table(title, FEATURES, rows, _cells(before != X), typed=True)


def _statistics(X: Tensor, axis: int) -> Table:
    mean, var = X.mean(axis), X.var(axis, correction=0)
    columns, title = (
        (FEATURES, Message("Batch normalization: a mean and a variance for each column"))
        if axis == BATCH
        else (EXAMPLES, Message("Layer normalization: a mean and a variance for each row"))
    )
    rows = (
        ("μ", numbers(mean.tolist())),
        ("σ²", numbers(var.tolist())),
        ("√(σ² + ε)", numbers((var + EPS).sqrt().tolist())),
    )
    return Table(title, columns, rows)


def _results(X: Tensor, change: Tensor, axis: int) -> Table:
    title = (
        Message("Batch normalization: (X − μ) / √(σ² + ε); what has changed is marked")
        if axis == BATCH
        else Message("Layer normalization: (X − μ) / √(σ² + ε); what has changed is marked")
    )
    rows = tuple((head, numbers(row, 3)) for head, row in zip(EXAMPLES, standardize(X, axis).tolist(), strict=True))
    return Table(title, FEATURES, rows, _cells(change > ROUNDING))


def _cells(where: Tensor) -> frozenset[tuple[int, int]]:
    return frozenset((row, column) for row, column in where.nonzero().tolist())


def typed_by(seed: int) -> Given:
    """Another number over one cell, as somebody might type it."""
    drawn = random.Random(seed)
    place, value = drawn.randrange(12), drawn.randrange(-99, 100) / 10
    flat = [value if at == place else old for at, old in enumerate(old for row in MATRIX for old in row)]
    return Given(tuple(tuple(flat[at : at + 3]) for at in range(0, 12, 3)), seed)


def _before(given: Given) -> tuple[Table, ...]:
    return (_matrix(given),)


BY_HAND = Demonstration(_before, partial(_show, (BATCH,)), READINGS, "matrix", typed_by)
SIDE_BY_SIDE = Demonstration(_before, partial(_show, (BATCH, LAYER)), READINGS, "matrix", typed_by)


# --- which variance -------------------------------------------------------------------------------------------------


def divided_by_n(X: Tensor) -> Tensor:
    mean = X.mean(dim=0)
    var = ((X - mean) ** 2).sum(dim=0) / len(X)
    return (X - mean) / torch.sqrt(var + 1e-5)


def divided_by_n_minus_1(X: Tensor) -> Tensor:
    mean = X.mean(dim=0)
    var = ((X - mean) ** 2).sum(dim=0) / (len(X) - 1)
    return (X - mean) / torch.sqrt(var + 1e-5)


def by_pytorch(X: Tensor) -> Tensor:
    Y: Tensor = nn.BatchNorm1d(3).to(X.dtype)(X)
    return Y


WAYS: dict[str, tuple[Message, Callable[[Tensor], Tensor]]] = {
    "n": (Message("divided by n"), divided_by_n),
    "n-1": (Message("divided by n − 1"), divided_by_n_minus_1),
    "torch": (Message("nn.BatchNorm1d"), by_pytorch),
}


def _variances(given: Given) -> Shown:
    X = torch.tensor(given.matrix, dtype=torch.float64)
    with torch.no_grad():
        found = {name: (title, way(X)) for name, (title, way) in WAYS.items()}
        layer = nn.BatchNorm1d(3, momentum=1.0).double()
        layer(X)
    assert layer.running_var is not None
    theirs = found["torch"][1]
    off = {name: (Y - theirs).abs().max().item() for name, (_, Y) in found.items() if name != "torch"}
    results = tuple((title, numbers(Y[:, 0].tolist(), 4)) for title, Y in found.values())
    kept = [X.var(0, correction=0), X.var(0, correction=1), layer.running_var]
    heads = [WAYS["n"][0], WAYS["n-1"][0], Message("running_var of nn.BatchNorm1d(3, momentum=1.0)")]
    return Shown(
        (
            Table(Message("The first column’s results"), EXAMPLES, results),
            Table(Message("The variance of each column"), FEATURES, _rows(heads, kept)),
        ),
        off,
    )


def _rows(heads: Iterable[Message], values: Iterable[Tensor]) -> tuple[tuple[Message, tuple[str, ...]], ...]:
    return tuple((head, numbers(each.tolist(), 4)) for head, each in zip(heads, values, strict=True))


def _written_out(given: Given) -> tuple[Block, ...]:
    return _matrix(given), Code.of(Message("Written out"), *(way for _, way in WAYS.values()))


VARIANCES = Demonstration(_written_out, _variances, {name: WAYS[name][0] for name in ("n", "n-1")}, "matrix", typed_by)
