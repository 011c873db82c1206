"""core.lab.statistics and summary, against numpy, scipy and a slow second way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.conclusions import conclusions
from core.lab.points import points
from core.lab.probing import ALONG
from core.lab.statistics import LEAST_SEEDS, Pair, Spread, holm, paired
from core.lab.summary import at_their_best, chosen, groups, ladders, learns, pairs
from core.lab.sweep import Sweep

RANDOM = np.random.default_rng(0)
OTHERS = {"optimizer": ("sgd", "adam"), "schedule": ("step", "constant")}


def entry(arm: str, seed: int, validation: float | None, test: float | None = None, **values: Any) -> dict[str, Any]:
    told = {"status": "finished" if validation is not None else "diverged", "train_loss": None, "gradient_ratio": None}
    accuracies = {"validation_accuracy": validation, "test_accuracy": validation if test is None else test}
    there = {"values": values | {"norm": arm}, "seed": seed, "arm": arm, "seconds": 1.0, "held_out": 6000}
    there |= {"steps": 70, "learning_rate": None, "step_milliseconds": None}
    return dict.fromkeys(ALONG) | there | told | accuracies


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_median_and_range_are_numpys(count: int) -> None:
    numbers = RANDOM.random(count).tolist()
    spread = Spread.of(numbers)
    assert spread == Spread(count, pytest.approx(np.median(numbers)), np.min(numbers), np.max(numbers))
    assert Spread.of([]) is None


def test_a_paired_interval_is_scipys_of_the_two_samples() -> None:
    first, second = RANDOM.random(7), RANDOM.random(7)
    (pair,) = holm([((), "a", "b", (first - second).tolist())])
    theirs = stats.ttest_rel(first, second)
    low, high = theirs.confidence_interval(0.95)
    assert (pair.low, pair.high, pair.p) == pytest.approx((low, high, theirs.pvalue))
    assert pair.difference == pytest.approx(first.mean() - second.mean())


def test_a_paired_interval_is_the_textbooks() -> None:
    differences = RANDOM.normal(0.1, 0.2, 6)
    (pair,) = holm([((), "a", "b", differences.tolist())])
    half = stats.t.ppf(0.975, 5) * differences.std(ddof=1) / np.sqrt(6)
    assert (pair.low, pair.high) == pytest.approx((differences.mean() - half, differences.mean() + half))


def by_definition(p_values: list[float]) -> list[bool]:
    """Holm's by its closed test: a pair is separated if every set of pairs with it has one at most 0.05 / its size."""
    every = [[n for n in range(len(p_values)) if mask >> n & 1] for mask in range(1, 2 ** len(p_values))]
    return [
        all(min(p_values[n] for n in chosen) <= 0.05 / len(chosen) for chosen in every if n in chosen)
        for n in range(len(p_values))
    ]


@pytest.mark.parametrize("round_", range(8))
def test_holms_steps_are_the_closed_test(round_: int) -> None:
    random = np.random.default_rng(round_)
    shown = [((), str(n), "x", random.normal(random.choice([0, 0.6, 1.0]), 0.6, 6).tolist()) for n in range(5)]
    found = {pair.first: pair for pair in holm(shown)}
    ordered = [found[str(n)] for n in range(5)]
    assert [pair.separated for pair in ordered] == by_definition([pair.p for pair in ordered])
    assert holm(shown[::-1]) == holm(shown)


def test_holm_is_stricter_than_each_interval_alone() -> None:
    one = [0.01, 0.05, 0.04, 0.02, 0.005]
    alone = holm([((), "a", "b", one)])
    among = holm([((), str(n), "b", one) for n in range(10)])
    assert (alone[0].separated, any(pair.separated for pair in among)) == (True, False)
    assert among[0].sure == pytest.approx(0.995)


@pytest.mark.parametrize(("difference", "separated"), [(0.0, False), (0.1, True)])
def test_differences_that_are_all_the_same_have_an_interval(difference: float, separated: bool) -> None:
    (pair,) = holm([((), "a", "b", [difference] * 5)])
    assert pair == Pair(
        (), "a", "b", 5, pytest.approx(difference), difference, difference, float(not separated), 0.95, separated
    )


@pytest.mark.parametrize(("images", "separated"), [(1, False), (-1, False), (2, True), (-2, True)])
def test_one_image_in_each_seed_is_no_winner_though_nothing_deviates(images: int, separated: bool) -> None:
    (pair,) = holm([((), "a", "b", [images / 32] * 5)], 1 / 32)
    assert (pair.separated, pair.low <= 0 <= pair.high) == (separated, not separated)
    assert (pair.low, pair.high) == pytest.approx(((images - 1) / 32, (images + 1) / 32))


def test_one_image_of_those_that_are_held_out_is_the_least_difference() -> None:
    few = [entry(arm, s, right / 32) | {"held_out": 32} for arm, right in (("bn", 30), ("ln", 29)) for s in range(5)]
    assert [pair.separated for pair in pairs(groups(few))] == [False]


def test_no_interval_says_that_two_accuracies_are_further_apart_than_they_can_be() -> None:
    ln = [entry("ln", s, accuracy) for s, accuracy in enumerate((0.1, 0.9, 0.1, 0.1, 0.9))]
    wide = [*(entry("bn", s, 0.9) for s in range(5)), *ln]
    (pair,) = pairs(groups(wide))
    assert (pair.low < 0, pair.high) == (True, 1.0)


@pytest.mark.parametrize(
    ("values", "same"),
    [
        ({"momentum": (0.0, 0.9), "optimizer": ("adam",)}, True),
        ({"momentum": (0.0, 0.9), "optimizer": ("sgd",)}, False),
        ({"schedule": ("constant",), "step-factor": (0.1, 0.5)}, True),
        ({"schedule": ("step",), "step-factor": (0.1, 0.5)}, False),
    ],
)
def test_what_is_varied_without_any_effect_is_one_experiment_and_one_test(
    values: dict[str, tuple[Any, ...]], same: bool
) -> None:
    both = {name: each if len(each) > 1 else OTHERS[name] for name, each in values.items()}
    sweep = Sweep(ExperimentConfig(arms=(parse_arm("bn"), parse_arm("ln"))), tuple(both.items()), seeds=5)
    asked = [each for each in points(sweep) if all(each.values[name] in values[name] for name in values)]
    assert len({each.key for each in asked}) == 5 * (1 if same else 2)
    found = [
        entry(arm, each.config.seed, lead + each.config.seed**2 / 1000, **each.values) | {"learning_rate": 0.1}
        for each in asked
        for arm, lead in (("bn", 0.8), ("ln", 0.7))
    ]
    assert len(pairs(groups(found))) == (1 if same else 2)


def test_nothing_is_said_of_too_few_seeds_nor_where_one_has_no_number() -> None:
    enough = dict.fromkeys(range(LEAST_SEEDS), 0.5)
    assert paired(enough, enough) == [0.0] * LEAST_SEEDS
    few = dict.fromkeys(range(LEAST_SEEDS - 1), 0.5)
    assert (paired(few, few), paired(enough, few), paired(enough, enough | {2: None})) == (None, None, None)


def test_what_is_best_is_chosen_by_validation_and_not_by_test() -> None:
    found = groups([entry("bn", 0, 0.6, test=0.9, lr=0.1), entry("bn", 0, 0.7, test=0.5, lr=1.0)])
    assert dict(chosen(found)["bn"].where) == {"lr": 1.0}
    assert "50.0 % of the test images" in str(conclusions(found, {"bn": "BatchNorm"})[0])


def test_settings_at_which_most_seeds_learned_nothing_are_not_best() -> None:
    """With the larger rate one seed of three diverges, with the smaller one none does, and none learns."""
    found = groups(
        [entry("bn", seed, 0.8 if seed else None, lr=1.0) for seed in range(3)]
        + [entry("bn", seed, 0.11, lr=0.001) for seed in range(3)]
    )
    assert dict(chosen(found)["bn"].where) == {"lr": 1.0}
    assert chosen(found[1:]) == {}


def test_the_seeds_of_a_number_are_those_that_have_it() -> None:
    found = groups([entry("bn", seed, 0.5 if seed else None) for seed in range(3)])
    assert str(conclusions(found, {"bn": "BatchNorm"})[0]).endswith("of the test images over 2 seeds.")


def test_where_no_winner_is_sure_nothing_is_said_of_arms_that_were_not_compared() -> None:
    """What lacks a seed may be surely worse: no interval was made of it."""
    found = groups(
        [entry(arm, seed, 0.8 + 0.01 * (seed % 3) * (arm == "ln")) for arm in ("bn", "ln") for seed in range(5)]
        + [entry("none", seed, 0.1 if seed else None) for seed in range(5)]
    )
    said = [str(sentence) for sentence in conclusions(found, {"bn": "BN", "ln": "LN", "none": "No norm"})]
    assert said[-1].startswith("Of the arms with numbers from all seeds none is surely better")


@pytest.mark.parametrize("held_out", [2, 8, 20, 80, 81, 6000])
def test_who_guesses_is_seldom_said_to_have_learned_however_few_images_are_held_out(held_out: int) -> None:
    told = [learns(entry("bn", 0, right / held_out) | {"held_out": held_out}) for right in range(held_out + 1)]
    least = told.index(True)
    assert told == [False] * least + [True] * (held_out + 1 - least)
    assert least >= held_out / 5
    assert stats.binom.sf(least - 1, held_out, 0.1) < 0.02
    assert held_out < 81 or least == -(-held_out // 5)


def test_one_image_that_is_held_out_can_be_read() -> None:
    assert learns(entry("bn", 0, 1.0) | {"held_out": 1})


def test_settings_at_which_seeds_diverge_are_not_best() -> None:
    found = groups(
        [entry("bn", seed, 0.9 if seed else None, lr=1.0) for seed in range(3)]
        + [entry("bn", seed, 0.5, lr=0.1) for seed in range(3)]
    )
    assert dict(chosen(found)["bn"].where) == {"lr": 0.1}


def test_a_winner_is_called_from_five_seeds_on_and_only_when_sure() -> None:
    def said(seeds: int, lead: float) -> str:
        noise = np.random.default_rng(1).normal(0, 0.01, (2, seeds))
        found = groups(
            [entry("bn", s, 0.8 + noise[0, s] + lead) for s in range(seeds)]
            + [entry("ln", s, 0.8 + noise[1, s]) for s in range(seeds)]
        )
        return " ".join(map(str, conclusions(found, {"bn": "BatchNorm", "ln": "LayerNorm"})))

    assert "BatchNorm is better than LayerNorm by" in said(5, 0.1)
    assert "LayerNorm is better than BatchNorm by" in said(5, -0.1)
    assert "none is surely better" in said(5, 0.0)
    assert "better" not in said(4, 0.1)


def test_a_winner_is_chosen_by_scipys_interval_of_the_held_out_accuracies_and_told_on_the_test_images() -> None:
    """The test images would call the other one better."""
    noise = np.random.default_rng(4).normal(0, 0.005, (2, 6))
    held, test = np.array([[0.8], [0.7]]) + noise, np.array([[0.5], [0.6]]) - noise
    arms = ("bn", "ln")
    found = groups([entry(arms[a], s, held[a, s], test=test[a, s]) for a in (0, 1) for s in range(6)])
    (pair,) = pairs(found)
    low, high = stats.ttest_rel(*held).confidence_interval(0.95)
    assert (pair.first, pair.second, pair.separated) == ("bn", "ln", True)
    assert (pair.low, pair.high, pair.difference) == pytest.approx((low, high, held[0].mean() - held[1].mean()))
    assert pair.test_difference == pytest.approx(test[0].mean() - test[1].mean())
    said = " ".join(map(str, conclusions(found, {"bn": "BN", "ln": "LN"})))
    points, told = (f"{100 * (each[0].mean() - each[1].mean()):.1f}" for each in (held, test))
    interval = f"({100 * low:.1f} to {100 * high:.1f}, 6 seeds)"
    assert f"BN is better than LN by {points} points on the held-out images {interval}" in said
    assert f"on the test images the mean difference is {told.replace('-', '−')} points." in said
    mirrored = groups([each for group in found[::-1] for each in group.entries])
    assert f"the mean difference is {told.replace('-', '−')} points." in " ".join(
        map(str, conclusions(mirrored, {"bn": "BN", "ln": "LN"}))
    )


def test_a_test_accuracy_that_is_missing_takes_no_winner_away() -> None:
    found = groups([entry(arm, s, lead + s / 1000) for arm, lead in (("bn", 0.8), ("ln", 0.7)) for s in range(5)])
    found[1].entries[3]["test_accuracy"] = None
    (pair,) = pairs(found)
    assert (pair.separated, pair.test_difference) == (True, None)
    assert "the mean difference is – points." in " ".join(map(str, conclusions(found, {"bn": "BN", "ln": "LN"})))


def test_pairs_are_of_the_same_settings() -> None:
    found = groups([entry(arm, seed, 0.5, lr=lr) for arm in ("a", "b") for lr in (1.0, 2.0) for seed in range(5)])
    assert sorted(pair.where for pair in pairs(found)) == [(("lr", 1.0),), (("lr", 2.0),)]


def test_the_largest_rate_is_that_of_each_seed() -> None:
    learns_until = {0: 1.0, 1: 0.1, 2: 1.0}
    found = groups(
        [
            entry("bn", s, 0.5 if lr <= most else 0.1, lr=lr)
            for s, most in learns_until.items()
            for lr in (0.1, 1.0, 10.0)
        ]
        + [entry("ln", s, 0.5, lr=lr) for s in range(2) for lr in (0.1, 1.0)]
        + [entry("none", 0, None, lr=lr) for lr in (0.1, 1.0)]
    )
    bn, ln, none = ladders(found)
    assert (bn.largest, bn.open) == (Spread(3, 1.0, 0.1, 1.0), False)
    assert (ln.largest, ln.open) == (Spread(2, 1.0, 1.0, 1.0), True)
    assert (none.largest, none.seeds) == (None, 1)


def test_a_smaller_rate_at_which_it_did_not_learn_is_said_beside_the_largest_at_which_it_did() -> None:
    learned = {0: (0.1, 10.0), 1: (0.1, 1.0, 10.0), 2: ()}
    found = groups(
        [entry("bn", s, 0.5 if lr in rates else 0.1, lr=lr) for s, rates in learned.items() for lr in (0.1, 1.0, 10.0)]
    )
    (ladder,) = ladders(found)
    assert (ladder.largest, ladder.missed, ladder.missing) == (Spread(2, 10.0, 10.0, 10.0), (1.0,), 1)
    assert "BatchNorm: with 1 of 3 seeds it did not learn at a smaller rate (1)." in [
        str(sentence) for sentence in conclusions(found, {"bn": "BatchNorm"})
    ]
    whole = groups([entry("bn", 0, 0.5, lr=lr) for lr in (0.1, 1.0)])
    assert not any("smaller rate" in str(sentence) for sentence in conclusions(whole, {"bn": "BatchNorm"}))


def test_what_has_no_result_is_not_said_not_to_have_learned() -> None:
    killed = entry("bn", 0, None, lr=0.1) | {"status": "failed"}
    (ladder,) = ladders(groups([killed, *(entry("bn", 0, 0.5, lr=lr) for lr in (1.0, 10.0))]))
    assert (ladder.largest, ladder.missed, ladder.missing) == (Spread(1, 10.0, 10.0, 10.0), (), 0)
    assert ladders(groups([killed])) == []
    (said,) = conclusions(groups([killed, entry("bn", 0, 0.1, lr=1.0)]), {"bn": "BatchNorm"})
    assert str(said) == "BatchNorm did not learn, with any of the settings and seeds that have a result."


@pytest.mark.parametrize(
    "sweep",
    [
        Sweep(ExperimentConfig(seed=2**32 - 2), (("lr", (0.1, 1.0)),)),
        Sweep(ExperimentConfig(), (("lr", (0.1, 1.0)),), limit=6),
    ],
)
def test_where_more_seeds_are_no_sweep_none_follows(sweep: Sweep) -> None:
    found = groups([entry(arm, sweep.base.seed, 0.5, lr=lr) for arm in sweep.arms for lr in (0.1, 1.0)])
    assert at_their_best(sweep, found, 5) is None
    following = at_their_best(sweep, found, 1)
    assert following is not None
    assert following.entries == 3


def test_an_arm_that_learned_with_one_seed_somewhere_is_not_said_to_have_learned_nowhere() -> None:
    first = [entry("bn", seed, 0.19, lr=0.1) for seed in range(3)]
    found = groups([*first, *(entry("bn", seed, 0.3 if seed == 1 else 0.1, lr=1.0) for seed in range(3))])
    said = [str(sentence) for sentence in conclusions(found, {"bn": "BatchNorm"})]
    assert said[0].startswith("BatchNorm: best with learning rate 0.1")
    none = [str(sentence) for sentence in conclusions(groups(first), {"bn": "BatchNorm"})]
    assert none == ["BatchNorm did not learn, with any of its settings and seeds."]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["diverged", "diverged"], "LN diverged, with each of its settings and seeds."),
        (["failed", "diverged"], "LN diverged, with each of the settings and seeds that have a result."),
        (["failed", "failed"], "LN has no result, with any of its settings and seeds."),
    ],
)
def test_of_an_arm_without_any_number_it_is_said_what_became_of_it(statuses: list[str], said: str) -> None:
    lost = [entry("ln", 0, None, lr=lr) | {"status": status} for lr, status in zip((1.0, 10.0), statuses, strict=True)]
    found = groups([entry("bn", 0, 0.8, lr=1.0), *lost])
    first, second, *_rates = map(str, conclusions(found, {"bn": "BN", "ln": "LN"}))
    assert (first.startswith("BN: best with learning rate 1"), second) == (True, said)


@pytest.mark.parametrize(
    ("accuracies", "fate"),
    [
        ([0.5, 0.5, None], "learns"),
        ([0.5, 0.1, 0.1], "survives"),
        ([None, None, 0.5], "fails"),
        ([None, 0.5], "fails"),
        ([0.1, 0.5], "survives"),
    ],
)
def test_a_cells_fate_is_that_of_most_seeds_and_the_worse_one_of_two(accuracies: list[float], fate: str) -> None:
    (group,) = groups([entry("bn", seed, accuracy, lr=1.0) for seed, accuracy in enumerate(accuracies)])
    assert group.fate == fate
