"""core.nets.card: torch.nn's layers, the same outputs and gradients, on the processor and on a card."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.data.streams import Beside
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets import card
from core.nets.lenet import build_lenet

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]
EXACT = {"rtol": 1e-9, "atol": 1e-10}  # float64


def dressed(layer: nn.Module) -> nn.Module:
    twin = nn.Sequential(copy.deepcopy(layer))
    card.dress(twin)
    return twin


def outcome(layer: nn.Module, X: torch.Tensor) -> list[torch.Tensor]:
    """The output, and the gradients of input, weights and biases for a fixed gradient of the output."""
    X = X.clone().requires_grad_()
    Y = layer(X)
    dY = torch.linspace(-1, 1, Y.numel(), dtype=Y.dtype, device=Y.device).view(Y.shape)
    return [Y, *torch.autograd.grad(Y, [X, *layer.parameters()], dY)]


@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=40)
@given(
    images=st.integers(1, 5),
    channels=st.tuples(st.integers(2, 5), st.integers(1, 5)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    room=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    data=st.data(),
)
def test_a_convolution_is_torchs(device, images, channels, kernel, room, data) -> None:
    padding = tuple(data.draw(st.integers(0, side - 1)) for side in kernel)
    size = [side + more for side, more in zip(kernel, room, strict=True)]
    conv = nn.Conv2d(*channels, kernel, padding=padding, dtype=torch.float64, device=device)
    X = torch.randn(images, channels[0], *size, dtype=torch.float64, device=device)
    for mine, theirs in zip(outcome(dressed(conv), X), outcome(conv, X), strict=True):
        torch.testing.assert_close(mine, theirs, **EXACT)


@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=20)
@given(images=st.integers(1, 5), outputs=st.integers(1, 40), kernel=st.integers(1, 5), padding=st.integers(0, 2))
def test_a_convolution_of_pictures_is_torchs_from_pictures_and_from_patches(
    device, images, outputs, kernel, padding
) -> None:
    conv = nn.Conv2d(1, outputs, kernel, padding=padding, dtype=torch.float64, device=device)
    X = torch.randn(images, 1, 7, 6, dtype=torch.float64, device=device)
    mine, (W, b) = dressed(conv), conv.parameters()
    expected = conv(X)
    for given_ in (X, card.patches(X, (kernel, kernel), (padding, padding))):
        Y = mine(given_)
        torch.testing.assert_close(Y, expected, **EXACT)
        dY = torch.linspace(-1, 1, Y.numel(), dtype=Y.dtype, device=device).view(Y.shape)
        gradients = torch.autograd.grad(Y, list(mine.parameters()), dY)
        for found, right in zip(gradients, torch.autograd.grad(conv(X), [W, b], dY), strict=True):
            torch.testing.assert_close(found, right, **EXACT)
            assert found.is_contiguous(), "as fused optimizers take it to be"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("outputs", [1, 10, 31, 32, 120])
def test_a_linear_layer_is_torchs(device: str, outputs: int) -> None:
    linear = nn.Linear(7, outputs, dtype=torch.float64, device=device)
    X = torch.randn(5, 7, dtype=torch.float64, device=device)
    for mine, theirs in zip(outcome(dressed(linear), X), outcome(linear, X), strict=True):
        torch.testing.assert_close(mine, theirs, **EXACT)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", [(64, 3, 24, 24), (4, 16, 8, 8), (256, 2, 12, 12)])
def test_batch_norm_is_torchs_with_its_running_statistics(device: str, shape: tuple[int, ...]) -> None:
    norm = nn.BatchNorm2d(shape[1], dtype=torch.float64, device=device)
    mine, X = dressed(norm), torch.randn(shape, dtype=torch.float64, device=device) * 3 + 1
    for _ in range(2):
        for found, right in zip(outcome(mine, X), outcome(norm, X), strict=True):
            torch.testing.assert_close(found, right, **EXACT)
    for found, right in zip(mine.buffers(), norm.buffers(), strict=True):
        torch.testing.assert_close(found, right, **EXACT)
    torch.testing.assert_close(mine.eval()(X), norm.eval()(X), **EXACT)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("arm", ["none", "bn", "ln", "in", "gn", "rms", "bn:book"])
@pytest.mark.parametrize("depth", [5, 12])
def test_a_dressed_network_has_the_same_gradients_and_names(device: str, arm: str, depth: int) -> None:
    config = ExperimentConfig(arms=(parse_arm(arm),), depth=depth)
    plain = build_lenet(config.arms[0], config).to(device, torch.float64)
    mine = copy.deepcopy(plain)
    card.dress(mine)
    X = torch.rand(33, 1, 28, 28, dtype=torch.float64, device=device)
    assert mine.state_dict().keys() == plain.state_dict().keys()
    with Beside(X.device, "test"):
        found = torch.autograd.grad(mine(X).square().sum(), list(mine.parameters()))
    for one, other in zip(found, torch.autograd.grad(plain(X).square().sum(), list(plain.parameters())), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)
