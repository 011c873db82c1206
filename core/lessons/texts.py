"""What a lesson says, en.md and zh.md: the same headings in the same order, Markdown without HTML.

    # Title                     under it what the lesson is about, one paragraph
    ## The step's title         under it the question, in our words with the book's terms
    ### Predict                 what is to be predicted; for choices a list of - `key`: words
    ### Why                     the explanation, shown after the verdict
    ### What would decide       shown where this run does not
    ### Try it differently      what to change in the form

The Chinese text carries a hash of the English one in its first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.language.languages import ENGLISH, LANGUAGES
from core.lessons.check import LessonError, require
from core.lessons.lesson import Lesson
from core.words.terms import COMMENT, LINK, hash_of

PARTS = {
    "en": ("Predict", "Why", "What would decide", "Try it differently"),
    "zh": ("预测", "为什么", "怎样才能判断", "换一种试试"),
}
CHOICE = re.compile(r"^- `([^`]+)`[:：] *(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StepText:
    """One step's words, in Markdown; `choices` by key."""

    title: str
    question: str
    predict: str
    choices: Mapping[str, str]
    why: str
    decides: str
    differently: str


@dataclass(frozen=True, slots=True)
class Text:
    """A lesson's words in one language; `source` is the hash of the English text that a translation carries."""

    title: str
    about: str
    steps: tuple[StepText, ...]
    source: str


def read(path: Path) -> Text:
    """Raises LessonError where its parts are not in their places."""
    name, language = f"{path.parent.name}/{path.name}", path.stem
    require(path.is_file(), f"{name}: there is no such file. A lesson has a text in each language; write it.")
    text = path.read_text(encoding="utf-8")
    comment = COMMENT.match(text)
    title, _, rest = (text[comment.end() :] if comment else text).strip().partition("\n")
    require(title.startswith("# "), f"{name}: a text begins with its title, # …; got {title[:40]!r}.")
    about, *others = re.split(r"^## +(.+)$", rest, flags=re.MULTILINE)
    require(bool(about.strip()), f"{name}: under its title stands what the lesson is about; nothing does.")
    pairs = zip(others[::2], others[1::2], strict=True)
    steps = tuple(_step(f"{name}, “{heading.strip()}”", heading.strip(), body, language) for heading, body in pairs)
    return Text(title[2:].strip(), about.strip(), steps, comment[1] if comment else "")


def _step(name: str, title: str, text: str, language: str) -> StepText:
    question, *others = re.split(r"^### +(.+)$", text, flags=re.MULTILINE)
    headings = tuple(heading.strip() for heading in others[::2])
    wanted = PARTS[language]
    require(headings == wanted, f"{name}: its headings are {', '.join(headings)}; they must be {', '.join(wanted)}.")
    bodies = [body.strip() for body in (question, *others[1::2])]
    require(all(bodies), f"{name}: under each heading stands something; under one nothing does.")
    choices = dict(CHOICE.findall(bodies[1]))
    return StepText(title, bodies[0], CHOICE.sub("", bodies[1]).strip(), choices, *bodies[2:])


def faults(lesson: Lesson, folder: Path) -> Iterator[str]:
    """What is wrong with the texts in `folder`, of `lesson`, each with its file."""
    try:
        found = {language: read(folder / f"{language}.md") for language in LANGUAGES}
    except LessonError as error:
        yield str(error)
        return
    for language, text in found.items():
        name = f"{lesson.slug}/{language}.md"
        yield from (f"{name}: {fault}" for fault in _own_faults(lesson, text))
        source = hash_of(folder / f"{ENGLISH}.md")
        if language != ENGLISH and text.source != source:
            yield f"{name}: the English text has changed; translate what is new, then begin with <!-- en: {source} -->"
        if _links(folder / f"{language}.md") != _links(folder / f"{ENGLISH}.md"):
            yield f"{name}: it links otherwise than en.md; link to the same"


def _own_faults(lesson: Lesson, text: Text) -> Iterator[str]:
    if len(text.steps) != len(lesson.steps):
        yield f"it has {len(text.steps)} steps, lesson.toml {len(lesson.steps)}; write as many"
        return
    for number, (step, said) in enumerate(zip(lesson.steps, text.steps, strict=True), 1):
        if set(step.choices) != set(said.choices):
            yield (
                f"step {number} says the choices {', '.join(said.choices) or 'none'}, lesson.toml "
                f"{', '.join(step.choices) or 'none'}; name the same"
            )


def _links(path: Path) -> list[str]:
    return sorted(LINK.findall(path.read_text(encoding="utf-8")))
