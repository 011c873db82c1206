"""What the browser is told of a run: new points, looks, answers, results.

A run's id is its only guard: 96 random bits. Nothing here changes a run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.data.images import Images
from core.exports.results import results
from core.language.speech import _, spoken
from core.runs import questions
from core.runs.looks import SOURCES, STAGES
from core.runs.manager import manager
from core.runs.run import Run
from core.training.arms import Arm
from core.training.records import ArmDiverged, ArmFailed, DataReplaced, Snapshot, StatusChanged, to_finite, to_json
from core.web.assets import FOREVER
from core.web.parameters import answers, choice, given, layer, whole
from core.words.verdict import verdict

VIEWS = ("gradients", "activations", "parameters")
QUESTIONS = ("maps", "noise", "recalibration")
QUESTION_SECONDS = 20.0

Answer = Callable[[list[Arm], Images], dict[str, Any]]

_served: dict[tuple[str, int, int, str], bytes] = {}  # (run, since, version, language); versions never come back


@answers
async def points(request: Request) -> Response:
    """The run's state and every record after `since`, in the language asked for; 404 for a run that is not known."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    run.seen()
    since = whole(request, "since", "0")
    return Response(_answer(run, since), media_type="application/json", headers={"Cache-Control": "no-store"})


def _answer(run: Run, since: int) -> bytes:
    key = run.id, since, run.version, spoken()
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
            "verdict": verdict(config, run.history, run.ended, run.inside.dead),
        },
        "records": [{"seq": sequence} | to_json(record) for sequence, record in snapshot.news],
    }


@answers
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


@answers
async def inside(request: Request) -> Response:
    """One page's part of the looks inside the networks that are newer than `since`, for one source, maybe one layer."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    run.seen()
    view, source = choice(request, "view", VIEWS), choice(request, "source", SOURCES, "fixed")
    name = layer(request) if given(request, "layer") else None
    since = whole(request, "since", "0")
    status = run.status  # read first: who is told that the run has ended asks no more, and must have its last look
    latest, looks = run.seen_inside(since, source)
    kept = run.snapshots.steps
    answer = {
        "latest": latest,
        "status": status,
        "kept": kept,
        "looks": [look.to_json(view, name) for look in looks],
    }
    return JSONResponse(answer | _told(run), headers={"Cache-Control": "no-store"})


def _told(run: Run) -> dict[str, Any]:
    """How the run stands, for pages that do not follow its points: why it ended, where an arm diverged or failed."""
    snapshot, records = run.snapshot(run.history.latest), list(run.history)
    replaced = [to_json(record) for record in records if isinstance(record, DataReplaced)]
    messages = [record.message for record in records if isinstance(record, StatusChanged)]
    return {
        "asked": snapshot.asked,
        "place": snapshot.place,
        "message": str(messages[-1]) if messages else "",
        "replaced": replaced[-1] if replaced else None,
        "diverged": {record.arm: record.step for record in records if isinstance(record, ArmDiverged)},
        "failed": {record.arm: record.step for record in records if isinstance(record, ArmFailed)},
    }


@answers
async def whole_look(request: Request) -> Response:
    """One look complete with its histograms: {arm: NetworkSummary}; 404 once it has been merged with a later one."""
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    text = run.inside.whole(whole(request, "sequence"))
    if text is None:
        return JSONResponse({"error": _("This look is not kept any more.")}, 404)
    return Response(text, media_type="application/json", headers=FOREVER)


@answers
async def question(request: Request) -> Response:
    """What the networks, live or of a kept step, answer to a question of core.runs.questions.

    May take seconds, in which no thread waits: there are few, and files need them, too.
    """
    run = manager().find(request.path_params["run_id"])
    if run is None:
        return _unknown_run()
    try:
        answer = _question(request)
        step = whole(request, "step") if given(request, "step") else None
        asked = asyncio.wrap_future(await run_in_threadpool(run.ask, partial(_answered, run, answer, step), step))
        if not (await asyncio.wait({asked}, timeout=QUESTION_SECONDS))[0]:
            error = _("The networks did not answer in time; they may wait for the device.")
            return JSONResponse({"error": error}, 503)
        return JSONResponse(to_finite(asked.result()))
    except (LookupError, ValueError, RuntimeError) as error:
        return JSONResponse({"error": str(error)}, 400)


def _answered(run: Run, answer: Answer, step: int | None, arms: list[Arm], data: Images) -> dict[str, Any]:
    return {"step": run.snapshot().step if step is None else step} | answer(arms, data)


def _question(request: Request) -> Answer:
    name = choice(request, "question", QUESTIONS)
    where = layer(request, "conv1")
    if name == "maps":
        stage, image = choice(request, "stage", STAGES, "activated"), whole(request, "image", "0")
        return lambda arms, data: questions.feature_maps(arms, data, where, stage, image)
    if name == "noise":
        return lambda arms, data: questions.noise(arms, data, where)
    return questions.recalibration


def _unknown_run() -> Response:
    return JSONResponse({"error": _("This run is not known here; it may have been forgotten."), "gone": True}, 404)
