"""core.lab.conducted: a sweep in a server's thread, which anybody may stop and nothing may break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.data.files import DataError
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab import conducted
from core.lab.conducted import Conducted, id_of
from core.lab.estimate import Estimate
from core.lab.sweep import Sweep
from core.lab.told import standing
from core.language.message import Message
from core.runs.engine import Engine, EngineError, Outcome
from tests.core.lab.gated import Gated, Made, quick
from tests.fixtures import wait_until as until

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
SWEEP = Sweep(BASE, (("lr", (0.1, 10.0)),), seeds=2)


def begun(made: Made, let: int = 0) -> Made:
    """With so many of its points done."""
    made.sweep.begin("key")
    made.engine.let(let)
    until(lambda: made.sweep.done == let and made.sweep.status == "running")
    return made


def test_all_points_come_and_are_said_in_the_sweeps_order() -> None:
    made = begun(Made(SWEEP))
    made.engine.let(4)
    made.end()
    assert (made.sweep.status, made.sweep.done, made.sweep.missing) == ("finished", 4, 0)
    assert [(each["values"]["lr"], each["seed"], each["arm"]) for each in made.sweep.entries] == [
        (lr, seed, arm) for seed in (0, 1) for lr in (0.1, 10.0) for arm in ("none", "bn")
    ]
    assert made.engine.closed == 1


def test_pause_finishes_what_is_under_way_and_begins_nothing() -> None:
    made = begun(Made(SWEEP), let=1)
    until(lambda: len(made.engine.submitted) == 2)
    made.sweep.wish("pause")
    made.engine.let(3)
    until(lambda: made.sweep.status == "paused")
    assert (made.sweep.done, len(made.engine.submitted)) == (2, 2)
    made.sweep.wish("resume")
    made.end()
    assert (made.sweep.status, made.sweep.done) == ("finished", 4)


class Meanwhile:
    """A sweeping of which nothing is under way, and during whose look at its engine somebody has the sweep go on."""

    under_way, unkept, estimate = 0, "", Estimate([], 1, lambda config: 1.0)

    def __init__(self, sweep: Conducted) -> None:
        self.sweep = sweep

    def advance(self, seconds: float, goes_on: bool) -> list[Any]:
        self.sweep.wish("resume")
        return []


@pytest.mark.parametrize(("is_busy", "status"), [(False, "running"), (True, "waiting")])
def test_what_goes_on_after_a_pause_waits_for_a_live_run_alone(is_busy: bool, status: str) -> None:
    made = Made(SWEEP)
    made.sweep.asked, made.sweep.status, made.is_busy = "pause", "paused", is_busy
    made.sweep._advance(made.sweep.parts[0], Meanwhile(made.sweep))  # type: ignore[arg-type]
    assert made.sweep.status == status


def test_a_live_run_has_the_right_of_way_between_two_points() -> None:
    made = Made(SWEEP)
    made.is_busy = True
    made.sweep.begin("key")
    until(lambda: made.sweep.status == "waiting")
    assert made.engine.submitted == []
    made.is_busy = False
    made.engine.let(1)
    until(lambda: made.sweep.done == 1)
    made.is_busy = True
    made.engine.let(1)  # what is under way comes to its end
    until(lambda: made.sweep.status == "waiting")
    assert made.sweep.done == 2
    made.sweep.wish("cancel")
    made.end()


def test_cancel_keeps_what_is_done_and_resuming_computes_only_what_is_missing() -> None:
    made = begun(Made(SWEEP), let=3)
    made.sweep.wish("cancel")
    made.end()
    assert (made.sweep.status, made.sweep.done, made.sweep.missing) == ("cancelled", 3, 1)
    before, made.engine = made.engine, Gated(open_=True)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, len(made.engine.submitted)) == ("finished", 1)
    assert not set(made.engine.submitted) & set(before.submitted[:3])


def test_another_process_finds_what_was_kept() -> None:
    first = begun(Made(SWEEP), let=3)
    first.sweep.interrupt()
    first.end()
    assert first.sweep.status == "interrupted"
    second = Made(SWEEP, first.kept)
    second.sweep.look_up()
    assert (second.sweep.status, second.sweep.done, second.sweep.missing) == ("", 3, 1)
    assert second.sweep.seconds_ahead() == pytest.approx(quick(second.sweep.asked_points[-1:], 1).seconds)
    begun_again = Made(replace(SWEEP, seeds=3), first.kept)
    begun_again.engine.let(9)
    begun_again.sweep.begin("key")
    begun_again.end()
    assert len(begun_again.engine.submitted) == 3


def test_nobody_watching_ends_it_unless_its_owner_has_pinned_it() -> None:
    made = Made(SWEEP, grace=0.0)
    made.sweep.join("somebody")
    begun(made, let=1)
    made.sweep.wish("pin")
    made.sweep.leave("somebody")
    made.engine.let(1)
    until(lambda: made.sweep.done == 2)
    assert made.sweep.is_under_way
    made.sweep.wish("unpin")
    made.end()
    assert (made.sweep.status, made.sweep.done) == ("stopped", 2)
    assert str(made.sweep.message).startswith("Nobody had this sweep’s page open")


def test_a_paused_sweep_that_nobody_watches_ends_though_it_is_pinned_and_another_may_begin() -> None:
    made = Made(SWEEP, grace=0.0)
    made.sweep.join("somebody")
    begun(made, let=1)
    made.sweep.wish("pin")
    made.sweep.wish("pause")
    made.engine.let(1)
    until(lambda: made.sweep.status == "paused")
    made.sweep.leave("somebody")
    until(lambda: not made.sweep.is_under_way)
    assert (made.sweep.status, made.sweep.done) == ("stopped", 2)


def test_the_images_of_every_set_that_is_varied_are_fetched() -> None:
    fetched: list[str] = []
    sweep = Sweep(BASE, (("data", ("mnist", "kmnist")),))
    made = Made(sweep, fetch=lambda config, check: fetched.append(config.data))
    made.engine.let(9)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, fetched) == ("finished", ["mnist", "kmnist"])


class Killed(Gated):
    """None of its points comes to its end."""

    def poll(self, seconds: float) -> list[Outcome]:
        return [Outcome(each.key, None, "killed") for each in super().poll(seconds)]


def test_a_failed_point_that_another_process_has_computed_since_is_told_once() -> None:
    made = Made(SWEEP)
    made.engine = Killed(open_=True)
    made.sweep.begin("key")
    made.end()
    before = made.sweep.generation
    assert (made.sweep.done, made.sweep.failed) == (0, 4)
    another = begun(Made(SWEEP, made.kept), let=3)
    another.sweep.wish("cancel")
    another.end()
    made.sweep.look_up()
    assert (made.sweep.done, made.sweep.failed, made.sweep.generation) == (3, 1, before + 1)
    told = [(each["values"]["lr"], each["seed"], each["arm"]) for each in made.sweep.entries]
    assert (len(told), len(set(told))) == (8, 8)
    made.sweep.look_up()
    assert (len(made.sweep.entries), made.sweep.generation) == (8, before + 1)


def test_a_server_may_limit_its_minutes() -> None:
    made = Made(SWEEP, minutes=1e-9)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, "the most that this server gives" in str(made.sweep.message)) == ("stopped", True)


def test_a_sweep_without_minutes_left_says_what_can_be_done_and_one_that_is_whole_needs_none() -> None:
    made = begun(Made(SWEEP, minutes=1.0), let=1)
    made.sweep.wish("cancel")
    made.end()
    how = standing(made.sweep, "key")
    assert (how["status"], how["spent"], how["message"]) == ("cancelled", False, "")
    made.sweep.seconds = 61.0
    how = standing(made.sweep, "key")
    assert (how["spent"], "python -m core sweep --link" in how["message"]) == (True, True)
    made.sweep.seconds = 0.0
    made.engine.let(9)
    made.sweep.begin("key")
    made.end()
    made.sweep.seconds = 61.0
    assert (made.sweep.missing, standing(made.sweep, "key")["spent"]) == (0, False)


def test_the_minutes_are_the_sweeps_however_often_it_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the engine takes 15 s of a made-up clock; 30 are given, and the next look is too late."""

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            self.now += 15.0
            return self.now

    monkeypatch.setattr(conducted, "time", Clock())
    made = Made(SWEEP, minutes=0.5)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, made.sweep.seconds) == ("stopped", 45.0)
    begun_before = len(made.begun)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, made.sweep.seconds, len(made.begun)) == ("stopped", 45.0, begun_before)


def test_a_sweep_that_waits_or_is_paused_loses_no_minute_and_one_whose_last_points_run_does() -> None:
    made = Made(SWEEP)
    made.is_busy = True
    made.sweep.begin("key")
    until(lambda: made.sweep.status == "waiting")
    assert made.sweep.seconds == 0.0
    made.is_busy = False
    until(lambda: len(made.engine.submitted) == 1)
    made.sweep.wish("pause")
    for _ in range(3):  # the first look may have begun before the wish
        before = made.sweep.seconds
        until(lambda: made.sweep.seconds > before)  # noqa: B023
    assert made.sweep.status == "running"
    made.sweep.wish("cancel")
    made.end()


def _no_data(config: ExperimentConfig, check: Callable[[], None]) -> None:
    raise DataError(Message("There are none."))


def test_what_goes_wrong_ends_the_sweep_and_says_why_and_another_can_begin() -> None:
    made = Made(SWEEP, fetch=_no_data)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, str(made.sweep.message)) == ("failed", "There are none.")
    made = begun(Made(SWEEP), let=1)
    made.engine.breaks = OSError("no more processes")
    made.end()
    assert (made.sweep.status, made.sweep.message) == ("failed", "OSError: no more processes")
    assert (made.sweep.done, made.engine.closed) == (1, 1)
    made.engine = Gated(open_=True)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, made.sweep.message) == ("finished", "")


def test_an_engine_that_cannot_begin_or_is_lost_is_said_in_its_own_words_and_what_is_done_stays() -> None:
    def refuse() -> Engine:
        raise EngineError(Message("There is no cluster."))

    made = Made(SWEEP, begin=refuse)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.status, str(made.sweep.message)) == ("failed", "There is no cluster.")
    made = begun(Made(SWEEP), let=1)
    made.engine.breaks = EngineError(Message("The cluster has gone."))
    made.end()
    assert (made.sweep.status, str(made.sweep.message)) == ("failed", "The cluster has gone.")
    assert (made.sweep.done, made.engine.closed) == (1, 1)


def test_what_can_be_paused_is_under_way_and_what_is_cancelled_stays_so() -> None:
    made = Made(SWEEP)
    made.sweep.wish("pause")
    assert made.sweep.asked == ""
    begun(made).sweep.wish("cancel")
    made.sweep.wish("pause")
    made.end()
    assert made.sweep.status == "cancelled"


def test_two_combinations_that_are_one_experiment_are_one_run_and_two_entries() -> None:
    made = Made(Sweep(BASE, (("batch-size", (12, 24)), ("lr-rule", ("fixed", "proportional")))))
    made.engine.let(9)
    made.sweep.begin("key")
    made.end()
    assert (made.sweep.total, len(made.sweep.entries)) == (3, 2 * 2 * 2)


def test_the_same_sweep_has_the_same_id_and_another_one_another() -> None:
    assert id_of(SWEEP) == id_of(Sweep(BASE, (("lr", (0.1, 10.0)),), seeds=2, limit=8))
    assert len({id_of(each) for each in (SWEEP, replace(SWEEP, seeds=3), replace(SWEEP, validation=0.2))}) == 3
