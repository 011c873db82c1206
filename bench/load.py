"""What a crowd costs a run under way, and what the crowd has: clients, tabs, a browser, visitors, a class.

Each pair is the same run of three arms with the crowd and without it, one after the other on one server
(bench/stamping_app.py: app.py's own routes and middleware, with a clock), in alternating order. The crowd is one
process (bench.watchers, bench.crowd) on the same cores, whose own share of one is told.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware

from bench import browser
from bench.server import PROJECT, serving
from bench.timings import ratios, table, with_range
from bench.watching import HZ, PATIENCE_S, begun, get_json, steps_per_second, watched
from core.experiment.config import ExperimentConfig
from core.web.failing import Failing
from core.web.pacing import Pacing
from core.web.routes import routes

CROWDS = ((50, 4.0, 0.96), (300, 2.0, 0.85))  # clients, questions a second of each, the aim
TABS, WITH_BROWSER = 7, 0.9
PAGES = 50  # which wait as long as the server says; a page open at its run asks at HZ otherwise
CONNECTED, CONNECTED_HZ = 1_000, 0.5
VISITORS, MINUTE_S = 30, 60.0
FOLLOWERS, NEWS_S = 500, 2.5  # as often as assets/shared/attending.js asks
ASKED = 3_000  # questions of a measurement of the middleware


class Heard(NamedTuple):
    """One run with its crowd."""

    speed: float  # examples a second and arm
    crowd: dict[str, float]
    loop_ms: float  # processor time of the answering thread, for a question


def report(repeats: int, epochs: int = 3, scale: float = 1.0) -> str:
    """The section's text. With a `scale` below 1 all crowds are as much smaller, and the minute shorter."""
    config = ExperimentConfig(epochs=epochs)
    needed = _files_allowed(round(scale * max(2 * FOLLOWERS, CONNECTED)) + 100)
    with serving("bench/stamping_app.py", grace_seconds=PATIENCE_S) as address:
        _run(address, config, 0, 1)  # reads the images
        crowds = [_crowd(address, config, repeats, max(1, round(scale * n)), hz, aim) for n, hz, aim in CROWDS]
        crowds.append(_paced(address, config, repeats, max(1, round(scale * PAGES))))
        with_browser = _with_browser(address, config, repeats)
        connected = _connected(address, config, max(1, round(scale * CONNECTED)))
    with serving("app.py") as address:
        visitors = _visitors(address, max(1, round(scale * VISITORS)), scale * MINUTE_S)
    with serving("app.py") as address:
        followers = _followers(address, max(1, round(scale * FOLLOWERS)))
    header = ["what", "ratio", "aim", "p95, ms", "failed", "ms of processor a question", "the crowd's share of a core"]
    rows = [row for row in [*crowds, with_browser] if row]
    return "\n\n".join(
        [
            "## Load",
            f"Training speed with a crowd / alone: {len(config.arms)} arms, batch {config.batch_size}, "
            f"{config.total_steps} steps, {repeats} pairs a line, in alternating order. Medians, with their range; the "
            "aim of p95 is 100. The milliseconds of processor time are those of the server's answering thread.",
            table(header, rows),
            *([] if with_browser else ["One browser and seven tabs: left out, there is no browser here."]),
            connected,
            visitors,
            followers,
            _middleware(repeats),
            needed,
        ]
    )


def _files_allowed(needed: int) -> str:
    """Each client is an open file, here and in the server: as many as the system allows, and what was needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
    return (
        f"Open files allowed here (`ulimit -n`): {min(max(soft, needed), hard):,}; the largest crowd needs {needed:,}."
    )


# --- with and without a crowd -----------------------------------------------------------------------------------------


def _run(
    address: str, config: ExperimentConfig, count: int, hz: float, *options: str, page: bool = False, known: int = 0
) -> Heard:
    """`known`: of so many the run knows that they watch it."""
    before = get_json(f"{address}/bench/processor")["loop"]
    run = begun(address, config)
    get_json(f"{address}/bench/runs/{run}/watched?by={known}")
    with _looking(address, run) if page else nullcontext(), watched(address, run, count, hz, *options) as crowd:
        stamps = get_json(f"{address}/bench/runs/{run}/published")
    took = get_json(f"{address}/bench/processor")["loop"] - before
    speed = config.batch_size * steps_per_second(stamps)
    return Heard(speed, crowd[0] if crowd else {}, 1000 * took / max(1, crowd[0]["asked"] if crowd else 1))


def _crowd(address: str, config: ExperimentConfig, repeats: int, count: int, hz: float, aim: float) -> list[str]:
    pairs = _pairs(repeats, lambda: _run(address, config, count, hz), lambda: _run(address, config, 0, hz))
    return _row(f"{count:,} clients at {hz:g} Hz", aim, pairs)


def _paced(address: str, config: ExperimentConfig, repeats: int, count: int) -> list[str]:
    crowd = lambda: _run(address, config, count, HZ, known=count)  # noqa: E731
    pairs = _pairs(repeats, crowd, lambda: _run(address, config, 0, HZ))
    return _row(f"{count:,} pages, each at {HZ:g} Hz or as seldom as the server says", None, pairs)


def _with_browser(address: str, config: ExperimentConfig, repeats: int) -> list[str]:
    """An empty list where there is no browser."""
    try:
        with browser.chromium():
            pass
    except browser.NoBrowser:
        return []
    crowd = lambda: _run(address, config, TABS, HZ, "--tabs", page=True)  # noqa: E731
    pairs = _pairs(repeats, crowd, lambda: _run(address, config, 0, HZ))
    return _row(f"a browser and {TABS} tabs at {HZ:g} Hz", WITH_BROWSER, pairs)


@contextmanager
def _looking(address: str, run: str) -> Iterator[None]:
    """A real browser has the run's page open."""
    with browser.chromium() as chromium, browser.visitor(chromium) as visitor:
        visitor.new_page().goto(f"{address}/?run={run}")
        yield


def _pairs(repeats: int, crowded: Any, alone: Any) -> list[tuple[Heard, Heard]]:
    found = []
    for turn in range(repeats):
        if turn % 2:
            quiet = alone()
            found.append((crowded(), quiet))
        else:
            found.append((crowded(), alone()))
    return found


def _row(what: str, aim: float | None, pairs: Sequence[tuple[Heard, Heard]]) -> list[str]:
    crowds = [crowded.crowd for crowded, _ in pairs]
    return [
        f"{what} / none",
        with_range(ratios((crowded.speed, alone.speed) for crowded, alone in pairs)),
        "" if aim is None else f"{aim:g}",
        with_range([each["p95_ms"] for each in crowds], 0),
        f"{sum(each['failed'] for each in crowds):,.0f} of {sum(each['asked'] for each in crowds):,.0f}",
        f"{statistics.median(crowded.loop_ms for crowded, _ in pairs):.2f}",
        f"{statistics.median(each['core'] for each in crowds):.0%}",
    ]


def _connected(address: str, config: ExperimentConfig, count: int) -> str:
    crowd = _run(address, config, count, CONNECTED_HZ).crowd
    return (
        f"{count:,} clients connected, each asking every {1 / CONNECTED_HZ:g} s: {crowd['failed']:,.0f} of "
        f"{crowd['asked']:,.0f} questions failed (the aim is none); p95 {crowd['p95_ms']:.0f} ms; the crowd took "
        f"{crowd['core']:.0%} of a core."
    )


# --- visitors and followers -------------------------------------------------------------------------------------------


def _come(address: str, kind: str, count: int, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.crowd", address, kind, str(count), str(seconds)]
    said = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True, timeout=PATIENCE_S).stdout
    told: dict[str, Any] = json.loads(said)
    return told


def _visitors(address: str, count: int, minute: float) -> str:
    told = _come(address, "visitors", count, minute)
    had = ", ".join(f"{number} {what}" for what, number in sorted(told["had"].items()))
    return (
        f"{count} visitors who open all pages and press Start within {minute:g} s: {had}; the longest waited "
        f"{told['longest_s']:.1f} s for it (the aim: each has a run, a shared run, or a place with a time, within 2 s)."
    )


def _followers(address: str, count: int) -> str:
    told = _come(address, "followers", count, NEWS_S)
    return (
        f"{told['of']} tabs with a class link, open within {told['opened_s']:.0f} s: the teacher's next run was in "
        f"view in {told['there']} of them, in the last one {told['last_s']:.1f} s after the teacher pressed (pages ask "
        f"every {NEWS_S:g} s, and are spread over 8 s)."
    )


# --- the middleware ---------------------------------------------------------------------------------------------------


def _middleware(repeats: int) -> str:
    """In this process, without a network: the cheapest route of all, so that the ratio is the worst."""
    bare = Starlette(routes=routes)
    guarded = Starlette(routes=routes, middleware=[Middleware(Pacing), Middleware(Failing)])
    _microseconds(bare), _microseconds(guarded)
    pairs = []
    for turn in range(2 * repeats):
        first, second = (guarded, bare) if turn % 2 else (bare, guarded)
        found = {id(first): _microseconds(first), id(second): _microseconds(second)}
        pairs.append((found[id(guarded)], found[id(bare)]))
    more = statistics.median(guarded - bare for guarded, bare in pairs)
    return (
        f"`Pacing` and `Failing` around the cheapest route (`/api/health`, without a network), with / without: "
        f"{with_range(ratios(pairs))}, {more:.0f} µs of processor time more a question."
    )


def _microseconds(app: Starlette) -> float:
    """Of processor time, for a question."""
    scope = {"type": "http", "method": "GET", "path": "/api/health", "query_string": b"", "headers": []}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        pass

    async def ask() -> float:
        before = time.thread_time()
        for _ in range(ASKED):
            await app(dict(scope), receive, send)
        return 1e6 * (time.thread_time() - before) / ASKED

    return asyncio.run(ask())
