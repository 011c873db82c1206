"""Which address is answered by what, and the server's beginning and end.

GET /api/runs?known=ID,ID             the runs that this browser may see, and what they take
GET /api/runs/{id}/points?since=SEQ   what happened after SEQ, serialised once for all who watch in one language
GET /api/runs/{id}/results.json       the results so far, in the command line's format
GET /api/runs/{id}/inside?view=V      new looks inside the networks: gradients, activations, parameters or depth
GET /api/runs/{id}/inside/{seq}       one look, complete
GET /api/runs/{id}/ask/{question}     maps, noise, recalibration: asked of the live networks
GET /api/runs/{id}/experiment.{form}  its program with what it measured: py or ipynb
GET /api/experiment.{form}?SETTINGS   the program of an experiment, described as in a page's link
GET /api/terms                        what every number and word means, for the page Reference
GET /api/terms/{slug}                 one of them, for a panel's “?”
GET /api/lessons                      all lessons, for the page Lessons
GET /api/lessons/{slug}               one of them, with its steps
GET /api/lessons/{slug}/{step}/check  what the step's runs say of a prediction
GET /api/lessons/{slug}/{step}/shown  what a step computes in place of a run, and what that says of a prediction
GET /api/runs/{id}/export/{format}    the run as a file: csv, script, …
POST /api/import                      a bundle, kept as a run of this browser
GET /api/openapi.json                 all of this, described for programs
GET /api/metrics                      how the server stands, for who operates it
GET /api/lab                          the questions of the lab, and this browser's sweeps
GET /api/lab/plan?SWEEP               a sweep, as in its link: how much of it is there, and what the rest takes
GET /api/lab/{id}/progress?since=N    how a sweep stands, and what came after its first N entries
GET /api/lab/{id}/export/{kind}       its entries as csv, parquet or json; or a report
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
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core.experiment import environment
from core.exports.recorded import RUN_ID, first_images, first_look
from core.lab.laboratory import laboratory
from core.language.speech import _
from core.lessons import recorded
from core.runs import journal
from core.runs.manager import manager
from core.web.api import inside, question, run_results, whole_look
from core.web.assets import asset, plotly_js
from core.web.base import start_of
from core.web.classes import class_news
from core.web.code import code_of_run, code_of_settings
from core.web.description import described
from core.web.exported import exported
from core.web.imported import imported
from core.web.lab import offers, plan, progress, taken
from core.web.lessons import all_lessons, checked, one_lesson, shown
from core.web.listing import runs
from core.web.metrics import metrics
from core.web.parameters import Endpoint, follows
from core.web.points import points
from core.web.sockets import send_at_once
from core.web.terms import all_terms, one_term


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
    "/api/runs": runs,
    "/api/runs/{run_id}/points": points,
    "/api/runs/{run_id}/results.json": run_results,
    "/api/runs/{run_id}/export/{format}": exported,
    "/api/runs/{run_id}/inside": inside,
    "/api/runs/{run_id}/inside/{sequence}": whole_look,
    "/api/runs/{run_id}/ask/{question}": question,
    "/api/runs/{run_id}/experiment.{form}": code_of_run,
    "/api/experiment.{form}": code_of_settings,
    "/api/classes/{class_id}": class_news,
    "/api/terms": all_terms,
    "/api/terms/{slug}": one_term,
    "/api/lessons": all_lessons,
    "/api/lessons/{slug}": one_lesson,
    "/api/lessons/{slug}/{step}/check": checked,
    "/api/lessons/{slug}/{step}/shown": shown,
    "/api/metrics": metrics,
    "/api/lab": offers,
    "/api/lab/plan": plan,
    "/api/lab/{sweep_id}/progress": progress,
    "/api/lab/{sweep_id}/export/{kind}": taken,
    "/api/health": health,
    "/vendor/plotly.min.js": plotly_js,
    "/assets/{version}/{file:path}": asset,
}
TAKING = {"/api/import": imported}
ADDRESSES["/api/openapi.json"] = described(ADDRESSES, TAKING)
LAB_SECONDS = 1.0  # at the server's end, for a sweep to end its workers
FOLDERS = ("/api", "/vendor", "/assets")
READING = ("GET", "HEAD")
METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Anything(Convertor[str]):
    """The rest of an address, line breaks and all: Starlette's own `path` ends at one, and Streamlit would answer."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", Anything())


def routes_below(base: str) -> list[BaseRoute]:
    """The routes of a server whose pages are at `base`, such as "norm" or, mostly, ""."""
    start = start_of(base)
    known = [Route(start + address, endpoint) for address, endpoint in ADDRESSES.items()]
    known += [Route(start + address, endpoint, methods=["POST"]) for address, endpoint in TAKING.items()]
    others = (start + folder + rest for folder in FOLDERS for rest in ("", "/{rest:anything}"))
    return [*known, *(Route(address, unknown, methods=METHODS) for address in others)]


routes = routes_below("")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Before serving: what is imported stays, so the collector need not look at it. After: no run is left behind."""
    for run_id, read in recorded.runs():
        manager().comes_with(run_id, read)
    # Made now, since two visitors who came first at once might make two.
    manager().comes_with(RUN_ID, first_look, first_images)
    gc.collect()
    gc.freeze()
    send_at_once()
    with journal.written(environment.log() != "off"):
        journal.note("the server is up")
        yield
        if laboratory.cache_info().currsize:
            laboratory().shutdown(LAB_SECONDS)
        manager().shutdown()
        journal.note("the server has ended")
