"""All lessons there are, as they are read from their folders.

lessons  all of them, in order
lesson   one, by its slug, and lesson_text: its words
step     one step of one, and number_of: its number, as a link says them
faults   what is wrong with any, in sentences
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from core.experiment.rules import quoted
from core.language.message import Message
from core.lessons import texts
from core.lessons.check import LessonError
from core.lessons.lesson import Lesson, Step
from core.lessons.reading import read
from core.lessons.texts import Text
from core.words.terms import LINK
from core.words.terms import slugs as terms

FOLDER = Path(__file__).parent
TOML = "lesson.toml"
QUERY_KEYS = ("lesson", "step", "answers")  # in the address of the page Lessons


class NoSuchLesson(LookupError):
    """A link, or whoever asks, names a lesson or a step that is not there."""


@cache
def lessons() -> tuple[Lesson, ...]:
    """In order, read once. Raises LessonError where one cannot be read, or two have one number."""
    return _read_all(FOLDER)


def _read_all(folder: Path) -> tuple[Lesson, ...]:
    found = sorted((read(path) for path in folder.glob(f"*/{TOML}")), key=lambda lesson: lesson.number)
    numbers = [lesson.number for lesson in found]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise LessonError(f"Every lesson has a number of its own; two have {twice[0]}. Take {max(numbers) + 1}.")
    return tuple(found)


def lesson(slug: str) -> Lesson:
    """Raises NoSuchLesson."""
    for each in lessons():
        if each.slug == slug:
            return each
    raise NoSuchLesson(
        Message("There is no lesson {slug}. All lessons are on the page Lessons.", {"slug": quoted(slug)})
    )


@cache
def lesson_text(slug: str, language: str) -> Text:
    """Its words; the lesson must be there."""
    return texts.read(FOLDER / slug / f"{language}.md")


def number_of(found: Lesson, text: str) -> int:
    """The step's number, from 1, that `text` writes. Raises NoSuchLesson."""
    count = len(found.steps)
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= count:
        return int(text)
    raise NoSuchLesson(
        Message(
            "Lesson {slug} has the steps 1 to {count}; got {step}. Begin with 1.",
            {"slug": found.slug, "count": count, "step": quoted(text)},
        )
    )


def step(slug: str, text: str) -> Step:
    """Raises NoSuchLesson."""
    found = lesson(slug)
    return found.steps[number_of(found, text) - 1]


def faults(folder: Path = FOLDER) -> list[str]:
    """Each with the file it is in; empty where all is well."""
    written = {path.parent for path in folder.glob("*/*.md")} - {path.parent for path in folder.glob(f"*/{TOML}")}
    found = [f"{each.name}: it has texts and no {TOML}; write it" for each in sorted(written)]
    for path in sorted(folder.glob(f"*/{TOML}")):
        try:
            found += texts.faults(read(path), path.parent)
        except LessonError as error:
            found.append(str(error))
        found += _dead_links(path.parent)
    if not found:
        try:
            _read_all(folder)
        except LessonError as error:
            found.append(str(error))
    return found


def _dead_links(folder: Path) -> list[str]:
    dead = []
    for path in sorted(folder.glob("*.md")):
        for link in LINK.findall(path.read_text(encoding="utf-8")):
            if not (link.startswith("https://") or link.removeprefix("#") in terms()):
                dead.append(f"{folder.name}/{path.name}: it links to {link}, and there is no such term; link to #slug")
    return dead
