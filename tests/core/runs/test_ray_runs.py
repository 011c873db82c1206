"""core.runs.ray_runs with a real cluster of two workers: live runs are actors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.kept_run import KeptRun
from core.runs.manager import RunManager
from core.runs.ray_runs import RayRuns
from core.runs.run import Run
from core.store.shelf import Shelf
from core.training.records import Record, StatusChanged, TrainMeasured
from tests.core.runs.conftest import Machines
from tests.fixtures import wait_until as until

pytestmark = pytest.mark.slow

CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=20, epochs=2, arms=(parse_arm("none"), parse_arm("bn")))
ENDLESS = replace(CONFIG, epochs=1000)


@pytest.fixture
def manager(machines: Machines, tmp_path: Path) -> Iterator[RunManager]:
    """Its runs are kept, and made on the cluster."""
    manager = RunManager(shelf=Shelf(tmp_path / "home", 10**9))
    runs = RayRuns(machines.address, None, manager.line, manager.gallery)
    manager.elsewhere = runs
    yield manager
    manager.shutdown()
    runs.close()


def statuses(run: Run) -> list[str]:
    return [record.status for record in run.history if isinstance(record, StatusChanged)]


def test_from_start_to_the_shelf(manager: RunManager) -> None:
    run = manager.submit(ENDLESS)
    until(lambda: any(isinstance(record, TrainMeasured) for record in run.history))
    run.pause(run.key)
    until(lambda: run.status == "paused")
    step = run.snapshot().step
    run.step_once(run.key)
    until(lambda: run.snapshot().step == step + 1 and run.status == "paused")
    run.resume(run.key)
    until(lambda: run.status == "running" and run.snapshot().step > step + 1)
    run.stop(run.key)
    manager.join(run, 60)
    assert statuses(run) == ["queued", "preparing", "running", "paused", "running", "paused", "running", "stopped"]
    manager.settled(run.id)
    assert manager.shelf is not None
    kept = KeptRun(manager.shelf, run.id, manager.gallery)
    assert list(kept.history) == list(run.history)
    assert kept.snapshots.steps == run.snapshots.steps
