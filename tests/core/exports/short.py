"""Recordings that several tests of exports share: each is trained once a process."""

from __future__ import annotations

from functools import cache

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.steady import threads
from core.store.recording import Recording
from tests.core.store.recorded import recorded


@cache
def short(*arms: str, steps: int = 10) -> Recording:
    """So many mini-batches on the digits, with a look before, one halfway and one at the end."""
    trained = tuple(map(parse_arm, arms))
    config = ExperimentConfig(data="digits", batch_size=64, epochs=1, examples=64 * steps, arms=trained)
    with threads(1):  # several wait for one another where other processes take the cores
        return recorded(config, apart=steps // 2)


def two() -> Recording:
    return short("none", "bn")
