"""Which address is answered by what, and the server's beginning and end.

GET /api/runs/{id}/points?since=SEQ   what happened after SEQ, serialised once for all who watch in one language
GET /api/runs/{id}/results.json       the results so far, in the command line's format
GET /api/runs/{id}/inside?view=V      new looks inside the networks: gradients, activations or parameters
GET /api/runs/{id}/inside/{seq}       one look, complete
GET /api/runs/{id}/ask/{question}     maps, noise, recalibration: asked of the live networks
GET /api/health                       that the server is up, and its runs
GET /vendor/plotly.min.js             the installed plotly package's own plotly.js
GET /assets/{version}/{file}          this project's scripts and styles

All of it below the server's base path, if it has one. What else is asked for there is 404 in JSON.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core.language.speech import _
from core.runs.manager import manager
from core.web.api import inside, points, question, run_results, whole_look
from core.web.assets import asset, plotly_js
from core.web.parameters import Endpoint, follows


async def health(request: Request) -> Response:
    """Says ok, and how many runs are under way."""
    return JSONResponse({"status": "ok", "active_runs": len(manager().active())})


@follows
async def unknown(request: Request) -> Response:
    """No page has an address in these folders, and Streamlit would answer with one, and with 200."""
    if request.method not in READING:
        refusal = _("What is here can only be read; got {method}. Use GET.", method=request.method)
        return JSONResponse({"error": refusal}, 405, {"Allow": ", ".join(READING)})
    return JSONResponse({"error": _("There is nothing at {path}.", path=request.url.path)}, 404)


ADDRESSES: dict[str, Endpoint] = {
    "/api/runs/{run_id}/points": points,
    "/api/runs/{run_id}/results.json": run_results,
    "/api/runs/{run_id}/inside": inside,
    "/api/runs/{run_id}/inside/{sequence}": whole_look,
    "/api/runs/{run_id}/ask/{question}": question,
    "/api/health": health,
    "/vendor/plotly.min.js": plotly_js,
    "/assets/{version}/{file:path}": asset,
}
FOLDERS = ("/api", "/vendor", "/assets")
READING = ("GET", "HEAD")
METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def routes_below(base: str) -> list[BaseRoute]:
    """The routes of a server whose pages are at `base`, such as "norm" or, mostly, ""."""
    start = "".join(f"/{part}" for part in base.split("/") if part)
    known = [Route(start + address, endpoint) for address, endpoint in ADDRESSES.items()]
    others = (start + folder + rest for folder in FOLDERS for rest in ("", "/{rest:path}"))
    return [*known, *(Route(address, unknown, methods=METHODS) for address in others)]


routes = routes_below("")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Before serving: what is imported stays, so the collector need not look at it. After: no run is left behind."""
    manager()  # now, since two visitors who came first at once might make two
    gc.collect()
    gc.freeze()
    yield
    manager().shutdown()
