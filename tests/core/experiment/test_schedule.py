"""core.experiment.schedule: the learning rate of each mini-batch, held against PyTorch's schedulers."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR

from core.experiment.config import ExperimentConfig
from core.experiment.schedule import scheduled, shown_rate, turns
from tests.core.drawn import valid_configs


def experiment(schedule: str, **settings) -> ExperimentConfig:
    return ExperimentConfig(data="digits", examples=100, batch_size=10, epochs=6, schedule=schedule, **settings)


def by_torch(config: ExperimentConfig, start: float, scheduler: type[LRScheduler], **how) -> list[float]:
    """The rate of each mini-batch, as PyTorch's scheduler has it that is asked after every one."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=start)
    after, rates = scheduler(optimizer, **how), []
    for _ in range(config.total_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        after.step()
    return rates


def rates_of(config: ExperimentConfig, start: float) -> list[float]:
    return [scheduled(config, start, step) for step in range(1, config.total_steps + 1)]


def test_a_stepwise_rate_is_pytorchs_step_lr() -> None:
    config = experiment("step", step_epochs=2, step_factor=0.3)
    assert rates_of(config, 0.7) == pytest.approx(by_torch(config, 0.7, StepLR, step_size=20, gamma=0.3))


def test_a_cosine_is_pytorchs_cosine_annealing_lr_down_to_nothing_after_the_last_mini_batch() -> None:
    config = experiment("cosine")
    assert rates_of(config, 0.7) == pytest.approx(by_torch(config, 0.7, CosineAnnealingLR, T_max=60))
    assert scheduled(config, 0.7, 1) == 0.7
    assert scheduled(config, 0.7, 31) == pytest.approx(0.35)
    assert scheduled(config, 0.7, 61) == 0


@given(valid_configs(), st.floats(1e-30, 1e30), st.integers(0, 10**6))
def test_no_schedule_ever_raises_the_rate_and_a_constant_one_has_it_bit_for_bit(config, start, step) -> None:
    step = 1 + step % config.total_steps
    rate = scheduled(config, start, step)
    assert 0 <= rate <= start
    assert config.schedule != "constant" or rate == start
    assert step == 1 or scheduled(config, start, step - 1) >= rate


@pytest.mark.parametrize(("apart", "epochs"), [(1, 6), (2, 6), (5, 6), (6, 6), (7, 6)])
def test_a_stepwise_rate_turns_where_it_is_another_one_and_nowhere_else(apart: int, epochs: int) -> None:
    config = experiment("step", step_epochs=apart)
    rates = rates_of(config, 0.1)
    assert list(turns(config)) == [i + 2 for i, (one, after) in enumerate(pairwise(rates)) if one != after]
    assert list(turns(experiment("cosine"))) == list(turns(experiment("constant"))) == []


def test_what_is_shown_is_the_next_mini_batchs_to_four_digits_and_never_one_after_the_last() -> None:
    assert shown_rate(experiment("constant", learning_rate=0.12345678), 30) == 0.12345678
    assert shown_rate(experiment("step", learning_rate=0.12345678), 9) == 0.12345678
    assert shown_rate(experiment("step", learning_rate=0.12345678), 10) == 0.06173
    cosine = experiment("cosine", learning_rate=0.3)
    assert shown_rate(cosine, 0) == 0.3
    assert shown_rate(cosine, 59) == shown_rate(cosine, 60) == float(f"{scheduled(cosine, 0.3, 60):.4g}")
