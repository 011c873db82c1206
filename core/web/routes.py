"""Which address is answered by what, and the server's beginning and end.

GET /api/runs/{id}/points?since=SEQ   what happened after SEQ, serialised once for all watchers
GET /api/runs/{id}/results.json       the results so far, in the command line's format
GET /api/runs/{id}/inside?view=V      new looks inside the networks: gradients, activations or parameters
GET /api/runs/{id}/inside/{seq}       one look, complete
GET /api/runs/{id}/ask/{question}     maps, noise, recalibration: asked of the live networks
GET /api/health                       that the server is up, and its runs
GET /vendor/plotly.min.js             the installed plotly package's own plotly.js
GET /assets/{version}/{file}          this project's scripts and styles
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.runs.manager import manager
from core.web.api import inside, points, question, run_results, whole_look
from core.web.assets import asset, plotly_js


async def health(_: Request) -> Response:
    """Says ok, and how many runs are under way."""
    return JSONResponse({"status": "ok", "active_runs": len(manager().active())})


routes = [
    Route("/api/runs/{run_id}/points", points),
    Route("/api/runs/{run_id}/results.json", run_results),
    Route("/api/runs/{run_id}/inside", inside),
    Route("/api/runs/{run_id}/inside/{sequence:int}", whole_look),
    Route("/api/runs/{run_id}/ask/{question}", question),
    Route("/api/health", health),
    Route("/vendor/plotly.min.js", plotly_js),
    Route("/assets/{version}/{file:path}", asset),
]


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Before serving: what is imported stays, so the collector need not look at it. After: no run is left behind."""
    manager()  # now, since two visitors who came first at once might make two
    gc.collect()
    gc.freeze()
    yield
    manager().shutdown()
