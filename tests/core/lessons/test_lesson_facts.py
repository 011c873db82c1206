"""Facts of what normalization does (science.md), through the lessons' own code: settings as a lesson writes them, the
run that its trial makes, and the measure that its check names. Bands are wider than the spread over seeds."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import pytest

from core.data.images import Images
from core.lessons.catalog import lesson
from core.lessons.demonstration import Given, Table
from core.lessons.evidence import Evidence
from core.lessons.measures import MEASURES, Where
from core.lessons.reading import experiment
from core.lessons.trying import ran

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(measure: str, **settings: Any) -> Evidence:
    """As a lesson that checks `measure`."""
    return ran(experiment(settings), MEASURES[measure].question).evidence


def found(evidence: Evidence, measure: str, arm: str, **where: Any) -> float:
    value = MEASURES[measure].find(evidence, arm, Where(**where))
    assert value is not None
    return value


def test_fact_3_with_relu_the_first_layers_gradient_does_not_vanish(fashion: Images) -> None:
    evidence = run("gradient_ratio", data="fashion-mnist", examples=64, batch_size=64, activation="relu", arms=["none"])
    assert found(evidence, "gradient_ratio", "none", at=0) > 1


def test_fact_7_at_a_learning_rate_of_1_batch_norm_reads_80_percent_in_an_epoch_and_the_plain_net_is_at_its_start(
    fashion: Images,
) -> None:
    evidence = run(
        "steps_to_accuracy",
        data="fashion-mnist",
        examples=234 * 256,
        batch_size=256,
        epochs=1,
        learning_rate=1.0,
        arms=["none", "bn"],
    )
    assert 75 <= found(evidence, "steps_to_accuracy", "bn", reach=0.8) <= 300
    assert found(evidence, "test_accuracy", "none") < 0.3
    assert 2.29 < found(evidence, "train_loss", "none") < 2.36


def test_fact_9_the_noise_of_a_mean_falls_with_the_root_of_the_batch_size_and_behind_convolutions_from_far_higher(
    fashion: Images,
) -> None:
    noise = {}
    for size in (1, 4, 16, 64):
        evidence = run("batch_noise", data="fashion-mnist", examples=64, batch_size=size, epochs=1, arms=["none"])
        noise[size] = {layer: found(evidence, "batch_noise", "none", layer=layer) for layer in ("conv1", "fc1", "fc2")}
    for size, of in noise.items():
        assert of["fc1"] * sqrt(size) == pytest.approx(1, abs=0.1)
        assert of["fc2"] * sqrt(size) == pytest.approx(1, abs=0.1)
    for layer in ("conv1", "fc1"):
        assert log(noise[64][layer] / noise[1][layer]) / log(64) == pytest.approx(-0.5, abs=0.06)
    assert noise[1]["conv1"] > 3 / sqrt(24 * 24)


def test_fact_11_two_images_at_a_time_batch_norm_falls_far_behind_group_norm(fashion: Images) -> None:
    evidence = run(
        "test_accuracy",
        data="fashion-mnist",
        examples=2000,
        batch_size=2,
        epochs=1,
        activation="relu",
        init="he",
        learning_rate=0.1 * 2 / 32,
        arms=["bn", "gn"],
    )
    bn, gn = (found(evidence, "test_accuracy", arm) for arm in ("bn", "gn"))
    assert bn < 0.55
    assert gn > 0.68
    assert gn - bn > 0.2


def test_fact_13_a_bias_before_batch_norm_has_no_gradient_and_one_before_layer_norm_has(digits: Images) -> None:
    evidence = run("bias_gradient", data="digits", epochs=1, arms=["bn", "ln"])
    for layer in ("conv1", "conv2", "fc1", "fc2"):
        assert found(evidence, "bias_gradient", "bn", layer=layer) < 1e-4
        assert found(evidence, "bias_gradient", "ln", layer=layer) > 1e-4


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fact_14_a_class_with_plain_attributes_loses_its_accuracy_on_reloading_and_one_with_buffers_keeps_it(
    seed: int, digits: Images
) -> None:
    printed, _, today = lesson("lost-statistics").steps
    assert accuracy_lost(printed.computes.show(Given(seed=seed)).blocks[0]) > 40
    assert accuracy_lost(today.computes.show(Given(seed=seed)).blocks[0]) == 0


def accuracy_lost(table: Table) -> float:
    """In points, from before it was saved to after it was loaded, as the table says."""
    before, after = (float(cells[1].removesuffix(" %")) for _, cells in table.rows)
    return before - after


def test_fact_15_relu_at_a_learning_rate_of_1_trains_with_batch_norm_and_not_without(fashion: Images) -> None:
    evidence = run(
        "test_accuracy",
        data="fashion-mnist",
        examples=78 * 256,
        batch_size=256,
        epochs=1,
        activation="relu",
        init="he",
        learning_rate=1.0,
        arms=["none", "bn"],
    )
    assert evidence.config.total_steps == 78
    assert found(evidence, "test_accuracy", "bn") > 0.7
    assert found(evidence, "test_accuracy", "none") < 0.3
