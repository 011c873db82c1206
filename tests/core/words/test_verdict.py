"""core.words.verdict: the sentence says what the numbers support, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.training import records
from core.training.records import ArmDiverged, Record, StatusChanged
from core.words.verdict import is_at_chance, sampling_error, verdict

CONFIG = ExperimentConfig()


def measured(
    step: int = 234, examples: int = 10_000, batch: dict[str, float] | None = None, **accuracy: float
) -> Record:
    whole, losses = examples == 10_000, dict.fromkeys(accuracy, 1.0)
    return records.TestMeasured(step, step / 78, examples, whole, losses, accuracy, {}, batch or {}, losses)


def test_it_ranks_the_arms_and_says_who_is_still_at_chance() -> None:
    said = verdict(CONFIG, [measured(none=0.1, bn=0.799, ln=0.626)], ended=True)
    assert said == (
        "At the end, after 234 steps, on all 10,000 test images: BatchNorm 79.9 %, LayerNorm 62.6 %; still at chance: "
        "No normalization (10.0 %). The lead is 17.3 points (sampling error ±1.2; one seed)."
    )


def test_while_it_runs_it_speaks_of_the_latest_test_and_of_how_many_images() -> None:
    said = verdict(CONFIG, [measured(step=0, bn=0.1), measured(step=20, examples=1000, bn=0.5)], ended=False)
    assert said == "After 20 steps, on the first 1,000 test images: BatchNorm 50.0 %."


def test_before_training_has_begun_it_says_nothing() -> None:
    assert verdict(CONFIG, [], ended=False) == ""
    assert verdict(CONFIG, [StatusChanged("running", 0), measured(step=0, bn=0.9, ln=0.5)], ended=False) == ""


def test_when_nobody_is_left_to_be_tested_it_says_nothing() -> None:
    assert verdict(CONFIG, [measured()], ended=True) == ""


@pytest.mark.parametrize(("lead", "too_close"), [(0.0, True), (0.0110, True), (0.0125, False)])
def test_a_lead_within_sampling_error_is_too_close_to_call(lead: float, too_close: bool) -> None:
    said = verdict(CONFIG, [measured(bn=0.75 + lead, ln=0.75)], ended=True)
    assert sampling_error(0.75 + lead, 0.75, 10_000) == pytest.approx(0.012, abs=0.0002)
    assert ("Too close to call" in said) is too_close


def test_the_same_lead_counts_on_many_images_and_not_on_few() -> None:
    few, many = (verdict(CONFIG, [measured(examples=n, bn=0.78, ln=0.75)], ended=True) for n in (1000, 10_000))
    assert "Too close to call: the lead is 3.0 points (sampling error ±3.7" in few
    assert "The lead is 3.0 points (sampling error ±1.2" in many


def test_nobody_leads_where_all_are_at_chance() -> None:
    said = verdict(CONFIG, [measured(none=0.1, bn=0.104)], ended=True)
    assert "still at chance: BatchNorm (10.4 %), No normalization (10.0 %)." in said
    assert "lead" not in said


@pytest.mark.parametrize("examples", [1000, 10_000])
def test_at_chance_means_within_three_standard_errors_of_guessing(examples: int) -> None:
    guesses = np.random.default_rng(0).binomial(examples, 0.1, 200_000) / examples
    assert np.mean([is_at_chance(a, examples) for a in guesses[:20_000]]) > 0.997
    edge = 0.1 + 3 * guesses.std()
    assert is_at_chance(edge - 0.001, examples)
    assert not is_at_chance(edge + 0.001, examples)


@pytest.mark.parametrize(("first", "second", "examples"), [(0.8, 0.62, 10_000), (0.5, 0.5, 1000), (0.12, 0.95, 360)])
def test_the_sampling_error_is_that_of_a_simulation(first: float, second: float, examples: int) -> None:
    random = np.random.default_rng(1)
    drawn = [random.binomial(examples, p, 200_000) / examples for p in (first, second)]
    low, high = np.quantile(drawn[0] - drawn[1], [0.025, 0.975])
    assert sampling_error(first, second, examples) == pytest.approx((high - low) / 2, rel=0.03)


def test_the_gap_between_batch_and_running_statistics_is_told_only_beyond_sampling_error() -> None:
    within = verdict(CONFIG, [measured(bn=0.79, batch={"bn": 0.80})], ended=True)
    beyond = verdict(CONFIG, [measured(bn=0.099, batch={"bn": 0.31})], ended=False)
    assert "batch statistics" not in within
    assert "With batch statistics instead of running ones BatchNorm reads 31.0 %." in beyond


def test_of_several_gaps_the_largest_is_told() -> None:
    config = ExperimentConfig(arms=(parse_arm("bn"), parse_arm("bn/none")))
    said = verdict(config, [measured(bn=0.5, **{"bn/none": 0.9}, batch={"bn": 0.6, "bn/none": 0.6})], ended=True)
    assert "instead of running ones BatchNorm on convolutions only reads 60.0 %" in said


def test_an_arm_that_diverged_is_named_with_its_step() -> None:
    broken = ArmDiverged(57, "none", "conv1", "conv1.weight is not finite")
    said = verdict(CONFIG, [measured(bn=0.8, ln=0.6), broken], ended=True)
    assert said.endswith("No normalization diverged at step 57.")
