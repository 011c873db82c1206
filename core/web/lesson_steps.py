"""A step of a lesson as JSON values, in the language spoken here.

asked      what it shows before anything is decided
explained  what it shows after the verdict
pointer    where the cause is seen
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from core.experiment.config import ExperimentConfig
from core.experiment.links import to_query
from core.lab import links
from core.lab.sweep import SEEDS
from core.language.message import Message
from core.language.speech import _
from core.lessons import recorded
from core.lessons.lesson import Lesson, Pointer, Step, layers_of
from core.lessons.numbers import apart
from core.lessons.recorded import Note
from core.lessons.texts import StepText
from core.lessons.units import UNITS
from core.web.terms import html_of
from core.words.book import PARTS
from core.words.settings import told

SWEPT = 5  # seeds; from so many on the Lab says how sure a difference is
CONCLUDED = "test_accuracy"  # at the end, in prediction mode: the Lab tells it beside the held-out one
ALWAYS_TOLD = ("data", "arms", "learning_rate")


def asked(lesson: Lesson, number: int, text: StepText) -> dict[str, Any]:
    """What a step shows before anything is decided."""
    step = lesson.steps[number - 1]
    check, slider = step.check, step.slider
    return {
        "title": text.title,
        "place": str(PARTS[step.place]),
        "question": html_of(text.question),
        "predict": html_of(text.predict),
        "choices": [{"key": key, "text": text.choices[key]} for key in step.choices],
        "slider": None
        if slider is None
        else {
            "low": slider.low,
            "high": slider.high,
            "start": slider.start,
            "log": slider.log,
            "percent": check.how.in_percent,
            "unit": UNITS.get(check.how.told, ""),
            "title": str(check.how.title),
        },
        "experiments": [
            _experiment(config) | {"apart": settings, "recorded": _recorded(recorded.note(lesson.slug, number, which))}
            for which, (config, settings) in enumerate(zip(step.experiments, apart(step.experiments), strict=True))
        ],
        "demonstration": step.computes.takes if step.computes is not None else "",
        "chart": {"shows": step.chart, "at": step.chart_at, "layer": step.chart_layer},
    }


def _recorded(noted: Note | None) -> dict[str, Any] | None:
    if noted is None:
        return None
    return {"id": noted.id, "when": noted.when, "processor": noted.processor, "torch": noted.torch}


def explained(step: Step, text: StepText) -> dict[str, Any]:
    """What it shows after the verdict."""
    return {
        "explains": step.explains,
        "why": html_of(text.why),
        "decides": html_of(text.decides),
        "differently": html_of(text.differently),
        "pointers": [pointer(step, each) for each in step.pointers],
        "sweep": _sweep(step),
    }


def _sweep(step: Step) -> str:
    """The step's question to several seeds, as a link to the Lab asks it; empty where it does not conclude from it."""
    if len(step.experiments) != 1 or step.check.measure != CONCLUDED:
        return ""
    (config,) = step.experiments
    if step.check.where.at not in (None, config.total_steps):
        return ""
    return urlencode(links.to_query(links.of_base(config, {SEEDS: str(SWEPT)})), safe=",:/")


def _experiment(config: ExperimentConfig) -> dict[str, Any]:
    usual, names = ExperimentConfig(), [each.name for each in fields(config)]
    named = [name for name in names if name in ALWAYS_TOLD or getattr(config, name) != getattr(usual, name)]
    return {
        "settings": [told(name, config) for name in named],
        "query": urlencode(to_query(config), safe=",:/"),
        "arms": [{"name": arm.name, "title": str(arm.title), "norm": arm.main_norm} for arm in config.arms],
        "steps": config.total_steps,
    }


_PAGES = {
    "train": Message("Train"),
    "activations": Message("Activations"),
    "gradients": Message("Gradients"),
    "parameters": Message("Parameters"),
    "cube": Message("Cube"),
}


def pointer(step: Step, pointer: Pointer) -> dict[str, Any]:
    """A page that looks inside is told a layer and a step, the check's and the last if the lesson names none.

    Beside a step without a run stands a page, or a `view` of the cube.
    """
    text = _place(pointer.page, pointer.layer, pointer.at)
    if not step.experiments:
        return {"page": pointer.page, "view": pointer.view, "text": text}
    config = step.experiments[0]
    return {
        "page": pointer.page,
        "layer": pointer.layer or step.check.where.layer or layers_of(config)[0],
        "step": config.total_steps if pointer.at is None else pointer.at,
        "text": text,
    }


def _place(page: str, layer: str, at: int | None) -> str:
    values = {"page": str(_PAGES[page]), "layer": layer, "step": at or 0}
    if layer and at is not None:
        return _("{page}, layer {layer}, step {step:,}", **values)
    if layer:
        return _("{page}, layer {layer}", **values)
    return _("{page}, step {step:,}", **values) if at is not None else str(_PAGES[page])
