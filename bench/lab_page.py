"""A sweep as a page's server computes it: by its Laboratory, whose workers are nice and let live runs pass.

Page       a server (bench/stamping_app.py) of which sweeps and live runs are ordered without a browser
swept      how long a sweep takes it, and how long each question for a run's news took meanwhile
slowed     a live run's seconds a step alone, and with a sweep that waits for it
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request

from bench.asking import Client
from bench.server import served
from bench.watching import begun, get_json, steps_per_second
from core.experiment.config import ExperimentConfig
from core.exports.recorded import RUN_ID
from core.lab.links import to_query
from core.lab.sweep import Sweep

HZ = 20  # questions a second of the one who asks the server
EPOCHS = 30  # of the live run: some seconds
PATIENCE_SECONDS = 300


class Page:
    """Every sweep that it is asked for has seeds of its own: none is there from before."""

    def __init__(self, address: str, sweep: Sweep) -> None:
        self.address, self._sweep, self._seed = address, sweep, 0
        get_json(f"{address}/api/lab/plan?{urlencode(to_query(sweep))}")  # as a page does first: it times mini-batches

    def begin(self) -> str:
        """The id of a sweep that has begun."""
        self._seed += 1000
        sweep = replace(self._sweep, base=replace(self._sweep.base, seed=self._seed))
        return str(self._order(f"sweeps?{urlencode(to_query(sweep))}")["sweep"])

    def cancel(self, sweep: str) -> None:
        self._order(f"sweeps/{sweep}/cancel")
        self.until(sweep, "cancelled", "finished")

    def standing(self, sweep: str) -> dict[str, Any]:
        found: dict[str, Any] = get_json(f"{self.address}/api/lab/{sweep}/progress")
        return found

    def until(self, sweep: str, *statuses: str) -> None:
        """Raises TimeoutError where it comes to none of these; RuntimeError where it fails."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (standing := self.standing(sweep))["status"] not in statuses:
            if standing["status"] == "failed":
                raise RuntimeError(f"The sweep has failed: {standing['message']}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"The sweep is {standing['status']}, not {' or '.join(statuses)}.")
            time.sleep(1 / HZ)

    def _order(self, what: str) -> dict[str, Any]:
        found: dict[str, Any] = get_json(Request(f"{self.address}/bench/{what}", method="POST"))
        return found


@contextmanager
def page(sweep: Sweep) -> Iterator[Page]:
    """Nothing is kept on a disk, nobody has to watch, and whatever is measured here may take its time."""
    with served("bench/stamping_app.py", NORMSCOPE_STORE="off", NORMSCOPE_GRACE_SECONDS="3600") as (address, _):
        yield Page(address, sweep)


def swept(on: Page) -> tuple[float, list[float]]:
    """(seconds from the order to the last point, milliseconds of each answer by then)."""
    return asyncio.run(_asked_during(on))


async def _asked_during(on: Page) -> tuple[float, list[float]]:
    found = []
    began = time.perf_counter()
    sweep = await asyncio.to_thread(on.begin)
    async with Client(on.address) as client:
        while (standing := (await client.ask(f"/api/lab/{sweep}/progress")).json())["status"] != "finished":
            if standing["status"] == "failed":
                raise RuntimeError(f"The sweep has failed: {standing['message']}")
            asked = time.perf_counter()
            answer = await client.ask(f"/api/runs/{RUN_ID}/points?since=0")
            found.append(1000 * (time.perf_counter() - asked))
            if answer.status != 200:
                raise ConnectionError(f"The server answers {answer.status}.")
            await asyncio.sleep(1 / HZ)
    return time.perf_counter() - began, found


def slowed(on: Page, config: ExperimentConfig, pairs: int) -> list[tuple[float, float]]:
    """(seconds a step alone, seconds a step with a sweep under way that waits) of each pair, whose order changes."""
    config = replace(config, epochs=EPOCHS)
    _seconds_a_step(on, config)  # reads the images
    found = []
    for turn in range(pairs):
        seconds: dict[bool, float] = {}
        for is_beside in (False, True) if turn % 2 else (True, False):
            seconds[is_beside] = _beside_a_sweep(on, config) if is_beside else _seconds_a_step(on, config)
        found.append((seconds[False], seconds[True]))
    return found


def _beside_a_sweep(on: Page, config: ExperimentConfig) -> float:
    """The run begins while points are computed: those come to their end under it, and no others begin."""
    sweep = on.begin()
    on.until(sweep, "running")
    seconds = _seconds_a_step(on, config)
    on.cancel(sweep)
    return seconds


def _seconds_a_step(on: Page, config: ExperimentConfig) -> float:
    run = begun(on.address, config)
    return 1 / steps_per_second(get_json(f"{on.address}/bench/runs/{run}/published"))
