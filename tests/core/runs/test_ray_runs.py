"""core.runs.ray_runs with a real cluster of two workers: live runs are actors."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.kept_run import KeptRun
from core.runs.manager import RunManager
from core.runs.questions import feature_maps
from core.runs.ray_runs import RayRuns
from core.runs.run import ENDED, Run
from core.store.shelf import Shelf
from core.training.records import History, RunNoted, StatusChanged, TrainingStarted, TrainMeasured, to_json
from tests.core.runs.conftest import Machines, cluster
from tests.fixtures import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # each actor imports PyTorch, on cores that others use, too
until = partial(wait_until, seconds=200)

CONFIG = ExperimentConfig(
    data="digits", examples=300, batch_size=20, epochs=2, arms=(parse_arm("none"), parse_arm("bn"))
)
ENDLESS = replace(CONFIG, epochs=1000)
LONG = replace(CONFIG, examples=1400, epochs=4)  # 280 mini-batches


@contextmanager
def on_cluster(address: str, home: Path, slots: int | None = None) -> Iterator[RunManager]:
    """Its runs are kept, and made on the cluster."""
    manager = RunManager(shelf=Shelf(home, 10**9), grace=math.inf)
    runs = RayRuns(address, slots, manager.line, manager.gallery)
    manager.elsewhere = runs
    try:
        yield manager
    finally:
        manager.shutdown()
        runs.close()


@pytest.fixture
def manager(machines: Machines, tmp_path: Path) -> Iterator[RunManager]:
    with on_cluster(machines.address, tmp_path / "home") as manager:
        yield manager


def statuses(run: Run) -> list[str]:
    return [record.status for record in run.history if isinstance(record, StatusChanged)]


def measured(history: History) -> list[dict[str, Any]]:
    """What does not hang on when, and where, it was measured."""
    kept = (to_json(record) for record in history if not isinstance(record, StatusChanged | RunNoted))
    return [{name: value for name, value in each.items() if name not in ("seconds", "device")} for each in kept]


def until_it_goes(*runs: Run) -> None:
    """Fails at once where one has ended, and tells how far it has come."""

    def all_go() -> bool:
        assert not any(run.status in ENDED for run in runs), "a run has ended"
        return all(any(isinstance(record, TrainMeasured) for record in run.history) for run in runs)

    try:
        until(all_go)
    except AssertionError as error:
        error.add_note("\n".join(str(record) for run in runs for record in run.history))
        raise


def paused(run: Run) -> int:
    """The step at which it is, of which there is a checkpoint."""
    until_it_goes(run)
    run.pause(run.key)
    until(lambda: run.status == "paused")
    return run.snapshot().step


def has_checkpoint_behind(run: Run, meanwhile: Callable[[], object] = lambda: None) -> None:
    """It is paused, which makes one, and goes on for a while."""
    step = paused(run)
    meanwhile()
    run.resume(run.key)
    until(lambda: run.snapshot().step > step + 50)


@pytest.fixture(scope="module")
def alone() -> list[dict[str, Any]]:
    """What this process measures of LONG, by itself."""
    manager = RunManager(grace=math.inf)
    here = manager.submit(LONG)
    manager.join(here, 200)
    assert here.status == "finished"
    return measured(here.history)


def paused_and_stepped(manager: RunManager) -> tuple[Run, int]:
    """A run of ENDLESS that has been paused, and has then done one step more; where it was paused."""
    run = manager.submit(ENDLESS)
    step = paused(run)
    run.step_once(run.key)
    until(lambda: run.snapshot().step == step + 1 and run.status == "paused")
    return run, step


def test_from_start_to_the_shelf(manager: RunManager) -> None:
    run, step = paused_and_stepped(manager)
    run.resume(run.key)
    until(lambda: run.status == "running" and run.snapshot().step > step + 1)
    run.stop(run.key)
    manager.join(run, 200)
    assert statuses(run) == ["queued", "preparing", "running", "paused", "running", "paused", "running", "stopped"]
    manager.settled(run.id)
    assert manager.shelf is not None
    kept = KeptRun(manager.shelf, run.id, manager.gallery)
    assert list(kept.history) == list(run.history)
    assert kept.snapshots.steps == sorted({*run.snapshots.steps, run.snapshot().step})


def test_as_many_as_there_are_places_and_a_paused_one_gives_way(manager: RunManager) -> None:
    first, second, third = (manager.submit(replace(ENDLESS, seed=seed)) for seed in range(3))
    until_it_goes(first, second)
    assert first.status == second.status == "running"
    assert (third.status, third.snapshot().place) == ("queued", 1)
    first.pause(first.key)
    until_it_goes(third)
    assert first.status == "paused"
    there = first.ask(lambda arms, data: feature_maps(arms, data, "conv1", "activated", 0)).result(20)
    assert set(there["arms"]) == {"none", "bn"}
    step = first.snapshot().step
    second.stop(second.key)
    first.resume(first.key)
    until(lambda: first.status == "running" and first.snapshot().step > step)
    for run in (first, third):
        run.stop(run.key)


def test_a_lost_machine_s_run_goes_on_from_its_checkpoint_with_the_same_numbers(
    tmp_path: Path, alone: list[dict[str, Any]]
) -> None:
    with cluster(tmp_path / "log") as machines:
        first = machines.join()
        with on_cluster(machines.address, tmp_path / "home") as manager:
            run = manager.submit(LONG)
            has_checkpoint_behind(run, meanwhile=machines.join)
            machines.leave(first)
            manager.join(run, 200)
            assert run.status == "finished"
            [said] = [str(record.said) for record in run.history if isinstance(record, RunNoted)]
            assert "goes on elsewhere from its last checkpoint" in said
    assert measured(run.history) == alone


def test_a_killed_driver_takes_no_run_along(manager: RunManager, alone: list[dict[str, Any]]) -> None:
    run = manager.submit(LONG)
    has_checkpoint_behind(run)
    runs = manager.elsewhere
    assert isinstance(runs, RayRuns)
    assert runs._link is not None
    os.kill(runs._link._process.pid, signal.SIGKILL)  # type: ignore[arg-type]
    manager.join(run, 200)
    assert run.status == "finished"
    assert measured(run.history) == alone


def test_after_a_restart_of_the_server_a_run_goes_on_from_what_is_stored(
    machines: Machines, tmp_path: Path, alone: list[dict[str, Any]]
) -> None:
    with on_cluster(machines.address, tmp_path) as before:
        begun = before.submit(LONG)
        has_checkpoint_behind(begun)
    assert begun.status == "interrupted"
    with on_cluster(machines.address, tmp_path) as after:
        run = after.resume(begun.id, begun.key)
        assert run.history.latest >= begun.history.latest
        after.join(run, 200)
    assert run.status == "finished"
    assert measured(run.history) == alone


@pytest.mark.usefixtures("only_client")
def test_through_ray_client_a_run_is_steered_asked_and_kept_as_any_other(machines: Machines, tmp_path: Path) -> None:
    with on_cluster(machines.client, tmp_path) as manager:
        run, _step = paused_and_stepped(manager)
        there = run.ask(lambda arms, data: feature_maps(arms, data, "conv1", "activated", 0)).result(20)
        assert set(there["arms"]) == {"none", "bn"}
        run.stop(run.key)
        manager.join(run, 200)
        assert statuses(run) == ["queued", "preparing", "running", "paused", "running", "paused", "stopped"]
        manager.settled(run.id)
        assert manager.shelf is not None
        assert list(KeptRun(manager.shelf, run.id, manager.gallery).history) == list(run.history)


@pytest.mark.usefixtures("only_client")
def test_when_the_cluster_behind_ray_client_goes_away_the_run_is_interrupted_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "2")  # Ray's own is 30 s
    with cluster(tmp_path / "log") as machines:
        machines.join()
        with on_cluster(machines.client, tmp_path / "home") as manager:
            run = manager.submit(ENDLESS)
            until_it_goes(run)
            machines.end()
            manager.join(run, 200)
    assert run.status == "interrupted"
    said = str(list(run.history)[-1].message)  # type: ignore[union-attr]
    assert re.search("lost 3 times|does not answer any more|nobody answers there", said)  # what it has noticed first


def test_without_a_cluster_the_run_says_so_and_can_go_on_another_time(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with on_cluster("127.0.0.1:1", tmp_path) as manager:
        run = manager.submit(CONFIG)
        manager.join(run, 200)
    assert run.status == "interrupted"
    assert "nobody answers there" in str(list(run.history)[-1].message)  # type: ignore[union-attr]


LEFT = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
print(ray.available_resources().get("GPU", 0.0))
"""


def cards_left(machines: Machines) -> float:
    """What the cluster itself says; from a process of its own, which Ray may end."""
    asked = subprocess.run([sys.executable, "-c", LEFT, machines.address], capture_output=True, text=True, check=True)
    return float(asked.stdout.split()[-1])


def test_runs_share_a_card_as_the_slots_say_and_a_machine_that_has_none_takes_its_cores(tmp_path: Path) -> None:
    """The card is one that the machine only claims to have: what is shared is Ray's own counting."""
    with cluster(tmp_path / "log") as machines:
        machines.join(cores=2, cards=1)
        with on_cluster(machines.address, tmp_path / "home", slots=4) as manager:
            first = manager.submit(ENDLESS)
            until_it_goes(first)
            assert manager.line.places == 4
            assert cards_left(machines) == 0.75
            second = manager.submit(replace(ENDLESS, seed=1))
            until_it_goes(second)
            assert cards_left(machines) == 0.5
            (device,) = [str(record.device) for record in first.history if isinstance(record, TrainingStarted)]
            assert "CPU" in device
