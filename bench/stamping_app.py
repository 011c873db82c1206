"""The product's server with a clock: `streamlit run bench/stamping_app.py`, for bench's own sections
only.

The same pages, routes, middleware and run manager as app.py, and beside them

    POST /bench/runs?epochs=2...        start the experiment of a link without a browser: {"run": id}
    GET  /bench/runs/{id}/published     once the run has ended: [[sequence number, kind, step, time], ...]
    GET  /bench/runs/{id}/watched?by=N  N more pages have it open, as far as it knows
    POST /bench/sweeps?vary=lr=1,2...   begin the sweep of a link, as its owner would: {"sweep": id}
    POST /bench/sweeps/{id}/cancel      cancel it
    GET  /bench/processor               the processor time taken so far: {"seconds": ..., "loop": ...}

The time (seconds of the machine's clock, which the browser on it shares) is taken when Run.publish returns, which is
when the routes can see the record. Where BENCH_STAMPS names a folder (bench/ray_stamps.py), the actors of live runs on
a Ray cluster take it, too.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import FRAME, before
from bench import ray_stamps
from core.experiment.links import from_query
from core.lab.laboratory import laboratory
from core.runs import ray_runs
from core.runs.manager import manager
from core.runs.run import Run
from core.training.records import Record
from core.web.routes import lifespan

OWNER = "bench"  # of all sweeps that are begun here
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


async def watched(request: Request) -> JSONResponse:
    """As if so many pages were open, without what they would cost when they open: {"watched": N}."""
    by, run = int(request.query_params["by"]), manager().executed(request.path_params["run_id"])
    for page in range(by if run is not None else 0):
        run.join(f"page {page}")
    return JSONResponse({"watched": by})


async def published(request: Request) -> JSONResponse:
    """Waits for the run's end, so that asking costs the training nothing."""
    run = manager().find(request.path_params["run_id"])
    while run is not None and not run.ended:
        await asyncio.sleep(LOOK_SECONDS)
    stamps: list[Any] = _published.get(request.path_params["run_id"], [])
    return JSONResponse([stamp for stamp in stamps if stamp[1] != "seen"])


async def begin_sweep(request: Request) -> JSONResponse:
    """As the Lab's Start does."""
    return JSONResponse({"sweep": (await run_in_threadpool(laboratory().begin, request.query_params, OWNER)).id})


async def cancel_sweep(request: Request) -> JSONResponse:
    laboratory().wish(request.path_params["sweep_id"], "cancel", OWNER)
    return JSONResponse({})


async def processor(request: Request) -> JSONResponse:
    """Of all threads, the trainer's, too; and of the one that answers, which this is answered by."""
    return JSONResponse({"seconds": time.process_time(), "loop": time.thread_time()})


Run.publish = _publish_with_time  # type: ignore[method-assign]
if ray_stamps.FOLDER in os.environ:
    ray_runs.live = ray_stamps.live
app = st.App(
    FRAME,
    routes=[
        Route("/bench/runs", start, methods=["POST"]),
        Route("/bench/runs/{run_id}/published", published),
        Route("/bench/runs/{run_id}/watched", watched),
        Route("/bench/sweeps", begin_sweep, methods=["POST"]),
        Route("/bench/sweeps/{sweep_id}/cancel", cancel_sweep, methods=["POST"]),
        Route("/bench/processor", processor),
    ],
    middleware=before,
    lifespan=lifespan,
)
