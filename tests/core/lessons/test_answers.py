"""The checks of lessons, step by step: numbers for each of their answers, and such that decide nothing.

The numbers stand in place of a run's, so that what a check makes of them is worked out by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.lessons.catalog import lesson
from core.lessons.checks import judge, outcome
from core.lessons.evidence import Evidence
from core.lessons.lesson import Step
from core.lessons.measures import MEASURES, Where
from core.lessons.readings import READ

# (lesson, step): numbers in the order of `of`, and the answer; None where they do not decide
CASES: dict[tuple[str, int], list[tuple[tuple[float, ...], str | float | None]]] = {
    ("batch-norm-and-dropout", 1): [
        ((0.9, 0.6), "both"),
        ((0.6, 0.9), "bn"),
        ((0.61, 0.6), "alike"),
        ((0.63, 0.6), None),
    ],
    ("batch-norm-and-dropout", 2): [
        ((0.8, 0.75), "bn"),
        ((0.75, 0.8), "both"),
        ((0.79, 0.8), "alike"),
        ((0.77, 0.8), None),
    ],
    ("prediction-mode", 1): [
        ((0.3,), "batch"),
        ((-0.3,), "prediction"),
        ((0.01,), "alike"),
        ((0.13,), None),
        ((-0.06,), None),
    ],
    ("prediction-mode", 2): [
        ((0.3,), "up"),
        ((-0.3,), "down"),
        ((0.01,), "alike"),
        ((0.06,), None),
    ],
    ("gamma-and-beta", 1): [
        ((0.15, 0.05), "conv2"),
        ((0.05, 0.15), "fc1"),
        ((0.05, 0.06), "alike"),
        ((0.09, 0.06), None),
    ],
    ("gamma-and-beta", 2): [
        ((0.8, 1.0, 1.2), "other"),
        ((1.0, 1.02, 1.04), "same"),
        ((0.93, 1.0, 1.0), None),
    ],
    ("gamma-and-beta", 3): [
        ((0.15, 0.04), "fast"),
        ((0.04, 0.15), "slow"),
        ((0.04, 0.05), "alike"),
        ((0.065, 0.04), None),
    ],
    ("small-batches", 1): [
        ((0.85, 0.26, 0.91, 0.9), "bn"),
        ((0.3, 0.9, 0.9, 0.9), "none"),
        ((0.9, 0.9, 0.3, 0.9), "gn"),
        ((0.9, 0.9, 0.9, 0.3), "ln"),
        ((0.85, 0.7, 0.91, 0.9), None),
    ],
    ("small-batches", 2): [
        ((0.9, 0.3), "linear"),
        ((0.3, 0.9), "convolutions"),
        ((0.9, 0.88), "alike"),
        ((0.9, 0.75), None),
    ],
    ("small-batches", 3): [
        ((0.1,), "chance"),
        ((0.5,), "half"),
        ((0.9,), "most"),
        ((0.18,), None),
        ((0.72,), None),
    ],
    ("small-batches", 4): [
        ((0.97, 0.975, 0.8), "medium"),
        ((0.9, 0.91, 0.98), "large"),
        ((0.96, 0.97, 0.94), None),
    ],
    ("small-batches", 5): [
        ((0.245,), 0.245),
        ((0.9,), 0.9),
        ((float("inf"),), None),
    ],
    ("covariate-shift", 1): [
        ((0.006, 0.55), "bn"),
        ((0.55, 0.006), "none"),
        ((0.5, 0.6), "alike"),
        ((0.3, 0.6), None),
    ],
    ("covariate-shift", 2): [
        ((0.46, 0.06), "none"),
        ((0.06, 0.46), "bn"),
        ((0.2, 0.21), "alike"),
        ((0.2, 0.35), None),
    ],
    ("covariate-shift", 3): [
        ((0.007,), "little"),
        ((0.15,), "some"),
        ((1.2,), "much"),
        ((0.04,), None),
        ((0.09,), None),
        ((0.6,), None),
    ],
}
LESSONS = sorted({slug for slug, _ in CASES})


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[int, str, str], float]:
    """What the measures read, by experiment, arm and the target's own layer."""
    numbers: dict[tuple[int, str, str], float] = {}

    def find(evidence: Evidence, arm: str, where: Where) -> float:
        return numbers[evidence.answers["experiment"]["n"], arm, where.layer]

    for measures in (MEASURES, READ):
        for name, measure in measures.items():
            monkeypatch.setitem(measures, name, replace(measure, find=find))
    return numbers


def given(step: Step, values: Sequence[float], numbers: dict[tuple[int, str, str], float]) -> list[Evidence]:
    assert len(values) == len(step.check.of)
    for target, value in zip(step.check.of, values, strict=True):
        numbers[target.experiment, target.arm, target.layer or step.check.where.layer] = value
    return [
        Evidence(config, config, "finished", (), answers={"experiment": {"n": n}})
        for n, config in enumerate(step.experiments)
    ]


@pytest.mark.parametrize(
    ("slug", "number", "values", "answer"),
    [(*key, values, answer) for key, rows in CASES.items() for values, answer in rows],
)
def test_numbers_mean_the_answer_that_they_mean_on_paper(slug, number, values, answer, reading) -> None:
    step = lesson(slug).steps[number - 1]
    evidence = given(step, values, reading)
    assert outcome(step, evidence).answer == answer
    for choice in step.choices:
        stands = judge(step, evidence, choice).stands
        assert stands == ("undecided" if answer is None else "right" if choice == answer else "wrong")


@pytest.mark.parametrize(
    ("predicted", "stands"), [(0.25, "right"), (0.2, "right"), (0.31, "undecided"), (0.35, "wrong"), (0.0625, "wrong")]
)
def test_a_noise_is_right_within_a_quarter_more_or_less(predicted: float, stands: str, reading) -> None:
    step = lesson("small-batches").steps[4]
    assert judge(step, given(step, (0.245,), reading), predicted).stands == stands


@pytest.mark.parametrize("slug", LESSONS)
def test_each_answer_of_a_check_has_numbers_and_so_has_that_none_is_given(slug: str) -> None:
    for number, step in enumerate(lesson(slug).steps, 1):
        answers = {answer for _, answer in CASES[slug, number]}
        assert answers == {*step.check.outcomes, None} if step.slider is None else len(answers) > 2


@pytest.mark.parametrize("slug", LESSONS)
def test_every_seed_that_the_margin_was_taken_from_is_clear_of_it(slug: str) -> None:
    for step in lesson(slug).steps:
        check = step.check
        if check.kind == "number":  # its seeds are the number itself
            assert max(check.seeds) / min(check.seeds) < check.margin
            continue
        near = check.within if check.within is not None else 0.0
        assert all(seed > check.margin or seed <= near for seed in check.seeds)
