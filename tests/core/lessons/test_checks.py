"""core.lessons.checks: each kind of check has numbers that make a prediction right, wrong, and undecided."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from core.language.speech import speaking
from core.lessons.check import Target
from core.lessons.checks import judge, lead, outcome
from core.lessons.lesson import Slider
from core.lessons.measures import MEASURES, Where
from core.training.records import LearningRateChanged
from tests.core.lessons.plain import CONFIG, check, evidence, lost, measured, step

MOST = step(check())


def test_a_prediction_is_right_when_the_arm_it_names_leads_by_more_than_the_margin() -> None:
    found = judge(MOST, [evidence(measured(none=0.1, bn=0.8, ln=0.6))], "bn")
    assert (found.stands, found.answer) == ("right", "bn")
    assert found.numbers == (
        "Test accuracy in prediction mode: No normalization 10.0 %; BatchNorm 80.0 %; LayerNorm 60.0 %."
    )


def test_it_is_wrong_when_another_arm_does() -> None:
    found = judge(MOST, [evidence(measured(none=0.1, bn=0.8, ln=0.6))], "ln")
    assert (found.stands, found.answer, found.says) == ("wrong", "bn", "This run says otherwise.")


@pytest.mark.parametrize("predicted", ["bn", "ln", "none"])
def test_a_lead_within_the_margin_decides_nothing_whatever_was_predicted(predicted: str) -> None:
    found = judge(MOST, [evidence(measured(none=0.1, bn=0.64, ln=0.6))], predicted)
    assert found.stands == "undecided"
    assert "Between BatchNorm and LayerNorm lie 4.0 points, and seeds alone make up to 5.0 points." in found.says


def test_the_smallest_may_be_asked_for() -> None:
    asked = step(check(kind="least"))
    assert outcome(asked, [evidence(measured(none=0.1, bn=0.8, ln=0.6))]).answer == "none"
    assert outcome(asked, [evidence(measured(none=0.58, bn=0.8, ln=0.6))]).answer is None


def test_only_an_arm_that_means_another_answer_is_a_rival() -> None:
    asked = step(check(answers=("without", "with", "with")))
    assert outcome(asked, [evidence(measured(none=0.1, bn=0.62, ln=0.6))]).answer == "with"
    assert outcome(asked, [evidence(measured(none=0.58, bn=0.62, ln=0.6))]).answer is None


def test_two_are_alike_within_what_is_called_alike_and_undecided_between_that_and_the_margin() -> None:
    two = {"of": (Target("bn"), Target("ln")), "answers": ("bn", "ln"), "alike": "alike", "within": 0.01}
    asked = step(check(**two))
    for bn, answer in ((0.605, "alike"), (0.63, None), (0.7, "bn")):
        assert outcome(asked, [evidence(measured(none=0.1, bn=bn, ln=0.6))]).answer == answer


@pytest.mark.parametrize(("bn", "answer"), [(0.2, "low"), (0.47, None), (0.53, None), (0.9, "high")])
def test_a_number_lies_in_a_band_when_it_is_clear_of_the_edges(bn: float, answer: str | None) -> None:
    asked = step(check(kind="bands", of=(Target("bn"),), edges=(0.5,), answers=("low", "high")))
    assert outcome(asked, [evidence(measured(none=0.1, bn=bn, ln=0.6))]).answer == answer


LAST = step(check(kind="last", threshold=0.4, nothing="zero"))


@pytest.mark.parametrize(
    ("accuracies", "answer"),
    [((0.9, 0.8, 0.1), "bn"), ((0.1, 0.1, 0.1), "zero"), ((0.9, 0.42, 0.1), None), ((0.1, 0.9, 0.9), None)],
)
def test_the_last_above_a_threshold_is_said_where_all_are_clear_and_in_order(
    accuracies: tuple[float, ...], answer: str | None
) -> None:
    found = dict(zip(("none", "bn", "ln"), accuracies, strict=True))
    assert outcome(LAST, [evidence(measured(**found))]).answer == answer


def test_an_arm_that_was_lost_reads_nothing_and_its_step_is_said() -> None:
    found = outcome(LAST, [evidence(measured(none=0.9, bn=0.8), lost("ln", 7))])
    assert found.answer == "bn"
    assert "LayerNorm (lost at step 7)" in found.numbers


NUMBER = step(check(kind="number", of=(Target("bn"),), answers=(), tolerance=0.1, margin=0.05), Slider(0.0, 1.0, 0.5))


def test_a_slider_explains_no_answer_of_its_own_since_its_numbers_are_all_explained_alike() -> None:
    with pytest.raises(ValueError, match="A slider has one explanation"):
        step(NUMBER.check, NUMBER.slider, explains="much")


@pytest.mark.parametrize(
    ("predicted", "stands"), [(0.75, "right"), (0.67, "undecided"), (0.5, "wrong"), (1.0, "wrong")]
)
def test_a_number_is_right_within_its_tolerance_and_wrong_beyond_that_and_the_margin(
    predicted: float, stands: str
) -> None:
    assert judge(NUMBER, [evidence(measured(none=0.1, bn=0.8, ln=0.6))], predicted).stands == stands


@pytest.mark.parametrize(("predicted", "stands"), [(0.5, "right"), (0.2, "undecided"), (0.1, "wrong"), (5.0, "wrong")])
def test_of_a_factor_the_tolerance_and_the_margin_multiply(predicted: float, stands: str) -> None:
    by_factor = {"kind": "number", "of": (Target("bn"),), "answers": (), "tolerance": 2.0, "margin": 2.0}
    asked = step(check(measure="unit_spread", where=Where("fc1"), **by_factor), Slider(0.01, 10.0, 1.0, log=True))
    stages = {"activated": {"unit_std": 0.8}}
    look = SimpleNamespace(steps=(20, 20), activations={"bn": {"fc1": {"stages": stages}}})
    run = evidence(looks=(look,))
    assert judge(asked, [run], predicted).stands == stands


SAME = check(kind="same", of=(Target("bn"), Target("ln")), answers=("one", "two"), within=0.01)


@pytest.mark.parametrize(("bn", "answer"), [(0.605, "one"), (0.6, "one"), (0.63, None), (0.7, "two"), (0.5, "two")])
def test_several_are_one_or_are_not_or_lie_between(bn: float, answer: str | None) -> None:
    asked = step(SAME, choices=("one", "two"))
    assert outcome(asked, [evidence(measured(none=0.1, bn=bn, ln=0.6))]).answer == answer


def test_a_target_may_have_a_layer_of_its_own_and_is_said_with_it() -> None:
    asked = step(check(of=(Target("bn", 0, "conv1"), Target("bn", 0, "fc1")), answers=("bn", "ln"),
        measure="gamma_spread", margin=0.1))  # fmt: skip
    wide, narrow = {"gamma": [0.5, 1.5]}, {"gamma": [1.0, 1.0]}
    look = SimpleNamespace(steps=(88, 88), parameters={"bn": {"conv1": wide, "fc1": narrow}})
    found = outcome(asked, [evidence(looks=(look,))])
    assert found.answer == "bn"
    assert "0.5 (BatchNorm in conv1); 0 (BatchNorm in fc1)" in found.numbers, "no two numbers stand side by side"


def test_the_arms_of_several_experiments_are_said_with_what_tells_these_apart_and_a_lost_one_with_its_step() -> None:
    asked = step(
        check(of=(Target("none"), Target("bn", 1)), answers=("none", "bn")),
        experiments=(CONFIG, replace(CONFIG, seed=1)),
    )
    whole = evidence(measured(none=0.2, bn=0.8))
    lost_there = evidence(measured(none=0.2), lost("bn", 7), config=replace(CONFIG, seed=1))
    assert outcome(asked, [whole, lost_there]).numbers == (
        "Test accuracy in prediction mode: No normalization (seed 0) 20.0 %; BatchNorm (seed 1) (lost at step 7)."
    )


@pytest.mark.parametrize(
    ("measure", "where", "said"),
    [
        ("test_accuracy", Where(at=0), "Test accuracy in prediction mode, before the first step: "),
        ("test_accuracy", Where(at=1), "Test accuracy in prediction mode, after 1 step: "),
        ("test_accuracy", Where(at=10), "Test accuracy in prediction mode, after 10 steps: "),
        ("steps_to_accuracy", Where(reach=0.9), "Steps to the first test at the accuracy asked for, 90 %: "),
        ("gamma", Where("conv1", unit=2), "γ of one unit, in conv1, unit 2: "),
    ],
)
def test_numbers_are_told_with_where_and_when_they_were_read(measure: str, where: Where, said: str) -> None:
    margin = 1.5 if measure == "steps_to_accuracy" else 0.1
    asked = step(check(measure=measure, where=where, margin=margin))
    look = SimpleNamespace(steps=(20, 20), parameters={})
    tests = [measured(at=at, none=0.1, bn=0.8, ln=0.6) for at in (0, 1, 10, 20)]
    assert outcome(asked, [evidence(*tests, looks=(look,))]).numbers.startswith(said)


def test_what_a_look_shows_of_an_arm_that_is_lost_later_is_told_and_so_is_an_early_test() -> None:
    stages = {"activated": {"unit_std": 0.8}}
    look = SimpleNamespace(
        steps=(20, 20), activations={name: {"fc1": {"stages": stages}} for name in ("none", "bn", "ln")}
    )
    of_looks = step(check(measure="unit_spread", where=Where("fc1"), margin=2.0))
    assert "BatchNorm 0.8" in outcome(of_looks, [evidence(lost("bn", 20), looks=(look,))]).numbers
    early = step(check(where=Where(at=5)))
    assert (
        "BatchNorm 80.0 %"
        in outcome(early, [evidence(measured(at=5, none=0.1, bn=0.8, ln=0.6), lost("bn", 9))]).numbers
    )


def test_factors_are_compared_as_factors() -> None:
    asked = check(measure="gradient_ratio", margin=2.0)
    assert lead(asked, 6.0, 2.0) == 3.0
    assert lead(asked, 6.0, 0.0) == float("inf")
    assert lead(asked, float("inf"), float("inf")) == 1.0


def test_two_that_are_lost_lie_nowhere_apart() -> None:
    assert lead(check(measure="test_loss"), float("inf"), float("inf")) == 0.0
    assert lead(check(measure="test_loss"), float("inf"), 2.0) == float("inf")


GOOD = measured(none=0.1, bn=0.8, ln=0.6)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (evidence(GOOD, status="stopped"), "It did not come to its end."),
        (evidence(GOOD, config=replace(CONFIG, data="mnist")), "It ran on mnist, since digits was not to be had."),
        (evidence(GOOD, config=replace(CONFIG, seed=3)), "It ran with other settings than the lesson’s."),
        (evidence(GOOD, LearningRateChanged(3, 0.1, 1.0)), "Its learning rate was changed on the way."),
        (evidence(measured(at=10, none=0.1, bn=0.8, ln=0.6)), "It does not have the number that decides: "),
    ],
    ids=["stopped", "other data", "other settings", "steered", "no last test"],
)
def test_a_run_that_is_not_the_steps_decides_nothing_and_says_why(found, why: str) -> None:
    verdict = judge(MOST, [found], "bn")
    assert verdict.stands == "undecided"
    assert why in verdict.says


def test_a_run_in_which_all_arms_were_lost_has_come_to_its_end() -> None:
    all_lost = [lost(arm.name, 4) for arm in CONFIG.arms]
    assert outcome(LAST, [evidence(*all_lost, status="failed")]).answer == "zero"


def test_a_verdict_is_in_the_language_spoken() -> None:
    with speaking("zh"):
        found = judge(MOST, [evidence(GOOD)], "bn")
    assert found.says == "您的预测在这次运行中成立。"
    assert found.numbers.startswith("预测模式下的测试精度：")


@pytest.mark.parametrize("name", MEASURES)
def test_no_measure_of_an_empty_run_is_a_number_or_an_error(name: str) -> None:
    value = MEASURES[name].find(evidence(), "bn", Where("fc1", None, 0.5))
    assert value is None or value in (1.0, float("inf"))  # survived; not reached
