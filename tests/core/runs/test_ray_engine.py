"""core.runs.ray_engine with a real cluster: what no other engine has to be asked. test_engines.py has the rest."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.measure import measure
from core.lab.points import points
from core.lab.sweep import Sweep
from core.runs.engine import Engine, EngineError, Outcome
from core.runs.local_engine import LocalEngine
from core.runs.ray_engine import RayEngine
from tests.core.runs.conftest import PROJECT, Machines, cluster
from tests.core.runs.engine_works import work
from tests.fixtures import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # each worker imports PyTorch, on cores that others use, too
until = partial(wait_until, seconds=200)

BASE = ExperimentConfig(data="digits", examples=200, batch_size=20, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
TIMED = ("seconds", "step_milliseconds", "examples_per_second")


def outcomes(engine: Engine, count: int) -> dict[str, Outcome]:
    found: list[Outcome] = []
    while len(found) < count:
        found += engine.poll(30)
    return {outcome.key: outcome for outcome in found}


def measured(engine: Engine) -> dict[str, Any]:
    """Without what a clock says."""
    asked = points(Sweep(BASE, (("lr", (0.1, 1.0)),)))
    for point in asked:
        engine.submit(point.key, point.to_json())
    found = {key: outcome.found for key, outcome in outcomes(engine, len(asked)).items()}
    return {key: {"arms": untimed(each["arms"]), "curves": each["curves"]} for key, each in found.items() if each}


def untimed(arms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {arm: {name: value for name, value in of.items() if name not in TIMED} for arm, of in arms.items()}


def test_the_same_seeds_have_the_same_numbers_as_on_this_machine_alone(machines: Machines) -> None:
    with RayEngine(measure, machines.address) as cluster, LocalEngine(measure, 2, ["core.lab.measure"]) as local:
        assert cluster.places == 2
        there, here = measured(cluster), measured(local)
    assert len(here) == 2
    assert there == here


def test_what_a_lost_machine_was_at_is_run_again_on_another(machines: Machines, tmp_path: Path) -> None:
    third = machines.join()
    with RayEngine(work, machines.address) as engine:
        assert engine.places == 3
        for n in range(3):
            engine.submit(
                str(n), {"n": n, "do": "arrive", "file": str(tmp_path / str(n)), "until": str(tmp_path / "go")}
            )
        until(lambda: all((tmp_path / str(n)).exists() for n in range(3)))
        machines.leave(third)
        fourth = machines.join()
        until(lambda: any((tmp_path / str(n)).stat().st_size == 2 for n in range(3)))  # it has arrived a second time
        (tmp_path / "go").touch()
        found = outcomes(engine, 3)
    machines.leave(fourth)
    assert {key: outcome.found["square"] for key, outcome in found.items() if outcome.found} == {"0": 0, "1": 1, "2": 4}
    assert sorted(outcome.attempts for outcome in found.values()) == [1, 1, 2]


@pytest.mark.usefixtures("only_client")
def test_from_a_machine_that_is_not_one_of_the_clusters(machines: Machines) -> None:
    with RayEngine(work, machines.client) as engine:
        engine.submit("3", {"n": 3})
        engine.submit("raises", {"n": 7, "do": "raise"})
        found = outcomes(engine, 2)
    assert found["3"].found is not None
    assert found["3"].found["square"] == 9
    assert found["raises"].why == "ValueError: 7 is no good"


def test_when_its_own_process_dies_the_engine_says_so_and_the_next_one_is_whole(machines: Machines) -> None:
    engine = RayEngine(work, machines.address)
    engine.submit("1", {"n": 1})
    worker = outcomes(engine, 1)["1"].found["by"]  # type: ignore[index]
    engine.submit("hangs", {"n": 1, "do": "hang"})
    os.kill(engine._process.pid, signal.SIGKILL)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="does not answer any more"):
        outcomes(engine, 1)
    engine.close()
    until(lambda: not Path(f"/proc/{worker}").exists())
    with RayEngine(work, machines.address) as after:
        after.submit("2", {"n": 2})
        assert outcomes(after, 1)["2"].found["square"] == 4  # type: ignore[index]


def test_a_killed_command_loses_nothing_stored_and_the_same_one_computes_what_is_missing(
    machines: Machines, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "core", "sweep", "--data", "digits", "--vary", "lr=0.1,0.2,0.3", "--seeds", "3"]
    argv += ["--examples", "400", "--epochs", "2", "--batch-size", "16", "--json", str(tmp_path / "a.json")]
    more = {"NORMSCOPE_STORE": "on", "NORMSCOPE_HOME": str(tmp_path), "NORMSCOPE_RAY": machines.address}
    kept = lambda: len(list(tmp_path.glob("runs/*/card.json")))  # noqa: E731
    with subprocess.Popen(argv, cwd=PROJECT, env=os.environ | more, stderr=subprocess.DEVNULL) as first:
        until(lambda: kept() > 1 or first.poll() is not None)
        first.kill()
    before = kept()
    assert 1 < before < 9, "killed after its end: choose more points"
    again = subprocess.run(argv, cwd=PROJECT, env=os.environ | more, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    found = re.search(r"9 runs, (\d) from before", again.stderr)
    assert found is not None
    whole = int(found[1])  # of which all but the last one are; that one the kill may have hit
    assert before - 1 <= whole <= before
    assert len(json.loads((tmp_path / "a.json").read_text())["points"]) == 9 * 3


def test_another_token_or_none_is_told_and_what_to_do(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another one Ray tries for 20 to 30 s whether it does not become right: at both addresses at once."""

    def refused(address: str) -> None:
        with pytest.raises(EngineError, match=r"token.*RAY_AUTH_TOKEN_PATH"):
            RayEngine(work, address)

    for token in ("another" * 5, ""):
        monkeypatch.setenv("RAY_AUTH_TOKEN", token)
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(refused, (machines.address, machines.client)))


def test_where_nobody_listens_or_no_ray_does_it_is_told(machines: Machines) -> None:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{asked.getsockname()[1]}"
        with pytest.raises(EngineError, match=rf"There must be a Ray cluster at {nobody}; nobody answers"):
            RayEngine(work, nobody)


def test_a_cluster_that_goes_away_is_told_and_takes_nobody_along(tmp_path: Path) -> None:
    with cluster(tmp_path / "log") as short:
        short.join()
        engine = RayEngine(work, short.address)
        engine.submit("hangs", {"n": 1, "do": "hang"})
    with pytest.raises(EngineError, match=r"does not answer any more\. What is done is kept"):
        outcomes(engine, 1)
    engine.close()
