"""core.lab.timing: a mini-batch of a kind is timed once, if it could be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiment.config import ExperimentConfig
from core.lab import timing
from core.lab.timing import Timing


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


def test_what_was_timed_is_remembered_and_what_could_not_be_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, clock = [0.0, 0.5], Clock()
    monkeypatch.setattr(timing, "time", clock, raising=False)
    monkeypatch.setattr(Timing, "_timed", lambda self, config: found.pop(0))
    timed, config = Timing(), ExperimentConfig()
    assert [timed.step_seconds(config) for _ in range(3)] == [0.0] * 3  # it would take as long each time
    clock.now += timing.AGAIN_SECONDS
    assert [timed.step_seconds(config) for _ in range(3)] == [0.5] * 3
    clock.now += timing.AGAIN_SECONDS
    assert timed.step_seconds(config) == 0.5
    of_their_own = tuple(replace(arm, learning_rate=0.3) for arm in config.arms)
    assert timed.step_seconds(replace(config, arms=of_their_own, learning_rate=1.0)) == 0.5  # found is empty
