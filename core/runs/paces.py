"""How long an experiment takes here, by those that were under way before.

Paces  of the runs that are here, and of some that are forgotten
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from core.experiment.config import ExperimentConfig
from core.runs.run import Run

KEPT_PACES = 50  # of runs that are forgotten


class Paces:
    """`here` are the runs that are remembered, the latest last."""

    def __init__(self) -> None:
        self._forgotten: deque[tuple[ExperimentConfig, float | None]] = deque(maxlen=KEPT_PACES)

    def remember(self, run: Run) -> None:
        """How fast it was, when it is about to be forgotten."""
        self._forgotten.append(_pace(run))

    def seconds_for(self, config: ExperimentConfig, here: Iterable[Run]) -> float | None:
        """About how long `config` takes, at the pace of the latest run that is like it; None where none was."""
        for like, seconds in reversed([*self._forgotten, *map(_pace, here)]):
            if seconds is not None and _alike(like, config):
                return seconds * config.total_steps * config.batch_size / like.batch_size
        return None

    def seconds_of(self, runs: Iterable[Run], here: Sequence[Run]) -> float | None:
        """About how long it takes until these have ended, one after the other; None where one is like none before."""
        seconds = [self._seconds_left(run, here) for run in runs]
        return sum(each for each in seconds if each is not None) if None not in seconds else None

    def _seconds_left(self, run: Run, here: Sequence[Run]) -> float | None:
        snapshot = run.snapshot(run.history.latest)
        if snapshot.eta_seconds is not None:
            return snapshot.eta_seconds
        whole = self.seconds_for(run.config, here)
        return None if whole is None else whole * (1 - snapshot.step / run.config.total_steps)


def _pace(run: Run) -> tuple[ExperimentConfig, float | None]:
    return run.config, run.clock.per_step(run.snapshot().step)


def _alike(one: ExperimentConfig, other: ExperimentConfig) -> bool:
    """Whether a step of the one takes about as long as a step of the other, image for image."""
    batches = sorted([one.batch_size, other.batch_size])
    return (len(one.arms), one.depth) == (len(other.arms), other.depth) and batches[1] <= 2 * batches[0]
