"""Lessons 4 to 7 and 13: each check has numbers that pass, that fail, and that do not decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.lessons.catalog import lesson
from core.lessons.checks import judge, outcome
from core.lessons.evidence import Evidence
from core.lessons.lesson import Step
from core.lessons.measures import MEASURES

# lesson and step: numbers of the check's targets in their order, and what they say
SAYS: dict[tuple[str, int], list[tuple[tuple[float, ...], str | float | None]]] = {
    ("bias-before-norm", 1): [((2e-6,), "nothing"), ((0.02,), "smaller"), ((5.0,), "alike"), ((4e-4,), None)],
    ("bias-before-norm", 2): [((1.1,), "something"), ((2e-6,), "nothing"), ((4e-3,), None)],
    ("learning-rate-limit", 1): [
        ((0.95, 0.9, 0.1, 0.1, 0.0), "0.3"),
        ((0.95, 0.9, 0.9, 0.1, 0.0), "1"),
        ((0.1, 0.1, 0.1, 0.1, 0.1), "none"),
        ((0.95, 0.9, 0.45, 0.1, 0.1), None),
        ((0.95, 0.1, 0.9, 0.1, 0.1), None),
    ],
    ("learning-rate-limit", 2): [
        ((0.9, 0.95, 0.9, 0.9, 0.1), "3"),
        ((0.9, 0.95, 0.9, 0.9, 0.9), "10"),
        ((0.9, 0.95, 0.9, 0.35, 0.1), None),
    ],
    ("learning-rate-limit", 3): [
        ((0.9, 0.9, 0.1, 0.1), "0.3"),
        ((0.9, 0.1, 0.1, 0.0), "0.1"),
        ((0.9, 0.42, 0.1, 0.1), None),
    ],
    ("norm-in-some-layers", 1): [((1.6, 0.2), "linear"), ((0.2, 1.6), "convolutions"), ((0.5, 0.2), None)],
    ("norm-in-some-layers", 2): [
        ((0.95, 0.94), "alike"),
        ((0.95, 0.8), "everywhere"),
        ((0.8, 0.95), "linear"),
        ((0.95, 0.91), None),
    ],
    ("norm-in-some-layers", 3): [((0.1,), "below"), ((0.0,), "alike"), ((0.04,), None)],
    ("parts-of-batch-norm", 1): [((0.1,), "no"), ((0.9,), "yes"), ((0.45,), None)],
    ("parts-of-batch-norm", 2): [((0.1,), "no"), ((0.9,), "yes"), ((0.35,), None)],
    ("parts-of-batch-norm", 3): [
        ((0.96, 0.95), "alike"),
        ((0.96, 0.8), "learned"),
        ((0.8, 0.96), "frozen"),
        ((0.96, 0.92), None),
    ],
    ("initialization-and-budget", 1): [
        ((0.1, 0.95, 0.97, 0.98), "small"),
        ((0.95, 0.1, 0.97, 0.98), "good"),
        ((0.95, 0.97, 0.1, 0.1), "bn"),
        ((0.8, 0.9, 0.95, 0.9), None),
    ],
    ("initialization-and-budget", 2): [
        ((0.1, 0.9), "bn"),
        ((0.9, 0.1), "none"),
        ((0.92, 0.9), "alike"),
        ((0.8, 0.9), None),
    ],
    ("initialization-and-budget", 3): [((16.8,), 16.8), ((0.2,), 0.2), ((float("inf"),), None)],
    ("initialization-and-budget", 4): [
        ((44.0,), "quarter"),
        ((150.0,), "half"),
        ((300.0,), "late"),
        ((float("inf"),), "late"),
        ((108.0,), None),
    ],
}
CASES = [
    pytest.param(slug, number, values, answer, id=f"{slug}-{number}-{answer}")
    for (slug, number), cases in SAYS.items()
    for values, answer in cases
]
Given = Callable[[Step, tuple[float, ...]], list[Evidence]]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Finished runs of a step, in which its check finds these numbers."""

    def give(step: Step, values: tuple[float, ...]) -> list[Evidence]:
        measure = step.check.measure
        assert len(values) == len(step.check.of)
        found = {(step.experiments[t.experiment], t.arm): v for t, v in zip(step.check.of, values, strict=True)}
        as_given = replace(MEASURES[measure], find=lambda evidence, arm, _: found[evidence.config, arm])
        monkeypatch.setitem(MEASURES, measure, as_given)
        return [Evidence(config, config, "finished", ()) for config in step.experiments]

    return give


@pytest.mark.parametrize(("slug", "number", "values", "answer"), CASES)
def test_a_check_says_what_the_numbers_say(slug: str, number: int, values, answer, given: Given) -> None:
    step = lesson(slug).steps[number - 1]
    found = outcome(step, given(step, values))
    assert found.answer == answer
    assert found.answer is not None or found.why


@pytest.mark.parametrize(("slug", "number"), SAYS)
def test_every_check_can_be_passed_failed_and_left_undecided(slug: str, number: int, given: Given) -> None:
    step = lesson(slug).steps[number - 1]
    expected = SAYS[slug, number][0][1]
    stands = {judge(step, given(step, values), expected).stands for values, _ in SAYS[slug, number]}
    assert stands == {"right", "wrong", "undecided"}


@pytest.mark.parametrize("slug", sorted({slug for slug, _ in SAYS}))
def test_no_step_of_these_lessons_is_without_numbers(slug: str) -> None:
    """But for what is computed at once, of which tests/core/lessons/test_demonstrations.py has the numbers."""
    runs = [number for number, step in enumerate(lesson(slug).steps, 1) if step.experiments]
    assert [number for found, number in SAYS if found == slug] == runs
