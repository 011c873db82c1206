"""Runs of lessons that come with NormScope, for who would stand in line: `python -m bench.lessons --record` makes them.

They lie beside their lesson in recorded/, by step and experiment: 1-1.zip, a bundle without networks, and 1-1.json,
when and where it was and what its networks answered.

note      of one experiment, as long as the lesson still says the same
runs      all there are: by id, how each is read
evidence  what a check reads of one
write     one
thinned   … as it is to be written: no more looks than its step shows
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from core.experiment.links import from_query, to_query
from core.lessons import catalog
from core.lessons.evidence import Answer, Evidence, of_recording
from core.lessons.lesson import Step
from core.store.codec import record_from, record_text
from core.store.recording import Recording
from core.training.records import NetworksSeen
from core.words.evidence import Evidence as Reasons

FOLDER = "recorded"
DIGITS = 5  # of the numbers in a look: an axis shows three
DRIFT = {"drift", "drift_after_norm"}


@dataclass(frozen=True, slots=True)
class Note:
    """`when` is in seconds of Unix's time."""

    id: str
    when: float
    processor: str
    torch: str
    answers: Mapping[str, Answer]


def note(slug: str, number: int, which: int) -> Note | None:
    """None where none was recorded, or the lesson was changed since. `number` counts from 1, `which` from 0."""
    step = catalog.lesson(slug).steps[number - 1]
    found = _read(_path(slug, number, which))
    return _note(found, _id(slug, number, which)) if found is not None and _fits(found, step, which) else None


def faults() -> Iterator[str]:
    """Each recording that its lesson does not fit any more."""
    for lesson in catalog.lessons():
        for number, step in enumerate(lesson.steps, 1):
            for which in range(len(step.experiments)):
                path = _path(lesson.slug, number, which)
                if path.is_file() and note(lesson.slug, number, which) is None:
                    yield (
                        f"{lesson.slug}/{FOLDER}/{path.name}: the lesson was changed since; "
                        f"run `python -m bench.lessons {lesson.slug} --record`"
                    )


@cache
def _read(path: Path) -> Mapping[str, object] | None:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _note(found: Mapping[str, object], run_id: str) -> Note:
    values = {name: found[name] for name in ("when", "processor", "torch", "answers")}
    return Note(run_id, **values)  # type: ignore[arg-type]


def _fits(found: Mapping[str, object], step: Step, which: int) -> bool:
    """A setting that was not there yet had its usual value."""
    question, answers, experiment = step.check.how.question, found["answers"], found["experiment"]
    assert isinstance(answers, dict)
    assert isinstance(experiment, dict)
    config, problems = from_query(experiment, refuses=True)
    return not problems and config == step.experiments[which] and (not question or question in answers)


def _path(slug: str, number: int, which: int) -> Path:
    return catalog.FOLDER / slug / FOLDER / f"{number}-{which + 1}.json"


def _id(slug: str, number: int, which: int) -> str:
    return f"recorded-{slug}-{number}-{which + 1}"


def runs() -> Iterator[tuple[str, Callable[[], Recording]]]:
    """Nothing of them is read yet."""
    for path in sorted(catalog.FOLDER.glob(f"*/{FOLDER}/*.zip")):
        yield f"recorded-{path.parent.parent.name}-{path.stem}", partial(_recording, path)


def _recording(path: Path) -> Recording:
    from core.exports import bundle  # no start of the server has to wait for what reads it

    return bundle.read(path)


def evidence(recording: Recording, noted: Note) -> Evidence:
    """Its networks are not kept; what they answered is."""
    return replace(of_recording(recording), answers=noted.answers)


def thinned(step: Step, recording: Recording) -> Recording:
    """With the looks at which its check, its chart and its pointers look, and the last one, in few digits.

    Where a pointer leads to Train, also with those that Train reads reasons from. Looks are nearly all of a
    bundle, and those of all lessons come with every NormScope.
    """
    kept = tuple(map(_in_few_digits, _shown(step, list(recording.looks()))))
    return replace(recording, looks=lambda: kept)


def _shown(step: Step, looks: list[NetworksSeen]) -> Iterator[NetworksSeen]:
    """A drift is that since the look before."""
    named = {None, step.check.where.at, step.chart_at, *(pointer.at for pointer in step.pointers)}
    at = {looks[-1].step if each is None else each for each in named}
    if any(pointer.page == "train" for pointer in step.pointers):
        at |= _telling(looks)
    drifts = DRIFT & {step.chart, step.check.measure}
    for look, following in zip(looks, [*looks[1:], None], strict=True):
        if look.step in at or (drifts and following is not None and following.step in at):
            yield look


def _telling(looks: list[NetworksSeen]) -> set[int]:
    """The last one that each arm was in, and that of its largest step."""
    seen, arms = Reasons(looks), {arm for look in looks for arm in look.arms}
    largest = [seen.largest_update(arm) for arm in arms]
    return {seen.step(arm) for arm in arms} | {update.step for update in largest if update is not None}


def _in_few_digits(look: NetworksSeen) -> NetworksSeen:
    rounded = _rounded(json.loads(record_text(look)))
    found = record_from(json.dumps(rounded).encode())
    assert isinstance(found, NetworksSeen)
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def write(slug: str, number: int, which: int, recording: Recording, answers: Mapping[str, Answer]) -> Path:
    """In place of what was there."""
    from core.exports import bundle

    path = _path(slug, number, which)
    path.parent.mkdir(exist_ok=True)
    origin = recording.origin
    found = {
        "experiment": to_query(recording.config),
        "when": origin.started.timestamp(),
        "processor": origin.processor,
        "torch": origin.torch,
        "answers": answers,
    }
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return bundle.write(replace(recording, id=_id(slug, number, which)), path.with_suffix(".zip"))
