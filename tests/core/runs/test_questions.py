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
    "recalibration": questions.recalibration,
    "noise": partial(questions.noise, layer="fc1"),
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
def test_recalibrated_statistics_are_plain_averages_over_the_batches(arms, digits, name: str, monkeypatch) -> None:
    """Against numpy in float64: per batch with PyTorch's own convolution, averaged with equal weights."""
    monkeypatch.setattr(questions, "RECALIBRATION_IMAGES", 800)
    model = copy.deepcopy(find(arms, name).model).eval()
    questions._recalibrate(model, digits)
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
    answer = questions.recalibration(arms, small_images)
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
    said = questions.recalibration(arms, small_images)["arms"]["bn"]
    assert said["recalibrated"] > said["running"] + 0.1
    assert abs(said["recalibrated"] - said["batch"]) < 0.15


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
