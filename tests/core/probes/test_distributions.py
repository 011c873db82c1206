"""core.probes.distributions: what is reduced together comes out as it does alone, and as numpy has it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.probes.distributions import BINS, SORTED_VALUES, Rows, distributions
from core.probes.summary import PERCENTILES

RANGES = ((-5.0, 5.0), (0.0, 1.0), (-1.0, 1.0))


def alone(rows: Rows) -> list[dict[str, Tensor]]:
    return [distributions([Rows(X[None], (each,))]) for X, each in zip(rows.values, rows.ranges, strict=True)]


def together(parts: list[Rows]) -> None:
    """Check that the parts' rows come out of one call exactly as each row comes out of its own."""
    found, single = distributions(parts), [row for part in parts for row in alone(part)]
    for key, values in found.items():
        expected = torch.cat([row[key] for row in single])
        assert torch.equal(values.nan_to_num(nan=-123.0), expected.nan_to_num(nan=-123.0)), key


numbers = st.floats(width=32, allow_nan=True, allow_infinity=True)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(shapes, min_size=1, max_size=3))
def test_a_row_comes_out_the_same_whatever_it_is_reduced_with(
    drawn: st.DataObject, sizes: list[tuple[int, ...]]
) -> None:
    parts = []
    for size in sizes:
        count = math.prod(size)
        values = drawn.draw(st.lists(numbers, min_size=count, max_size=count))
        parts.append(Rows(torch.tensor(values).view(size), RANGES[: size[0]]))
    together(parts)


def test_long_and_short_rows_do_not_disturb_each_other() -> None:
    drawn = torch.Generator().manual_seed(0)
    long, short = torch.randn(1, 6, 5000, generator=drawn), torch.randn(3, 10, 64, generator=drawn)
    short[1, 2, 3:6] = torch.tensor([math.nan, math.inf, -math.inf])
    together([Rows(long, RANGES[:1]), Rows(short, RANGES)])


@pytest.mark.parametrize("length", [20, SORTED_VALUES // 10])
def test_every_row_is_numpys(length: int) -> None:
    X = torch.randn(3, 10, length, generator=torch.Generator().manual_seed(1)) * torch.tensor([1.0, 0.2, 30]).view(
        3, 1, 1
    )
    found, x = distributions([Rows(X, RANGES)]), X.double().numpy()
    assert found["unit_means"].numpy() == pytest.approx(x.mean(axis=2).flatten(), rel=1e-4, abs=1e-6)
    assert found["unit_vars"].numpy() == pytest.approx(x.var(axis=2).flatten(), rel=1e-4)
    assert found["percentiles"].numpy() == pytest.approx(
        np.percentile(x, PERCENTILES, axis=(1, 2)).T, rel=1e-4, abs=1e-4
    )
    for row, ends in enumerate(RANGES):
        below, *bins, beyond = found["fixed"][row].tolist()
        assert bins == np.histogram(x[row][x[row] < ends[1]], BINS, ends)[0].tolist()
        assert (below, beyond) == ((x[row] < ends[0]).sum(), (x[row] >= ends[1]).sum())
