"""core.experiment.rules: a number is one in the precision in which it is used."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from core.experiment.arm import parse_arm
from core.experiment.config import LARGEST_RATE, OPTIMIZERS, ExperimentConfig
from core.experiment.rules import LEAST, MOST, ConfigError

FLOAT32 = np.finfo(np.float32)


@pytest.mark.parametrize("rate", [float(FLOAT32.max), float(FLOAT32.tiny), 1e38, 0.1])
def test_a_learning_rate_may_be_any_that_float32_holds(rate: float) -> None:
    assert ExperimentConfig(learning_rate=rate).learning_rate == rate
    assert parse_arm(f"bn:lr={rate!r}").learning_rate == rate


@pytest.mark.parametrize(
    "rate", [1e39, math.nextafter(float(FLOAT32.max), math.inf), math.nextafter(float(FLOAT32.tiny), 0), 1e-50, 5e-324]
)
def test_a_learning_rate_that_float32_does_not_hold_is_refused_wherever_it_is_said(rate: float) -> None:
    for said in (lambda: ExperimentConfig(learning_rate=rate), lambda: parse_arm(f"none:lr={rate!r}")):
        with pytest.raises(ConfigError, match=r"float32, where a learning rate is from 1.2e-38 to 3.4e\+38; got"):
            said()


@pytest.mark.parametrize("share", [1 - 2.0**-25, 0.99999999999, 1e-50])
@pytest.mark.parametrize("setting", ["momentum", "dropout"])
def test_a_share_that_is_0_or_1_in_float32_is_refused(setting: str, share: float) -> None:
    with pytest.raises(ConfigError, match="is 0 or 1 in float32"):
        ExperimentConfig(**{setting: share})


@pytest.mark.parametrize("share", [0.0, float(FLOAT32.tiny), 1 - 2.0**-24])
@pytest.mark.parametrize("setting", ["momentum", "dropout"])
def test_a_share_may_be_0_or_any_between_that_float32_holds(setting: str, share: float) -> None:
    assert getattr(ExperimentConfig(**{setting: share}), setting) == share
    assert share == float(np.float32(share)) < 1


def steps(optimizer: str, rate: float) -> float:
    """Where a weight of 1 is after two of PyTorch's steps with a tiny gradient."""
    weight = torch.nn.Parameter(torch.ones(1))
    kinds: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    taken = kinds[optimizer]([weight], lr=rate)
    for _ in range(2):
        weight.grad = torch.full((1,), 1e-30)
        taken.step()
    return weight.item()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_pytorch_takes_steps_with_the_largest_and_the_smallest_rate_and_moves(optimizer: str) -> None:
    assert steps(optimizer, LARGEST_RATE[optimizer]) != 1
    steps(optimizer, LEAST)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_larger_rate_is_refused_and_pytorch_would_raise(optimizer: str) -> None:
    larger = 1.2 * LARGEST_RATE[optimizer]
    with pytest.raises(RuntimeError, match="overflow"):
        steps(optimizer, larger)
    for settings in ({"learning_rate": larger}, {"arms": (parse_arm(f"bn:lr={min(larger, MOST)!r}"),)}):
        if optimizer == "sgd" and "arms" in settings:
            continue  # refused by the arm itself
        with pytest.raises(ConfigError, match="float32"):
            ExperimentConfig(optimizer=optimizer, **settings)
