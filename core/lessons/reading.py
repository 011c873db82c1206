"""lesson.toml as a Lesson: every name is known, every value of its type, and what is wrong is said with its place."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import DIGITS, FIRST_LOOK
from core.experiment.rules import ConfigError
from core.lessons.check import Check, LessonError, Target, require
from core.lessons.lesson import Lesson, Pointer, Slider, Step
from core.lessons.measures import Where

Table = Mapping[str, Any]
Made = TypeVar("Made")
USUAL = ExperimentConfig()
SETTINGS = tuple(field.name for field in fields(ExperimentConfig))

# of each table: the names that it must have, and those that it may have, each with its type
Names: TypeAlias = tuple[dict[str, type], dict[str, type]]
LESSON: Names = {"number": int, "minutes": float, "step": list}, {}
STEP: Names = (
    {"place": str, "predict": dict, "check": dict, "pointer": list},
    {"experiment": list, "chart": dict, "demonstration": str},
)
CHART: Names = {"shows": str}, {"at": int, "layer": str}
PREDICT: Names = {}, {"choices": list, "explains": str, "slider": dict}
SLIDER: Names = {"low": float, "high": float, "start": float}, {"log": bool}
CHECK: Names = (
    {"kind": str, "measure": str, "of": list, "margin": float, "seeds": list, "origin": str},
    {
        "answers": list,
        "layer": str,
        "at": int,
        "reach": float,
        "unit": int,
        "edges": list,
        "threshold": float,
        "nothing": str,
        "tolerance": float,
        "alike": str,
        "within": float,
    },
)
POINTER: Names = {"page": str}, {"layer": str, "at": int, "view": str}
TYPES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def read(path: Path) -> Lesson:
    """The lesson in this file; raises LessonError that begins with where the fault is."""
    name = f"{path.parent.name}/{path.name}"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LessonError(f"{name}: there is no such file. Write it.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LessonError(f"{name}: it is no TOML ({error}). Mend it there.") from error
    return _at(name, lambda: _lesson(path.parent.name, found))


def _at(place: str, make: Callable[[], Made]) -> Made:
    """What `make` makes; what is wrong with it is said with its place."""
    try:
        return make()
    except LessonError as error:
        raise LessonError(f"{place}: {error}") from error


def _lesson(slug: str, found: Table) -> Lesson:
    values = _fitting(found, LESSON)
    tables = enumerate(values["step"], 1)
    steps = tuple(_at(f"step {n}", lambda table=table: _step(table)) for n, table in tables)  # type: ignore[misc]
    return Lesson(slug, values["number"], values["minutes"], steps)


def _fitting(found: Table, allowed: Names) -> dict[str, Any]:
    """The table's values, floats where those are wanted."""
    require(isinstance(found, dict), f"It is a table; got {found!r}. Write its names and values.")
    needed, possible = allowed
    known = {**needed, **possible}
    unknown = [name for name in found if name not in known]
    require(not unknown, f"There is no {', '.join(unknown)} here; there is {', '.join(known)}. Use one of them.")
    missing = [name for name in needed if name not in found]
    require(not missing, f"{', '.join(missing)} is missing. Write it.")
    return {name: _typed(name, value, known[name]) for name, value in found.items()}


def _typed(name: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    require(fits, f"{name} is {TYPES[kind]}; got {value!r}.")
    return value


def _step(found: Table) -> Step:
    values = {"experiment": [], "demonstration": ""} | _fitting(found, STEP)
    require(
        bool(values["demonstration"]) or "chart" in values,
        "chart is missing; write it, or the demonstration that the step shows in place of a run.",
    )
    experiments = tuple(
        _at(f"experiment {n}", lambda table=table: experiment(table))  # type: ignore[misc]
        for n, table in enumerate(values["experiment"], 1)
    )
    chart: dict[str, Any] = {"shows": ""}
    if "chart" in values:
        chart = _at("chart", lambda: _fitting(values["chart"], CHART))
    predict = _at("predict", lambda: _fitting(values["predict"], PREDICT))
    slider = predict.get("slider")
    return Step(
        experiments=experiments,
        place=values["place"],
        choices=_texts("choices", predict.get("choices", [])),
        explains=predict.get("explains", ""),
        slider=None if slider is None else _at("slider", lambda: Slider(**_fitting(slider, SLIDER))),
        chart=chart["shows"],
        chart_at=chart.get("at"),
        chart_layer=chart.get("layer", ""),
        check=_at("check", lambda: _check(values["check"])),
        pointers=tuple(_at("pointer", lambda each=each: _pointer(each)) for each in values["pointer"]),  # type: ignore[misc]
        demonstration=values["demonstration"],
    )


def experiment(found: Table) -> ExperimentConfig:
    """By the rules of the form: what is not given is First look's, on the digits what suits these."""
    unknown = [name for name in found if name not in SETTINGS]
    require(not unknown, f"There is no setting {', '.join(unknown)}; there is {', '.join(SETTINGS)}. Use one of them.")
    usual = DIGITS if found.get("data") == "digits" else FIRST_LOOK
    values: dict[str, Any] = dict(usual)
    for name, value in found.items():
        values[name] = _typed(name, value, list if name == "arms" else type(getattr(USUAL, name)))
    try:
        if "arms" in values:
            values["arms"] = tuple(parse_arm(name) for name in _texts("arms", values["arms"]))
        return ExperimentConfig(**values)
    except ConfigError as error:
        raise LessonError(f"{', '.join(error.fields)}: {error}") from error


def _check(found: Table) -> Check:
    values = _fitting(found, CHECK)
    of = tuple(target(text) for text in _texts("of", values.pop("of")))
    where = Where(values.pop("layer", ""), values.pop("at", None), values.pop("reach", None), values.pop("unit", None))
    answers = _texts("answers", values.pop("answers", []))
    by_target = values["kind"] not in ("bands", "number", "same")
    if by_target:
        require(
            not answers or len(answers) == len(of),
            f"There is an answer for each of {len(of)} targets; got {len(answers)}. Write one each, or none.",
        )
        answers = answers or tuple(each.name for each in of)
    seeds, edges = (_numbers(name, values.pop(name, [])) for name in ("seeds", "edges"))
    return Check(of=of, where=where, answers=answers, seeds=seeds, edges=edges, **values)


def target(text: str) -> Target:
    """`arm`, `arm@2` or `arm@2#layer`."""
    where, _hash, layer = text.partition("#")
    arm, sign, number = where.partition("@")
    require(not sign or (number.isdecimal() and int(number) >= 1), f"Behind @ is an experiment, from 1; got {text!r}.")
    return Target(arm, int(number) - 1 if sign else 0, layer)


def _pointer(found: Table) -> Pointer:
    return Pointer(**_fitting(found, POINTER))


def _texts(name: str, values: list[Any]) -> tuple[str, ...]:
    require(all(isinstance(value, str) and value for value in values), f"{name} is a list of texts; got {values!r}.")
    require(name == "answers" or len(set(values)) == len(values), f"{name} has one twice: {values!r}. Leave one out.")
    return tuple(values)


def _numbers(name: str, values: list[Any]) -> tuple[float, ...]:
    return tuple(_typed(f"each of {name}", value, float) for value in values)
