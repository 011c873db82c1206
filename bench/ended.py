"""A real server that a signal ends while a run is under way that somebody watches: what is lost, and how long it takes.

ended      one such server, from its start to its end
gone_on    the run taken up from the command line, in a process of its own, to its end
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed

from bench.asking import Client
from bench.server import commanded, serving_runs
from bench.tabs import Tab, opened
from core.experiment.config import ExperimentConfig
from core.experiment.links import to_query
from core.store.recording import Recording
from core.store.shelf import Shelf

ASKED_SECONDS = 0.01  # apart: how the run stands, and whether the server has ended


@dataclass(frozen=True, slots=True)
class Ended:
    """`measured` records were there just before the signal, as a watcher was told; `kept` of them are on the shelf.

    `lost_seconds` before the signal the first record was told that is not there; 0 where all are. After it the server
    had ended in `seconds`; its threads were ready to run for `waited` of them, all together, and had no processor.
    """

    run_id: str
    step: int
    measured: int
    kept: int
    lost_seconds: float
    seconds: float
    waited: float


def ended(shelf: Shelf, config: ExperimentConfig, step: int, how: signal.Signals) -> Ended:
    """A server of `shelf`, on which a visitor starts `config`; it is sent `how` once the run has done `step`."""
    with serving_runs(shelf.home) as (address, process):
        run_id, told, sent, over, waited = asyncio.run(_watched(address, process, config, step, how))
    kept = _last_record(shelf, run_id)
    lost = [moment for moment, _, latest in told if latest > kept]
    return Ended(run_id, told[-1][1], told[-1][2], kept, sent - lost[0] if lost else 0.0, over - sent, waited)


Told = tuple[float, int, int]  # when, up to which step and record


async def _watched(
    address: str, process: int, config: ExperimentConfig, step: int, how: signal.Signals
) -> tuple[str, list[Told], float, float, float]:
    """(the run's id, what was told of it, when the signal was sent, when all was over, how long threads waited)."""
    async with _begun(address, config) as tab, Client(address) as client:
        told: list[Told] = []
        while not told or told[-1][1] < step:
            found = (await client.ask(f"/api/runs/{tab.run}/points?since={told[-1][2] if told else 0}")).json()
            told.append((time.monotonic(), found["state"]["step"], found["latest"]))
            await asyncio.sleep(ASKED_SECONDS)
        before, waited = _waiting(process), 0.0
        sent = time.monotonic()
        os.kill(process, how)
        while os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            waited = max(waited, _waiting(process) - before)
            await asyncio.sleep(ASKED_SECONDS)
        return tab.run, told, sent, time.monotonic(), waited


@asynccontextmanager
async def _begun(address: str, config: ExperimentConfig) -> AsyncIterator[Tab]:
    """The tab of a visitor who has started it."""
    with suppress(ConnectionClosed):  # the server goes first
        async with opened(address, query=urlencode(to_query(config))) as tab:
            await tab.order("start")
            yield tab


def _waiting(process: int) -> float:
    """Seconds that its threads have been ready to run without a processor, all together."""
    spent = 0.0
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has ended
            spent += int(path.read_text().split()[1]) / 1e9
    return spent


def _last_record(shelf: Shelf, run_id: str) -> int:
    file = shelf.read(run_id)
    try:
        return file.last_record()
    finally:
        file.close()


def gone_on(shelf: Shelf, run_id: str) -> Recording:
    """Raises CalledProcessError where it does not come to its end."""
    commanded("runs", "resume", run_id, NORMSCOPE_STORE="on", NORMSCOPE_HOME=str(shelf.home))
    return shelf.recording(run_id)
