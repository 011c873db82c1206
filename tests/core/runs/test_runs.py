"""core.runs: who runs when, who may steer, who is watching; and that what is said has happened.

Where it matters in which moment an order comes, the trainer is a scripted one that waits for the test.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.data.files import DataError
from core.data.pace import BYTES_A_SECOND, SECONDS
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.environment import GRACE_SECONDS
from core.experiment.fitting import DIGITS
from core.experiment.rules import ConfigError
from core.language.speech import speaking
from core.runs import gallery
from core.runs.asking import QueueFull
from core.runs.line import Line
from core.runs.manager import KEPT_RUNS, MAX_ACTIVE_RUNS, RunManager
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.training.records import (
    ArmDiverged,
    DataArrived,
    DataReplaced,
    LearningRateChanged,
    Record,
    StatusChanged,
    TrainMeasured,
)
from core.training.trainer import train

CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=50, epochs=2, arms=(parse_arm("bn"),))
ENDLESS = replace(CONFIG, epochs=1000)
PATIENCE_SECONDS = 60


def statuses(run: Run) -> list[str]:
    return [r.status for r in run.history if isinstance(r, StatusChanged)]


def message(run: Run) -> str:
    return next(str(r.message) for r in reversed(list(run.history)) if isinstance(r, StatusChanged))


def losses(records: list[Record]) -> list[float]:
    return [r.loss["bn"] for r in records if isinstance(r, TrainMeasured)]


@dataclass
class Script:
    """A trainer that asks its control before every mini-batch, says that it is in one, and waits there."""

    in_step: queue.Queue[int] = field(default_factory=queue.Queue)
    go_on: queue.Queue[Callable[[], Any]] = field(default_factory=queue.Queue)

    def train(self, config: ExperimentConfig, data: object, publish: object, control: Any, crew: object) -> list[Any]:
        for step in range(1, config.total_steps + 1):
            control.begin_step(step)
            self.in_step.put(step)
            self.go_on.get(timeout=PATIENCE_SECONDS)()
            control.wait()  # as for a test between two mini-batches
        return []

    def step(self) -> int:
        """The mini-batch that is being computed, as soon as one is."""
        return self.in_step.get(timeout=PATIENCE_SECONDS)

    def finish_step(self, by: Callable[[], Any] = lambda: None) -> None:
        self.go_on.put(by)

    def end(self, manager: RunManager) -> None:
        """Stop every run of `manager`, whether or not it is in a mini-batch."""
        for run in manager.active():
            run.stop(run.key)
            self.finish_step()
        manager.shutdown(PATIENCE_SECONDS)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, manager: RunManager, small_digits: object) -> Iterator[Script]:
    script = Script()
    monkeypatch.setattr("core.runs.manager.train", script.train)
    yield script
    script.end(manager)


@pytest.fixture(autouse=True)
def _small(small_digits: object) -> None:
    """All runs here are on 300 digits."""


# --- pause, step, resume, stop -----------------------------------------------------------------------------------


def test_paused_is_said_only_when_the_mini_batch_has_ended_and_then_no_step_is_made(start, script, until) -> None:
    run = start(ENDLESS)
    assert script.step() == 1
    run.pause(run.key)
    assert (run.status, run.snapshot().asked) == ("running", "pause")
    script.finish_step()
    until(lambda: run.status == "paused")
    assert (run.snapshot().step, run.snapshot().asked) == (1, "")
    assert script.in_step.empty()


def test_a_run_that_cannot_be_kept_as_it_ends_leaves_the_device_to_others() -> None:
    def state() -> Any:
        raise MemoryError

    line = Line()
    run, other = Run(CONFIG, line, 60.0), Run(CONFIG, line, 60.0)
    assert not line.join(run)
    line.join(other)
    run.unkept.wanted, run.state = True, state
    with pytest.raises(MemoryError):
        run.end("stopped")
    assert (run.status, line.place(other)) == ("stopped", 0)


def test_a_step_is_exactly_one_mini_batch(start, script, until) -> None:
    run = start(ENDLESS)
    script.step()
    run.pause(run.key)
    script.finish_step()
    for expected in (2, 3, 4):
        until(lambda: run.status == "paused")
        run.step_once(run.key)
        assert run.snapshot().asked == "step"
        assert script.step() == expected
        assert (run.status, run.snapshot().asked) == ("running", "step")
        script.finish_step()
    until(lambda: run.status == "paused")
    assert run.snapshot().step == 4
    assert script.in_step.empty()


def test_step_while_it_runs_does_one_more_mini_batch_and_pauses(start, script, until) -> None:
    run = start(ENDLESS)
    script.step()
    run.step_once(run.key)
    script.finish_step()
    assert script.step() == 2
    script.finish_step()
    until(lambda: run.status == "paused")
    assert run.snapshot().step == 2


def test_each_order_of_a_step_is_one_more_mini_batch_and_pause_takes_back_those_to_come(start, script, until) -> None:
    run = start(ENDLESS)
    script.step()
    for _ in range(4):  # while the first mini-batch is under way
        run.step_once(run.key)
    script.finish_step()
    for expected in (2, 3):
        assert script.step() == expected
        if expected == 3:
            run.pause(run.key)
        script.finish_step()
    until(lambda: run.status == "paused")
    assert run.snapshot().step == 3
    assert script.in_step.empty()


def test_resume_goes_on_with_the_next_step_and_says_so(start, script, until) -> None:
    run = start(ENDLESS)
    script.step()
    run.pause(run.key)
    script.finish_step()
    until(lambda: run.status == "paused")
    run.resume(run.key)
    assert run.snapshot().asked in ("resume", "")
    assert script.step() == 2
    assert run.status == "running"
    script.finish_step()
    assert script.step() == 3
    assert statuses(run) == ["queued", "preparing", "running", "paused", "running"]


def test_pausing_and_resuming_at_every_turn_changes_no_number(start, small_digits, until) -> None:
    config = replace(CONFIG, epochs=1)
    run = start(config)
    run.pause(run.key)
    for step in range(1, config.total_steps + 1):
        until(lambda: run.status == "paused")
        run.step_once(run.key)
        until(lambda step=step: run.snapshot().step == step)
    until(lambda: run.status in ("paused", "finished"))
    run.resume(run.key)
    until(lambda: run.ended)
    alone: list[Record] = []
    train(config, small_digits, alone.append)
    assert losses(list(run.history)) == losses(alone)


def test_stop_ends_within_one_mini_batch_and_keeps_what_was_measured(manager, start, until) -> None:
    run = start(ENDLESS)
    until(lambda: run.snapshot().step >= 3)
    run.stop(run.key)
    step = run.snapshot().step
    manager.join(run, PATIENCE_SECONDS)
    assert (run.status, run.snapshot().step) == ("stopped", step)
    assert step - 1 <= len(losses(list(run.history))) <= step


def test_stop_is_asked_until_the_worker_confirms_it(manager, start, script) -> None:
    run = start(ENDLESS)
    script.step()
    run.stop(run.key)
    assert (run.status, run.snapshot().asked) == ("running", "stop")
    script.finish_step()
    manager.join(run, PATIENCE_SECONDS)
    assert (run.status, run.snapshot().asked) == ("stopped", "")


@pytest.mark.parametrize("paused", [True, False])
def test_a_run_that_waits_or_is_paused_can_be_stopped(manager, start, script, until, paused: bool) -> None:
    first = start(ENDLESS)
    script.step()
    run = first if paused else start(ENDLESS)
    if paused:
        run.pause(run.key)
        script.finish_step()
        until(lambda: run.status == "paused")
    run.stop(run.key)
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "stopped"


def test_a_learning_rate_ordered_while_paused_is_told_at_once_as_that_of_the_next_step(start, script, until) -> None:
    run = start(ENDLESS)
    run.pause(run.key)
    script.finish_step()
    until(lambda: run.status == "paused")
    run.change_learning_rate(run.key, 0.25)
    assert run.snapshot().learning_rate == 0.25  # the field on the page would go back to 0.1
    assert not any(isinstance(r, LearningRateChanged) for r in run.history)


def test_a_new_learning_rate_is_used_from_the_next_step_on(manager, start, until) -> None:
    run = start(ENDLESS)
    until(lambda: run.snapshot().step >= 2)
    run.change_learning_rate(run.key, 0.25)
    until(lambda: run.snapshot().learning_rate == 0.25)
    until(lambda: any(isinstance(r, LearningRateChanged) for r in run.history))
    change = next(r for r in run.history if isinstance(r, LearningRateChanged))
    assert (change.old, change.new) == (0.1, 0.25)


def test_the_rate_that_it_has_already_is_no_change(manager, start, until) -> None:
    run = start(ENDLESS)
    run.change_learning_rate(run.key, 0.3)
    until(lambda: run.snapshot().learning_rate == 0.3)
    run.change_learning_rate(run.key, 0.3)
    step = run.snapshot().step
    until(lambda: run.snapshot().step >= step + 3)
    assert [(r.old, r.new) for r in run.history if isinstance(r, LearningRateChanged)] == [(0.1, 0.3)]


def test_under_a_schedule_the_rate_told_is_that_of_the_next_step_until_one_is_ordered(start, script) -> None:
    run = start(replace(ENDLESS, learning_rate=0.4, schedule="step", step_factor=0.25))  # of 6 steps an epoch
    for step, rate in enumerate((0.4, 0.4, 0.4, 0.4, 0.4, 0.1), 1):
        assert script.step() == step
        assert run.snapshot().learning_rate == rate
        script.finish_step()
    script.step()
    run.change_learning_rate(run.key, 0.1)  # as it is now, and so it is to stay
    script.finish_step()
    script.step()
    assert run._orders.rate is None  # the trainer has it
    for _ in range(6):
        script.finish_step()
        script.step()
    assert run.snapshot().learning_rate == 0.1


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_learning_rate_that_is_none_is_refused_and_nothing_changes(start, script, rate: float) -> None:
    run = start(ENDLESS)
    with pytest.raises(ConfigError, match="finite number above 0"):
        run.change_learning_rate(run.key, rate)
    script.step()
    assert run.snapshot().learning_rate == 0.1


@pytest.mark.parametrize(("rate", "optimizer"), [(1e39, "sgd"), (1e-50, "sgd"), (1e38, "adam")])
def test_a_learning_rate_that_float32_does_not_hold_is_refused(start, script, rate: float, optimizer: str) -> None:
    run = start(replace(ENDLESS, optimizer=optimizer))
    with pytest.raises(ConfigError, match="float32"):
        run.change_learning_rate(run.key, rate)
    script.step()
    assert run.snapshot().learning_rate == 0.1


def test_a_learning_rate_that_no_arm_would_follow_is_refused(start) -> None:
    run = start(replace(ENDLESS, arms=(parse_arm("bn:lr=0.2"),)))
    with pytest.raises(ConfigError, match="learning rate of its own"):
        run.change_learning_rate(run.key, 0.3)


# --- who may steer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["pause", "resume", "step_once", "stop"])
@pytest.mark.parametrize("key", ["", "guess", "schlüssel", "\ud800"])
def test_only_who_holds_the_key_can_steer(start, script, order: str, key: str) -> None:
    run = start(ENDLESS)
    script.step()
    with pytest.raises(NotTheOwner, match="start a run of your own"):
        getattr(run, order)(key)
    assert run.snapshot().asked == ""
    script.finish_step()
    assert script.step() == 2


def test_ids_and_keys_cannot_be_guessed_from_each_other(start, script) -> None:
    first, second = start(ENDLESS), start(ENDLESS)
    assert len({first.id, first.key, second.id, second.key}) == 4
    with pytest.raises(NotTheOwner):
        second.stop(first.key)


# --- the line ----------------------------------------------------------------------------------------------------


def test_a_second_run_waits_with_its_place_in_line_and_starts_when_the_first_has_ended(start, script, until) -> None:
    first, second, third = (start(ENDLESS) for _ in range(3))
    script.step()
    assert [run.snapshot().place for run in (first, second, third)] == [0, 1, 2]
    assert second.status == third.status == "queued"
    version = third.version
    first.stop(first.key)
    script.finish_step()
    until(lambda: first.ended)
    assert script.step() == 1
    assert second.status == "running"
    assert third.snapshot().place == 1
    assert third.version > version  # or a watcher would be given the old place


def test_a_second_run_does_not_change_the_first_ones_numbers(manager, start, small_digits) -> None:
    first, second = start(CONFIG), start(replace(CONFIG, seed=1))
    for run in (first, second):
        manager.join(run, PATIENCE_SECONDS)
        alone: list[Record] = []
        train(run.config, small_digits, alone.append)
        assert losses(list(run.history)) == losses(alone)


def test_a_paused_run_frees_the_device_and_waits_at_the_end_when_it_comes_back(start, script, until) -> None:
    first, second = start(ENDLESS), start(ENDLESS)
    script.step()
    first.pause(first.key)
    script.finish_step()
    assert script.step() == 1
    assert (first.status, first.snapshot().step, second.status) == ("paused", 1, "running")
    first.resume(first.key)
    until(lambda: first.status == "queued")
    assert first.snapshot().place == 1
    second.stop(second.key)
    script.finish_step()
    assert script.step() == 2
    assert first.status == "running"


def test_a_paused_run_stands_still_while_another_runs_to_its_end(manager, start, until) -> None:
    paused = start(ENDLESS)
    until(lambda: paused.snapshot().step >= 2)
    paused.pause(paused.key)
    until(lambda: paused.status == "paused")
    step, latest = paused.snapshot().step, paused.history.latest
    other = start(CONFIG)
    manager.join(other, PATIENCE_SECONDS)
    assert other.status == "finished"
    assert (paused.snapshot().step, paused.history.latest) == (step, latest)


def test_when_the_line_is_full_a_start_is_refused_with_what_to_do_and_disturbs_nobody(script) -> None:
    manager = RunManager(device=torch.device("cpu"), grace=60, capacity=2)
    waiting = [manager.submit(ENDLESS) for _ in range(2)]
    with pytest.raises(QueueFull, match="At most 2 experiments may run or wait at a time, and 2 do"):
        manager.submit(ENDLESS)
    assert manager.active() == waiting
    script.end(manager)


def test_a_start_that_is_refused_leaves_ones_own_run_alone(script) -> None:
    manager = RunManager(device=torch.device("cpu"), grace=60, capacity=1)
    ending = manager.submit(ENDLESS)
    script.step()
    own = manager.submit(ENDLESS, replaces=ending)
    with pytest.raises(QueueFull):  # while the one before has not ended yet
        manager.submit(ENDLESS, replaces=own)
    assert own.snapshot().asked == ""
    assert manager.active() == [ending, own]
    script.end(manager)


def test_what_is_more_than_a_run_may_take_is_refused_in_figures_and_disturbs_nobody(script) -> None:
    manager = RunManager(device=torch.device("cpu"), grace=60, most_work=ENDLESS.work)
    own = manager.submit(ENDLESS)
    script.step()
    more = replace(ENDLESS, arms=(*ENDLESS.arms, parse_arm("rms")))
    with pytest.raises(ConfigError) as refused:
        manager.submit(more, replaces=own)
    assert str(refused.value) == (
        f"On this server an experiment may take at most {ENDLESS.work:,} images × epochs × arms × layers; this one "
        f"takes {more.work:,}. Use fewer images, epochs or arms."
    )
    assert (own.snapshot().asked, manager.active()) == ("", [own])
    script.end(manager)


def test_a_new_start_replaces_ones_own_run_even_when_the_line_is_full(script) -> None:
    manager = RunManager(device=torch.device("cpu"), grace=60, capacity=1)
    old = manager.submit(ENDLESS)
    script.step()
    new = manager.submit(ENDLESS, replaces=old)
    script.finish_step()
    manager.join(old, PATIENCE_SECONDS)
    assert old.status == "stopped"
    assert script.step() == 1
    assert manager.active() == [new]
    script.end(manager)


def test_visitors_who_press_start_at_once_all_get_a_run_or_are_told_that_the_line_is_full(script) -> None:
    manager, answers = RunManager(device=torch.device("cpu"), grace=60, capacity=5), []
    at_once = threading.Barrier(12)

    def press() -> None:
        at_once.wait(PATIENCE_SECONDS)
        try:
            answers.append(manager.submit(ENDLESS))
        except QueueFull as full:
            answers.append(full)

    visitors = [threading.Thread(target=press) for _ in range(12)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(PATIENCE_SECONDS)
    started = [answer for answer in answers if isinstance(answer, Run)]
    assert (len(answers), len(started)) == (12, 5)
    assert sorted(run.snapshot().place for run in started) == [0, 1, 2, 3, 4]
    script.end(manager)


def test_old_ended_runs_are_forgotten_and_running_ones_are_not(manager, start, script, monkeypatch, until) -> None:
    monkeypatch.setattr("core.runs.manager.KEPT_RUNS", 2)
    first = start(ENDLESS)
    script.step()
    ended = []
    for _ in range(4):
        ended.append(start(ENDLESS))
        ended[-1].stop(ended[-1].key)
        manager.join(ended[-1], PATIENCE_SECONDS)
    start(ENDLESS)
    assert manager.find(first.id) is first
    assert [manager.find(run.id) is not None for run in ended] == [False, False, True, True]


# --- who is watching ---------------------------------------------------------------------------------------------


def test_a_run_that_nobody_watches_ends_after_the_grace_period_and_says_why() -> None:
    manager = RunManager(device=torch.device("cpu"), grace=0.05)
    run = manager.submit(ENDLESS)
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "stopped"
    assert message(run) == "Nobody had this run's page open for 0.05 seconds."
    with speaking("zh"):  # the worker's thread has said it, in no language
        assert message(run) == "已有0.05秒没有人打开这次运行的页面。"


def test_a_paused_run_that_nobody_watches_ends_too(until) -> None:
    manager = RunManager(device=torch.device("cpu"), grace=0.05)
    run = manager.submit(ENDLESS)
    run.join("somebody")
    run.pause(run.key)
    until(lambda: run.status == "paused")
    run.leave("somebody")
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "stopped"


def test_a_run_goes_on_as_long_as_anybody_watches(script, monkeypatch) -> None:
    now = clock(monkeypatch)
    manager = RunManager(device=torch.device("cpu"), grace=60)
    run = manager.submit(ENDLESS)
    for watcher in ("owner", "student"):
        run.join(watcher)
    script.step()
    run.leave("owner")
    now[0] += 1000
    script.finish_step()
    assert script.step() == 2
    run.leave("student")
    now[0] += 61
    script.finish_step()
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "stopped"


def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only the test moves."""
    now = [1000.0]
    for module in ("clock", "watchers"):
        monkeypatch.setattr(f"core.runs.{module}.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_blip_shorter_than_the_grace_period_ends_nothing(script, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        now = clock(patch)
        run = RunManager(device=torch.device("cpu"), grace=60).submit(ENDLESS)
        run.join("somebody")
        script.step()
        for expected in (2, 3, 4):
            run.leave("somebody")
            now[0] += 59
            script.finish_step()
            assert script.step() == expected
            run.join("somebody")
            now[0] += 59
        run.stop(run.key)


def test_asking_for_points_counts_as_watching(script, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        now = clock(patch)
        run = RunManager(device=torch.device("cpu"), grace=60).submit(ENDLESS)
        script.step()
        for expected in (2, 3, 4):
            now[0] += 59
            run.seen()
            script.finish_step()
            assert script.step() == expected
        run.stop(run.key)


# --- what goes wrong ---------------------------------------------------------------------------------------------


def fails_with(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_missing_data_are_replaced_by_the_digits_with_the_reason(manager, start, monkeypatch, small_digits) -> None:
    def load(name: str, *_: object) -> object:
        if name == "digits":
            return small_digits
        raise DataError("fashion-mnist is not complete: run `python -m core data fetch`.", missing=True)

    monkeypatch.setattr(gallery, "load", load)
    run = start(replace(CONFIG, data="fashion-mnist"))
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "finished"
    assert run.config == CONFIG
    reason = "fashion-mnist is not complete: run `python -m core data fetch`."
    assert [r for r in run.history if isinstance(r, DataReplaced)] == [
        DataReplaced("fashion-mnist", "digits", reason, settings="")
    ]


@pytest.fixture
def network(monkeypatch, small_digits) -> Iterator[Network]:
    """Fashion-MNIST is not here, and comes when the test says so; `digits` are."""
    network = Network(small_digits)
    monkeypatch.setattr(gallery, "is_missing", lambda name, root: name != "digits")
    monkeypatch.setattr(gallery, "load", network.load)
    yield network
    network.arrived.set()


@dataclass
class Network:
    """What is asked of it arrives at once for all who asked, `arrived`; until then a chunk comes every millisecond."""

    images: object
    asked: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    given_up: list[str] = field(default_factory=list)
    error: Exception | None = None

    def load(self, name: str, root: object, device: object, progress: Any, check_stopped: Any) -> object:
        if name != "digits":
            self.asked.append(name)
            self._wait(name, progress, check_stopped)
        return self.images

    def _wait(self, name: str, progress: Any, check_stopped: Any) -> None:
        while not self.arrived.wait(0.001):
            progress("images.gz", 500, 1000)
            try:
                check_stopped()
            except Exception:
                self.given_up.append(name)
                raise
        if self.error is not None:
            raise self.error


ELSEWHERE = replace(CONFIG, data="fashion-mnist")


def test_who_needs_no_download_does_not_wait_for_one(manager, start, network, until) -> None:
    slow = start(ELSEWHERE)
    until(lambda: any(isinstance(r, DataArrived) for r in slow.history))
    quick = start(CONFIG)
    manager.join(quick, PATIENCE_SECONDS)
    assert quick.status == "finished"
    assert (slow.status, slow.snapshot().place) == ("preparing", 0)
    network.arrived.set()
    manager.join(slow, PATIENCE_SECONDS)
    assert (slow.status, slow.config) == ("finished", ELSEWHERE)
    assert network.asked == ["fashion-mnist"]


def test_two_who_want_the_same_data_share_a_download_and_both_see_how_far_it_is(manager, start, network, until) -> None:
    both = [start(ELSEWHERE), start(ELSEWHERE)]
    for run in both:
        until(lambda run=run: DataArrived("images.gz", 500, 1000) in list(run.history))
    network.arrived.set()
    for run in both:
        manager.join(run, PATIENCE_SECONDS)
    assert [run.status for run in both] == ["finished"] * 2
    assert network.asked == ["fashion-mnist"]


def test_who_stops_leaves_the_download_to_the_others_and_the_last_one_ends_it(manager, start, network, until) -> None:
    first, second = start(ELSEWHERE), start(ELSEWHERE)
    for run in (first, second):
        until(lambda run=run: any(isinstance(r, DataArrived) for r in run.history))
    first.stop(first.key)
    manager.join(first, PATIENCE_SECONDS)
    assert (first.status, second.status, network.given_up) == ("stopped", "preparing", [])
    second.stop(second.key)
    manager.join(second, PATIENCE_SECONDS)
    until(lambda: network.given_up == ["fashion-mnist"])
    third = start(ELSEWHERE)
    network.arrived.set()
    manager.join(third, PATIENCE_SECONDS)
    assert (third.status, network.asked) == ("finished", ["fashion-mnist"] * 2)


def test_a_stop_is_heard_though_nothing_arrives(manager, start, network, monkeypatch, until) -> None:
    monkeypatch.setattr(network, "_wait", lambda *_: network.arrived.wait(PATIENCE_SECONDS))
    run = start(ELSEWHERE)
    until(lambda: run.status == "preparing")
    run.stop(run.key)
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "stopped"


def test_a_download_that_fails_fails_for_all_who_wait_and_both_go_on_with_the_digits(manager, start, network) -> None:
    network.error = DataError("no route to host", missing=True)
    both = [start(ELSEWHERE), start(ELSEWHERE)]
    network.arrived.set()
    for run in both:
        manager.join(run, PATIENCE_SECONDS)
        assert (run.status, run.config.data) == ("finished", "digits")
        assert [r.reason for r in run.history if isinstance(r, DataReplaced)] == ["no route to host"]


def test_who_waited_for_data_comes_back_to_its_place_behind_whoever_computes(start, script, network, until) -> None:
    computing = start(ENDLESS)
    script.step()
    slow, later = start(ELSEWHERE), start(ENDLESS)
    until(lambda: slow.status == "preparing")
    assert [run.snapshot().place for run in (computing, slow, later)] == [0, 0, 1]
    version = later.version
    network.arrived.set()
    until(lambda: slow.status == "queued")
    assert [run.snapshot().place for run in (computing, slow, later)] == [0, 1, 2]
    assert later.version > version  # or a watcher would be given the old place


def test_who_pressed_first_does_not_take_the_device_from_whoever_has_it_by_then(start, script, network, until) -> None:
    slow = start(ELSEWHERE)
    until(lambda: slow.status == "preparing")
    computing = start(ENDLESS)
    script.step()
    network.arrived.set()
    until(lambda: slow.status == "queued")
    script.finish_step()
    assert script.step() == 2
    assert (computing.status, slow.snapshot().place) == ("running", 1)


def test_missing_data_bring_settings_with_which_the_digits_show_the_lesson_and_say_which(
    manager, start, monkeypatch, digits
) -> None:
    def load(name: str, *_: object) -> object:
        if name == "digits":
            return digits
        raise DataError("fashion-mnist is not complete.", missing=True)

    monkeypatch.setattr(gallery, "load", load)
    run = start(ExperimentConfig(arms=CONFIG.arms, epochs=1))
    manager.join(run, PATIENCE_SECONDS)
    assert run.config == replace(ExperimentConfig(data="digits", arms=CONFIG.arms, **DIGITS), epochs=1)
    replaced = next(r for r in run.history if isinstance(r, DataReplaced))
    start_of_words = "So few images take settings with which the lesson shows: training images 1,437 instead"
    assert str(replaced.settings).startswith(start_of_words)
    assert f"batch size {DIGITS['batch_size']} instead of 256" in str(replaced.settings)
    assert "epochs" not in str(replaced.settings)
    assert replaced.reason == "fashion-mnist is not complete."


def test_how_long_an_experiment_takes_is_reckoned_from_the_latest_run_like_it(manager, start) -> None:
    config = replace(CONFIG, epochs=5)  # 30 steps
    assert manager.seconds_for(config) is None
    began = time.monotonic()
    manager.join(start(config), PATIENCE_SECONDS)
    seconds = manager.seconds_for(config)
    assert 0 < seconds <= (time.monotonic() - began) * 30 / 29
    assert manager.seconds_for(replace(config, epochs=50)) == pytest.approx(10 * seconds)
    assert manager.seconds_for(replace(config, batch_size=100)) == pytest.approx(seconds)  # half as many steps
    for other in (replace(config, depth=8), replace(config, batch_size=150), ExperimentConfig()):
        assert manager.seconds_for(other) is None


def test_a_run_of_a_few_steps_does_not_say_how_long_they_take(manager, start) -> None:
    manager.join(start(CONFIG), PATIENCE_SECONDS)
    assert manager.seconds_for(CONFIG) is None


def test_corrupt_data_end_the_run_with_what_to_do_and_are_not_replaced(manager, start, monkeypatch) -> None:
    monkeypatch.setattr(gallery, "load", fails_with(DataError("t10k is truncated. Delete it.")))
    run = start(CONFIG)
    manager.join(run, PATIENCE_SECONDS)
    assert (run.status, message(run)) == ("failed", "t10k is truncated. Delete it.")
    assert not any(isinstance(r, DataReplaced) for r in run.history)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such thing"), "ValueError: no such thing"),
        (torch.OutOfMemoryError("CUDA out of memory"), "Lower the batch size or the number of arms"),
    ],
)
def test_an_exception_in_the_training_reaches_every_watcher_and_frees_the_device(
    manager, start, script, caplog, error: Exception, said: str
) -> None:
    run, after = start(ENDLESS), start(ENDLESS)
    script.step()
    script.finish_step(fails_with(error))
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "failed"
    assert said in message(run)
    assert script.step() == 1
    assert after.status == "running"


def test_when_every_arm_diverged_the_run_has_failed_and_says_which_was_first_and_what_to_do(manager, start) -> None:
    run = start(replace(CONFIG, activation="relu", arms=(parse_arm("none"),), learning_rate=1e6))
    manager.join(run, PATIENCE_SECONDS)
    broken = next(r for r in run.history if isinstance(r, ArmDiverged))
    assert run.status == "failed"
    assert f"the first was none at step {broken.step}: {broken.what}" in message(run)
    assert "Lower the learning rate (it was 1·10⁶)" in message(run)


def test_one_diverged_arm_does_not_fail_the_run(manager, start) -> None:
    run = start(replace(CONFIG, activation="relu", arms=(parse_arm("none:lr=1e6"), parse_arm("bn"))))
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "finished"


def test_a_question_asked_while_the_run_ends_does_not_stay_unanswered(manager, start, script) -> None:
    run = start(ENDLESS)
    script.step()
    asked = run.ask(lambda arms, data: None)
    run.stop(run.key)
    script.finish_step()
    manager.join(run, PATIENCE_SECONDS)
    assert run.ended
    assert asked.done()


# --- the end -----------------------------------------------------------------------------------------------------


def test_a_finished_run_passes_through_every_status_in_order(manager, start) -> None:
    run = start(CONFIG)
    manager.join(run, PATIENCE_SECONDS)
    assert statuses(run) == ["queued", "preparing", "running", "finished"]
    assert (run.snapshot().step, run.snapshot().eta_seconds) == (CONFIG.total_steps, None)


def test_orders_to_an_ended_run_change_nothing(manager, start) -> None:
    run = start(replace(CONFIG, epochs=1))
    manager.join(run, PATIENCE_SECONDS)
    latest = run.history.latest
    for order in (run.pause, run.resume, run.step_once, run.stop):
        order(run.key)
    assert (run.status, run.history.latest, run.snapshot().asked) == ("finished", latest, "")


def test_shutdown_ends_running_waiting_and_paused_runs_and_leaves_no_thread(until) -> None:
    before = set(threading.enumerate())
    manager = RunManager(device=torch.device("cpu"), grace=60)
    paused = manager.submit(ENDLESS)
    paused.pause(paused.key)
    until(lambda: paused.status == "paused")
    running, waiting = manager.submit(ENDLESS), manager.submit(ENDLESS)
    until(lambda: running.status == "running")
    manager.shutdown(PATIENCE_SECONDS)
    assert [run.status for run in (paused, running, waiting)] == ["interrupted"] * 3
    assert set(threading.enumerate()) <= before


def test_the_rest_is_estimated_from_the_time_spent_computing_and_not_from_pauses(start, script, monkeypatch, until):
    with monkeypatch.context() as patch:
        now = clock(patch)
        run = start(replace(ENDLESS, epochs=10))  # 60 steps
        for expected in (1, 2, 3):
            assert script.step() == expected
            now[0] += 2
            script.finish_step()
        assert script.step() == 4
        assert run.snapshot().eta_seconds == pytest.approx(2 * 57)
        run.pause(run.key)
        now[0] += 2
        script.finish_step()
        until(lambda: run.status == "paused")
        now[0] += 1000
        run.resume(run.key)
        assert script.step() == 5
        assert run.snapshot().eta_seconds == pytest.approx(2 * 56)
        run.stop(run.key)


def test_the_documentation_has_the_limits_that_hold() -> None:
    page = " ".join((Path(__file__).parents[3] / "docs/deployment.md").read_text(encoding="utf-8").split())
    assert f"The last {KEPT_RUNS} ended runs are remembered" in page
    assert f"at most {MAX_ACTIVE_RUNS} run or wait" in page
    assert f"A run ends {GRACE_SECONDS:g} seconds after its last viewer has left" in page
    assert f"less than {BYTES_A_SECOND // 1000} kB/s for {SECONDS:g} seconds" in page
