"""core.runs.following with a host in this process: a run whose mini-batches are made elsewhere is like any other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.following import Following, HostLost
from core.runs.host import Host
from core.runs.manager import RunManager
from core.runs.questions import feature_maps
from core.runs.run import Run
from core.training.records import Record, StatusChanged, to_json

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
        self.hosts: list[Here] = []
        self._manager = manager
        manager.line.places = places
        manager.elsewhere = self

    def __call__(self, run: Run) -> Any:
        return Following(run, self._manager.gallery, self.begin).to_the_end()

    def begin(self, content: bytes) -> Here:
        self.hosts.append(Here(content))
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
