"""core.lab.depths: what a sweep over depths says is what was measured."""

from __future__ import annotations

from statistics import median
from typing import Any

from core.lab.conclusions import conclusions
from core.lab.summary import groups
from tests.core.lab.test_statistics import entry

TITLES = {"none": "no norm", "bn": "BatchNorm"}
HOW = "(Medians over the seeds; mean absolute gradients of the weights, before the first step.)"


def of(arm: str, depth: int, seeds: dict[float | None, float], **more: Any) -> list[dict[str, Any]]:
    """`seeds`: a ratio: the test accuracy after it."""
    told = enumerate(seeds.items())
    return [
        entry(arm, seed, 0.5, test, depth=depth, **more) | {"gradient_ratio": ratio} for seed, (ratio, test) in told
    ]


def said(entries: list[dict[str, Any]]) -> list[str]:
    every = [str(each) for each in conclusions(groups(entries), TITLES)]
    return [each for each in every if "first layer’s gradient" in each or each == HOW]


def test_each_arm_and_activation_has_its_gradient_and_its_accuracy_at_each_depth() -> None:
    deep, flat = {2e-6: 0.1, 3e-6: 0.11, 9e-6: 0.1}, {0.21: 0.82, 0.2: 0.79, 0.18: 0.8}
    entries = [
        *of("none", 12, deep, activation="sigmoid"),
        *of("none", 5, flat, activation="sigmoid"),
        *of("bn", 5, {1.4: 0.9}, activation="relu"),
    ]
    assert median(deep) == 3e-6  # what is in the sentence below
    assert said(entries) == [
        "no norm with activation sigmoid, first layer’s gradient over the last’s, and test images right in the end: "
        "0.20 with 5 layers (80.0 %), 3.0·10⁻⁶ with 12 layers (10.0 %).",
        "BatchNorm with activation relu, first layer’s gradient over the last’s, and test images right in the end: "
        "1.4 with 5 layers (90.0 %).",
        HOW,
    ]


def test_of_how_many_seeds_the_accuracy_is_is_said_where_others_diverged() -> None:
    one, none = {2.2: 0.1, 2.1: 0.3, 2.4: 0.2}, {2.5: 0.1, 2.6: 0.1}
    entries = [*of("none", 5, one), *of("none", 8, none)]
    for lost in (entries[0], *entries[3:]):
        lost |= {"status": "diverged", "validation_accuracy": None, "test_accuracy": None}
    assert said(entries)[0].endswith(
        ": 2.2 with 5 layers (25.0 % with 2 of 3 seeds), 2.5 with 8 layers (with none of 2 seeds)."
    )


def test_where_depth_alone_is_varied_no_other_setting_is_named() -> None:
    assert said(of("bn", 8, {0.5: 0.7}))[0].startswith("BatchNorm, first layer’s gradient over the last’s, and test")


def test_without_gradients_or_without_depths_nothing_is_said() -> None:
    assert said(of("bn", 8, {None: 0.7})) == []
    assert said([entry("bn", 0, 0.7, lr=0.1) | {"gradient_ratio": 0.5}]) == []
