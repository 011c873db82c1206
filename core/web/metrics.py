"""How the server stands, for who operates it: GET /api/metrics in Prometheus' format.

Measuring  counts what is answered, by route and status, and how long it took
metrics    the endpoint; closed where NORMSCOPE_METRICS is off

No figure names a visitor or a run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, MutableMapping
from functools import cache
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.experiment import environment
from core.language.speech import _
from core.runs.figures import figures
from core.runs.manager import manager
from core.web.base import start_of
from core.web.parameters import answers
from core.web.turns import Turns

KEPT_SECONDS = 1.0  # whoever asks more often is told the same: the sizes of all runs are read for it
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
READERS = Turns(at_once=1, waiting=4)

# What a route is called in the figures: of an address nothing but these, so that visitors cannot make up others.
OF_A_RUN = re.compile(r"/api/runs/[^/]+/(points|inside|ask|export|experiment|results)\b")
OTHER = re.compile(
    r"/(api/(?:runs|experiment|classes|terms|lessons|import|health|metrics)|api|assets|vendor|_stcore)\b"
)

REGISTRY = CollectorRegistry()
ANSWERED = Histogram(
    "normscope_answer_seconds",
    "How long answers took, by route and status; 429 are refusals of who asked too often.",
    ["route", "status"],
    registry=REGISTRY,
    buckets=BUCKETS,
)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


class Measuring:
    """ASGI middleware, around all others: each answer is counted, and how long it took."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self.start = start_of(base)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what raises before it is answered is a 500."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def send_on(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            route = route_of(scope["path"].removeprefix(self.start))
            _of(route, status).observe(time.perf_counter() - began)


@cache
def _of(route: str, status: int) -> Histogram:
    """Found by its labels once: there are few."""
    return ANSWERED.labels(route, status)


def route_of(path: str) -> str:
    """What it is called in the figures: runs/points, terms, assets; pages for all else."""
    if found := OF_A_RUN.match(path):
        return f"runs/{found[1]}"
    found = OTHER.match(path)
    return found[1].removeprefix("api/") if found else "pages"


class _Standing(Collector):
    """What is read only when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        now = figures(manager())
        runs = GaugeMetricFamily("normscope_runs", "Runs that have not ended, by status.", labels=["status"])
        for status in ("queued", "preparing", "running", "paused"):
            runs.add_metric([status], now.runs.get(status, 0))
        yield runs
        yield GaugeMetricFamily("normscope_watchers", "Open pages of these runs.", now.watchers)
        if now.seconds_per_step is not None:
            about = "How long a step of the run that computes takes, looks and tests included."
            yield GaugeMetricFamily("normscope_step_seconds", about, now.seconds_per_step)
        yield GaugeMetricFamily("normscope_store_bytes", "What the kept runs take.", now.stored)
        yield GaugeMetricFamily("normscope_store_limit_bytes", "What they may take.", now.limit)
        yield GaugeMetricFamily(
            "normscope_store_unwritten_records", "Records that are not on the disk yet.", now.unwritten
        )


REGISTRY.register(_Standing())

_told: tuple[float, bytes] = (-KEPT_SECONDS, b"")


@answers
async def metrics(request: Request) -> Response:
    """How the server stands, in Prometheus' format; 404 where that is closed."""
    if not environment.metrics():
        return JSONResponse({"error": _("This server tells nobody how it stands (NORMSCOPE_METRICS=off).")}, 404)
    return Response(
        await READERS.take(_text), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    )


def _text() -> bytes:
    global _told
    now = time.monotonic()
    if now - _told[0] >= KEPT_SECONDS:
        _told = now, generate_latest(REGISTRY)
    return _told[1]
