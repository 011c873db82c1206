"""The product's server with a clock: `streamlit run bench/stamping_app.py`, for bench's own sections
only.

The same pages, routes, middleware and run manager as app.py, and beside them

    POST /bench/runs?epochs=2...        start the experiment of a link without a browser: {"run": id}
    GET  /bench/runs/{id}/published     once the run has ended: [[sequence number, kind, step, time], ...]
    GET  /bench/processor               the processor time taken so far: {"seconds": ..., "loop": ...}

The time (seconds of the machine's clock, which the browser on it shares) is taken when Run.publish returns, which is
when the routes can see the record.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import FRAME, before
from core.experiment.links import from_query
from core.runs.manager import manager
from core.runs.run import Run
from core.training.records import Record
from core.web.routes import lifespan, routes

LOOK_SECONDS = 0.2  # how often it is looked whether a run has ended

_published: dict[str, list[tuple[int, str, int, float]]] = {}
_publish = Run.publish


def _publish_with_time(run: Run, record: Record) -> None:
    _publish(run, record)
    stamp = run.history.latest, record.kind, getattr(record, "step", 0), time.time()
    _published.setdefault(run.id, []).append(stamp)


async def start(request: Request) -> JSONResponse:
    """Start a run as the Start button does."""
    config, problems = from_query(request.query_params)
    if problems:
        return JSONResponse({"error": " ".join(problems)}, 400)
    return JSONResponse({"run": manager().submit(config).id})


async def published(request: Request) -> JSONResponse:
    """Waits for the run's end, so that asking costs the training nothing."""
    run = manager().find(request.path_params["run_id"])
    while run is not None and not run.ended:
        await asyncio.sleep(LOOK_SECONDS)
    stamps: list[Any] = _published.get(request.path_params["run_id"], [])
    return JSONResponse([stamp for stamp in stamps if stamp[1] != "seen"])


async def processor(request: Request) -> JSONResponse:
    """Of all threads, the trainer's, too; and of the one that answers, which this is answered by."""
    return JSONResponse({"seconds": time.process_time(), "loop": time.thread_time()})


Run.publish = _publish_with_time  # type: ignore[method-assign]
app = st.App(
    FRAME,
    routes=[
        *routes,
        Route("/bench/runs", start, methods=["POST"]),
        Route("/bench/runs/{run_id}/published", published),
        Route("/bench/processor", processor),
    ],
    middleware=before,
    lifespan=lifespan,
)
