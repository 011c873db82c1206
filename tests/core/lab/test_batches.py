"""core.lab.batches: where an arm falls behind, is better, or is still at chance, by what was measured and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.lab.conclusions import conclusions
from core.lab.summary import groups, pairs
from tests.core.lab.test_statistics import entry

TITLES = {"bn": "BatchNorm", "gn": "GroupNorm", "ln": "LayerNorm"}
RULE = (
    "(Falls behind: surely worse than the other at this batch size, with the same steps and batches, and not surely "
    "worse than it at the larger one, where it learned.)"
)
BN_OF_TWO = (0.306, 0.342, 0.171, 0.216, 0.370)  # as 2,000 images give it, one epoch, ReLU; and GroupNorm
GN_OF_TWO = (0.761, 0.752, 0.730, 0.712, 0.721)


def all_said(entries: list[dict[str, Any]]) -> list[str]:
    return [str(each) for each in conclusions(groups(entries), TITLES)]


def said(entries: list[dict[str, Any]]) -> list[str]:
    return [each for each in all_said(entries) if "batch size" in each and "best with" not in each]


def of(arm: str, size: int, *accuracies: float | None, **more: Any) -> list[dict[str, Any]]:
    return [entry(arm, seed, each, **{"batch-size": size}, **more) for seed, each in enumerate(accuracies)]


def near(middle: float, seeds: int = 5) -> list[float]:
    """Five of them are surely more than five near a smaller number."""
    return [middle + seed / 1000 for seed in range(seeds)]


def level(seeds: int = 5) -> tuple[list[float], list[float]]:
    """Of two arms of which neither is surely better."""
    return near(0.7, seeds), [0.7 + 0.01 * (-1) ** seed for seed in range(seeds)]


def of_two_and_32(seeds: int = 5, **more: Any) -> list[dict[str, Any]]:
    bn, gn = level(seeds)
    first = [*of("bn", 2, *BN_OF_TWO[:seeds], **more), *of("gn", 2, *GN_OF_TWO[:seeds], **more)]
    return [*first, *of("bn", 32, *bn, **more), *of("gn", 32, *gn, **more)]


def test_where_batch_norm_falls_behind_is_said_with_what_was_measured_and_the_rule() -> None:
    """It learned there, by a fifth of the images; nobody needs a threshold to see that something is wrong."""
    assert said(of_two_and_32()) == [
        "At batch size 2 BatchNorm falls behind: 30.6 % (17.1 to 37.0) of the held-out images, GroupNorm 73.0 % (71.2 "
        "to 76.1); at 32 it does not.",
        RULE,
    ]


def test_a_winner_at_a_batch_size_is_told_once() -> None:
    told = [each for each in all_said(of_two_and_32()) if "better than" in each]
    assert told == []
    surely = [*of("bn", 2, *near(0.7)), *of("gn", 2, *near(0.5)), *of("bn", 8, *near(0.7)), *of("gn", 8, *near(0.6))]
    told = [each for each in all_said(surely) if "better than" in each]
    assert told == ["BatchNorm is surely better than GroupNorm at batch size 2, 8 (5 seeds, by the held-out images)."]
    assert any(each.startswith("(Paired t intervals") for each in all_said(surely))


def test_below_five_seeds_nobody_falls_behind() -> None:
    assert said(of_two_and_32(seeds=4)) == []


def test_what_is_worse_at_all_sizes_or_at_the_largest_alone_does_not_fall_behind() -> None:
    bn, gn = level()
    worse = [*of("bn", 2, *near(0.5)), *of("gn", 2, *near(0.7)), *of("bn", 32, *near(0.6)), *of("gn", 32, *near(0.7))]
    surely = "GroupNorm is surely better than BatchNorm at batch size {} (5 seeds, by the held-out images)."
    assert said(worse) == [surely.format("2, 32")]
    largest = [*of("bn", 2, *bn), *of("gn", 2, *gn), *of("bn", 32, *near(0.5)), *of("gn", 32, *near(0.7))]
    assert said(largest) == [surely.format("32")]


def test_where_neither_has_learned_yet_an_arm_has_not_caught_up() -> None:
    """A large batch has few steps: both read a tenth of the images, and neither is surely worse."""
    chance = [0.1 + 0.01 * (-1) ** seed for seed in range(5)]
    found = [*of("bn", 2, *BN_OF_TWO), *of("gn", 2, *GN_OF_TWO), *of("bn", 256, *near(0.1)), *of("gn", 256, *chance)]
    first, *rest = said(found)
    assert first == "GroupNorm is surely better than BatchNorm at batch size 2 (5 seeds, by the held-out images)."
    assert rest == [
        f"{arm} is still at chance at batch size 256 (after 70 steps, 5 of 5 seeds)."
        for arm in ("BatchNorm", "GroupNorm")
    ]


def test_what_it_falls_behind_is_named_together_and_each_learning_rate_rule_by_itself() -> None:
    more = {"lr-rule": "proportional"}
    third = [*of("ln", 2, *GN_OF_TWO[::-1], **more), *of("ln", 32, *level()[1], **more)]
    assert said([*of_two_and_32(**more), *third])[0] == (
        "With a learning rate proportional to the batch size, at batch size 2 BatchNorm falls behind: "
        "30.6 % (17.1 to 37.0) of the held-out images, GroupNorm 73.0 % (71.2 to 76.1), LayerNorm 73.0 % (71.2 to "
        "76.1); at 32 it does not."
    )


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_had_fewer_steps_is_still_at_chance_and_breaks_nowhere(seeds: int) -> None:
    few = [each | {"steps": 12} for each in of("ln", 128, *[0.11] * seeds)]
    assert said([*of("ln", 8, *near(0.6, seeds)), *few]) == [
        f"LayerNorm is still at chance at batch size 128 (after 12 steps, {seeds} of {seeds} seeds)."
    ]


def test_where_half_of_the_seeds_diverged_that_is_said() -> None:
    told = said([*of("bn", 2, None, 0.6), *of("bn", 8, 0.6, 0.6)])
    assert told == ["BatchNorm diverged at batch size 2 (1 of 2 seeds)."]


@pytest.mark.parametrize(
    "found",
    [
        [*of("bn", 2, 0.1), *of("bn", 8, None)],  # at no size: it is not the size's doing
        [*of("bn", 2, 0.6), *of("bn", 8, 0.7)],
        [*of("bn", 2, 0.1)],
        [*(each | {"status": "failed"} for each in of("bn", 2, None, None)), *of("bn", 8, 0.7, 0.7)],
        [entry("bn", 0, 0.1, lr=1.0), entry("bn", 0, 0.6, lr=0.1)],
    ],
)
def test_nothing_is_said_of_batch_sizes_where_they_do_not_decide(found: list[dict[str, Any]]) -> None:
    assert said(found) == []


def both_rules(rate: Callable[[str, int], float]) -> list[dict[str, Any]]:
    return [
        each | {"learning_rate": rate(rule, each["values"]["batch-size"])}
        for rule in ("fixed", "proportional")
        for each in of_two_and_32(**{"lr-rule": rule})
    ]


def test_at_the_bases_batch_size_both_rules_are_the_same_runs_and_tested_once() -> None:
    found = both_rules(lambda rule, size: 0.1 if rule == "fixed" else 0.1 * size / 32)
    told = pairs(groups(found))
    assert sorted((dict(pair.where)["batch-size"], len(pair.also)) for pair in told) == [(2, 0), (2, 0), (32, 1)]
    assert max(pair.sure for pair in told) == pytest.approx(1 - 0.05 / 3)
    assert [each.endswith("at 32 it does not.") for each in said(found)] == [True, True, False]  # and the rule
    apart = pairs(groups(both_rules(lambda rule, size: 0.1 if rule == "fixed" else 0.2)))
    assert [len(pair.also) for pair in apart] == [0] * 4
