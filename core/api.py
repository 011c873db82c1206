"""HTTP routes beside the pages: new points for the charts, results, health, and the files that the browser loads.

    GET /api/runs/{id}/points?since=SEQ   what happened after SEQ, serialised once for all watchers
    GET /api/runs/{id}/results.json       the results so far, in the command line's format
    GET /api/runs/{id}/inside?view=V      new looks inside the networks: gradients, activations or parameters
    GET /api/runs/{id}/inside/{seq}       one look, complete
    GET /api/runs/{id}/ask/{question}     maps, noise, recalibration: asked of the live networks
    GET /api/health                       that the server is up, and its runs
    GET /vendor/plotly.min.js             the installed plotly package's own plotly.js
    GET /assets/{version}/{file}          this project's scripts and styles

A run's id is its only guard: 96 random bits. Nothing here changes a run.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import importlib.util
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from core import questions
from core.data import Images
from core.inside import SOURCES
from core.records import ArmDiverged, DataReplaced, Snapshot, StatusChanged, to_finite, to_json
from core.results import results
from core.runs import Run, manager
from core.trainer import Arm
from core.verdict import verdict

ASSETS = Path(__file__).parent.parent / "assets"
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # for addresses that carry a version

VIEWS = ("gradients", "activations", "parameters")
QUESTION_SECONDS = 20.0

_served: dict[tuple[str, int, int], bytes] = {}  # (run, since, version): answer; versions never come back


async def points(request: Request) -> Response:
    """The run's state and every record after `since`; 404 for a run that is not remembered."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    run.seen()
    try:
        since = int(request.query_params.get("since", "0"))
    except ValueError:
        return JSONResponse({"error": "since must be a whole number"}, 400)
    return Response(_answer(run, since), media_type="application/json", headers={"Cache-Control": "no-store"})


def _answer(run: Run, since: int) -> bytes:
    key = run.id, since, run.version
    if key not in _served:
        if len(_served) >= 64:
            _served.clear()
        snapshot = run.snapshot(since)
        answer = json.dumps(_points(run, snapshot), allow_nan=False, separators=(",", ":")).encode()
        if snapshot.version != key[2]:
            return answer
        _served[key] = answer
    return _served[key]


def _points(run: Run, snapshot: Snapshot) -> dict[str, Any]:
    config = run.config
    return {
        "latest": snapshot.latest,
        "state": {
            "status": snapshot.status,
            "asked": snapshot.asked,
            "place": snapshot.place,
            "step": snapshot.step,
            "total_steps": config.total_steps,
            "epochs": config.epochs,
            "learning_rate": snapshot.learning_rate,
            "eta_seconds": snapshot.eta_seconds,
            "data": config.data,
            "verdict": verdict(config, run.history, run.ended),
        },
        "records": [{"seq": sequence} | to_json(record) for sequence, record in snapshot.news],
    }


async def run_results(request: Request) -> Response:
    """The results so far as a file."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    headers = {"Content-Disposition": f'attachment; filename="normscope-{run.id}.json"'}
    return Response(
        json.dumps(results(run.config, run.history), indent=1, allow_nan=False),
        headers=headers,
        media_type="application/json",
    )


async def inside(request: Request) -> Response:
    """One page's part of the looks inside the networks that are newer than `since`, for one source, maybe one layer."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    run.seen()
    query = request.query_params
    view, source, layer = query.get("view", ""), query.get("source", "fixed"), query.get("layer")
    if view not in VIEWS or source not in SOURCES or not query.get("since", "0").isdigit():
        return JSONResponse({"error": f"view is one of {VIEWS}, source one of {SOURCES}, since a whole number"}, 400)
    status = run.status  # read first: who is told that the run has ended asks no more, and must have its last look
    latest, looks = run.seen_inside(int(query.get("since", "0")), source)
    kept = run.snapshots.steps
    answer = {
        "latest": latest,
        "status": status,
        "kept": kept,
        "looks": [look.to_json(view, layer) for look in looks],
    }
    return JSONResponse(answer | _told(run), headers={"Cache-Control": "no-store"})


def _told(run: Run) -> dict[str, Any]:
    """How the run stands, for pages that do not follow its points: why it ended, and where an arm diverged."""
    snapshot, records = run.snapshot(run.history.latest), list(run.history)
    replaced = [record.reason for record in records if isinstance(record, DataReplaced)]
    messages = [record.message for record in records if isinstance(record, StatusChanged)]
    return {
        "asked": snapshot.asked,
        "place": snapshot.place,
        "message": messages[-1] if messages else "",
        "replaced": replaced[-1] if replaced else "",
        "diverged": {record.arm: record.step for record in records if isinstance(record, ArmDiverged)},
    }


async def whole_look(request: Request) -> Response:
    """One look complete with its histograms: {arm: NetworkSummary}; 404 once it has been merged with a later one."""
    run = manager().find(request.path_params["run_id"])
    text = run.inside.whole(request.path_params["sequence"]) if run else None
    if text is None:
        return JSONResponse({"error": "This look is not kept any more."}, 404)
    return Response(text, media_type="application/json", headers=FOREVER)


def question(request: Request) -> Response:
    """What the networks, live or of a kept step, answer to a question of core.questions. May take seconds."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    try:
        answer = _question(request.path_params["question"], dict(request.query_params))
        earlier = request.query_params.get("step")
        step = None if earlier is None else int(earlier)
        asked = run.ask(
            lambda arms, data: {"step": run.snapshot().step if step is None else step} | answer(arms, data), step
        )
        return JSONResponse(to_finite(asked.result(QUESTION_SECONDS)))
    except (LookupError, ValueError, RuntimeError) as error:
        return JSONResponse({"error": str(error)}, 400)
    except TimeoutError:
        return JSONResponse({"error": "The networks did not answer in time; they may wait for the device."}, 503)


def _question(name: str, query: dict[str, str]) -> Callable[[list[Arm], Images], dict[str, Any]]:
    layer = query.get("layer", "conv1")
    if name == "maps":
        stage, image = query.get("stage", "activated"), int(query.get("image", "0"))
        return lambda arms, data: questions.feature_maps(arms, data, layer, stage, image)
    if name == "noise":
        return lambda arms, data: questions.noise(arms, data, layer)
    if name == "recalibration":
        return questions.recalibration
    raise LookupError(f"The questions are maps, noise and recalibration; got {name}.")


def _unknown_run() -> Response:
    return JSONResponse({"error": "This run is not known here; it may have been forgotten."}, 404)


async def health(_: Request) -> Response:
    """Says ok, and how many runs are under way."""
    return JSONResponse({"status": "ok", "active_runs": len(manager().active())})


async def plotly_js(_: Request) -> Response:
    """plotly.js as the installed plotly package brings it; its address carries the version, so it may be kept."""
    return FileResponse(_plotly_js(), media_type="text/javascript", headers=FOREVER)


async def asset(request: Request) -> Response:
    """A file of assets/; the version in its address is that of all of them, so scripts can import each other."""
    name = request.path_params["file"]
    if name not in {path.name for path in ASSETS.iterdir() if path.is_file()}:
        return JSONResponse({"error": f"There is no asset {name}."}, 404)
    return FileResponse(ASSETS / name, headers=FOREVER)


@functools.cache
def assets_address() -> str:
    """Where the pages load assets from, relative to the server's root; changes when any asset changes."""
    digest = hashlib.sha256()
    for path in sorted(path for path in ASSETS.iterdir() if path.is_file()):
        digest.update(path.read_bytes())
    return f"assets/{digest.hexdigest()[:10]}"


@functools.cache
def _plotly_js() -> Path:
    # Found, not imported: the server needs one file of the package.
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    return Path(str(spec.origin)).parent / "package_data" / "plotly.min.js"


routes = [
    Route("/api/runs/{run_id}/points", points),
    Route("/api/runs/{run_id}/results.json", run_results),
    Route("/api/runs/{run_id}/inside", inside),
    Route("/api/runs/{run_id}/inside/{sequence:int}", whole_look),
    Route("/api/runs/{run_id}/ask/{question}", question),
    Route("/api/health", health),
    Route("/vendor/plotly.min.js", plotly_js),
    Route("/assets/{version}/{file}", asset),
]


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Before serving: what is imported stays, so the collector need not look at it. After: no run is left behind."""
    manager()  # now, since two visitors who came first at once might make two
    gc.collect()
    gc.freeze()
    yield
    manager().shutdown()
