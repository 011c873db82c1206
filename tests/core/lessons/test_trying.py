"""core.lessons.trying: a step's experiments run to their end without a page, as they are, small, with another seed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lessons.catalog import lesson
from core.lessons.check import Target
from core.lessons.lesson import Step
from core.lessons.measures import Where
from core.lessons.reading import experiment
from core.lessons.trying import evidence_of, found_by, ran, seeded, small
from core.training import records
from tests.core.lessons.plain import CONFIG, check, step

SMALL = small(CONFIG)  # four steps


def with_arms(*names: str, **changed: object) -> ExperimentConfig:
    return replace(SMALL, arms=tuple(map(parse_arm, names)), **changed)


@pytest.mark.parametrize("number", [1, 2])
def test_a_demonstration_tried_with_a_seed_decides_by_what_is_written_beside_its_margin(number: int) -> None:
    asked = lesson("what-batch-norm-does").steps[number - 1]
    for seed, noted in enumerate(asked.check.seeds):
        assert found_by(asked, seed).deciding == pytest.approx(noted, rel=0.01)


def test_a_run_is_looked_at_where_that_of_a_page_is_and_comes_to_its_end() -> None:
    found = ran(with_arms("none", "bn"), "")
    assert found.status == "finished"
    assert [look.step for look in found.looks] == [0, 1, 2, 4]
    assert [look.steps for look in found.evidence.looks] == [(0, 0), (1, 1), (2, 2), (4, 4)]
    last = [record for record in found.records if isinstance(record, records.TestMeasured)][-1]
    assert (last.step, set(last.accuracy)) == (4, {"none", "bn"})
    assert found.answers == {}


def test_the_networks_that_came_to_the_end_are_asked_and_the_others_are_not() -> None:
    found = ran(with_arms("none:lr=1e+09", "bn", activation="relu"), "bias gradients")
    assert [record.arm for record in found.records if isinstance(record, records.ArmDiverged)] == ["none:lr=1e+09"]
    assert found.status == "finished"
    assert set(found.answers["bias gradients"]["arms"]) == {"bn"}


def test_a_run_in_which_all_are_lost_has_failed_and_nobody_is_asked() -> None:
    found = ran(with_arms("none:lr=1e+09", activation="relu"), "bias gradients")
    assert (found.status, found.answers) == ("failed", {})


def of_two() -> Step:
    """In which of two experiments more of the last layer's gradient reaches the first."""
    of = (Target("none"), Target("none", 1))
    asked = check(measure="gradient_ratio", of=of, answers=("sigmoid", "relu"), where=Where(at=0), margin=2.0)
    return step(asked, experiments=(with_arms("none"), with_arms("none", activation="relu")))


def test_the_experiments_of_a_step_are_run_in_their_order_and_decide_together() -> None:
    asked = of_two()
    assert [each.config for each in evidence_of(asked)] == list(asked.experiments)
    assert found_by(asked, 0).answer == "relu", "without a norm the gradient vanishes with sigmoid"


def test_what_the_check_asks_the_networks_is_asked_of_them() -> None:
    asked = check(measure="bias_gradient", kind="bands", of=(Target("bn"),), edges=(1e-3,), answers=("0", "more"),
        where=Where("fc1"), margin=10.0)  # fmt: skip
    assert found_by(step(asked, experiments=(with_arms("bn"),)), 0).answer == "0"


def test_another_seed_moves_all_experiments_alike_and_changes_nothing_else() -> None:
    first = step(check(of=(Target("none"), Target("bn", 1)), answers=("none", "bn")),
        experiments=(replace(CONFIG, seed=3), replace(CONFIG, seed=5, depth=8)))  # fmt: skip
    assert seeded(first, 10).experiments == (replace(CONFIG, seed=10), replace(CONFIG, seed=12, depth=8))


def test_what_is_small_has_the_same_networks_and_a_few_digits_in_batches_that_are_no_larger() -> None:
    large = experiment({"data": "fashion-mnist", "activation": "relu", "depth": 12, "batch_size": 256, "epochs": 3})
    made = small(large)
    assert (made.data, made.examples, made.epochs, made.batch_size, made.drop_last) == ("digits", 64, 1, 16, True)
    assert (made.arms, made.activation, made.depth, made.seed) == (large.arms, "relu", 12, large.seed)
    assert small(replace(large, batch_size=2)).batch_size == 2
