"""core.lab.cost: what a step costs is the processor's time, and not what others do meanwhile."""

from __future__ import annotations

import time
from functools import partial
from itertools import count

import pytest
import torch

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.cost import Clocked
from core.training.arms import Arm, build_arms
from core.training.trainer import Training

CONFIG = ExperimentConfig(
    data="digits", examples=48, batch_size=16, epochs=2, arms=(parse_arm("none"), parse_arm("bn"))
)
IMAGES = Images(
    "digits",
    torch.zeros(48, 1, 28, 28, dtype=torch.uint8),
    torch.arange(48) % 10,
    torch.zeros(2, 1, 28, 28, dtype=torch.uint8),
    torch.zeros(2, dtype=torch.int64),
    (),
)


def test_only_the_arms_own_steps_count_and_the_first_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is made up: it goes on by a second between what is asked of it first and last, and by 8 for others."""
    clock, (none, bn) = Clocked(), build_arms(CONFIG, torch.device("cpu"))
    now = 0.0

    def lasts(seconds: float, _arm: Arm) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "process_time", lambda: now)
    list(clock.map(partial(lasts, 100.0), [none, bn]))
    for seconds in (1.0, 2.0):
        list(clock.map(partial(lasts, seconds), [none]))
    now += 8
    list(clock.map(lambda what: lasts(50.0, none), ["a test"]))
    assert (clock.step_milliseconds("none"), clock.step_milliseconds("bn")) == (1500.0, None)


def test_each_step_of_a_training_is_clocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the tests on the way are not, though the same crew makes them."""
    ticks, clock = count(), Clocked()
    training = Training(CONFIG, IMAGES, crew=clock)
    monkeypatch.setattr(time, "process_time", lambda: float(next(ticks)))
    while not training.ended:
        training.advance()
        training.test(lambda: None)
    arms, steps = 2, CONFIG.total_steps
    assert [len(clock._seconds[arm.name]) for arm in training.arms] == [steps] * arms
    assert clock.step_milliseconds("bn") == 1000.0
