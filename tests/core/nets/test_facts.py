"""What normalization does to this network at step 0, as measured numbers with bands wider than their spread.

The numbers and bands are those of the project's reference measurements on Fashion-MNIST (facts 1, 2, 3, 4, 5, 10 and
13; fact 12 is in test_norms.py). Everything here is computed by plain autograd and numpy, without the project's
probes, which are tested against the same bands on their own.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.data.files import verify
from core.data.images import as_floats, load
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet, weight_layers
from core.nets.norms import BatchNorm

TRAINED_ON, HELD_OUT = 256, 512


@pytest.fixture(scope="module", params=["fashion-mnist", "digits"])
def images(request: pytest.FixtureRequest) -> tuple[str, Tensor, Tensor, Tensor]:
    """(dataset, a mini-batch [256, 1, 28, 28], its labels [256], held-out images [M, 1, 28, 28])."""
    name = request.param
    if name == "fashion-mnist" and any(check.status != "ok" for check in verify(name)):
        pytest.skip(f"no Fashion-MNIST in NORMSCOPE_DATA={os.environ.get('NORMSCOPE_DATA', '')!r}")
    data = load(name)
    batch = as_floats(data.train_images[:TRAINED_ON])
    return name, batch, data.train_labels[:TRAINED_ON], as_floats(data.test_images[:HELD_OUT])


def seeds(name: str) -> range:
    """Fashion-MNIST is what the bands were measured on; the digits only stand in, on the default seed."""
    return range(3) if name == "fashion-mnist" else range(1)


def lenet(arm: str, seed: int, **settings: object) -> nn.Sequential:
    return build_lenet(parse_arm(arm), ExperimentConfig(seed=seed, **settings))


def gradient_ratio(net: nn.Sequential, X: Tensor, y: Tensor) -> float:
    """mean |dL/dW| of the first layer over that of the last one."""
    cross_entropy(net(X), y).backward()
    sizes = [layer.weight.grad.abs().mean().item() for layer in weight_layers(net).values()]
    return sizes[0] / sizes[-1]


@torch.no_grad()
def outputs(net: nn.Sequential, X: Tensor, ending: str) -> dict[str, np.ndarray]:
    found = {}
    for name, layer in net.named_children():
        X = layer(X)
        if name.endswith(ending):
            found[name.removesuffix(ending)] = X.double().numpy()
    return found


def test_fact_1_sigmoid_gradients_vanish_without_norm_less_with_layer_norm_and_not_with_batch_norm(images) -> None:
    name, X, y, _ = images
    for seed in seeds(name):
        none, ln, bn = (gradient_ratio(lenet(arm, seed), X, y) for arm in ("none", "ln", "bn"))
        assert none < 0.02
        assert 0.01 < ln < 0.2
        assert 0.4 < bn < 4
        assert none < ln < bn


def test_fact_2_at_depth_12_nothing_is_left_without_norm_and_batch_norm_still_passes_gradients(images) -> None:
    name, X, y, _ = images
    for seed in seeds(name):
        assert gradient_ratio(lenet("none", seed, depth=12), X, y) < 1e-5
        assert 0.4 < gradient_ratio(lenet("bn", seed, depth=12), X, y) < 4


def test_fact_3_with_relu_at_depth_5_nothing_vanishes_even_without_norm(images) -> None:
    name, X, y, _ = images
    for seed in seeds(name):
        assert gradient_ratio(lenet("none", seed, activation="relu"), X, y) > 1


def test_fact_4_without_norm_every_image_gives_nearly_the_same_fc2_and_batch_norm_tells_them_apart(images) -> None:
    name, _, _, X = images
    bands = {"none": (0, 0.002), "ln": (0.001, 0.03), "bn": (0.19, 0.23)}
    for seed in seeds(name):
        for arm, (low, high) in bands.items():
            fc2 = outputs(lenet(arm, seed), X, "_act")["fc2"]  # [M, 84]
            assert low < fc2.std(axis=0).mean() < high, arm


def test_fact_4_the_pooled_spread_does_not_show_it(images) -> None:
    name, _, _, X = images
    for seed in seeds(name):
        assert outputs(lenet("none", seed), X, "_act")["fc2"].std() > 0.1


def test_fact_5_sigmoid_units_are_not_saturated_at_the_start(images) -> None:
    name, _, _, X = images
    for seed in seeds(name):
        for arm, most in (("none", 0.001), ("bn", 0.01)):
            for layer, a in outputs(lenet(arm, seed), X, "_act").items():
                assert ((a < 0.05) | (a > 0.95)).mean() < most, (arm, layer)


def test_fact_10_with_two_images_only_signs_pass_a_linear_batch_norm(images) -> None:
    name, X, _, _ = images
    for seed in seeds(name):
        z = torch.from_numpy(outputs(lenet("bn", seed), X, "fc1")[""])  # [N, 120], before the norm
        pairs = z.reshape(-1, 2, z.shape[1])
        x_hat = torch.stack([BatchNorm(z.shape[1], 2).double()(pair) for pair in pairs])
        share = (pairs.numpy().var(axis=1).mean(axis=0) / z.numpy().var(axis=0)).mean()
        assert x_hat.abs().median() > 0.99
        assert share == pytest.approx(0.5, abs=0.05)


def scaled(net: nn.Sequential, layer: str, factor: float) -> nn.Sequential:
    with torch.no_grad():
        for values in net.get_submodule(layer).parameters():
            values.mul_(factor)
    return net


@pytest.mark.parametrize("arm", ["bn", pytest.param("bn:book", marks=pytest.mark.slow)])
def test_fact_13_ten_times_the_weights_before_batch_norm_give_the_same_logits_and_a_tenth_of_the_gradient(
    images, arm: str
) -> None:
    name, X, y, _ = images
    for seed in seeds(name):
        net = lenet(arm, seed).double()
        logits = net(X.double())
        cross_entropy(logits, y).backward()
        for layer in ("conv1", "conv2", "fc1", "fc2"):
            larger = scaled(lenet(arm, seed).double(), layer, 10)
            same = larger(X.double())
            cross_entropy(same, y).backward()
            small, tenth = (model.get_submodule(layer).weight.grad.norm() for model in (net, larger))
            assert (logits - same).abs().max() < 1e-2, layer
            assert (tenth / small).item() == pytest.approx(0.1, abs=0.001), layer


def test_fact_13_ten_times_the_weights_without_norm_do_change_the_logits(images) -> None:
    name, X, _, _ = images
    for seed in seeds(name):
        assert (lenet("none", seed)(X) - scaled(lenet("none", seed), "fc2", 10)(X)).abs().max() > 1e-2


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
def test_fact_13_a_bias_before_batch_norm_is_useless_and_one_before_layer_norm_is_not(images, dtype, most) -> None:
    name, X, y, _ = images
    for seed in seeds(name):
        largest = {}
        for arm in ("bn", "ln"):
            net = lenet(arm, seed).to(dtype)
            cross_entropy(net(X.to(dtype)), y).backward()
            largest[arm] = [
                net.get_submodule(layer).bias.grad.abs().max() for layer in ("conv1", "conv2", "fc1", "fc2")
            ]
        assert max(largest["bn"]) < most
        assert min(largest["ln"]) > 1e-4
