"""core.lab.told: what a page is told of a sweep, whatever its values are."""

from __future__ import annotations

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.sweep import Sweep
from core.lab.told import news, planned
from tests.core.lab.gated import Made

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))


def test_values_that_are_the_same_in_few_digits_are_groups_of_their_own() -> None:
    made = Made(Sweep(BASE, (("lr", (0.1, 0.10000001)),)))
    made.engine.let(9)
    made.sweep.begin("key")
    made.end()
    (varied,) = planned(made.sweep.sweep)["varied"]
    told = [(group["where"], group["arm"], group["seeds"]) for group in news(made.sweep.arrived, 0)]
    assert told == [([value], arm, 1) for value in varied["values"] for arm in ("none", "bn")]
    assert len(set(varied["values"])) == 2


def test_what_was_measured_along_the_gradient_is_a_band_over_the_steps_and_what_is_not_finite_is_counted() -> None:
    made = Made(Sweep(BASE, (("lr", (0.1, 10.0)),), seeds=2, along=True))
    made.engine.let(9)
    made.sweep.begin("key")
    made.end()
    learned, _same, diverged, _other = news(made.sweep.arrived, 0)
    assert learned["along"]["cosine"] == {
        "steps": [3, 7], "median": [0.5, -0.5], "low": [0.5, -0.5], "high": [0.5, -0.5], "n": [2, 1], "lost": 1
    }  # fmt: skip
    assert learned["along"]["range"]["n"] == [2]
    assert diverged["along"]["cosine"]["steps"] == []


def test_a_plan_with_both_rules_says_at_which_batch_size_their_rates_are_one() -> None:
    base = ExperimentConfig(batch_size=32, learning_rate=0.05)
    both = planned(Sweep(base, (("batch-size", (8, 32)), ("lr-rule", ("fixed", "proportional")))))
    assert "learning rate 0.05 at batch size 32" in both["base"]
    assert "learning rate 0.05 at batch size 32" not in planned(Sweep(base, (("batch-size", (8, 32)),)))["base"]
