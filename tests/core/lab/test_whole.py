"""core.lab.conclusions.concluded: nothing is said before all of a sweep has ended, then of all pairs at once."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.conclusions import concluded
from core.lab.document import as_file
from core.lab.report import report
from core.lab.summary import groups, pairs
from core.lab.sweep import Sweep
from core.lab.told import standing
from tests.core.exports.opened import Read
from tests.core.lab.gated import Made
from tests.core.lab.test_statistics import entry
from tests.fixtures import wait_until as until

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
RATES = tuple(10.0**power for power in range(-3, 4))
NOT_YET = "5 of 6 runs are there: what they say together is told when all are."


def test_while_an_entry_is_missing_nothing_is_concluded_and_with_it_all_is() -> None:
    sweep = Sweep(BASE, seeds=5)
    every = [entry(arm, seed, best + seed / 1000) for seed in range(5) for arm, best in (("none", 0.5), ("bn", 0.8))]
    assert list(map(str, concluded(sweep, groups(every[:8])))) == [NOT_YET.replace("5 of 6", "4 of 5")]
    assert "BatchNorm is better than No normalization by" in " ".join(map(str, concluded(sweep, groups(every))))
    assert concluded(sweep, []) == []


def test_what_diverged_or_failed_for_good_has_ended() -> None:
    sweep = Sweep(BASE, (("lr", (0.1, 10.0)),))
    every = [entry(arm, 0, 0.5 if lr < 1 else None, lr=lr) for lr in (0.1, 10.0) for arm in ("none", "bn")]
    every[0]["status"] = "failed"
    assert "1 of 2" in str(concluded(sweep, groups(every[:2]))[0])
    assert any("largest rate at which it learned is 0.1" in str(each) for each in concluded(sweep, groups(every)))


def test_what_is_cancelled_says_on_page_in_report_and_in_its_document_only_how_many_runs_there_are() -> None:
    made = Made(Sweep(BASE, (("lr", (0.1, 10.0)),), seeds=3))
    made.sweep.begin("key")
    made.engine.let(5)
    until(lambda: made.sweep.done == 5)
    made.sweep.wish("cancel")
    made.end()

    def told() -> tuple[list[list[str]], dict[str, Any], str]:
        document = json.loads(as_file(made.sweep.findings, made.sweep.status, "json"))
        return standing(made.sweep, "")["said"], document["conclusions"], Read(report(made.sweep.findings)).text

    nothing = {"chosen": {}, "pairs": [], "largest_rates": [], "sentences": [NOT_YET]}
    said, conclusions, text = told()
    assert (said, conclusions) == ([[NOT_YET]], nothing)
    assert NOT_YET in text
    assert "the largest rate at which" not in text

    made.engine.let(1)
    made.sweep.begin("key")
    made.end()
    said, conclusions, text = told()
    assert (sorted(conclusions["chosen"]), len(conclusions["largest_rates"])) == (["bn", "none"], 2)
    for sentence in said[0]:
        assert sentence in text
    assert NOT_YET not in said[0]


def test_two_combinations_that_are_one_run_are_counted_once() -> None:
    both = (("batch-size", (24, 12)), ("lr-rule", ("fixed", "proportional")))
    found = groups([entry("bn", 0, 0.5, **{"batch-size": 24, "lr-rule": rule}) for rule in ("fixed", "proportional")])
    assert "1 of 3 runs is there" in str(concluded(Sweep(BASE, both), found)[0])


@pytest.mark.parametrize("round_", range(4))
def test_a_whole_ladders_pairs_are_those_of_scipy_and_of_holms_steps_over_all_of_them(round_: int) -> None:
    """7 rates × 3 arms × 5 seeds: 21 pairs, with leads of none, of what five seeds can tell, and of much more."""
    random = np.random.default_rng(round_)
    leads = random.choice([0.0, 0.01, 0.03, 0.2], (7, 3))
    held = 0.5 + leads[..., None] + random.normal(0, 0.01, (7, 3, 5))
    arms = ("none", "bn", "ln")
    found = groups(
        [
            entry(arm, seed, held[at, which, seed], lr=rate)
            for seed in range(5)
            for at, rate in enumerate(RATES)
            for which, arm in enumerate(arms)
        ]
    )
    p_values = {
        (RATES[at], arms[one], arms[other]): stats.ttest_rel(held[at, one], held[at, other]).pvalue
        for at in range(7)
        for one, other in combinations(range(3), 2)
    }
    told = {(dict(pair.where)["lr"], pair.first, pair.second): pair for pair in pairs(found)}
    assert {key: pair.p for key, pair in told.items()} == pytest.approx(p_values)
    assert {key for key, pair in told.items() if pair.separated} == rejected(p_values)
    assert 0 < len(rejected(p_values)) < 21


def rejected(p_values: dict[Any, float]) -> set[Any]:
    """Holm (1979): while the least that is left is at most 0.05 / as many as are left."""
    left, found = dict(p_values), set[Any]()
    while left and min(left.values()) <= 0.05 / len(left):
        least = min(left, key=left.__getitem__)
        found.add(least)
        del left[least]
    return found


def test_of_two_parts_the_first_is_concluded_when_it_is_whole() -> None:
    made = Made(replace(Sweep(BASE, (("lr", (0.1, 10.0)),)), then=5))
    made.sweep.begin("key")
    made.engine.let(4)
    until(lambda: made.sweep.done == 4)
    said = standing(made.sweep, "")["said"]
    made.sweep.wish("cancel")
    made.end()
    assert any("best with learning rate 0.1" in each for each in said[0])
    assert said[1] == [NOT_YET.replace("5 of 6", "2 of 5")]
