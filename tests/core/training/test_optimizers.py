"""PyTorch's optimizers without torch.compile: the same bits, and nothing imported that nobody needs."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from core.experiment.config import ExperimentConfig
from core.training.optimizers import optimizer_for

LEARNERS = [
    (ExperimentConfig(optimizer="adam", learning_rate=0.01), lambda weights: torch.optim.Adam(weights, lr=0.01)),
    (ExperimentConfig(learning_rate=0.3), lambda weights: torch.optim.SGD(weights, lr=0.3)),
    (
        ExperimentConfig(learning_rate=0.3, momentum=0.9),
        lambda weights: torch.optim.SGD(weights, lr=0.3, momentum=0.9),
    ),
    (
        ExperimentConfig(learning_rate=0.3, weight_decay=0.01),
        lambda weights: torch.optim.SGD(weights, lr=0.3, weight_decay=0.01),
    ),
    (
        ExperimentConfig(optimizer="adam", learning_rate=0.01, weight_decay=0.3),
        lambda weights: torch.optim.Adam(weights, lr=0.01, weight_decay=0.3),
    ),
]
NAMES = ["adam", "sgd", "momentum", "sgd with decay", "adam with decay"]


def network() -> nn.Linear:
    torch.manual_seed(5)
    return nn.Linear(7, 3)


def learn(model: nn.Linear, optimizer: torch.optim.Optimizer, *steps: int) -> None:
    for step in steps:
        optimizer.zero_grad()
        X = torch.randn(11, 7, generator=torch.Generator().manual_seed(step))
        model(X).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize(("config", "torchs"), LEARNERS, ids=NAMES)
def test_the_weights_are_those_of_torchs_own_bit_for_bit(config, torchs) -> None:
    ours, theirs = network(), network()
    learn(ours, optimizer_for(ours, config, config.learning_rate), *range(20))
    learn(theirs, torchs(theirs.parameters()), *range(20))
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


@pytest.mark.parametrize(("config", "torchs"), LEARNERS, ids=NAMES)
def test_what_torchs_own_has_kept_is_taken_up(config, torchs) -> None:
    ours, theirs = network(), network()
    before = torchs(theirs.parameters())
    learn(theirs, before, *range(10))
    ours.load_state_dict(theirs.state_dict())
    after = optimizer_for(ours, config, config.learning_rate)
    after.load_state_dict(copy.deepcopy(before.state_dict()))  # the tensors themselves are taken
    learn(theirs, before, *range(10, 20))
    learn(ours, after, *range(10, 20))
    assert torch.equal(ours.weight, theirs.weight)
    assert str(after.state_dict()) == str(before.state_dict())


TRAINS = """
import sys, torch
from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.training.trainer import train

images, labels = torch.zeros(64, 1, 28, 28, dtype=torch.uint8), torch.zeros(64, dtype=torch.int64)
data = Images("digits", images, labels, images, labels, ())
for optimizer in ("sgd", "adam"):
    config = ExperimentConfig(data="digits", examples=64, batch_size=32, epochs=1, optimizer=optimizer)
    train(config, data, lambda record: None)
print(*sorted({"torchvision", "torch._dynamo", "sympy", "sklearn"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_training_waits_for_no_import_that_takes_seconds() -> None:
    done = subprocess.run([sys.executable, "-c", TRAINS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
