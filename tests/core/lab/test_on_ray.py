"""The lab on a real Ray cluster of three workers: a sweep and a live run share it, and neither waits for the other."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.environment import Lab
from core.lab.laboratory import Laboratory
from core.lab.links import to_query
from core.lab.sweep import Sweep
from core.runs.manager import RunManager
from core.runs.ray_runs import RayRuns
from core.store.shelf import Shelf
from tests.core.lab.gated import quick
from tests.core.runs.conftest import Machines, cluster
from tests.fixtures import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # each worker imports PyTorch, on cores that others use, too
until = partial(wait_until, seconds=200)

BASE = ExperimentConfig(data="digits", examples=200, batch_size=20, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
LIVE = ExperimentConfig(data="digits", examples=300, batch_size=20, epochs=1000, arms=(parse_arm("bn"),))


def three(machines: Machines) -> str:
    for _ in range(3):
        machines.join()
    return machines.address


def test_a_sweep_goes_on_beside_a_live_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cluster(tmp_path / "log") as machines:
        monkeypatch.setenv("NORMSCOPE_RAY", three(machines))
        manager = RunManager(shelf=Shelf(tmp_path / "home", 10**9), grace=math.inf)
        runs = manager.elsewhere = RayRuns(machines.address, None, manager.line, manager.gallery)
        lab = Laboratory(manager, Lab(True))
        lab._timing.estimate = quick  # type: ignore[method-assign]
        try:
            live = manager.submit(LIVE)
            until(lambda: live.status == "running" and live.snapshot().step > 0)
            sweep = lab.begin(to_query(Sweep(BASE, (("lr", (0.1, 1.0)),), seeds=3)), "mine")
            until(lambda: sweep.done > 0 or not sweep.is_under_way)
            step = live.snapshot().step
            until(lambda: not sweep.is_under_way)
            assert (sweep.status, sweep.done, sweep.message) == ("finished", 6, "")
            until(lambda: live.snapshot().step > step)
            assert live.status == "running"
            live.stop(live.key)
            manager.join(live, 200)
        finally:
            lab.shutdown(30)
            manager.shutdown()
            runs.close()
