"""core.probes.along, against a softmax regression written out in numpy, and against what it must not touch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet
from core.probes.along import Along, along
from core.probes.multiples import MULTIPLES
from core.training.arms import build_arms

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(12, 4)), RANDOM.integers(0, 3, 12)


def regression(weight: np.ndarray) -> tuple[float, np.ndarray]:
    """Loss and gradient of softmax regression without a bias: the textbook's formulas."""
    logits = X @ weight.T
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(shares[range(12), Y]).mean()
    return loss, (shares - np.eye(3)[Y]).T @ X / 12


def by_hand(weight: np.ndarray, rate: float) -> Along:
    _loss, g = regression(weight)
    after = [regression(weight - multiple * rate * g) for multiple in MULTIPLES]
    losses = [loss for loss, _gradient in after]
    one = after[MULTIPLES.index(1.0)][1]
    length = np.linalg.norm
    return Along(
        max(losses) - min(losses),
        (one * g).sum() / length(one) / length(g),
        length(one - g) / length(g),
        max(length(h - g) / (m * rate * length(g)) for m, (_loss, h) in zip(MULTIPLES, after, strict=True)),
    )


@pytest.mark.parametrize("rate", [0.01, 0.5, 20.0])
def test_it_is_what_the_formulas_say(rate: float) -> None:
    net = nn.Sequential(nn.Linear(4, 3, bias=False)).double()
    weight = net[0].weight.detach().numpy().copy()
    found = along(net, torch.from_numpy(X), torch.from_numpy(Y), rate)
    expected = by_hand(weight, rate)
    for name in Along.__slots__:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-6), name


def test_on_a_short_step_nothing_turns_and_on_a_long_one_it_does() -> None:
    config = ExperimentConfig(activation="relu", init="he")
    images = torch.rand(32, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(32) % 10

    def at(rate: float) -> Along:
        return along(build_lenet(parse_arm("none"), config), images, labels, rate)

    short, long = at(1e-5), at(5.0)
    assert short.cosine > 0.999
    assert short.change < 0.01 < long.change
    assert long.cosine < 0.9
    assert long.loss_range > short.loss_range


@pytest.mark.parametrize("arm", ["bn", "bn:dropout=0.5", "bn:book"])
def test_a_copy_is_moved_and_the_network_stays_bit_for_bit_as_it_was(arm: str) -> None:
    (found,) = build_arms(ExperimentConfig(arms=(parse_arm(arm),)), torch.device("cpu"))
    before = {name: value.clone() for name, value in found.model.state_dict().items()}
    state = torch.get_rng_state()
    images, labels = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.arange(8)
    first, second = (along(found.twin(), images, labels, 0.1) for _ in range(2))
    assert first == second
    assert all(torch.equal(value, before[name]) for name, value in found.model.state_dict().items())
    assert found.model.training
    assert torch.equal(torch.get_rng_state(), state)


def test_where_a_loss_overflows_there_is_no_number() -> None:
    net = build_lenet(parse_arm("none"), ExperimentConfig(activation="relu"))
    found = along(net, torch.rand(4, 1, 28, 28), torch.arange(4), 1e38)
    assert not math.isfinite(found.cosine)
