"""core.lab.curves: few numbers of a long training, and the band of several."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.lab.curves import POINTS, Band, thinned
from core.training.records import TrainMeasured

RANDOM = np.random.default_rng(0)


def trained(losses: list[float], stride: int = 1) -> list[TrainMeasured]:
    steps = range(stride, stride * len(losses) + 1, stride)
    return [TrainMeasured(s, 0.0, stride, {"bn": loss}, {}, {}, {}) for s, loss in zip(steps, losses, strict=True)]


def test_a_short_training_has_all_its_steps() -> None:
    assert thinned(trained([3.0, 2.0, 1.0]), 3) == {"bn": [(1, 3.0), (2, 2.0), (3, 1.0)]}


@pytest.mark.parametrize(("count", "stride"), [(80, 1), (400, 1), (1000, 2)])
def test_a_long_one_has_means_over_equal_parts(count: int, stride: int) -> None:
    losses = RANDOM.random(count)
    curve = thinned(trained(losses.tolist(), stride), count * stride)["bn"]
    assert [step for step, _loss in curve] == [(n + 1) * count * stride // POINTS for n in range(POINTS)]
    assert [loss for _step, loss in curve] == pytest.approx(losses.reshape(POINTS, -1).mean(1))


def test_a_loss_that_is_no_number_ends_the_curve_and_an_arm_that_has_ended_has_a_shorter_one() -> None:
    assert thinned(trained([1.0, math.inf, 1.0]), 3) == {"bn": [(1, 1.0)]}
    assert thinned(trained([1.0, 1.0]), 4) == {"bn": [(1, 1.0), (2, 1.0)]}


def test_a_band_is_median_and_range_over_the_seeds_that_are_there() -> None:
    curves = RANDOM.random((5, 3))
    band = Band.of([list(zip((1, 2, 3), map(float, curve), strict=True)) for curve in curves])
    assert band.median == pytest.approx(np.median(curves, 0))
    assert (band.low, band.high) == (curves.min(0).tolist(), curves.max(0).tolist())
    assert Band.of([[(1, 1.0), (2, 5.0)], [(1, 3.0)]]) == Band([1, 2], [2.0, 5.0], [1.0, 5.0], [3.0, 5.0], [2, 1])
    assert Band.of([]) == Band([], [], [], [], [])
