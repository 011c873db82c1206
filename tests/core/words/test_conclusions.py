"""core.words.conclusions: what is said of a look is what the tensors are, computed here another way."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.norms import gamma_beta
from core.probes.summary import NetworkSummary
from core.training.arms import Arm, build_arms
from core.training.steps import look_at_fixed_images
from core.words import conclusions

ARMS = tuple(parse_arm(name) for name in ("none", "bn", "ln", "bn/none"))
TITLES = {arm.name: arm.title for arm in ARMS}
CONFIG = ExperimentConfig(data="digits", examples=96, batch_size=32, activation="relu", arms=ARMS)
LAYERS = ("conv1", "conv2", "fc1", "fc2", "fc3")


def about_gradients(looked: dict[str, NetworkSummary], titles: conclusions.Titles) -> str:
    return str(conclusions.about_gradients(looked, titles))


def about_activations(looked: dict[str, NetworkSummary], titles: conclusions.Titles, layer: str) -> str:
    return str(conclusions.about_activations(looked, titles, layer))


def about_parameters(looked: dict[str, NetworkSummary], titles: conclusions.Titles, layer: str) -> str:
    return str(conclusions.about_parameters(looked, titles, layer))


def about_dead(looked: dict[str, NetworkSummary], titles: conclusions.Titles, step: int) -> str:
    return str(conclusions.about_dead(looked, titles, step))


@pytest.fixture
def arms() -> list[Arm]:
    return build_arms(CONFIG, torch.device("cpu"))


def parameter(arm: Arm, name: str) -> Tensor:
    return dict(arm.model.named_parameters())[name]


def gamma(arm: Arm, layer: str) -> Tensor:
    return gamma_beta(dict(arm.model.named_children())[f"{layer}_norm"])[0]


def fill(values: Tensor, value: float) -> None:
    with torch.no_grad():
        values.fill_(value)


def kill(arm: Arm, layer: str) -> None:
    """Have `layer` answer every image with 0: what enters its ReLU is far below 0."""
    beta = gamma_beta(dict(arm.model.named_children())[f"{layer}_norm"])[1]
    fill(parameter(arm, f"{layer}.bias") if beta is None else beta, -100)


def seen(arms: list[Arm], images: Images) -> dict[str, NetworkSummary]:
    return dict(look_at_fixed_images(CONFIG, images, arms, 0).arms)


def gradients(arm: Arm, images: Images) -> dict[str, Tensor]:
    """{layer: dL/dW} on the 64 fixed images, by autograd alone."""
    loss = nn.functional.cross_entropy(arm.model.train()(as_floats(images.test_images[:64])), images.test_labels[:64])
    weights = [parameter(arm, f"{layer}.weight") for layer in LAYERS]
    return dict(zip(LAYERS, torch.autograd.grad(loss, weights), strict=True))


# --- dead arms ---------------------------------------------------------------------------------------------------


def test_an_arm_whose_last_hidden_layer_is_dead_has_no_gradient_at_all_and_is_not_left_out(
    arms: list[Arm], small_images: Images
) -> None:
    kill(arms[0], "fc2")
    kill(arms[2], "fc2")
    looked = seen(arms, small_images)
    for arm in (arms[0], arms[2]):
        assert all((gradient == 0).all() for gradient in gradients(arm, small_images).values())
    said = about_gradients(looked, TITLES)
    assert "No normalization both exactly 0; BatchNorm " in said
    assert "; LayerNorm both exactly 0; " in said
    assert about_dead(looked, TITLES, 1234) == (
        "Dead at step 1,234, 0 for all 64 images: fc2 of No normalization, LayerNorm. "
        "Gradient exactly 0 at step 1,234: every layer of No normalization, LayerNorm."
    )


def test_a_dead_layer_in_the_middle_leaves_a_gradient_behind_the_next_one(
    arms: list[Arm], small_images: Images
) -> None:
    kill(arms[0], "conv2")
    zero = [layer for layer, gradient in gradients(arms[0], small_images).items() if (gradient == 0).all()]
    assert zero == ["conv1", "conv2", "fc1"]
    looked = seen(arms, small_images)
    assert "No normalization exactly 0; BatchNorm" in about_gradients(looked, TITLES)
    assert about_dead(looked, TITLES, 5) == (
        "Dead at step 5, 0 for all 64 images: conv2 of No normalization. "
        "Gradient exactly 0 at step 5: conv1 to fc1 of No normalization."
    )


@pytest.mark.parametrize(
    ("dead", "told"),
    [
        (["conv2", "fc1", "fc2"], "conv2 to fc2"),
        (["fc1", "fc2"], "fc1, fc2"),
        (["conv1", "fc1", "fc2"], "conv1, fc1, fc2"),
    ],
)
def test_every_dead_layer_is_named_as_in_the_table_of_dead_units(
    arms: list[Arm], small_images: Images, dead: list[str], told: str
) -> None:
    for layer in dead:
        kill(arms[0], layer)
    looked = seen(arms, small_images)
    assert [layer.name for layer in looked["none"].layers if layer.zero_share == 1] == dead
    assert f"0 for all 64 images: {told} of No normalization. " in about_dead(looked, TITLES, 5)


def test_of_arms_that_are_dead_in_different_layers_each_is_named_with_its_own(
    arms: list[Arm], small_images: Images
) -> None:
    kill(arms[0], "conv2")
    kill(arms[1], "fc2")
    assert about_dead(seen(arms, small_images), TITLES, 5) == (
        "Dead at step 5, 0 for all 64 images: conv2 of No normalization; fc2 of BatchNorm. "
        "Gradient exactly 0 at step 5: conv1 to fc1 of No normalization; every layer of BatchNorm."
    )


@pytest.mark.parametrize(
    ("times", "said"),
    [(3.14, "3"), (105.4, "105"), (981_143, "980,000"), (52_335, "52,000"), (999_999, "1,000,000"), (6.2e10, "6·10¹⁰")],
)
def test_a_large_ratio_of_gradients_is_told_no_more_exactly_than_the_chart_beside_has_it(
    arms: list[Arm], small_images: Images, times: float, said: str
) -> None:
    looked = seen(arms[:1], small_images)["none"]
    first, *between, last = looked.layers
    assert first.gradient is not None
    weak, strong = (replace(first.gradient, mean_abs=size) for size in (0.5, 0.5 * times))
    layers = (replace(first, gradient=weak), *between, replace(last, gradient=strong))
    told = about_gradients({"none": replace(looked, layers=layers)}, TITLES)
    assert told.endswith(f": No normalization {said} times smaller.")


def test_a_gradient_of_exactly_0_without_a_dead_layer_is_told_too(arms: list[Arm], small_images: Images) -> None:
    config = replace(CONFIG, activation="sigmoid")
    (arm,) = build_arms(replace(config, arms=ARMS[:1]), torch.device("cpu"))
    fill(parameter(arm, "fc2.bias"), 1000)  # σ is 1 to the last bit, and its slope 0
    looked = look_at_fixed_images(config, small_images, [arm], 0).arms
    zero = [layer for layer, gradient in gradients(arm, small_images).items() if (gradient == 0).all()]
    assert zero == ["conv1", "conv2", "fc1", "fc2"]
    said = about_dead(looked, TITLES, 5)
    assert said == "Gradient exactly 0 at step 5: conv1 to fc2 of No normalization."


@pytest.mark.parametrize(
    ("still", "named"),
    [
        ((0, 1, 2, 3, 4), "every layer"),
        ((1, 2, 3), "conv2 to fc2"),
        ((0, 1), "conv1, conv2"),
        ((0, 2, 3, 4), "conv1, fc1, fc2, fc3"),
    ],
)
def test_layers_that_follow_one_another_are_named_by_the_first_and_the_last(
    arms: list[Arm], small_images: Images, still: tuple[int, ...], named: str
) -> None:
    looked = seen(arms, small_images)["bn"]
    gone = [replace(layer, gradient=replace(layer.gradient, zero_share=1.0)) for layer in looked.layers]
    layers = tuple(gone[i] if i in still else layer for i, layer in enumerate(looked.layers))
    said = about_dead({"bn": replace(looked, layers=layers)}, TITLES, 5)
    assert said == f"Gradient exactly 0 at step 5: {named} of BatchNorm."


def test_of_arms_that_learn_nobody_is_called_dead(arms: list[Arm], small_images: Images) -> None:
    fill(parameter(arms[0], "fc2.bias"), -0.3)  # many units are dead, not all
    looked = seen(arms, small_images)
    assert 0 < looked["none"].layers[3].inactive_share < 1
    assert about_dead(looked, TITLES, 5) == ""


# --- the layer that is chosen ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_the_spread_is_that_of_the_layer_asked_for(arms: list[Arm], small_images: Images, layer: str) -> None:
    values = as_floats(small_images.test_images[:64])
    with torch.no_grad():
        for name, module in arms[0].model.named_children():
            values = module(values)
            if name == (layer if layer == "fc3" else f"{layer}_act"):
                break
    units = values.double().transpose(0, 1).flatten(1)
    each, pooled = units.std(1, correction=0).mean().item(), values.double().std(correction=0).item()
    said = about_activations(seen(arms, small_images), TITLES, layer)
    where = "the output fc3" if layer == "fc3" else f"{layer} after the activation"
    assert f"a unit of {where} varies by: No normalization {each:#.2g} (pooled {pooled:#.2g}); BatchNorm" in said


def test_gamma_is_that_of_the_norm_behind_the_layer_asked_for(arms: list[Arm], small_images: Images) -> None:
    with torch.no_grad():
        gamma(arms[1], "fc1").copy_(torch.linspace(0.5, 1.75, 120))
    looked = seen(arms, small_images)
    assert "behind fc1, from 1 at the start: BatchNorm 0.50 to 1.75, running" in about_parameters(looked, TITLES, "fc1")
    assert "behind conv1, from 1 at the start: BatchNorm 1.00 to 1.00, " in about_parameters(looked, TITLES, "conv1")


def test_an_arm_without_a_norm_behind_that_layer_is_not_spoken_of(arms: list[Arm], small_images: Images) -> None:
    looked = seen(arms, small_images)
    assert "BatchNorm on convolutions only 1.00" in about_parameters(looked, TITLES, "conv2")
    assert "convolutions only" not in about_parameters(looked, TITLES, "fc1")
    bare = {name: looked[name] for name in ("none", "bn/none")}
    assert about_parameters(bare, TITLES, "fc1") == "No arm of this look has a norm behind fc1."


@pytest.mark.parametrize("layer", ["conv1", "fc2"])
def test_the_running_variance_is_compared_with_the_images_variance_of_that_layer(
    arms: list[Arm], small_images: Images, layer: str
) -> None:
    values = as_floats(small_images.test_images[:64])
    with torch.no_grad():
        for name, module in arms[1].model.train().named_children():
            values = module(values)
            if name == layer:
                break
    own = values.double().transpose(0, 1).flatten(1).var(1, correction=0).mean().item()
    looked = seen(build_arms(CONFIG, torch.device("cpu")), small_images)  # running variances of 1
    said = about_parameters(looked, TITLES, layer)
    told = said.partition("BatchNorm 1.00 to 1.00, running variance ")[2].partition(" × that of the images")[0]
    assert float(told) == pytest.approx(1 / own, rel=0.05)


def test_gamma_that_is_no_number_is_told_as_such(arms: list[Arm], small_images: Images) -> None:
    fill(gamma(arms[1], "conv1"), math.inf)
    said = about_parameters(seen(arms, small_images), TITLES, "conv1")
    assert "LayerNorm 1.00 to 1.00" in said
    assert "γ of the norm behind conv1 is not a finite number at this step: BatchNorm." in said


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.9, 1.1, "0.90 to 1.10"),
        (0.9972, 1.0031, "0.997 to 1.003"),
        (0.99996, 1.0, "0.99996 to 1.00000"),
        (1.0, 1.0, "1.00 to 1.00"),
    ],
)
def test_the_ends_of_gammas_range_are_told_apart(
    arms: list[Arm], small_images: Images, low: float, high: float, told: str
) -> None:
    with torch.no_grad():
        gamma(arms[1], "conv1").copy_(torch.linspace(low, high, 6))
    assert f"BatchNorm {told}" in about_parameters(seen(arms, small_images), TITLES, "conv1")
