"""A run's course as its watchers are told it: how it stands, and what is new. Many ask, several times a second.

points  what happened since a watcher last heard of the run

What is the same for several of them is found and written once: an answer, how the run stands, each record.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.language.speech import spoken
from core.runs.manager import manager
from core.runs.shown import AnyRun, executed
from core.training.rates import falls
from core.training.records import Record, Snapshot, to_json
from core.web.api import apart_ms, find, notes, of, text_of, unknown_run
from core.web.classes import with_class
from core.web.parameters import answers, whole
from core.words.reasons import reasons
from core.words.verdict import verdict

# run, since, version, hidden arms, language, second; versions never come back
Served = tuple[str, int, int, tuple[str, ...], str, int]
_served: dict[Served, bytes] = {}
# run, version, looks, …: the same whatever was heard before
_stated: dict[tuple[str, int, int, tuple[str, ...], str, int], str] = {}
# run, sequence, hidden arms, language: each record as it was told first; a run taken up may have another there
_told_before: dict[tuple[str, int, tuple[str, ...], str], tuple[Record, str]] = {}
MOST_SERVED, MOST_RECORDS = 64, 10_000


@answers
async def points(request: Request) -> Response:
    """The run's state and every record after `since`, in the language asked for; 404 for a run that is not known."""
    run = await find(request)
    if run is None:
        return unknown_run(request.path_params["run_id"])
    answer = await of(run, partial(_seen, run, whole(request, "since", "0")))
    return Response(with_class(request, answer), media_type="application/json", headers={"Cache-Control": "no-store"})


def _seen(run: AnyRun, since: int) -> bytes:
    run.seen()
    return _answer(run, since)


def _answer(run: AnyRun, since: int) -> bytes:
    key = run.id, since, run.version, run.hidden, spoken(), _second(run)
    answer = _served.get(key)  # another thread may empty it at any moment
    if answer is None:
        snapshot = run.snapshot(since)
        answer = _points(run, snapshot).encode()
        if snapshot.version == key[2]:
            _keep(_served, key, answer)
    return answer


def _keep(answers: dict[Any, Any], key: object, answer: object, most: int = MOST_SERVED) -> None:
    if len(answers) >= most:
        answers.clear()
    answers[key] = answer


def _second(run: AnyRun) -> int:
    """Only to who waits something else is told each second: how long they still will."""
    return int(time.monotonic()) if run.status == "queued" else 0


def _points(run: AnyRun, snapshot: Snapshot) -> str:
    """{"latest", "state", "records"} as JSON, from texts that many ask for and are written once."""
    language = spoken()
    records = [_record(run, language, sequence, record) for sequence, record in snapshot.news]
    return f'{{"latest":{snapshot.latest},"state":{_state(run, snapshot)},"records":[{",".join(records)}]}}'


def _record(run: AnyRun, language: str, sequence: int, record: Record) -> str:
    key = run.id, sequence, run.hidden, language
    told = _told_before.get(key)
    if told is None or told[0] is not record:
        told = record, text_of({"seq": sequence} | to_json(record))
        _keep(_told_before, key, told, MOST_RECORDS)
    return told[1]


def _state(run: AnyRun, snapshot: Snapshot) -> str:
    """How the run stands, found once for all who ask at this version: they have heard of it until different records."""
    key = run.id, snapshot.version, run.inside.latest, run.hidden, spoken(), _second(run)  # a look has reasons in it
    state = _stated.get(key)
    if state is None:
        state = text_of(_standing(run, snapshot))
        if run.version == snapshot.version:  # nothing newer is in it
            _keep(_stated, key, state)
    return state


def _standing(run: AnyRun, snapshot: Snapshot) -> dict[str, Any]:
    config = run.config
    return {
        "status": snapshot.status,
        "hidden": len(run.hidden),  # another number: all that was told before is to be asked for again
        "asked": snapshot.asked,
        "place": snapshot.place,
        "shared": manager().shared.has(executed(run)),
        "step": snapshot.step,
        "total_steps": config.total_steps,
        "epochs": config.epochs,
        "learning_rate": snapshot.learning_rate,
        "falls": [to_json(fall) for fall in falls(config, run.history)],
        "eta_seconds": snapshot.eta_seconds,
        "apart_ms": apart_ms(run),
        "wait_seconds": manager().seconds_until(executed(run)) if snapshot.place else None,
        "data": config.data,
        "verdict": verdict(config, run.history, run.ended),
        "reasons": [reason.to_json() for reason in reasons(config, run.history, run.inside.evidence)],
        "notes": notes(run),
    }
