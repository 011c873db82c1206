"""core.lessons: lesson.toml, en.md and zh.md are whole, and whatever could be wrong with them is said in a sentence."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from core.lessons import book_class, catalog
from core.lessons.catalog import FOLDER, NoSuchLesson, faults, lessons
from core.lessons.check import LessonError
from core.lessons.checks import held_against
from core.lessons.lesson import Step, layers_of
from core.lessons.reading import read
from core.lessons.trying import found_by, small
from core.nets.lenet import build_lenet
from core.words.terms import hash_of
from tests.core.lessons.plain import CONFIG

SLUG = "vanishing-gradients"
MOST_MINUTES = 50  # of the whole list, on two cores


def test_all_lessons_can_be_taught_in_both_languages() -> None:
    assert faults() == []


def test_the_whole_list_fits_the_time_of_a_class() -> None:
    assert sum(lesson.minutes for lesson in lessons()) <= MOST_MINUTES


@pytest.mark.parametrize("depth", [5, 8, 12])
def test_the_layers_that_a_lesson_may_name_are_the_networks(depth: int) -> None:
    config = replace(CONFIG, depth=depth)
    model = build_lenet(config.arms[0], config)
    assert layers_of(config) == tuple(name for name, module in model.named_children() if hasattr(module, "weight"))


def shortened(step: Step) -> Step:
    """On a few digits. Its check may name a step of training that so short a run has not, so it is not checked anew."""
    made = copy.copy(step)
    object.__setattr__(made, "experiments", tuple(map(small, step.experiments)))
    return made


def _steps() -> Iterator[ParameterSet]:
    """The first of each kind of check in every test run; the others, of which there are ever more, in the slow ones."""
    kinds: set[tuple[str, str]] = set()
    for lesson in lessons():
        for number, step in enumerate(lesson.steps, 1):
            kind = step.check.kind, step.check.how.question
            yield pytest.param(step, id=f"{lesson.slug}-{number}", marks=[pytest.mark.slow] if kind in kinds else [])
            kinds.add(kind)


STEPS = list(_steps())


@pytest.mark.parametrize("step", STEPS)
def test_every_step_runs_to_a_verdict_without_a_page(step: Step, monkeypatch) -> None:
    monkeypatch.setattr(book_class, "EPOCHS", 1)
    as_small = shortened(step)
    found = found_by(as_small, 0)
    assert found.answer is not None or found.why
    predicted = step.choices[0] if step.choices else step.slider.start
    assert held_against(as_small, found, predicted).stands in ("right", "wrong", "undecided")


# --- what is wrong is noticed ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the first lesson, for a fault to be planted in it."""
    shutil.copytree(FOLDER / SLUG, tmp_path / SLUG)
    return tmp_path


def toml(old: str, new: str) -> Callable[[Path], None]:
    return text("lesson.toml", old, new)


def text(file: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        path = folder / SLUG / file
        written = path.read_text(encoding="utf-8")
        assert old in written
        path.write_text(written.replace(old, new, 1), encoding="utf-8")
        if file == "en.md":
            chinese = folder / SLUG / "zh.md"
            _, _, rest = chinese.read_text(encoding="utf-8").partition("\n")
            chinese.write_text(f"<!-- en: {hash_of(path)} -->\n{rest}", encoding="utf-8")

    return plant


HEADINGS = ("Predict", "Why", "What would decide", "Try it differently")
REST = "".join(f"### {heading}\n\nx\n\n" for heading in HEADINGS)  # of another step
PLANTED: list[tuple[str, Callable[[Path], object]]] = [
    ("it is no TOML", toml("number = 1", "number = ")),
    ("There is no minuts here", toml("minutes", "minuts")),
    ("number is missing", toml("number = 1\n", "")),
    ("minutes is a number; got 'long'", toml("minutes = 0.1", 'minutes = "long"')),
    ("step 1: experiment 1: There is no setting epoch;", toml("epochs", "epoch")),
    ("epochs is a whole number; got 1.5", toml("epochs = 1", "epochs = 1.5")),
    ("experiment 1: arms: An arm is a norm", toml('"bn", "ln"]\n\n[step.predict]', '"batch", "ln"]\n\n[step.predict]')),
    ("A check's kind is one of most, least", toml('kind = "least"', 'kind = "fewest"')),
    ("A check's measure is one of test_accuracy", toml('"gradient_ratio"', '"gradient_ration"')),
    ("check: There is no margins here", toml("margin =", "margins =")),
    ("The margin of gradient_ratio is a factor above 1", toml("margin = 3.0", "margin = 0.5")),
    ("taken from at least 3 seeds", toml("12.7, 15.4]", "]")),
    ("origin when, where and how", toml('origin = "seeds', 'origin = "" # "seeds')),
    ("gradient_ratio takes no layer", toml('of = ["none"', 'layer = "fc1"\nof = ["none"')),
    ("gradient needs layer", toml('"gradient_ratio"', '"gradient"')),
    ("not looked at after 3 of 2 steps", toml('at = 0\nof', "at = 3\nof")),
    ("The arms are none, bn, ln; got rms", toml('of = ["none", "bn", "ln"]', 'of = ["none", "bn", "rms"]')),
    ("is in experiment 2, and the step has 1", toml('of = ["none", "bn", "ln"]', 'of = ["none", "bn@2"]')),
    ("ln is none of none, bn, alike", toml('"bn", "ln", "alike"', '"bn", "alike"')),
    ("What a text explains is one of none, bn, ln; got 'alike'", toml('explains = "none"', 'explains = "alike"')),
    ("What a text explains is one of none, bn, ln; got ''", toml('explains = "none"\n', "")),
    ("chart is missing; write it, or the demonstration", toml('chart = { shows = "gradient", at = 0 }\n', "")),
    ("A step's demonstration is one of", toml('place = "deep"\nchart', 'place = "deep"\ndemonstration = "x"\nchart')),
    ("runs nothing and draws no chart", toml('"deep"\nchart', '"deep"\ndemonstration = "reloaded"\nchart')),
    ("largest_change is of demonstrations", toml('"gradient_ratio"\nat = 0', '"largest_change"')),
    ("Only the page cube has a view", toml('layer = "conv1", at = 0 }', 'view = "tensor:conv1" }')),
    ("what a link to the page Cube", toml('page = "gradients", layer = "conv1", at = 0', 'page = "cube", view = "x"')),
    ("A step's chart is one of loss", toml('shows = "gradient"', 'shows = "gradients"')),
    ("A step's place in the book is one of deep", toml('place = "deep"', 'place = "depth"')),
    ("A pointer's page is one of train", toml('page = "gradients"', 'page = "gradient"')),
    ("The layers are conv1, conv2, fc1, fc2, fc3", toml('layer = "conv1"', 'layer = "conv3"')),
    ("en.md: step 1 says the choices none, bn, ln, same,", text("en.md", "- `alike`", "- `same`")),
    ("its headings are 预测, 原因", text("zh.md", "### 为什么", "### 原因")),
    ("it has 5 steps, lesson.toml 4", text("en.md", "### Predict", f"{REST}## Two\n\nx\n\n### Predict")),
    ("the English text has changed", lambda f: (f / SLUG / "en.md").write_text("# Other\n\nMore.\n")),
    ("zh.md: there is no such file", lambda f: (f / SLUG / "zh.md").unlink()),
    ("it has texts and no lesson.toml", lambda f: (f / SLUG / "lesson.toml").unlink()),
    ("there is no such term", text("en.md", "(#gradient-magnitude)", "(#gradient-magnitud)")),
    ("it links otherwise than en.md", text("zh.md", "(#gradient-magnitude)", "(#drift)")),
    ("two have 1", lambda f: shutil.copytree(f / SLUG, f / "another")),
]  # fmt: skip


@pytest.mark.parametrize(("noticed", "plant"), PLANTED, ids=[noticed for noticed, _ in PLANTED])
def test_a_fault_in_a_lesson_is_said_with_its_place(folder: Path, noticed: str, plant: Callable[..., object]) -> None:
    assert faults(folder) == []
    plant(folder)
    assert noticed in "\n".join(faults(folder))


def test_a_lesson_that_cannot_be_read_is_refused_with_its_file(folder: Path) -> None:
    toml('kind = "least"', 'kind = "fewest"')(folder)
    with pytest.raises(LessonError, match=f"{SLUG}/lesson.toml: step 1: check: A check's kind is one of"):
        read(folder / SLUG / "lesson.toml")


@pytest.mark.parametrize("number", ["0", "99", "-1", "one", "", "1.0", "１"])
def test_a_link_to_a_step_that_is_not_there_is_refused_in_a_sentence(number: str) -> None:
    with pytest.raises(NoSuchLesson) as refused:
        catalog.step(SLUG, number)
    assert "has the steps 1 to" in str(refused.value.args[0])


def test_a_link_to_a_lesson_that_is_not_there_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoSuchLesson) as refused:
        catalog.lesson("nothing")
    assert str(refused.value.args[0]).startswith("There is no lesson “nothing”.")
