"""core.training.rates: the learning rates of a run as its records tell them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.training.rates import falls, rate_of
from core.training.records import LearningRateChanged, StatusChanged

ARMS = (parse_arm("bn"), parse_arm("ln:lr=0.4"))
CONFIG = ExperimentConfig(
    data="digits", examples=100, batch_size=10, epochs=4, arms=ARMS, learning_rate=0.8, schedule="step"
)
BY_HAND = LearningRateChanged(15, 0.4, 0.3)


@pytest.mark.parametrize(
    ("step", "rates"), [(1, (0.8, 0.4)), (10, (0.8, 0.4)), (11, (0.4, 0.2)), (14, (0.4, 0.2)), (15, (0.3, 0.2))]
)
def test_an_arm_learns_by_the_schedule_until_somebody_sets_the_rate_that_it_follows(step: int, rates) -> None:
    assert tuple(rate_of(CONFIG, arm, step, [BY_HAND]) for arm in ARMS) == rates
    later = LearningRateChanged(20, 0.3, 0.7)
    assert tuple(rate_of(CONFIG, arm, 40, [BY_HAND, later]) for arm in ARMS) == (0.7, 0.05)


def test_falls_are_told_as_far_as_the_run_has_come_and_until_a_hand_takes_over() -> None:
    first, second = LearningRateChanged(11, 0.8, 0.4), LearningRateChanged(21, 0.4, 0.2)
    assert falls(CONFIG, []) == falls(CONFIG, [StatusChanged("running", 10)]) == []
    assert falls(CONFIG, [StatusChanged("running", 11)]) == [first]
    assert falls(CONFIG, [StatusChanged("running", 30)]) == [first, second]
    assert falls(CONFIG, [BY_HAND, StatusChanged("running", 30)]) == [first]


def test_falls_are_told_in_numbers_that_can_be_read() -> None:
    config = replace(CONFIG, learning_rate=0.1, step_factor=0.3)  # 0.1 · 0.3² is 0.009000000000000001 in binary
    assert [each.new for each in falls(config, [StatusChanged("finished", 40)])] == [0.03, 0.009, 0.0027]


def test_no_falls_are_told_of_other_schedules_of_arms_with_rates_of_their_own_and_of_more_than_a_chart_can_mark() -> (
    None
):
    for other in (
        replace(CONFIG, schedule="constant"),
        replace(CONFIG, schedule="cosine"),
        replace(CONFIG, arms=ARMS[1:]),
        replace(CONFIG, epochs=22),
    ):
        assert falls(other, [StatusChanged("finished", other.total_steps)]) == []
    assert len(falls(replace(CONFIG, epochs=21), [StatusChanged("finished", 210)])) == 20
