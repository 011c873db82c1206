"""How the learning rate goes through a run, as a pure function of the mini-batch.

scheduled   the learning rate of one mini-batch
shown_rate  that of the next one, as a page shows it
turns       the mini-batches from which on it is another one
"""

from __future__ import annotations

import math

from core.experiment.config import COSINE, STEP, ExperimentConfig


def scheduled(config: ExperimentConfig, start: float, step: int) -> float:
    """The learning rate of mini-batch `step`, from 1, where the first one has `start`.

    "step" multiplies it by `step_factor` after every `step_epochs` epochs; "cosine" takes it down half a wave
    (Loshchilov & Hutter 2017), which would reach 0 at the mini-batch after the last.
    """
    if config.schedule == STEP:
        return start * config.step_factor ** ((step - 1) // config.steps_per_epoch // config.step_epochs)
    if config.schedule == COSINE:
        return 0.5 * start * (1 + math.cos(math.pi * (step - 1) / config.total_steps))
    return start


def shown_rate(config: ExperimentConfig, steps: int) -> float:
    """The experiment's own after so many mini-batches: what is computed to four digits, what was written as it is."""
    rate = scheduled(config, config.learning_rate, min(steps + 1, config.total_steps))
    return rate if rate == config.learning_rate else float(f"{rate:.4g}")


def turns(config: ExperimentConfig) -> range:
    """Where the rate is another than before, if that is at some mini-batches only: none of a cosine's are listed."""
    apart = config.steps_per_epoch * config.step_epochs
    return range(1 + apart, config.total_steps + 1, apart) if config.schedule == STEP else range(0)
