"""core.nets.lenet: names, shapes, initial weights shared by all arms, and dropout's own random streams."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.experiment.arm import parse_arm
from core.experiment.config import ACTIVATIONS, DEPTHS, INITS, POOLS, ExperimentConfig
from core.nets import fast, steady
from core.nets.lenet import Dropout, build_lenet, fingerprint, parameter_count, stream_seed, weight_layers
from core.nets.norms import BatchNorm

ARMS = ("none", "bn", "ln", "in", "gn", "rms", "bn:book", "bn/none", "none/bn", "in/ln", "bn:dropout=0.5")
CONFIG = ExperimentConfig()
IMAGES = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def lenet(arm: str = "none", **settings: object) -> nn.Sequential:
    return build_lenet(parse_arm(arm), replace(CONFIG, **settings))


def weights(model: nn.Sequential) -> list[Tensor]:
    return [values for layer in weight_layers(model).values() for values in layer.parameters()]


# Layers


def test_layers_are_the_chapters_by_name_and_in_order() -> None:
    names = [name for name, _ in lenet().named_children()]
    assert names == [
        *("conv1", "conv1_norm", "conv1_act", "pool1"),
        *("conv2", "conv2_norm", "conv2_act", "pool2"),
        "flatten",
        *("fc1", "fc1_norm", "fc1_act", "fc2", "fc2_norm", "fc2_act", "fc3"),
    ]


@pytest.mark.parametrize(("depth", "convs", "linears"), [(5, 2, 3), (8, 2, 6), (12, 6, 6)])
def test_depth_counts_the_layers_with_weights(depth: int, convs: int, linears: int) -> None:
    names = list(weight_layers(lenet(depth=depth)))
    assert names == [f"conv{i + 1}" for i in range(convs)] + [f"fc{i + 1}" for i in range(linears)]
    assert len(names) == depth


@pytest.mark.parametrize("depth", DEPTHS)
def test_shapes_are_those_in_the_docstring(depth: int) -> None:
    shapes, X = {}, IMAGES
    for name, layer in lenet(depth=depth).named_children():
        X = layer(X)
        shapes[name] = tuple(X.shape[1:])
    assert shapes["conv1"] == (6, 24, 24)
    assert shapes["pool1"] == (6, 12, 12)
    assert {shapes[name] for name in shapes if name.startswith("conv") and name[4] != "1"} == {(16, 8, 8)}
    assert shapes["pool2"] == (16, 4, 4)
    assert shapes["flatten"] == (256,)
    assert shapes["fc1"] == (120,)
    assert {shapes[name] for name in shapes if name.endswith("_act") and name > "fc2"} == {(84,)}
    assert X.shape == (4, 10)


@pytest.mark.parametrize("arm", ARMS)
def test_the_second_layer_is_the_first_norm_in_every_arm(arm: str) -> None:
    net = lenet(arm)
    assert net[1] is net.conv1_norm
    assert isinstance(net[1], nn.Identity) == arm.startswith("none")


def test_convolutions_and_linear_layers_take_their_norms_separately() -> None:
    kinds = [type(m) for name, m in fast.plain(lenet("in/ln", depth=12)).named_children() if name.endswith("_norm")]
    assert kinds == [nn.InstanceNorm2d] * 6 + [nn.LayerNorm] * 5
    kinds = [type(m) for name, m in fast.plain(lenet("none/bn")).named_children() if name.endswith("_norm")]
    assert kinds == [nn.Identity] * 2 + [nn.BatchNorm1d] * 2


def test_the_books_batch_norm_stands_where_the_librarys_would() -> None:
    norms = [m for name, m in lenet("bn:book").named_children() if name.endswith("_norm")]
    assert [type(norm) for norm in norms] == [BatchNorm] * 4
    torch.testing.assert_close(lenet("bn:book")(IMAGES), lenet("bn")(IMAGES), rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pool", POOLS)
def test_activation_and_pooling_are_the_configured_ones(activation: str, pool: str) -> None:
    net = lenet(activation=activation, pool=pool)
    acts = {type(m) for name, m in net.named_children() if name.endswith("_act")}
    assert acts == {{"sigmoid": steady.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}[activation]}
    expected = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}[pool]
    assert isinstance(net.pool1, expected)
    assert isinstance(net.pool2, expected)


def test_parameters_are_counted_by_hand_for_the_plain_net_and_batch_norm() -> None:
    plain = (25 * 1 + 1) * 6 + (25 * 6 + 1) * 16 + (256 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10
    assert parameter_count(lenet("none")) == plain == 44_426
    for arm in ("bn", "bn:book", "ln", "gn"):
        assert parameter_count(lenet(arm)) == plain + 2 * (6 + 16 + 120 + 84)
    assert parameter_count(lenet("rms")) == plain + (6 + 16 + 120 + 84)
    assert parameter_count(lenet("in")) == plain + 2 * (6 + 16)


# Initial weights


@pytest.mark.parametrize("depth", DEPTHS)
def test_all_arms_start_from_the_same_convolution_and_linear_weights(depth: int) -> None:
    plain = weights(lenet("none", depth=depth))
    for arm in ARMS:
        for own, other in zip(weights(lenet(arm, depth=depth)), plain, strict=True):
            assert torch.equal(own, other)
    assert len({fingerprint(lenet(arm, depth=depth)) for arm in ARMS}) == 1


def test_the_fingerprint_tells_any_other_start_apart() -> None:
    others = [lenet(seed=1), lenet(init="he"), lenet(init="default"), lenet(init="normal"), lenet(depth=8)]
    nudged = lenet()
    nudged.fc3.bias.data[0] += 1e-6
    prints = {fingerprint(model) for model in [lenet(), nudged, *others]}
    assert len(prints) == 7
    assert all(len(digits) == 8 and int(digits, 16) >= 0 for digits in prints)


def test_the_fingerprint_ignores_what_the_norm_learns() -> None:
    net = lenet("bn")
    before = fingerprint(net)
    net(IMAGES)
    net[1].weight.data += 1
    assert fingerprint(net) == before


@pytest.mark.slow
def test_the_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "from core.experiment.config import *; from core.nets.lenet import *;"
        "print(fingerprint(build_lenet(parse_arm('bn'), ExperimentConfig(seed=3))), stream_seed(0, 'bn', 'fc1'))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == [fingerprint(lenet("ln", seed=3)), str(stream_seed(0, "bn", "fc1"))]


# init: half width of the uniform distribution of weights, as published, from (fan_in, fan_out)
HALF_WIDTH = {
    "xavier": lambda fan_in, fan_out: (6 / (fan_in + fan_out)) ** 0.5,
    "he": lambda fan_in, fan_out: (6 / fan_in) ** 0.5,
    "default": lambda fan_in, fan_out: (1 / fan_in) ** 0.5,
}
FANS = {"conv1": (25, 150), "conv2": (150, 400), "fc1": (256, 120), "fc2": (120, 84), "fc3": (84, 10)}


@pytest.mark.parametrize("init", HALF_WIDTH)
def test_weights_fill_the_published_uniform_distribution(init: str) -> None:
    for name, layer in weight_layers(lenet(init=init)).items():
        width = HALF_WIDTH[init](*FANS[name])
        assert layer.weight.abs().max() <= width
        assert layer.weight.abs().max() > 0.95 * width
        assert layer.weight.std().item() == pytest.approx(width / 3**0.5, rel=0.15)


def test_normal_weights_have_a_standard_deviation_of_a_hundredth() -> None:
    for layer in weight_layers(lenet(init="normal")).values():
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.15)
    assert lenet(init="normal").fc1.weight.abs().max() > 0.03  # a normal distribution's tail, not a uniform one's


@pytest.mark.parametrize("init", INITS)
def test_biases_are_uniform_within_one_over_the_root_of_fan_in(init: str) -> None:
    for name, layer in weight_layers(lenet(init=init)).items():
        bound = FANS[name][0] ** -0.5
        assert layer.bias.abs().max() <= bound
        assert layer.bias.abs().max() > 0.5 * bound


def test_building_neither_reads_nor_changes_the_global_random_states() -> None:
    torch.manual_seed(1)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    one = fingerprint(lenet("bn:dropout=0.5", depth=12))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    torch.manual_seed(2)
    assert fingerprint(lenet("bn:dropout=0.5", depth=12)) == one


# Dropout


def test_dropout_follows_the_activations_of_the_hidden_linear_layers_only_where_it_is_used() -> None:
    names = [name for name, _ in lenet(dropout=0.2, depth=8).named_children()]
    assert [name for name in names if name.endswith("_dropout")] == [f"fc{i}_dropout" for i in range(1, 6)]
    assert all(names[names.index(f"fc{i}_dropout") - 1] == f"fc{i}_act" for i in range(1, 6))
    assert not any(isinstance(m, Dropout) for m in lenet())


def test_an_arms_own_dropout_goes_before_the_experiments() -> None:
    assert lenet("none", dropout=0.2).fc1_dropout.p == 0.2
    assert lenet("none:dropout=0.5", dropout=0.2).fc1_dropout.p == 0.5
    assert not any(isinstance(m, Dropout) for m in lenet("none:dropout=0", dropout=0.2))


def test_dropout_zeroes_a_share_p_and_keeps_the_mean() -> None:
    Y = Dropout(0.3, seed=0)(torch.ones(400, 500))
    assert (Y == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
    assert Y.double().mean().item() == pytest.approx(1, abs=0.01)
    assert torch.equal(Y.unique(), torch.tensor([0, 1 / 0.7]))


def test_dropout_passes_gradients_through_what_it_kept_only() -> None:
    X = torch.ones(8, 9, requires_grad=True)
    Y = Dropout(0.5, seed=0)(X)
    Y.sum().backward()
    assert torch.equal(X.grad, Y.detach())


def test_dropout_in_eval_mode_changes_and_draws_nothing() -> None:
    layer = Dropout(0.5, seed=0).eval()
    X = torch.rand(3, 4)
    assert layer(X) is X
    assert layer.generator is None


def test_every_arm_and_layer_has_a_dropout_stream_of_its_own_that_starts_again_with_the_network() -> None:
    def masks(arm: str, **settings: object) -> list[Tensor]:
        net = lenet(arm, dropout=0.5, **settings)
        return [layer(torch.ones(8, 84)) for layer in (net.fc1_dropout, net.fc2_dropout)]

    bn, again, ln, reseeded = masks("bn"), masks("bn"), masks("ln"), masks("bn", seed=1)
    assert torch.equal(bn[0], again[0])
    assert torch.equal(bn[1], again[1])
    assert not torch.equal(bn[0], bn[1])
    assert not torch.equal(bn[0], ln[0])
    assert not torch.equal(bn[0], reseeded[0])


def test_dropout_draws_anew_at_every_step_and_never_from_the_global_stream() -> None:
    layer, state = Dropout(0.5, seed=0), torch.get_rng_state()
    first, second = layer(torch.ones(8, 84)), layer(torch.ones(8, 84))
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_copied_network_continues_the_same_dropout_stream_on_its_own() -> None:
    layer = Dropout(0.5, seed=0)
    layer(torch.ones(8, 84))
    twin = copy.deepcopy(layer)
    expected = layer(torch.ones(8, 84))
    assert torch.equal(twin(torch.ones(8, 84)), expected)


@pytest.mark.parametrize("p", [-0.1, 1, float("nan")])
def test_impossible_dropout_is_refused_with_the_rule(p: float) -> None:
    with pytest.raises(ValueError, match=r"0 <= p < 1; got .*Use 0 to 0\.9"):
        Dropout(p, seed=0)
