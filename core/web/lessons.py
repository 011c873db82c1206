"""Lessons, for the browser: their texts as HTML, their settings, and what a run says of a prediction.

all_lessons  the list: titles, minutes, steps
one_lesson   one of them with all that its steps show
checked      the verdict on a prediction, from the numbers of the step's own runs
shown        what a step computes in place of a run, with the verdict once there is a prediction
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.experiment.rules import ConfigError, read_number
from core.language.message import Message
from core.language.speech import speaking, spoken
from core.lessons import catalog, recorded
from core.lessons.catalog import NoSuchLesson
from core.lessons.checks import Verdict, held_against, judge, seen
from core.lessons.demonstration import MATRIX, MOST_SEEDS, Block, Code, Demonstration, Given, Matrix
from core.lessons.evidence import Evidence, of_run
from core.lessons.lesson import Lesson, Step
from core.lessons.recorded import Note
from core.runs.manager import AnyRun, manager
from core.runs.recorded_run import RecordedRun
from core.web.lesson_steps import asked, explained
from core.web.parameters import Refused, answers, choice, one, whole
from core.web.terms import html_of

UNKNOWN_RUN = Message("This run is not known here any more. Run it again.")
HIDES = Message("Some arms of this run are hidden. What it says of a prediction is told when all are revealed.")


@answers
async def all_lessons(request: Request) -> Response:
    """{lessons: [{slug, number, title, about, minutes, data, steps: [title, …]}, …]}."""
    return JSONResponse({"lessons": [_listed(lesson) for lesson in catalog.lessons()]})


def _listed(lesson: Lesson) -> dict[str, Any]:
    text = catalog.lesson_text(lesson.slug, spoken())
    return {
        "slug": lesson.slug,
        "number": lesson.number,
        "title": text.title,
        "about": html_of(text.about),
        "minutes": lesson.minutes,
        "steps": [step.title for step in text.steps],
    }


@answers
async def one_lesson(request: Request) -> Response:
    """As in the list, `steps` complete; 400 for a slug that is none, or with ?step=N for a step that it has not.

    With ?answers=off nothing is said that answers a question.
    """
    try:
        lesson = catalog.lesson(one(request, "slug"))
        catalog.number_of(lesson, one(request, "step", "1"))
    except NoSuchLesson as error:
        raise Refused(error.args[0]) from None
    texts = catalog.lesson_text(lesson.slug, spoken()).steps
    steps = [
        asked(lesson, number, text) | (explained(lesson.steps[number - 1], text) if _with_answers(request) else {})
        for number, text in enumerate(texts, 1)
    ]
    return JSONResponse(_listed(lesson) | {"steps": steps})


def _with_answers(request: Request) -> bool:
    return choice(request, "answers", ("on", "off"), "on") == "on"


@answers
async def checked(request: Request) -> Response:
    """{stands, says, numbers, answer} for ?runs=ID,ID&predicted=…; 400 where a run is not known or not the step's.

    With ?answers=off the numbers alone: what they say of the prediction is for the class to find.
    """
    try:
        slug, number = one(request, "slug"), one(request, "step")
        step = catalog.step(slug, number)
    except NoSuchLesson as error:
        raise Refused(error.args[0]) from None
    predicted, with_answers = _predicted(request, step), _with_answers(request)
    ids = one(request, "runs").split(",")
    if len(ids) != len(step.experiments):
        raise Refused(Message("runs must name one run for each experiment: {n}", {"n": len(step.experiments)}))
    notes = [recorded.note(slug, int(number), which) for which in range(len(ids))]
    verdict = await run_in_threadpool(partial(_judged, step, list(zip(ids, notes, strict=True)), predicted, spoken()))
    return JSONResponse(_told(verdict, with_answers), headers={"Cache-Control": "no-store"})


def _told(verdict: Verdict, with_answers: bool) -> dict[str, Any]:
    if with_answers:
        return asdict(verdict)
    return {"numbers": verdict.numbers, "decided": verdict.stands != "undecided"}


def _predicted(request: Request, step: Step) -> str | float:
    if step.slider is None:
        return choice(request, "predicted", step.choices)
    try:
        return float(read_number(one(request, "predicted"), "predicted", "predicted", float))
    except ConfigError as error:
        raise Refused(error.args[0]) from None


def _judged(step: Step, noted: list[tuple[str, Note | None]], predicted: str | float, language: str) -> Verdict:
    with speaking(language):
        return judge(step, [_evidence(step, _found(run_id), note) for run_id, note in noted], predicted)


def _evidence(step: Step, run: AnyRun, note: Note | None) -> Evidence:
    if isinstance(run, RecordedRun) and note is not None and run.id == note.id:
        return recorded.evidence(run.recording, note)
    question = step.check.how.question
    return of_run(run, [question] if question else [])


def _found(run_id: str) -> AnyRun:
    run = manager().find(run_id)
    if run is None:
        raise Refused(UNKNOWN_RUN)
    if run.hidden:
        raise Refused(HIDES)
    return run


# --- demonstrations -------------------------------------------------------------------------------------------------

NUMBER = Message("A value of the matrix")
MOST = 1e6


@answers
async def shown(request: Request) -> Response:
    """{blocks, verdict, seed, seeds} for ?predicted=…&matrix=1,2,…&seed=0.

    Without a prediction there are those blocks alone that the question is about, and no verdict. 400 for a matrix
    that is none, with what is wrong with it.
    """
    try:
        step = catalog.step(one(request, "slug"), one(request, "step"))
    except NoSuchLesson as error:
        raise Refused(error.args[0]) from None
    if step.computes is None:
        raise Refused(Message("This step runs an experiment; it has nothing to compute at once."))
    given = Given(_matrix(one(request, "matrix", "")), whole(request, "seed", "0") % MOST_SEEDS)
    has_predicted = bool(one(request, "predicted", ""))
    predicted = _predicted(request, step) if has_predicted else ""
    blocks, verdict = await run_in_threadpool(partial(_demonstrated, step, step.computes, given, predicted, spoken()))
    told = None if verdict is None else _told(verdict, _with_answers(request))
    answer = {"blocks": blocks, "verdict": told, "seed": given.seed}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _matrix(text: str) -> Matrix:
    """MATRIX with what was typed over it, its rows one after the other, with semicolons between the numbers."""
    if not text:
        return MATRIX
    typed, width = text.split(";"), len(MATRIX[0])
    if len(typed) != len(MATRIX) * width:
        raise Refused(Message("matrix must have {n} numbers", {"n": len(MATRIX) * width}))
    try:
        values = [float(read_number(each, NUMBER, "matrix", float)) for each in typed]
    except ConfigError as error:
        raise Refused(error.args[0]) from None
    for each in values:
        if not abs(each) <= MOST:
            rule = Message("A value of the matrix lies between −{n:,} and {n:,}. Type a smaller one.", {"n": int(MOST)})
            raise Refused(rule)
    return tuple(tuple(values[at : at + width]) for at in range(0, len(values), width))


def _demonstrated(
    step: Step, computes: Demonstration, given: Given, predicted: str | float, language: str
) -> tuple[list[dict[str, Any]], Verdict | None]:
    with speaking(language):
        before = [_block(block) for block in computes.before(given)]
        if predicted == "":
            return before, None
        found = computes.show(given)
        return [*before, *map(_block, found.blocks)], held_against(step, seen(step, found), predicted)


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Code):
        return {"kind": "code", "title": str(block.title), "text": block.text}
    return {
        "kind": "table",
        "title": str(block.title),
        "columns": [str(column) for column in block.columns],
        "rows": [{"head": str(head), "cells": list(cells)} for head, cells in block.rows],
        "marked": sorted(block.marked),
        "typed": block.typed,
    }
