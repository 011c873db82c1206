"""runs/questions.py: the answers are those of slow, independent code, and asking changes nothing, bit for bit."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import Dropout
from core.nets.norms import BatchNorm
from core.probes.watch import running_statistics
from core.runs import questions
from core.training.arms import Arm
from core.training.evaluation import evaluate, evaluation_mode
from core.training.trainer import train

CONFIG = ExperimentConfig(
    data="digits",
    examples=300,
    batch_size=50,
    epochs=1,
    learning_rate=0.5,
    arms=tuple(map(parse_arm, ("none", "bn", "bn:book", "ln", "bn:dropout=0.5"))),
)
QUESTIONS = {
    "maps": partial(questions.feature_maps, layer="conv1", stage="scaled", image=3),
    "recalibration": partial(questions.recalibration, examples=300),
    "bias gradients": questions.bias_gradients,
    "noise": partial(questions.noise, layer="fc1"),
    "noise by layer": partial(questions.noise_by_layer, size=4),
    "activation": partial(questions.activation, arm="bn", layer="conv2", images=8),
}


@pytest.fixture(scope="module")
def arms(small_images: Images) -> list[Arm]:
    """Six steps on: gamma, beta, running statistics, gradients and dropout's streams have left their starts."""
    return train(CONFIG, small_images, lambda record: None)


def find(arms: list[Arm], name: str) -> Arm:
    return next(arm for arm in arms if arm.name == name)


def everything(arm: Arm) -> dict[str, object]:
    """All that a question could change: weights, buffers, gradients, modes, hooks, momenta, random streams."""
    found: dict[str, object] = {f"state {name}": values.clone() for name, values in arm.model.state_dict().items()}
    found |= {f"gradient {name}": copy.deepcopy(p.grad) for name, p in arm.model.named_parameters()}
    for name, module in arm.model.named_modules():
        found |= {f"mode {name}": module.training, f"hooks {name}": len(module._forward_hooks)}
        found[f"momentum {name}"] = getattr(module, "momentum", None)
        if isinstance(module, Dropout):
            found[f"stream {name}"] = module.generator and module.generator.get_state()
    return found


def same(a: object, b: object) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b or a == b


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_leaves_the_networks_as_they_were(arms, small_images, question: str) -> None:
    before, stream = [everything(arm) for arm in arms], torch.get_rng_state()
    QUESTIONS[question](arms, small_images)
    for arm, kept in zip(arms, before, strict=True):
        after = everything(arm)
        assert after.keys() == kept.keys()
        assert [key for key in kept if not same(kept[key], after[key])] == []
    assert torch.equal(torch.get_rng_state(), stream)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_question_gets_the_same_answer(arms, small_images, question: str) -> None:
    first, second = (QUESTIONS[question](arms, small_images) for _ in range(2))
    if question == "activation":
        assert all(torch.equal(first.stages[stage], second.stages[stage]) for stage in first.stages)
    else:
        assert first == second


# --- feature maps --------------------------------------------------------------------------------------------------


def test_predictions_beside_the_maps_are_those_of_evaluation_mode(arms, small_images) -> None:
    for image in (0, 7, 99):
        answer = questions.feature_maps(arms, small_images, "conv1", "activated", image)
        assert answer["label"] == small_images.classes[int(small_images.test_labels[image])]
        assert answer["image"] == small_images.test_images[image, 0].tolist()
        for arm in arms:
            by_hand = copy.deepcopy(arm.model).eval()
            with torch.no_grad():
                shares = by_hand(small_images.test_images[image : image + 1].float() / 255)[0].softmax(0)
            said = answer["arms"][arm.name]
            assert said["prediction"] == small_images.classes[int(shares.argmax())]
            assert said["probability"] == pytest.approx(float(shares.max()), abs=1e-6)


def test_maps_are_the_layers_own_output_in_evaluation_mode(arms, small_images) -> None:
    answer = questions.feature_maps(arms, small_images, "conv1", "activated", 5)
    pixels = as_floats(small_images.test_images[5:6])
    for arm in arms:
        by_hand = copy.deepcopy(arm.model).eval()
        with torch.no_grad():
            expected = by_hand.conv1_act(by_hand.conv1_norm(by_hand.conv1(pixels)))[0]
        assert torch.equal(torch.tensor(answer["arms"][arm.name]["maps"]), expected)


def test_one_range_holds_all_arms_and_a_linear_layer_is_one_row(arms, small_images) -> None:
    answer = questions.feature_maps(arms, small_images, "fc1", "before", 0)
    values = np.array([answer["arms"][arm.name]["maps"] for arm in arms])
    assert values.shape == (len(arms), 1, 1, 120)
    assert answer["range"] == [values.min(), values.max()]


# --- recalibration -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bn", "bn:book"])
def test_recalibrated_statistics_are_plain_averages_over_the_batches(arms, digits, name: str) -> None:
    """Against numpy in float64: per batch with PyTorch's own convolution, averaged with equal weights."""
    model = copy.deepcopy(find(arms, name).model).eval()
    questions._recalibrate(model, digits.train_images[:800])
    seen: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    slow = copy.deepcopy(model).double()
    norms = {key: m for key, m in slow.named_modules() if isinstance(m, BatchNorm | nn.BatchNorm1d | nn.BatchNorm2d)}

    def note(key: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        z = inputs[0].detach().numpy()
        axes = (0,) if z.ndim == 2 else (0, 2, 3)
        correction = 0 if isinstance(module, BatchNorm) else 1  # the book's is biased, PyTorch's is not
        seen.setdefault(key, []).append((z.mean(axes), z.var(axes, ddof=correction)))

    for key, module in norms.items():
        module.register_forward_pre_hook(partial(note, key))
        module.train()
    with torch.no_grad():
        for k in range(3):  # 3 of 250: the 50 left over have no batch of their own
            slow(as_floats(digits.train_images[250 * k : 250 * (k + 1)]).double())
    assert len(norms) == 4
    for key, batches in seen.items():
        mean, var = running_statistics(model.get_submodule(key))
        means, variances = (np.mean(values, axis=0) for values in zip(*batches, strict=True))
        assert mean.flatten().numpy() == pytest.approx(means, abs=2e-5)
        assert var.flatten().numpy() == pytest.approx(variances, rel=1e-4)


def test_recalibration_says_three_accuracies_for_every_batch_norm_and_nothing_for_others(arms, small_images) -> None:
    answer = questions.recalibration(arms, small_images, 300)
    assert answer["images"] == 250
    assert answer["test_images"] == 100
    assert list(answer["arms"]) == ["bn", "bn:book", "bn:dropout=0.5"]
    for name, said in answer["arms"].items():
        model = find(arms, name).model
        with evaluation_mode(model):
            by_hand = evaluate(model, small_images.test_images, small_images.test_labels, lambda: None)[1]
        assert said["running"] == by_hand
        by_batch = copy.deepcopy(model).train()
        for module in by_batch.modules():
            if isinstance(module, Dropout):
                module.eval()
        with torch.no_grad():
            right = by_batch(as_floats(small_images.test_images)).argmax(1) == small_images.test_labels
        assert said["batch"] == pytest.approx(right.double().mean().item())


def test_recalibration_closes_the_gap_of_a_young_network(arms, small_images) -> None:
    said = questions.recalibration(arms, small_images, 300)["arms"]["bn"]
    assert said["recalibrated"] > said["running"] + 0.1
    assert abs(said["recalibrated"] - said["batch"]) < 0.15


@pytest.mark.parametrize(("examples", "used"), [(300, 250), (100, 100), (1_000_000, 250)])
def test_recalibration_sees_no_image_that_the_run_has_not_trained_on(
    arms, small_images, examples, used, monkeypatch
) -> None:
    seen = []
    monkeypatch.setattr(questions, "_recalibrate", lambda model, images: seen.append(images))
    assert questions.recalibration(arms, small_images, examples)["images"] == used
    assert torch.equal(seen[0], small_images.train_images[:examples])


@pytest.mark.parametrize("name", ["none", "bn", "ln"])
def test_the_bias_gradient_of_the_last_layer_is_as_by_the_formula_of_softmax_regression(
    arms, small_images, name: str
) -> None:
    """In numpy: the loss's slope at the logits is (softmax − label) / N, and reaches the weights through the inputs."""
    model = copy.deepcopy(find(arms, name).model).train()
    of_one_class = replace(small_images, test_labels=torch.zeros_like(small_images.test_labels))  # a large one below 0
    images, labels = as_floats(of_one_class.test_images[:64]), of_one_class.test_labels[:64]
    seen: list[Tensor] = []
    model.get_submodule("fc3").register_forward_hook(lambda module, inputs, output: seen.extend([*inputs, output]))
    model(images)
    inputs, logits = (each.detach().double().numpy() for each in seen)  # [64, 84], [64, 10]
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    slope = (shares - np.eye(10)[labels.numpy()]) / 64
    told = questions.bias_gradients(arms, of_one_class)
    assert told["images"] == 64
    by_hand = np.abs(slope.sum(0)).max() / np.abs(slope.T @ inputs).max()
    assert told["arms"][name]["fc3"] == pytest.approx(by_hand, rel=1e-4)


def test_a_bias_has_nothing_to_learn_before_batch_norm_and_has_before_layer_norm(arms, small_images) -> None:
    told = questions.bias_gradients(arms, small_images)["arms"]
    assert list(told) == [arm.name for arm in arms]
    for name in ("bn", "bn:book"):
        assert max(told[name][layer] for layer in ("conv1", "conv2", "fc1", "fc2")) < 1e-4
        assert told[name]["fc3"] > 0.01  # no norm follows it
    assert min(told["ln"].values()) > 0.001


def test_few_images_are_one_batch_of_their_own(arms, small_images) -> None:
    few, all_of_them = (copy.deepcopy(find(arms, "bn").model).eval() for _ in range(2))
    questions._recalibrate(few, small_images.train_images[:40])
    for norm in (m for m in all_of_them.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)):
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        all_of_them(as_floats(small_images.train_images[:40]))
    assert torch.equal(few.conv1_norm.running_mean, all_of_them.conv1_norm.running_mean)


# --- noise -----------------------------------------------------------------------------------------------------------


def test_the_noise_of_a_linear_layer_is_one_over_the_root_of_n(arms, digits) -> None:
    answer = questions.noise(arms, digits, "fc1")
    pool = len(digits.test_images)
    assert answer["positions"] == 1
    assert answer["sizes"] == [1, 2, 4, 8, 16, 32, 64]  # at most a quarter of the pool
    for values in answer["arms"].values():
        finite = [math.sqrt((1 - n / pool) / n) for n in answer["sizes"]]
        assert values == pytest.approx(finite, rel=0.1)


def test_the_noise_of_a_convolution_falls_as_slowly_but_is_far_above_one_over_root_nhw(arms, digits) -> None:
    answer = questions.noise(arms, digits, "conv1")
    assert answer["positions"] == 576
    for values in answer["arms"].values():
        slope = np.polyfit(np.log(answer["sizes"]), np.log(values), 1)[0]
        assert slope == pytest.approx(-0.5, abs=0.06)
        assert values[0] > 3 / 24


# --- what is not there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("image", [-1, 100])
def test_an_unknown_image_is_answered_with_the_known_ones(arms, small_images, image: int) -> None:
    with pytest.raises(questions.NoSuchThing, match=f"images 0 to 99; got {image}"):
        questions.feature_maps(arms, small_images, "conv1", "activated", image)


@pytest.mark.parametrize("question", [questions.noise, partial(questions.feature_maps, stage="before", image=0)])
def test_an_unknown_layer_is_answered_with_the_known_ones(arms, small_images, question) -> None:
    with pytest.raises(questions.NoSuchThing, match="The layers are conv1, conv2, fc1, fc2, fc3; got “conv9”"):
        question(arms, small_images, layer="conv9")


def test_an_unknown_arm_is_answered_with_the_known_ones(arms, small_images) -> None:
    with pytest.raises(questions.NoSuchThing, match=r"The arms are none, bn, bn:book, ln, .*got “gn”"):
        questions.activation(arms, small_images, "gn", "conv1", 8)


def test_values_that_are_not_finite_do_not_stretch_the_range(arms, small_images) -> None:
    broken = copy.deepcopy(find(arms, "ln").model)
    with torch.no_grad():
        broken.conv1.bias[0] = math.inf
    answer = questions.feature_maps([replace(find(arms, "ln"), model=broken)], small_images, "conv1", "before", 0)
    assert all(map(math.isfinite, answer["range"]))


# --- what is kept for the backward pass ------------------------------------------------------------------------------


def test_the_bytes_kept_of_one_linear_layer_are_its_images_and_the_logits_shares() -> None:
    """By hand: x for the weight's gradient, log-softmax and the labels for the loss's, and the loss's total weight."""
    images = torch.zeros(6, 1, 28, 28, dtype=torch.uint8)
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    assert questions._kept_bytes(network, images, torch.arange(6)) == 6 * (784 * 4 + 10 * 4 + 8) + 4


def test_twice_the_batch_keeps_twice_the_bytes_and_normalizing_keeps_more_than_not(arms, small_images) -> None:
    few, many = (questions.kept_bytes(arms, small_images, size)["arms"] for size in (64, 128))
    for name in ("none", "bn", "ln"):
        assert many[name] / few[name] == pytest.approx(2, rel=0.05)
    assert few["bn"] > few["none"]
