"""Watchers of a run: `python -m bench.watchers ADDRESS RUN COUNT HZ` asks for new points as pages do, until its end.

Each is a client with a connection of its own that asks /api/runs/RUN/points?since=SEQ for what is newer than it has,
HZ times a second or as seldom as the server asks it to, takes gzip as browsers do, and reads the answer. With --tabs
each has the run's page open besides, as a session of Streamlit's (bench.tabs): only of these the server knows that they
are many. Prints what that was like as JSON. A process of its own, without torch, so that it takes from the server only
what clients take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from bench.asking import Client
from bench.timings import percentile

ENDED = {"finished", "stopped", "failed", "interrupted"}
MOST_FAILED = 50  # one after the other: then the server is not there any more


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.watchers", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("run")
    parser.add_argument("count", type=int)
    parser.add_argument("hz", type=float)
    parser.add_argument("--tabs", action="store_true")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_watch(options.address, options.run, options.count, options.hz, options.tabs))))


async def _watch(address: str, run: str, count: int, hz: float, tabs: bool = False) -> dict[str, float]:
    started = time.perf_counter()
    waits = [index / (count * hz) for index in range(count)]  # not all at the same moment
    heard = await asyncio.gather(*(_watcher(address, run, hz, wait, tabs) for wait in waits))
    asked = [each for answers, _ in heard for each in answers]
    seconds, sizes = zip(*asked, strict=True)
    return {
        "hz": len(asked) / count / (time.perf_counter() - started),
        "median_ms": 1000 * percentile(seconds, 50),
        "p95_ms": 1000 * percentile(seconds, 95),
        "bytes": sum(sizes) / len(sizes),
        "asked": len(asked),
        "failed": sum(failed for _, failed in heard),
        "core": time.process_time() / (time.perf_counter() - started),
    }


async def _watcher(address: str, run: str, hz: float, wait: float, tabs: bool) -> tuple[list[tuple[float, int]], int]:
    """((seconds, bytes) of every answer, how many questions had none)."""
    await asyncio.sleep(wait)
    async with _page(address, run) if tabs else nullcontext(), Client(address) as client:
        return await _asked(client, run, hz)


@asynccontextmanager
async def _page(address: str, run: str) -> AsyncIterator[None]:
    from bench.tabs import opened  # here: only tabs need Streamlit

    async with opened(address, "", f"run={run}"):
        yield


async def _asked(client: Client, run: str, hz: float) -> tuple[list[tuple[float, int]], int]:
    asked: list[tuple[float, int]] = []
    latest, status, failed, in_a_row, due, apart = 0, "", 0, 0, time.perf_counter(), 1 / hz
    while status not in ENDED:
        before = time.perf_counter()
        answer = await client.ask(f"/api/runs/{run}/points?since={latest}")
        if answer.status == 200:
            asked.append((time.perf_counter() - before, len(answer.body)))
            told, in_a_row = answer.json(), 0
            latest, status = told["latest"], told["state"]["status"]
            apart = max(1 / hz, told["state"]["apart_ms"] / 1000)  # as the pages do
        else:
            failed, in_a_row = failed + 1, in_a_row + 1
        if in_a_row >= MOST_FAILED:
            raise ConnectionError(f"The server answers {answer.status} again and again.")
        due = max(due + apart, time.perf_counter())
        await asyncio.sleep(due - time.perf_counter())
    return asked, failed


if __name__ == "__main__":
    main()
