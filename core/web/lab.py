"""The lab, for the browser: what can be asked, what it would take, and what a sweep has found so far.

offers    the ready-made sweeps, what can be varied, and which sweeps this browser has begun
plan      what a sweep is, how much of it is there, and how long the rest takes
progress  how it stands, and what came after what the browser has
taken     all of its entries as a file, or a report of it

Nothing here begins or ends a sweep.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError
from core.lab.conducted import Conducted
from core.lab.document import FORMATS, as_file
from core.lab.laboratory import NOT_KNOWN, OFF, laboratory
from core.lab.noted import Noted
from core.lab.report import report
from core.lab.sweep import Sweep
from core.lab.told import link, news, offered, planned, standing
from core.language.languages import QUERY_KEY
from core.language.speech import speaking, spoken
from core.web.exported import WRITERS, first_page
from core.web.owner import OWNER_COOKIE
from core.web.parameters import Refused, answers, choice, one, whole
from core.web.turns import Turns

MOST_TOLD = 12
REPORT = "report"
TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}
FRESH = {"Cache-Control": "no-store"}
ESTIMATES = Turns(at_once=1, waiting=16)  # a shelf is read through, and mini-batches of a new kind take seconds


@answers
async def offers(request: Request) -> Response:
    """{questions, settings, begun, current, off}."""
    told = await run_in_threadpool(_offers, request.cookies.get(OWNER_COOKIE, ""), spoken())
    return JSONResponse(told, headers=FRESH)


def _offers(key: str, language: str) -> dict[str, Any]:
    with speaking(language):
        lab = laboratory()
        current = lab.current if lab.current is not None and lab.current.is_under_way else None
        return offered(ExperimentConfig()) | {
            "begun": [told for each in lab.begun_by(key)[:MOST_TOLD] if (told := _begun(each))],
            "current": {"id": current.id, "link": link(current.sweep)} if current is not None else None,
            "off": "" if lab.allowed.is_on else str(OFF),
        }


def _begun(noted: Noted) -> dict[str, Any] | None:
    """None where the sweep cannot be read any more, or is too large by now."""
    try:
        sweep = laboratory().read(noted.query)
    except ConfigError:
        return None
    return {"id": noted.id, "begun": noted.begun, "status": noted.status} | planned(sweep)


@answers
async def plan(request: Request) -> Response:
    """{id, described, entries, runs, missing, seconds, minutes, …} of the sweep in the query; 400 where it is none."""
    params = {name: text for name, text in request.query_params.items() if name != QUERY_KEY}
    try:
        sweep = laboratory().read(params)
    except ConfigError as error:
        raise Refused(error.args[0]) from None
    found, seconds = await ESTIMATES.take(partial(_opened, sweep))
    limit = laboratory().allowed.minutes
    told = {
        "id": found.id,
        "entries": sweep.entries,
        "runs": found.total,
        "missing": found.missing,
        "seconds": seconds,
        "minutes": limit if limit < 1e9 else None,
    }
    return JSONResponse(told | planned(sweep), headers=FRESH)


def _opened(sweep: Sweep) -> tuple[Conducted, float | None]:
    """With the seconds that are ahead of it, where it could be begun."""
    found = laboratory().open(sweep)
    return found, found.seconds_ahead() if found.missing and not found.is_under_way else None


@answers
async def progress(request: Request) -> Response:
    """{latest, groups} and how it stands; all anew where it was begun again since: `generation` says so.

    `following` is the plan of its second part, once that is known.
    """
    found = _found(request)
    if found is None:
        return JSONResponse({"error": str(NOT_KNOWN), "unknown": True}, 404)
    found.seen()
    since, generation = whole(request, "since", "0"), whole(request, "generation", "0")
    work = partial(_progress, found, since, generation, request.cookies.get(OWNER_COOKIE, ""), spoken())
    return Response(await run_in_threadpool(work), media_type="application/json", headers=FRESH)


def _progress(found: Conducted, since: int, generation: int, key: str, language: str) -> str:
    with speaking(language):
        with found.changed:
            arrived, now, following = list(found.arrived), found.generation, found.following
        told = {"latest": len(arrived), "groups": news(arrived, since if generation == now else 0), "generation": now}
        told["following"] = planned(following) if following is not None else None
        return json.dumps(standing(found, key) | told, allow_nan=False, separators=(",", ":"))


@answers
async def taken(request: Request) -> Response:
    """What there is so far: numbers, or a report in the language asked for."""
    found, form = _found(request), choice(request, "kind", (*FORMATS, REPORT))
    if found is None:
        return JSONResponse({"error": str(NOT_KNOWN), "unknown": True}, 404)
    if form == REPORT:
        page = await WRITERS.take(partial(_reported, found, first_page(request, "/api/lab/"), spoken()))
        return Response(page, media_type="text/html", headers=_attached(found, "html"))
    status = found.status or ("interrupted" if found.missing else "finished")  # "": by another process, before
    work = partial(as_file, found.findings, status, form)
    return Response(await run_in_threadpool(work), media_type=TYPES[form], headers=_attached(found, form))


def _reported(found: Conducted, address: str, language: str) -> str:
    with speaking(language):
        return report(found.findings, address)


def _attached(found: Conducted, ending: str) -> dict[str, str]:
    return FRESH | {"Content-Disposition": f'attachment; filename="normscope-sweep-{found.id}.{ending}"'}


def _found(request: Request) -> Conducted | None:
    return laboratory().find(one(request, "sweep_id"))
