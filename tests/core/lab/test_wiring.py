"""What computes a sweep on a server and from the command line: how many processes, how nice, and who goes first."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from core.cli.process import main
from core.experiment import machine
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.environment import Lab
from core.lab import estimate, laboratory
from core.lab import measure as measuring
from core.lab.laboratory import Laboratory
from core.lab.links import to_query
from core.lab.measure import measure
from core.lab.sweep import Sweep
from core.runs import engines
from core.runs.manager import RunManager
from tests.core.lab.gated import Gated, quick
from tests.fixtures import wait_until as until

SWEEP = Sweep(
    ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"),)),
    (("lr", (0.1, 1.0)),),
)
CORES = 4


class Asked(list[tuple[tuple[Any, ...], dict[str, Any]]]):
    """How engines were begun, all of which are `engine`."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Gated(open_=True)

    def __call__(self, *how: Any, **named: Any) -> Gated:
        self.append((how, named))
        return self.engine


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    monkeypatch.setattr(laboratory, "begin_engine", found)
    monkeypatch.setattr(engines, "begin_engine", found)
    monkeypatch.setattr(laboratory, "usable_cores", lambda: CORES)
    monkeypatch.setattr(machine, "usable_cores", lambda: CORES)
    return found


def lab(device: str = "cpu", grace: float = math.inf, minutes: float = math.inf) -> Laboratory:
    found = Laboratory(RunManager(device=torch.device(device), grace=grace), Lab(True, minutes=minutes))
    found._timing.estimate = quick  # type: ignore[method-assign]
    return found


@pytest.mark.parametrize(("device", "places"), [("cpu", CORES - 1), ("cuda", 1)])
def test_a_server_keeps_a_core_for_its_page_and_its_workers_leave_the_others_to_who_wants_them(
    asked: Asked, device: str, places: int
) -> None:
    here = lab(device)
    sweep = here.begin(to_query(SWEEP), "mine")
    here._aside.join(30)
    assert sweep.status == "finished"
    ((work, count, _preload), named) = asked[0]
    assert (work, count, sweep._bench.places) == (measure, places, places)
    assert named["niceness"] >= 10  # of 19: with it a live run has nine tenths of a core that both want


@pytest.mark.usefixtures("asked")
def test_a_live_run_of_the_server_has_the_right_of_way_and_on_a_cluster_none_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, is_busy = lab(), [True]
    here._runs.is_busy_for = lambda replaces: is_busy[0]  # type: ignore[method-assign]
    sweep = here.begin(to_query(SWEEP), "mine")
    until(lambda: sweep.status == "waiting")
    is_busy[0] = False
    here._aside.join(30)
    assert sweep.status == "finished"
    is_busy[0] = True
    monkeypatch.setattr(laboratory, "ray", lambda: "auto")
    again = lab()
    again._runs.is_busy_for = lambda replaces: True  # type: ignore[method-assign]
    on_cluster = again.begin(to_query(SWEEP), "mine")
    again._aside.join(30)
    assert on_cluster.status == "finished"


def test_the_servers_grace_and_minutes_are_a_sweeps(asked: Asked) -> None:
    asked.engine = Gated()
    left = lab(grace=0.0)
    sweep = left.begin(to_query(SWEEP), "mine")
    left._aside.join(30)
    assert (sweep.status, "Nobody had" in str(sweep.message)) == ("stopped", True)
    limited = lab(minutes=1e-9)
    sweep = limited.begin(to_query(SWEEP), "mine")
    limited._aside.join(30)
    assert (sweep.status, "the most that this server gives" in str(sweep.message)) == ("stopped", True)


def test_the_command_line_takes_all_cores_and_gives_up_a_run_after_the_seconds_that_it_was_told(asked: Asked) -> None:
    argv = ["sweep", "--data", "digits", "--vary", "lr=0.1,1", "--norm", "bn", "--device", "cpu", "--no-store"]
    assert main([*argv, "--run-seconds", "77"]) == 0
    ((work, *how), named) = asked[0]
    assert (work, how, named) == (measure, [CORES, [], 77], {})


def test_a_point_and_its_timing_have_one_thread_for_an_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many processes with two each would be in each other's way, and other numbers come of it."""
    counted: list[int] = []

    def counting(*_what: Any, **_how: Any) -> Any:
        counted.append(torch.get_num_threads())
        raise InterruptedError

    before = torch.get_num_threads()
    monkeypatch.setattr(measuring, "_measured", counting)
    monkeypatch.setattr(measuring, "_images", lambda *which: None)
    monkeypatch.setattr(estimate, "Training", counting)
    torch.set_num_threads(3)
    try:
        with pytest.raises(InterruptedError):
            measure({"experiment": {"data": "digits"}, "held_out": 8})
        with pytest.raises(InterruptedError):
            estimate.step_seconds(SWEEP.base)
    finally:
        torch.set_num_threads(before)
    assert counted == [1, 1]
