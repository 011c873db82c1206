"""core.runs.clock: how long a run has been under way, and how long it will be."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs import clock
from core.runs.clock import Clock

TOTAL = 28_000


class Running:
    """A run of TOTAL mini-batches, by a clock that only the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, first: int = 0) -> None:
        self.now, self.step = 1000.0, first + 1
        monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.clock = Clock(before=7.0, first=first)
        self.clock.begin(self.step)

    def pass_by(self, *seconds: float) -> None:
        """A mini-batch that takes each of these."""
        for each in seconds:
            self.now += each
            self.clock.halt()
            self.step += 1
            self.clock.begin(self.step)

    @property
    def left(self) -> float | None:
        return self.clock.left(self.step, TOTAL)


@pytest.mark.parametrize("first", [0, 500])
def test_a_first_mini_batch_that_took_long_is_no_measure_of_the_rest(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Running(monkeypatch, first)
    run.pass_by(3.0, 0.1)
    assert run.left is None  # nobody knows yet
    for _ in range(30):
        run.pass_by(0.1)
        assert run.left == pytest.approx(0.1 * (TOTAL - run.step + 1))


def test_steps_that_became_slow_soon_are_most_of_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Running(monkeypatch)
    run.pass_by(*[0.1] * 100)
    run.pass_by(*[0.3] * 300)
    assert run.left == pytest.approx(0.3 * (TOTAL - run.step + 1))


@given(st.lists(st.floats(0.01, 10), min_size=3, max_size=200))
def test_what_is_told_is_the_mean_of_the_latter_half_or_of_more(seconds: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run = Running(patch)
        run.pass_by(*seconds)
        means = [
            sum(seconds[begin:]) / (len(seconds) - begin)
            for begin in range(len(seconds) // 4, len(seconds) // 2 + 1)  # the last power of two is no further back
        ]
        told = run.clock.per_step(run.step, least=3)
        assert any(told == pytest.approx(mean, rel=1e-6) for mean in means)
