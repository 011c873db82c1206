"""core.words.reasons: each reason where a run's own looks show it, and none where they do not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.speech import speaking
from core.training import records
from core.training.arms import Arm, build_arms
from core.training.records import ArmDiverged, NetworksSeen, Record, TrainMeasured
from core.training.steps import look_at_fixed_images
from core.training.trainer import Unattended, train
from core.words.causes import Reason
from core.words.evidence import FIRST, Evidence
from core.words.reasons import reasons
from core.words.verdict import verdict

IMAGES = 1000


class AlwaysLooking(Unattended):
    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset({"fixed", "batch"})


def config_of(*names: str, **changes: object) -> ExperimentConfig:
    arms = tuple(map(parse_arm, names))
    return ExperimentConfig(**{"data": "digits", "examples": 300, "batch_size": 50, "arms": arms} | changes)


def after(step: int, accuracy: Mapping[str, float], own: Mapping[str, float] | None = None) -> records.TestMeasured:
    return records.TestMeasured(step, step / 6, IMAGES, False, accuracy, accuracy, {}, own or {}, accuracy)


def looked(config: ExperimentConfig, images: Images, step: int, arms: list[Arm] | None = None) -> NetworksSeen:
    """A real look, at the networks as they are built unless others are given."""
    return look_at_fixed_images(config, images, arms or build_arms(config, torch.device("cpu")), step)


def trained(config: ExperimentConfig, images: Images) -> tuple[list[Record], Evidence]:
    found: list[Record] = []
    train(config, images, found.append, AlwaysLooking())
    return found, Evidence(record for record in found if isinstance(record, NetworksSeen))


def told(config: ExperimentConfig, history: list[Record], looks: list[NetworksSeen] | Evidence) -> str:
    evidence = looks if isinstance(looks, Evidence) else Evidence(looks)
    return " ".join(str(reason.said) for reason in reasons(config, history, evidence))


def places(found: list[Reason]) -> list[tuple[str, str, int, str]]:
    return [(reason.page, reason.layer, reason.step, reason.source) for reason in found]


def parameter(arm: Arm, name: str) -> torch.Tensor:
    return dict(arm.model.named_parameters())[name].detach()


# --- vanishing gradient --------------------------------------------------------------------------------------------


def test_a_plain_sigmoid_network_at_chance_gets_its_vanishing_gradient_as_the_reason(small_images: Images) -> None:
    config = config_of("none", "bn")
    look = looked(config, small_images, 20)
    found = reasons(config, [after(20, {"none": 0.1, "bn": 0.8})], Evidence([look]))
    layers = look.arms["none"].layers
    n = layers[-1].gradient.mean_abs / layers[0].gradient.mean_abs
    assert n > 50
    assert str(found[0].said) == (
        f"No normalization has not left chance (10.0 %): its first layer gets 1/{n:.0f} of the last layer’s gradient."
    )
    assert str(found[0].place) == "Gradients: conv1, step 20"
    assert places(found)[0] == ("gradients", "conv1", 20, "fixed")


@pytest.mark.parametrize(
    ("accuracy", "step", "activation"), [(0.5, 20, "sigmoid"), (0.1, 10, "sigmoid"), (0.1, 20, "relu")]
)
def test_no_gradient_vanishes_in_an_arm_that_learns_or_has_hardly_begun_or_whose_gradient_reaches_the_first_layer(
    accuracy: float, step: int, activation: str, small_images: Images
) -> None:
    config = config_of("none", activation=activation)
    assert "gradient" not in told(config, [after(step, {"none": accuracy})], [looked(config, small_images, step)])


# --- what every image shares -----------------------------------------------------------------------------------------


def test_a_plain_network_at_chance_says_the_same_of_every_image_though_its_pooled_spread_looks_healthy(
    small_images: Images,
) -> None:
    config = config_of("none", "bn")
    look = looked(config, small_images, 20)
    (found,) = reasons(config, [after(20, {"none": 0.1, "bn": 0.8})], Evidence([look]))[1:]
    assert str(found.said).startswith(
        "No normalization says nearly the same of every image: a unit of fc2 varies by 0.000"
    )
    assert str(found.said).endswith(f"all its values together by {look.arms['none'].layers[-2].activated.std:.2f}.")
    assert places([found]) == [("activations", "fc2", 20, "fixed")]
    everybody = [after(20, {"none": 0.5, "bn": 0.1}, {"bn": 0.1})]
    assert told(config, everybody, [look]) == "", "BatchNorm tells images apart, whatever it reads"


def test_layer_norm_that_is_behind_keeps_what_all_images_share(small_images: Images) -> None:
    config = config_of("bn", "ln")
    look = looked(config, small_images, 40)
    (found,) = reasons(config, [after(40, {"bn": 0.8, "ln": 0.6}, {"bn": 0.8})], Evidence([look]))
    assert str(found.said).startswith("LayerNorm normalizes within each image, so what all images share stays: ")
    assert places([found]) == [("activations", "fc2", 40, "fixed")]
    assert told(config, [after(40, {"bn": 0.8, "ln": 0.8}, {"bn": 0.8})], [look]) == "", "it is not behind"
    behind = config_of("bn", "ln/none")
    nothing_within = [after(40, {"bn": 0.8, "ln/none": 0.6}, {"bn": 0.8})]
    assert "within each image" not in told(behind, nothing_within, [looked(behind, small_images, 40)])


# --- BatchNorm's statistics ------------------------------------------------------------------------------------------


def test_batch_norm_at_chance_in_prediction_mode_carries_the_start_of_its_running_variance(
    small_images: Images,
) -> None:
    config = config_of("bn", epochs=1, learning_rate=0.5)
    _, evidence = trained(config, small_images)
    (found,) = reasons(config, [after(6, {"bn": 0.1}, {"bn": 0.49})], evidence)
    norm = next(layer for layer in evidence.network("bn").layers if layer.name == found.layer).norm
    ratio = sum(norm.running_var) / sum(norm.batch_var)
    said = str(found.said)
    assert said.startswith(
        "BatchNorm is at chance in prediction mode, while with its own batches’ statistics it reads 49.0 %: at step 6 "
        f"the running variance of {found.layer} carries {0.9**6:.2f} of its start value and is "
    )
    assert float(said.split("and is ")[1].split(" ")[0]) == pytest.approx(ratio, rel=0.06)
    assert places([found]) == [("parameters", found.layer, 6, "fixed")]
    assert told(config, [after(6, {"bn": 0.48}, {"bn": 0.49})], evidence) == "", "no gap"


def settled(arm: Arm, images: Images) -> None:
    """Running statistics that are those of the images looked at."""
    arm.model.train()
    with torch.no_grad():
        for _ in range(120):
            arm.model(as_floats(images.test_images[:64]))


def test_running_means_of_earlier_weights_are_the_reason_of_a_late_gap_and_not_of_an_early_one(
    small_images: Images,
) -> None:
    config = config_of("bn")
    arms = build_arms(config, torch.device("cpu"))
    settled(arms[0], small_images)
    gap = [after(60, {"bn": 0.76}, {"bn": 0.84})]
    assert told(config, gap, [looked(config, small_images, 60, arms)]) == "", "the means are right"
    norm = dict(arms[0].model.named_children())["fc1_norm"]
    buffers = dict(norm.named_buffers())
    mean, var = (next(value for name, value in buffers.items() if name.endswith(end)) for end in ("mean", "var"))
    mean += 0.5 * var.sqrt()
    off = [looked(config, small_images, 60, arms)]
    (found,) = reasons(config, gap, Evidence(off))
    assert str(found.said) == (
        "BatchNorm reads 76.0 % in prediction mode, and 84.0 % with its own batches’ statistics: the running means of "
        "fc1 lie 0.50 standard deviations from those of the images, for they describe slightly older weights."
    )
    assert places([found]) == [("parameters", "fc1", 60, "fixed")]
    assert told(config, [after(60, {"bn": 0.83}, {"bn": 0.84})], off) == "", "no gap"
    assert "running means" not in told(config, gap, [replace(off[0], step=20)]), "the start value may be the reason"


@pytest.mark.parametrize(("arm", "size", "shows"), [("bn", 2, True), ("bn", 30, False), ("bn/none", 2, False)])
def test_of_two_values_only_the_sign_is_left_where_a_linear_layer_normalizes_them(
    arm: str, size: int, shows: bool, small_images: Images
) -> None:
    config = config_of(arm, "none", examples=2 * size, batch_size=size, activation="relu", init="he", epochs=1)
    _, evidence = trained(config, small_images)
    found = reasons(config, [after(20, {arm: 0.3, "none": 0.7}, {arm: 0.3})], evidence)
    said = "BatchNorm normalizes fc1 over 2 values at a time: nearly all come out as +1 or −1, so that only their sign"
    assert [place for place in places(found) if place[3] == "batch"] == [("activations", "fc1", 1, "batch")] * shows
    assert any(str(reason.said).startswith(said) for reason in found) is shows


# --- arms that end, or cannot learn -----------------------------------------------------------------------------------


def test_where_an_arm_diverged_and_that_its_steps_were_too_large(small_images: Images) -> None:
    config = config_of("bn", "none:lr=1e7", activation="relu", init="he", epochs=1)
    history, evidence = trained(config, small_images)
    (ended,) = (record for record in history if isinstance(record, ArmDiverged))
    found = {reason.page: reason for reason in reasons(config, history, evidence) if "lr 1e+07" in str(reason.said)}
    layer = ended.layer.partition("_")[0]
    assert str(found["activations"].said).startswith(
        f"No normalization (lr 1e+07) diverged at step {ended.step}: from the input on, {layer} is the first layer with"
    )
    assert found["activations"].layer == layer
    assert found["activations"].step == ended.step - 1, "the last look that it was in"
    large = found["gradients"]
    assert str(large.said).startswith("The steps of No normalization (lr 1e+07) are too large: the one after step ")
    looks = [record for record in history if isinstance(record, NetworksSeen) and record.source == "fixed"]
    seen = next(look for look in looks if look.step == large.step).arms[ended.arm]
    moved = next(layer for layer in seen.layers if layer.name == large.layer).gradient.update_ratio
    assert moved > 1
    assert large.shown == "update_ratio"


def test_an_arm_that_goes_on_has_not_diverged_and_steps_as_usual_are_not_too_large(small_images: Images) -> None:
    config = config_of("none")
    history = [TrainMeasured(1, 0.1, 1, {"none": 2.3}, {"none": 0.1}, {"none": 1.0}, {"none": 50})]
    said = told(config, [*history, after(20, {"none": 0.1})], [looked(config, small_images, 0)])
    assert "has not left chance" in said
    assert "too large" not in said
    assert "diverged" not in said


def test_large_steps_are_named_where_the_loss_rose_and_not_where_it_fell(small_images: Images) -> None:
    config = config_of("none", activation="relu", init="he", learning_rate=20.0)
    look = looked(config, small_images, 1)
    assert max(layer.gradient.update_ratio for layer in look.arms["none"].layers) > 1

    def losses(*values: float) -> list[Record]:
        one = {"none": 1.0}
        return [TrainMeasured(s, s / 6, 1, {"none": loss}, one, one, {"none": 50}) for s, loss in enumerate(values, 1)]

    stuck = after(20, {"none": 0.1})
    risen, fallen = (told(config, [*losses(*values), stuck], [look]) for values in ((2.3, 9.0, 2.3), (2.3, 2.2, 2.1)))
    assert "its training loss rose from 2.3 to 9.0." in risen
    assert "too large" not in fallen
    learning = [*losses(2.3, 9.0, 2.3), after(20, {"none": 0.6})]
    assert "too large" not in told(config, learning, [look])


def test_dead_layers_and_gradients_of_exactly_0_are_told_of_all_arms_and_shown_where_the_first_is(
    small_images: Images,
) -> None:
    config = config_of("none", "ln", activation="relu")
    arms = build_arms(config, torch.device("cpu"))
    history = [after(4, {"none": 0.1, "ln": 0.1})]
    assert told(config, history, [looked(config, small_images, 4, arms)]) == ""
    parameter(arms[0], "fc2.bias").fill_(-100)
    (found,) = reasons(config, history, Evidence([looked(config, small_images, 4, arms)]))
    assert str(found.said) == (
        "Dead at step 4, 0 for all 64 images: fc2 of No normalization. "
        "Gradient exactly 0 at step 4: every layer of No normalization."
    )
    assert (found.arms, places([found])) == (("none",), [("activations", "fc2", 4, "fixed")])


def test_a_layer_of_which_most_units_are_dead_is_named_in_an_arm_that_is_behind(small_images: Images) -> None:
    config = config_of("none", "bn", activation="relu", init="he")
    arms = build_arms(config, torch.device("cpu"))
    behind = [after(4, {"none": 0.5, "bn": 0.8}, {"bn": 0.8})]
    assert told(config, behind, [looked(config, small_images, 4, arms)]) == "", "few are dead"
    parameter(arms[0], "fc2.bias")[:60] = -100
    look = looked(config, small_images, 4, arms)
    share = next(layer for layer in look.arms["none"].layers if layer.name == "fc2").inactive_share
    assert share >= 60 / 84
    (found,) = reasons(config, behind, Evidence([look]))
    assert str(found.said) == (
        f"In No normalization {100 * share:.1f} % of the units of fc2 are dead: 0 for all 64 images looked at, so "
        "that nothing is learned through them."
    )
    assert places([found]) == [("activations", "fc2", 4, "fixed")]
    assert told(config, [after(4, {"none": 0.8, "bn": 0.8}, {"bn": 0.8})], [look]) == "", "it is not behind"


def with_dead_units(config: ExperimentConfig, images: Images, step: int) -> NetworksSeen:
    """In fc2 of the first arm."""
    arms = build_arms(config, torch.device("cpu"))
    parameter(arms[0], "fc2.bias")[:60] = -100
    return looked(config, images, step, arms)


@pytest.mark.parametrize(
    ("before", "now", "calls", "explains"),
    [
        ((0.5, 0.7), (0.5, 0.62), "The lead is 12.0 points", True),
        ((0.8, 0.7), (0.5, 0.62), "within the last 10 steps one arm's test accuracy fell by 30.0", False),
        ((0.5, 0.8), (0.5, 0.62), "within the last 10 steps one arm's test accuracy fell by 18.0", False),
        ((0.6, 0.6), (0.60, 0.62), "within the sampling error", False),
        ((0.08, 0.12), (0.08, 0.12), "(still at chance)", False),
    ],
    ids=["a lead", "it had been ahead", "the other one is falling", "a small lead", "all at chance"],
)
def test_nothing_explains_a_distance_that_the_verdict_does_not_call(
    before: tuple[float, float], now: tuple[float, float], calls: str, explains: bool, small_images: Images
) -> None:
    config = config_of("none", "bn", activation="relu", init="he")
    history = [after(step, {"none": none, "bn": bn}) for step, (none, bn) in ((10, before), (20, now))]
    assert calls in verdict(config, history, ended=False)
    assert ("are dead" in told(config, history, [with_dead_units(config, small_images, 20)])) is explains


def test_of_two_that_are_level_nothing_is_explained_and_of_a_third_that_is_behind_them_it_is(
    small_images: Images,
) -> None:
    config = config_of("none", "bn", "ln", activation="relu", init="he")
    history = [after(step, {"none": 0.5, "bn": 0.80, "ln": 0.79}) for step in (10, 20)]
    assert "Too close to call" in verdict(config, history, ended=False)
    assert "In No normalization" in told(config, history, [with_dead_units(config, small_images, 20)])


# --- all of them ---------------------------------------------------------------------------------------------------


def test_there_are_three_at_most_of_different_kinds_and_none_without_a_look(small_images: Images) -> None:
    config = config_of("none", "bn", "ln", "none:lr=0.2", epochs=1, learning_rate=0.5)
    _, evidence = trained(config, small_images)
    names = [arm.name for arm in config.arms]
    history = [after(20, dict.fromkeys(names, 0.1) | {"ln": 0.3}, {"bn": 0.6})]
    found = reasons(config, history, evidence)
    assert [reason.page for reason in found] == ["parameters", "gradients", "activations"]
    assert reasons(config, history, Evidence()) == []


def test_arms_that_are_not_asked_for_are_left_out_as_if_they_were_not_there(small_images: Images) -> None:
    config = config_of("none", "bn", "ln")
    evidence = Evidence([looked(config, small_images, 40)])
    history = [after(40, {"none": 0.1, "bn": 0.8, "ln": 0.6}, {"bn": 0.8})]
    assert {arm for reason in reasons(config, history, evidence) for arm in reason.arms} == {"none", "ln"}
    assert {arm for reason in reasons(config, history, evidence, {"bn", "ln"}) for arm in reason.arms} == {"ln"}
    assert reasons(config, history, evidence, {"ln"}) == [], "nobody it could be behind is in view"
    assert reasons(config, history, evidence, ()) == []


def test_a_reason_is_told_in_the_language_of_who_reads(small_images: Images) -> None:
    config = config_of("none")
    (found, _) = reasons(config, [after(20, {"none": 0.1})], Evidence([looked(config, small_images, 20)]))
    with speaking("zh"):
        told = found.to_json()
    assert told["said"].startswith("无规范化一直与随机猜测相当（10.0 %）：其第一层的梯度只有最后一层的1/")
    assert told["place"] == "梯度：conv1，第20步"
    where = {"page": "gradients", "layer": "conv1", "step": 20, "source": "fixed", "shown": "mean_abs"}
    assert told.items() >= where.items()


def test_the_largest_step_is_that_of_the_first_looks_however_many_follow(small_images: Images) -> None:
    config = config_of("none")
    look = looked(config, small_images, 0)
    largest = max(layer.gradient.update_ratio for layer in look.arms["none"].layers)
    faster = looked(replace(config, learning_rate=10.0), small_images, 900)
    assert Evidence([look] * FIRST + [faster]).largest_update("none").ratio == largest
    assert math.isclose(Evidence([look, faster]).largest_update("none").ratio, 100 * largest, rel_tol=1e-6)
