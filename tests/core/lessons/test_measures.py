"""core.lessons.measures: each number by hand, also of an arm that was lost and of a run that does not have it."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from core.lessons.evidence import Evidence
from core.lessons.measures import MEASURES, Where
from core.training.records import EpochFinished, TrainMeasured
from tests.core.lessons.plain import evidence, lost, measured


def found(of: Evidence, measure: str, arm: str = "bn", **where: Any) -> float | None:
    return MEASURES[measure].find(of, arm, Where(**where))


def test_a_test_is_read_at_its_step_and_else_at_the_end() -> None:
    run = evidence(measured(at=5, none=0.1, bn=0.3), measured(none=0.1, bn=0.8))
    assert found(run, "test_accuracy") == 0.8
    assert found(run, "test_accuracy", at=5) == 0.3
    assert found(run, "test_accuracy", at=10) is None
    assert found(run, "test_loss") == pytest.approx(1.2)


def test_the_gap_of_the_modes_is_what_batch_statistics_read_more() -> None:
    run = evidence(measured(none=0.1, bn=0.2, batch={"bn": 0.7}))
    assert found(run, "batch_accuracy") == 0.7
    assert found(run, "mode_gap") == pytest.approx(0.5)
    assert found(run, "mode_gap", "none") is None


def test_a_lost_arm_reads_nothing_and_has_an_infinite_loss_from_then_on_and_survived_so_far() -> None:
    run = evidence(measured(at=5, none=0.4, bn=0.6), measured(bn=0.8), lost("none", 11))
    assert found(run, "test_accuracy", "none") == 0.0
    assert found(run, "test_loss", "none") == inf
    assert found(run, "test_accuracy", "none", at=5) == 0.4
    assert found(run, "survived", "none") == 0.5
    assert found(run, "survived") == 1.0
    assert found(run, "accuracy_gap", "none") is None


def test_the_first_test_at_an_accuracy_counts_and_the_one_before_training_does_not() -> None:
    run = evidence(measured(at=0, bn=0.9), measured(at=5, bn=0.6), measured(at=10, bn=0.8), measured(at=20, bn=0.7))
    assert found(run, "steps_to_accuracy", reach=0.7) == 10
    assert found(run, "steps_to_accuracy", reach=0.85) == inf


def test_the_largest_fall_is_that_of_the_second_half() -> None:
    tests = [measured(at=at, bn=share) for at, share in ((0, 0.9), (5, 0.1), (10, 0.8), (15, 0.5), (20, 0.6))]
    assert found(evidence(*tests), "accuracy_fall") == pytest.approx(0.3)


def epoch(number: int, loss: float, accuracy: float) -> EpochFinished:
    return EpochFinished(10 * number, number, {"bn": loss}, {"bn": accuracy})


def test_of_training_the_last_epoch_counts_and_gaps_are_what_the_test_images_are_worse_by() -> None:
    run = evidence(epoch(1, 2.0, 0.3), epoch(2, 0.5, 0.95), measured(bn=0.8))  # the test's loss is 1.2
    assert (found(run, "train_loss"), found(run, "train_accuracy")) == (0.5, 0.95)
    assert found(run, "accuracy_gap") == pytest.approx(0.15)
    assert found(run, "loss_gap") == pytest.approx(0.7)
    assert found(run, "train_loss", "ln") is None
    gone = evidence(epoch(1, 2.0, 0.3), lost("bn", 15), measured(none=0.1))
    assert (found(gone, "train_loss"), found(gone, "train_accuracy"), found(gone, "loss_gap")) == (inf, 0.0, None)


def test_an_arm_that_is_lost_while_the_others_are_tested_has_no_gap() -> None:
    run = evidence(epoch(2, 0.5, 0.95), measured(bn=0.8), lost("bn", 20))
    assert found(run, "accuracy_gap") is None


def test_the_speed_is_that_of_the_whole_run_as_its_last_point_has_it() -> None:
    points = [
        TrainMeasured(at, at / 10, 1, {"bn": 1.0}, {"bn": 0.5}, {"bn": at / 4}, {"bn": 32 * at}) for at in (2, 20)
    ]
    points[0] = replace(points[0], seconds={"bn": 2.0})
    assert found(evidence(*points), "examples_per_second") == 128.0
    assert found(evidence(replace(points[0], seconds={"bn": 0.0})), "examples_per_second") is None


def test_a_fall_takes_two_tests() -> None:
    assert found(evidence(measured(bn=0.8)), "accuracy_fall") is None


class Looked(SimpleNamespace):
    """A look after `steps`, of one arm."""


def looked(at: int, gradients: Any = None, activations: Any = None, parameters: Any = None) -> Any:
    views = {"gradients": gradients, "activations": activations, "parameters": parameters}
    return Looked(steps=(at, at), **{view: {"bn": layers or {}} for view, layers in views.items()})


def test_a_gradient_ratio_is_the_first_layers_mean_over_the_lasts_at_the_look_that_is_named() -> None:
    first, last = ({"conv1": {"mean_abs": a}, "fc3": {"mean_abs": b}} for a, b in ((0.02, 0.5), (0.3, 0.1)))
    run = evidence(looks=(looked(0, gradients=first), looked(20, gradients=last)))
    assert found(run, "gradient_ratio", at=0) == pytest.approx(0.04)
    assert found(run, "gradient_ratio") == pytest.approx(3.0)
    assert found(run, "gradient", layer="fc3", at=0) == 0.5
    assert found(run, "gradient_ratio", at=10) is None
    assert found(run, "gradient", layer="fc9") is None
    still = evidence(looks=(looked(20, gradients={"conv1": {"mean_abs": 0.1}, "fc3": {"mean_abs": 0.0}}),))
    assert found(still, "gradient_ratio") is None, "nothing is divided by 0"


def test_an_update_is_read_beside_the_gradient_and_one_unit_of_a_layer_by_its_number() -> None:
    layer = {"mean_abs": 0.5, "update_ratio": 0.01}
    run = evidence(looks=(looked(20, gradients={"fc1": layer}, parameters={"fc1": {"gamma": [0.5, 1.5]}}),))
    assert found(run, "update_ratio", layer="fc1") == 0.01
    assert [found(run, "gamma", layer="fc1", unit=n) for n in (1, 2, 3)] == [0.5, 1.5, None]


def test_what_a_layer_does_is_read_of_its_own_stage() -> None:
    stages = {"before": {"drift": 0.7}, "scaled": {"drift": 0.2}, "activated": {"unit_std": 0.05}}
    run = evidence(looks=(looked(20, activations={"fc1": {"stages": stages, "inactive": 0.25}}),))
    values = [found(run, name, layer="fc1") for name in ("drift", "drift_after_norm", "unit_spread", "inactive_share")]
    assert values == [0.7, 0.2, 0.05, 0.25]


def test_spreads_are_standard_deviations_and_the_running_variance_is_against_the_images_own() -> None:
    norm = {"gamma": [1.0, 3.0], "beta": [0.0, 0.0, 3.0], "running_var": [0.5, 0.5], "batch_var": [1.5, 0.5]}
    run = evidence(looks=(looked(20, parameters={"fc1": norm}),))
    assert found(run, "gamma_spread", layer="fc1") == 1.0
    assert found(run, "beta_spread", layer="fc1") == pytest.approx(2**0.5)
    assert found(run, "running_variance", layer="fc1") == 0.5


def test_answers_of_the_networks_are_read_by_arm_and_layer() -> None:
    answers = {
        "recalibration": {"arms": {"bn": {"running": 0.3, "recalibrated": 0.8, "batch": 0.82}}},
        "bias gradients": {"arms": {"bn": {"fc1": 1e-7}}},
        "batch noise": {"arms": {"bn": {"fc1": 0.25, "conv1": 0.1}}},
        "kept bytes": {"arms": {"bn": 2_500_000}},
    }
    run = evidence(answers=answers)
    assert found(run, "recalibrated_accuracy") == 0.8
    assert found(run, "recalibration_gain") == pytest.approx(0.5)
    assert found(run, "bias_gradient", layer="fc1") == 1e-7
    assert found(run, "bias_gradient", "ln", layer="fc1") is None
    assert found(run, "batch_noise", layer="conv1") == 0.1
    assert found(run, "batch_noise", layer="fc9") is None
    assert found(run, "kept_megabytes") == 2.5
    assert found(run, "kept_megabytes", "ln") is None
