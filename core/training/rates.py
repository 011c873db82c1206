"""The learning rates of a run as its records tell them.

by_hand  those that were set by hand
falls    where a stepwise schedule lowered the rate
rate_of  an arm's at one mini-batch
"""

from __future__ import annotations

from collections.abc import Iterable

from core.experiment.arm import ArmConfig
from core.experiment.config import ExperimentConfig
from core.experiment.schedule import scheduled, turns
from core.training.records import LearningRateChanged, Record

MOST_FALLS = 20  # marks on a chart


def by_hand(records: Iterable[Record]) -> list[LearningRateChanged]:
    return [record for record in records if isinstance(record, LearningRateChanged)]


def falls(config: ExperimentConfig, records: Iterable[Record]) -> list[LearningRateChanged]:
    """As if by hand, up to now, for the arms without a rate of their own; none where they are too many to be marked.

    To four digits, as they are read.
    """
    if not 0 < len(turns(config)) <= MOST_FALLS or all(arm.learning_rate is not None for arm in config.arms):
        return []
    told = list(records)
    reached = max((getattr(record, "step", 0) for record in told), default=0)
    until = min([reached, *(change.step - 1 for change in by_hand(told))])
    steps = [step for step in turns(config) if step <= until]
    rates = [float(f"{scheduled(config, config.learning_rate, step):.4g}") for step in (1, *steps)]
    return [LearningRateChanged(*each) for each in zip(steps, rates, rates[1:], strict=False)]


def rate_of(config: ExperimentConfig, arm: ArmConfig, step: int, changes: Iterable[LearningRateChanged]) -> float:
    """What `arm` learnt with in mini-batch `step`: its own start keeps to the schedule, whatever is set by hand."""
    ordered = [] if arm.learning_rate is not None else [each.new for each in changes if each.step <= step]
    return ordered[-1] if ordered else scheduled(config, arm.learning_rate or config.learning_rate, step)
