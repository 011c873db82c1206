"""A sweep on the cores of this machine against the same points one after another in this process, with one thread.

As the command line shares the cores out; and as a page's server does, which leaves one alone: a real one, whose
Laboratory computes it while it is asked for news (bench/lab_page.py). Whether a live run is slowed by a sweep that lets
it pass is measured there, too.
"""

from __future__ import annotations

import time

import bench.ray
from bench.lab_page import page, slowed, swept
from bench.timings import percentile, ratios, table, with_range
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.machine import usable_cores
from core.lab.measure import measure
from core.lab.points import Point, points
from core.lab.sweep import Sweep
from core.runs.local_engine import LocalEngine

SWEEP = Sweep(
    ExperimentConfig(data="digits", examples=1437, batch_size=32, epochs=1, arms=(parse_arm("none"), parse_arm("bn"))),
    (("lr", (0.01, 0.1, 1.0, 10.0)),),
    seeds=10,
)


def report(repeats: int) -> str:
    asked, cores = points(SWEEP), usable_cores()
    spared = max(1, cores - 1)
    _in_turn(asked[:1])  # imports, and the images
    with page(SWEEP) as on:
        rounds = [(_in_turn(asked), _swept(asked, cores), swept(on)) for _ in range(min(repeats, 3))]
        live = slowed(on, SWEEP.base, repeats)
    pairs = [(alone, on_all) for alone, on_all, _ in rounds]
    of_a_page = [(alone, seconds) for alone, _, (seconds, _answers) in rounds]
    answers = [each for _, _, (_seconds, told) in rounds for each in told]
    empty = _each(cores)
    rows = [
        ("one after another", with_range([60 * len(asked) / alone for alone, _ in pairs], 0)),
        (f"sweep, {cores} workers", with_range([60 * len(asked) / on_all for _, on_all in pairs], 0)),
        ("ratio (wanted: 1.7 on two cores)", with_range(ratios(pairs))),
        (f"under the page, by its Laboratory, workers: {spared}; ratio (wanted: 0.9)", with_range(ratios(of_a_page))),
        (
            "a points' answer meanwhile, p50 (p95; wanted: 100), ms",
            f"{percentile(answers, 50):.0f} ({percentile(answers, 95):.0f})",
        ),
        ("a live run's step alone, ms", with_range([1000 * alone for alone, _ in live])),
        ("… with a sweep that waits for it; alone / so (wanted: 1)", with_range(ratios(live))),
        ("overhead of the engine a point, ms", f"{1000 * empty:.1f}"),
    ]
    return f"""## Lab

{len(asked)} points of {SWEEP.base.total_steps} mini-batches of 32 digits, two arms; the sweep's time has the start of its workers in it.

{table(("points a minute", "median (range)"), rows)}

{bench.ray.report(repeats)}"""  # noqa: E501


def _in_turn(asked: list[Point]) -> float:
    began = time.perf_counter()
    for point in asked:
        measure(point.to_json())
    return time.perf_counter() - began


def _swept(asked: list[Point], workers: int) -> float:
    began = time.perf_counter()
    with LocalEngine(measure, workers) as engine:
        for point in asked:
            engine.submit(point.key, point.to_json())
        left = len(asked)
        while left:
            left -= len(engine.poll(60))
    return time.perf_counter() - began


def _each(workers: int, count: int = 500) -> float:
    """Seconds for a point that is no work."""
    with LocalEngine(dict, workers) as engine:
        for number in range(workers):
            engine.submit(f"first {number}", {})
        left = workers
        while left:
            left -= len(engine.poll(60))
        began = time.perf_counter()
        for number in range(count):
            engine.submit(str(number), {})
        left = count
        while left:
            left -= len(engine.poll(60))
        return (time.perf_counter() - began) / count
