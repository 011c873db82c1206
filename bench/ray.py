"""A Ray cluster of one worker on this machine: a point's overhead, and how long a live run's orders and news take.

Publish to page: a live run of the real server (bench/stamping_app.py) on the cluster. Of every training point: from
Run.publish's return in the actor until it returns in the server, whose library then has the record, and until a route
has answered a client with it, which asks HZ times a second as a browser may.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from statistics import median

from bench.empty import empty
from bench.ray_stamps import FOLDER, read
from bench.server import served
from bench.timings import table
from bench.watchers import ENDED
from bench.watching import begun, get_json
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.manager import RunManager
from core.runs.ray_engine import RayEngine
from core.runs.ray_runs import RayRuns
from core.runs.run import Run
from core.training.records import LearningRateChanged, TrainMeasured

ENDLESS = ExperimentConfig(
    data="digits",
    examples=1437,
    batch_size=32,
    epochs=1000,
    arms=(parse_arm("none"), parse_arm("bn"), parse_arm("ln")),
)
PATIENCE_SECONDS = 120.0
HZ = 40  # a browser may ask 60 times a second


def report(repeats: int) -> str:
    if find_spec("ray") is None:
        return "Ray is not installed here (`pip install -r requirements-ray.txt`): nothing of it is measured.\n"
    with cluster() as address:
        point = _each(address, 100)
        orders, there_and_back, here = _live(address, 20 * repeats)
        had, answered = _published(address, 5 * repeats)
    rows = [
        ("overhead of the engine a point, ms", f"{1000 * point:.1f}"),
        ("live: an order until the page says it is obeyed (wanted: p95 300), ms", _spread(orders)),
        ("… the same with a thread of this process, ms", _spread(here)),
        ("live: news there and back where nothing is waited for, ms", _spread(there_and_back)),
        (
            f"live: from a point's publishing by the actor until the page's library has it ({len(had)} points), ms",
            _spread(had),
        ),
        (f"… until a route has answered with it, asked {HZ} times a second, ms", _spread(answered)),
    ]
    return table(("Ray, one worker on this machine", "p50 (p95)"), rows)


@contextmanager
def cluster() -> Iterator[str]:
    """A head without cores, and a machine with one; it needs tests/core/runs/ray_machines.py."""
    argv = [sys.executable, "-m", "tests.core.runs.ray_machines"]
    with subprocess.Popen(
        argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        address = _answer(process)
        process.stdin.write("join 1\n")
        process.stdin.flush()
        _answer(process)
        yield address
        process.stdin.close()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return next(line.split()[1] for line in process.stdout if line.startswith("machines:"))


def _each(address: str, count: int) -> float:
    """Seconds for a point that is no work, once the worker is there."""
    with RayEngine(empty, address) as engine:
        for first in (True, False):
            began, asked = time.perf_counter(), 1 if first else count
            for number in range(asked):
                engine.submit(str(number), {})
            left = asked
            while left:
                left -= len(engine.poll(60))
    return (time.perf_counter() - began) / count


def _live(address: str, count: int) -> tuple[list[float], list[float], list[float]]:
    manager = RunManager()
    here = _orders(manager, count)
    runs = RayRuns(address, 1, manager.line, manager.gallery)
    manager.elsewhere = runs
    try:
        return _orders(manager, count), _news(runs, count), here
    finally:
        manager.shutdown()
        runs.close()


def _orders(manager: RunManager, count: int) -> list[float]:
    """Seconds until each of so many, a pause, a step, another rate, is confirmed."""
    run = manager.submit(ENDLESS)
    _until(lambda: any(isinstance(record, TrainMeasured) for record in run.history))
    seconds = []
    for number in range(count):
        for order, done in _three(run, 0.01 + 0.001 * (number % 9)):
            began = time.perf_counter()
            order()
            _until(done)
            seconds.append(time.perf_counter() - began)
        run.resume(run.key)
        _until(lambda: run.status == "running")
    run.stop(run.key)
    manager.join(run)
    return seconds


def _three(run: Run, rate: float) -> list[tuple[Callable[[], None], Callable[[], bool]]]:
    def rates() -> int:
        return sum(isinstance(record, LearningRateChanged) for record in run.history)

    before = rates()
    return [
        (lambda: run.change_learning_rate(run.key, rate), lambda: rates() > before),
        (lambda: run.pause(run.key), lambda: run.status == "paused"),
        (lambda: run.step_once(run.key), lambda: not run.snapshot().asked and run.status == "paused"),
    ]


def _news(runs: RayRuns, count: int) -> list[float]:
    """Seconds for a poll that waits for nothing, of an actor that trains."""
    manager = RunManager()
    run = Run(ENDLESS, manager.line, 60)
    hosting = runs._linked().begin(pickle.dumps(_begun(run)))
    seconds = []
    for _ in range(count + 5):
        began = time.perf_counter()
        hosting.news(pickle.dumps(([], 0.0))).result()
        seconds.append(time.perf_counter() - began)
        time.sleep(0.05)  # as often as a mini-batch's records come
    hosting.close()
    return seconds[5:]


def _begun(run: Run) -> object:
    from core.runs.host import Begun
    from core.runs.orders import Orders

    return Begun(run.id, run.config, run.asked, list(run.history), run.again, run.clock, Orders())


def _published(address: str, epochs: int) -> tuple[list[float], list[float]]:
    """Seconds from an actor's publishing of each point until the library has it, and until a route has answered."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served("bench/stamping_app.py", NORMSCOPE_RAY=address, NORMSCOPE_STORE="off", **{FOLDER: folder}) as (page, _),
    ):
        run = begun(page, replace(ENDLESS, epochs=epochs))
        answered = _answered(page, run)
        had = {step: at for _, kind, step, at in get_json(f"{page}/bench/runs/{run}/published") if kind == "train"}
        there = read(folder, run)
    return delays(there, had), delays(there, answered)


def _answered(page: str, run: str) -> dict[int, float]:
    """When a client had each step, who asks until the run has ended."""
    found: dict[int, float] = {}
    latest, status = 0, ""
    while status not in ENDED:
        answer = get_json(f"{page}/api/runs/{run}/points?since={latest}")
        now, latest, status = time.time(), answer["latest"], answer["state"]["status"]
        found |= {record["step"]: now for record in answer["records"] if record["kind"] == "train"}
        time.sleep(1 / HZ)
    return found


def delays(there: Mapping[int, float], here: Mapping[int, float]) -> list[float]:
    """Seconds from there to here, of the steps that have come."""
    return [here[step] - at for step, at in there.items() if step in here]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{1000 * median(ordered):.0f} ({1000 * ordered[int(0.95 * (len(ordered) - 1))]:.0f})"
