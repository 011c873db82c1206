"""What the browser is told of a run: looks, answers, results. Its new points: core.web.points.

A run's id is its only guard: 96 random bits. Nothing here changes a run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.data.images import Images
from core.exports.results import results
from core.language.places import without_paths
from core.language.speech import _
from core.runs import questions
from core.runs.at_hand import at_hand
from core.runs.looks import SOURCES, STAGES
from core.runs.manager import manager
from core.runs.pace import LOOK_SECONDS, STRIP_SECONDS
from core.runs.run import ENDED, Run
from core.runs.shown import AnyRun, ShownRun, executed, shown
from core.training.arms import Arm
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    DataReplaced,
    RunNoted,
    RunReplaced,
    StatusChanged,
    to_finite,
    to_json,
)
from core.web.assets import FOREVER
from core.web.classes import with_class
from core.web.parameters import answers, choice, given, layer, whole
from core.web.turns import NoTurn, Turns
from core.web.unchanged import unless_known
from core.words.settings import about_rate

VIEWS = ("gradients", "activations", "parameters", "depth")
APART = {"depth": STRIP_SECONDS}  # seconds from look to look that a view asks for, where they are others than usual
QUESTIONS = ("maps", "noise", "recalibration")
QUESTION_SECONDS = 20.0
ASKERS = Turns(at_once=4, waiting=16)  # one that has ended is asked by a thread, which computes the answer

Found = TypeVar("Found")
Answer = Callable[[list[Arm], Images], dict[str, Any]]


async def find(request: Request) -> AnyRun | None:
    """The run that is asked for, as everybody is shown it; one that has to be read holds nobody up."""
    run_id = request.path_params["run_id"]
    here = manager().executed(run_id)
    return shown(here) if here is not None else await run_in_threadpool(_find, run_id)


def _find(run_id: str) -> AnyRun | None:
    run = manager().find(run_id)
    return None if run is None else shown(run)


async def of(run: AnyRun, work: Callable[[], Found]) -> Found:
    """What `work` finds in the run: at once in one that is executed, by a thread in one whose file has to be read."""
    return work() if isinstance(executed(run), Run) else await run_in_threadpool(work)


def apart_ms(run: AnyRun) -> int:
    """How long who watches the run waits between two questions, at least; 0 for one that is executed elsewhere."""
    here = executed(run)
    return here.watchers.apart_ms if isinstance(here, Run) else 0


def notes(run: AnyRun) -> list[str]:
    """What whoever reads the run should know besides how it stands."""
    history = list(run.history)
    said = [record.said for record in history if isinstance(record, RunNoted)]
    return list(dict.fromkeys(str(each) for each in [*said, about_rate(run.config, history), run.inside.said] if each))


@answers
async def run_results(request: Request) -> Response:
    """The results so far as a file."""
    run = await find(request)
    if run is None:
        return unknown_run(request.path_params["run_id"])
    headers = {"Content-Disposition": f'attachment; filename="normscope-{run.id}.json"'}
    return Response(await of(run, partial(_results, run)), headers=headers, media_type="application/json")


def _results(run: AnyRun) -> str:
    return json.dumps(results(run.config, run.history), indent=1, allow_nan=False)


@answers
async def inside(request: Request) -> Response:
    """One page's part of the looks inside the networks that are newer than `since`, for one source, maybe one layer."""
    run = await find(request)
    if run is None:
        return unknown_run(request.path_params["run_id"])
    view, source = choice(request, "view", VIEWS), choice(request, "source", SOURCES, "fixed")
    name = layer(request) if given(request, "layer") else None
    since = whole(request, "since", "0")
    answer = await of(run, partial(_inside, run, since, source, view, name))
    text = text_of(answer).encode()
    if since == 0 and answer["status"] in ENDED and not given(request, "class"):  # a megabyte, at each visit
        return unless_known(request, text)
    text = with_class(request, text)
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


def _inside(run: AnyRun, since: int, source: str, view: str, name: str | None) -> dict[str, Any]:
    run.seen()
    status = run.status  # read first: who is told that the run has ended asks no more, and must have its last look
    latest, looks = run.seen_inside(since, source, APART.get(view, LOOK_SECONDS))
    answer = {
        "latest": latest,
        "status": status,
        "kept": run.snapshots.steps,
        "looks": [look.to_json(view, name) for look in looks],
        "hidden": len(run.hidden),
        "apart_ms": apart_ms(run),
    }
    if since == 0:
        answer["arms"] = [{"name": arm.name, "title": str(arm.title), "norm": arm.main_norm} for arm in run.config.arms]
    return answer | _told(run)


def _told(run: AnyRun) -> dict[str, Any]:
    """How the run stands, for pages that do not follow its points: why it ended, where an arm diverged or failed."""
    snapshot, records = run.snapshot(run.history.latest), list(run.history)
    replaced = [to_json(record) for record in records if isinstance(record, DataReplaced)]
    messages = [record.message for record in records if isinstance(record, StatusChanged)]
    return {
        "asked": snapshot.asked,
        "place": snapshot.place,
        "wait_seconds": manager().seconds_until(executed(run)) if snapshot.place else None,
        "next": next((record.next for record in records if isinstance(record, RunReplaced)), ""),
        "notes": notes(run),
        "message": str(messages[-1]) if messages else "",
        "replaced": replaced[-1] if replaced else None,
        "diverged": {record.arm: record.step for record in records if isinstance(record, ArmDiverged)},
        "failed": {record.arm: record.step for record in records if isinstance(record, ArmFailed)},
    }


@answers
async def whole_look(request: Request) -> Response:
    """One look complete with its histograms: {arm: NetworkSummary}; 404 once it has been merged with a later one."""
    run = await find(request)
    if run is None:
        return unknown_run(request.path_params["run_id"])
    text = await of(run, partial(run.inside.whole, whole(request, "sequence")))
    if text is None:
        return JSONResponse({"error": _("This look is not kept any more.")}, 404)
    kept = {"Cache-Control": "no-store"} if isinstance(run, ShownRun) else FOREVER
    return Response(text, media_type="application/json", headers=kept)


@answers
async def question(request: Request) -> Response:
    """What the networks, live or of a kept step, answer to a question of core.runs.questions.

    May take seconds, in which no thread waits: there are few, and files need them, too.
    """
    run = await find(request)
    if run is None:
        return unknown_run(request.path_params["run_id"])
    try:
        answer = _question(request, run)
        step = whole(request, "step") if given(request, "step") else None
        asked = asyncio.wrap_future(await ASKERS.take(partial(run.ask, partial(_answered, run, answer, step), step)))
        if not (await asyncio.wait({asked}, timeout=QUESTION_SECONDS))[0]:
            error = _("The networks did not answer in time; they may wait for the device.")
            return JSONResponse({"error": error}, 503)
        return JSONResponse(to_finite(asked.result()))
    except NoTurn:
        raise
    except (LookupError, ValueError, RuntimeError) as error:
        return JSONResponse({"error": without_paths(str(error))}, 400)


def _answered(run: AnyRun, answer: Answer, step: int | None, arms: list[Arm], data: Images) -> dict[str, Any]:
    at, which = at_hand(run) if step is None else (step, "step")
    return {"step": at, "of": which} | answer(arms, data)


def _question(request: Request, run: AnyRun) -> Answer:
    name = choice(request, "question", QUESTIONS)
    where = layer(request, "conv1")
    if name == "maps":
        stage, image = choice(request, "stage", STAGES, "activated"), whole(request, "image", "0")
        return lambda arms, data: questions.feature_maps(arms, data, where, stage, image)
    if name == "noise":
        return lambda arms, data: questions.noise(arms, data, where)
    return lambda arms, data: questions.recalibration(arms, data, run.config.examples)


def text_of(values: dict[str, Any]) -> str:
    """As JSON, without what is not needed."""
    return json.dumps(values, allow_nan=False, separators=(",", ":"))


def unknown_run(run_id: str) -> Response:
    """What is said of a run that is not known, or cannot be read."""
    forgotten = _("This run is not known here; it may have been forgotten.")
    return JSONResponse({"error": str(manager().problem(run_id)) or forgotten, "gone": True}, 404)
