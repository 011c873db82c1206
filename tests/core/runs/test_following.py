"""core.runs.following with a host in this process: a run whose mini-batches are made elsewhere is like any other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from core.cube.networks import Networks
from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.asking import NothingToSee
from core.runs.following import Following, HostLost
from core.runs.host import Host
from core.runs.manager import RunManager
from core.runs.questions import feature_maps
from core.runs.run import Run
from core.training.arms import Arm
from core.training.records import RunNoted, StatusChanged, to_json

CONFIG = ExperimentConfig(
    data="digits", examples=300, batch_size=20, epochs=2, arms=(parse_arm("none"), parse_arm("bn"))
)
ENDLESS = replace(CONFIG, epochs=1000)
SECONDS = 60


class Here:
    """As an actor: one thread for each of its methods. Once it is `lost`, nobody answers."""

    def __init__(self, content: bytes) -> None:
        self._host = Host(content)
        self._threads = {name: ThreadPoolExecutor(1) for name in ("order", "news", "networks")}
        self.lost = False

    def __getattr__(self, name: str) -> Callable[..., Future[Any]]:
        return lambda *arguments: self._threads[name].submit(self._asked, getattr(self._host, name), *arguments)

    def _asked(self, method: Callable[..., Any], *arguments: bytes) -> Any:
        if self.lost:
            raise HostLost
        found = method(*arguments)
        if self.lost:
            raise HostLost
        return found

    def close(self) -> None:
        self._host._manager.shutdown(0)
        for each in self._threads.values():
            each.shutdown(wait=False)


class Elsewhere:
    """Has runs made by hosts in this process."""

    def __init__(self, manager: RunManager, places: int = 1) -> None:
        self.hosts, self.loses = list[Here](), False
        self._manager = manager
        manager.line.places = places
        manager.elsewhere = self

    def __call__(self, run: Run) -> Any:
        return Following(run, self._manager.gallery, self.begin).to_the_end()

    def begin(self, content: bytes) -> Here:
        self.hosts.append(Here(content))
        self.hosts[-1].lost = self.loses
        return self.hosts[-1]


@pytest.fixture
def elsewhere(manager: RunManager, small_digits: object) -> Elsewhere:
    return Elsewhere(manager)


def told(run: Run) -> list[dict[str, Any]]:
    """All that it has told, without what a clock says."""
    return [untimed(to_json(record)) for record in run.history]


def untimed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("seconds", "device")}


def steered(manager: RunManager, until: Callable[..., None]) -> Run:
    """Paused before its first mini-batch, stepped twice, given another rate, and let go."""
    with manager.line.changed:
        run = manager.submit(CONFIG)
        run.pause(run.key)
    until(lambda: run.status == "paused")
    for step in (1, 2):
        run.step_once(run.key)
        until(lambda step=step: run.status == "paused" and run.snapshot().step == step and not run.snapshot().asked)
    run.change_learning_rate(run.key, 0.5)
    run.resume(run.key)
    manager.join(run, SECONDS)
    return run


def test_it_tells_the_same_as_a_run_of_this_process(manager, small_digits, until) -> None:
    here = steered(manager, until)
    Elsewhere(manager)
    there = steered(manager, until)
    assert there.status == here.status == "finished"
    assert told(there) == told(here)
    assert there.snapshots.steps == here.snapshots.steps
    looks = [[look.to_json("gradients", None) for look in run.inside.since(0, "fixed")] for run in (here, there)]
    assert looks[0] == looks[1]
    for step in (None, 2):
        answers = [run.ask(maps, step).result(SECONDS) for run in (here, there)]
        assert answers[0] == answers[1]


def maps(arms: list[Arm], data: Images) -> dict[str, Any]:
    return feature_maps(arms, data, "conv1", "activated", 0)


def test_while_it_runs_the_networks_of_now_answer_and_the_cube_sees_them(manager, elsewhere, until) -> None:
    run = manager.submit(ENDLESS)
    until(lambda: run.snapshot().step > 3)
    assert set(run.ask(maps).result(SECONDS)["arms"]) == {"none", "bn"}
    assert "conv1" in Networks(run, SECONDS).sites("bn")
    run.stop(run.key)
    manager.join(run, SECONDS)


def test_a_question_before_there_are_networks_is_told_so(manager, elsewhere, until) -> None:
    with manager.line.changed:
        run = manager.submit(ENDLESS)
        run.pause(run.key)
    until(lambda: run.status == "paused")
    with pytest.raises(NothingToSee, match="not built yet"):
        run.ask(maps).result(SECONDS)
    run.stop(run.key)
    manager.join(run, SECONDS)


def test_more_looks_come_while_a_page_wants_them(manager, elsewhere, until) -> None:
    run = manager.submit(ENDLESS)

    def asks() -> bool:
        return bool(run.seen_inside(0, "batch")[1])

    until(asks)
    run.stop(run.key)
    manager.join(run, SECONDS)


def test_as_many_run_as_there_are_places(manager, small_digits, until) -> None:
    Elsewhere(manager, places=2)
    first, second, third = (manager.submit(ENDLESS) for _ in range(3))
    until(lambda: first.status == second.status == "running" and third.status == "queued")
    assert third.snapshot().place == 1
    first.pause(first.key)
    until(lambda: third.status == "running" and first.status == "paused")
    until(lambda: first.ask(maps).result(SECONDS))
    for run in (first, second, third):
        run.stop(run.key)
        manager.join(run, SECONDS)
        assert run.status == "stopped"


def test_one_that_gave_way_goes_on_as_if_it_had_not(manager, small_digits, until) -> None:
    here = paused_at_3(manager, until)
    elsewhere = Elsewhere(manager)
    there = paused_at_3(manager, until, other=True)
    assert len(elsewhere.hosts) == 3  # two of its own
    assert measured(there) == measured(here)


def stopped_at_3(manager: RunManager, until: Callable[..., None]) -> Run:
    with manager.line.changed:
        run = manager.submit(CONFIG)
        run.pause(run.key)
    for step in (1, 2, 3):
        run.step_once(run.key)
        until(lambda step=step: run.status == "paused" and run.snapshot().step == step)
    return run


def paused_at_3(manager: RunManager, until: Callable[..., None], other: bool = False) -> Run:
    run = stopped_at_3(manager, until)
    if other:
        manager.join(manager.submit(replace(CONFIG, seed=1)), SECONDS)
    run.resume(run.key)
    manager.join(run, SECONDS)
    return run


def measured(run: Run) -> list[dict[str, Any]]:
    return [untimed(to_json(r)) for r in run.history if not isinstance(r, StatusChanged | RunNoted)]


def test_a_lost_host_s_run_goes_on_from_its_checkpoint_with_the_same_numbers(manager, small_digits, until) -> None:
    here = manager.submit(CONFIG)
    manager.join(here, SECONDS)
    elsewhere = Elsewhere(manager)
    there = stopped_at_3(manager, until)
    elsewhere.hosts[0].lost = True
    until(lambda: any(isinstance(record, RunNoted) for record in there.history))
    there.resume(there.key)
    manager.join(there, SECONDS)
    assert there.status == "finished"
    assert measured(there) == measured(here)


def test_a_host_that_is_lost_again_and_again_interrupts_the_run(manager, elsewhere) -> None:
    elsewhere.loses = True
    run = manager.submit(CONFIG)
    manager.join(run, SECONDS)
    assert run.status == "interrupted"
    assert len(elsewhere.hosts) == 3


def test_a_fault_of_the_host_s_own_fails_the_run(manager, elsewhere, monkeypatch) -> None:
    monkeypatch.setattr(Host, "news", lambda *_: 1 / 0)
    run = manager.submit(CONFIG)
    manager.join(run, SECONDS)
    assert run.status == "failed"


def test_two_steps_ordered_at_once_are_two(manager, elsewhere, until) -> None:
    with manager.line.changed:
        run = manager.submit(ENDLESS)
        run.pause(run.key)
    until(lambda: run.status == "paused")
    run.step_once(run.key)
    run.step_once(run.key)
    until(lambda: run.status == "paused" and not run.snapshot().asked)
    until(lambda: run.snapshot().step == 2)
    run.stop(run.key)
    manager.join(run, SECONDS)
    assert run.snapshot().step == 2
