"""Watchers of a run: `python -m bench.watchers ADDRESS RUN COUNT HZ` asks for new points as pages do, until its end.

Each is a client with a connection of its own that asks /api/runs/RUN/points?since=SEQ for what is newer than it has,
HZ times a second, takes gzip as browsers do, and reads the answer. Prints what that was like as JSON. A process of its
own, without torch, so that it takes from the server only what clients take.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import time
from typing import Any
from urllib.parse import urlsplit

from bench.timings import percentile

ENDED = {"finished", "stopped", "failed", "interrupted"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.watchers", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("run")
    parser.add_argument("count", type=int)
    parser.add_argument("hz", type=float)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_watch(options.address, options.run, options.count, options.hz))))


async def _watch(address: str, run: str, count: int, hz: float) -> dict[str, float]:
    started = time.perf_counter()
    waits = [index / (count * hz) for index in range(count)]  # not all at the same moment
    asked = [
        each
        for answers in await asyncio.gather(*(_client(address, run, hz, wait) for wait in waits))
        for each in answers
    ]
    seconds, sizes = zip(*asked, strict=True)
    return {
        "hz": len(asked) / count / (time.perf_counter() - started),
        "median_ms": 1000 * percentile(seconds, 50),
        "p95_ms": 1000 * percentile(seconds, 95),
        "bytes": sum(sizes) / len(sizes),
        "core": time.process_time() / (time.perf_counter() - started),
    }


async def _client(address: str, run: str, hz: float, wait: float) -> list[tuple[float, int]]:
    """(seconds, bytes) of every answer."""
    await asyncio.sleep(wait)
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    asked, latest, status, due = [], 0, "", time.perf_counter()
    while status not in ENDED:
        before = time.perf_counter()
        writer.write(_request(where.netloc, f"/api/runs/{run}/points?since={latest}"))
        body = await _answer(reader)
        asked.append((time.perf_counter() - before, len(body)))
        answer = _read(body)
        latest, status = answer["latest"], answer["state"]["status"]
        due = max(due + 1 / hz, time.perf_counter())
        await asyncio.sleep(due - time.perf_counter())
    writer.close()
    return asked


def _request(host: str, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length:")]
    if " 200 " not in head.partition("\r\n")[0] or not lengths:
        raise ConnectionError(f"The server answered otherwise than it should: {head}")
    return await reader.readexactly(int(lengths[0]))


def _read(body: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    return content


if __name__ == "__main__":
    main()
