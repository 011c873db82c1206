"""Which norm, fairly: one sweep that is two, the rates and then seeds at each arm's best; stopped where one likes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError
from core.lab.conducted import id_of
from core.lab.costs import about_costs
from core.lab.document import as_file
from core.lab.kept import Remembered
from core.lab.links import from_query, to_query
from core.lab.points import points
from core.lab.ready_made import READY_MADE
from core.lab.summary import at_their_best, groups
from core.lab.sweep import Sweep
from core.lab.told import news, standing
from core.runs.engine import Outcome
from tests.core.lab.gated import Gated, Made
from tests.core.lab.test_statistics import entry
from tests.fixtures import wait_until as until

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
RATES = Sweep(BASE, (("lr", (0.1, 1.0, 10.0)),), then=5)
BEST = ["none:lr=0.1", "bn:lr=0.1"]


def made(kept: Remembered | None = None, let: int = 0) -> Made:
    found = Made(RATES, kept)
    found.sweep.begin("key")
    found.engine.let(let)
    return found


def test_one_beginning_computes_the_rates_and_then_seeds_at_each_arms_best() -> None:
    whole = made(let=99)
    whole.end()
    assert (whole.sweep.status, whole.sweep.total, whole.sweep.done) == ("finished", 3 + 5, 3 + 5)
    assert len(whole.begun) == 1  # engine
    first, second = whole.sweep.findings
    assert [entry["values"]["lr"] for entry in first.entries[::2]] == [0.1, 1.0, 10.0]
    assert ([arm.name for arm in second.sweep.base.arms], second.sweep.seeds, second.sweep.then) == (BEST, 5, 0)
    assert {(entry["arm"], entry["seed"]) for entry in second.entries} == {
        (arm, n) for arm in BEST for n in range(1, 6)
    }


def test_before_the_rates_are_known_the_seeds_that_follow_are_counted_and_their_time_too() -> None:
    begun = made(let=1)
    until(lambda: begun.sweep.done == 1)
    assert (begun.sweep.total, begun.sweep.missing, begun.sweep.following) == (8, 7, None)
    assert begun.sweep.seconds_left == pytest.approx(7 * 1.0)  # which the first one has taken
    begun.sweep.wish("cancel")
    begun.end()
    rates_alone = Made(replace(RATES, then=0)).sweep.seconds_ahead()
    assert rates_alone is not None
    assert Made(RATES).sweep.seconds_ahead() == pytest.approx(8 / 3 * rates_alone)


@pytest.mark.parametrize("done", [2, 5])
def test_cancelled_in_either_part_it_goes_on_where_it_was_after_a_restart_too(done: int) -> None:
    begun = made(let=done)
    until(lambda: begun.sweep.done == done and begun.sweep.status == "running")
    begun.sweep.wish("cancel")
    begun.end()
    assert (begun.sweep.status, begun.sweep.missing) == ("cancelled", 8 - done)
    again = Made(RATES, begun.kept)
    again.sweep.look_up()
    assert (again.sweep.done, again.sweep.missing, again.sweep.following is not None) == (done, 8 - done, done > 3)
    for each in (begun, again):
        each.engine = Gated(open_=True)
        each.sweep.begin("key")
        each.end()
        assert (each.sweep.status, each.sweep.missing) == ("finished", 0)
    assert (len(begun.engine.submitted), len(again.engine.submitted)) == (8 - done, 0)


def test_paused_between_the_parts_it_begins_no_point_of_the_second() -> None:
    begun = made(let=2)
    until(lambda: len(begun.engine.submitted) == 3)
    begun.sweep.wish("pause")
    begun.engine.let(9)
    until(lambda: begun.sweep.status == "paused")
    assert (begun.sweep.done, len(begun.engine.submitted)) == (3, 3)
    begun.sweep.wish("resume")
    begun.end()
    assert (begun.sweep.status, begun.sweep.done) == ("finished", 8)


def test_the_page_is_told_which_part_a_group_is_of_and_what_both_say() -> None:
    whole = made(let=99)
    whole.end()
    told = [(group["part"], group["where"], group["arm"], group["seeds"]) for group in news(whole.sweep.arrived, 0)]
    rates = [(0, [lr], arm, 1) for lr in ("0.1", "1.0", "10.0") for arm in ("none", "bn")]
    assert told == [*rates, *((1, [], arm, 5) for arm in BEST)]
    how = standing(whole.sweep, "key")
    assert (how["total"], how["few"], how["next"]) == (8, [True, False], None)
    of_rates, of_seeds = how["said"]
    assert any("best with learning rate 0.1" in each for each in of_rates)
    assert any("over 5 seeds." in each for each in of_seeds)
    assert any("is surely better than another by the held-out images" in each for each in of_seeds)
    assert not any("over 5 seeds" in each or "Processor time" in each for each in of_rates)


def test_beside_which_norm_is_better_stands_what_a_step_of_each_costs_where_it_was_measured() -> None:
    whole = made(let=99)
    whole.end()
    cost = "Processor time of a training step, median over the seeds: {} 2.5 ms, {} 2.5 ms."
    arms = [arm.title for arm in whole.sweep.findings[1].sweep.base.arms]
    assert standing(whole.sweep, "")["said"][1][-1] == cost.format(*arms)
    none, bn = (entry(arm, 0, 0.5) | {"step_milliseconds": time} for arm, time in (("none", 12.34), ("bn", None)))
    titles = {"none": "None", "bn": "BN"}
    assert about_costs(groups([none, bn]), titles) == []
    (told,) = about_costs(groups([none, bn | {"step_milliseconds": 15.6}]), titles)
    assert "None 12 ms, BN 16 ms." in str(told)


class Late(Gated):
    """Its first point, at the rate that is best, fails as if its worker had been killed."""

    def poll(self, seconds: float) -> list[Outcome]:
        is_first = lambda each: each.key == self.submitted[0]  # noqa: E731
        return [Outcome(each.key, None, "killed") if is_first(each) else each for each in super().poll(seconds)]


def test_where_another_rate_turns_out_to_be_best_the_seeds_are_taken_there() -> None:
    begun = Made(RATES)
    begun.engine = Late(open_=True)
    begun.sweep.begin("key")
    begun.end()
    assert [arm.name for arm in begun.sweep.findings[1].sweep.base.arms] == ["none:lr=1", "bn:lr=1"]
    assert (begun.sweep.failed, begun.sweep.missing) == (1, 1)
    another = made(begun.kept, let=1)
    until(lambda: another.sweep.done == 3)  # what was missing has come
    another.sweep.wish("cancel")
    another.end()
    begun.sweep.look_up()
    assert [arm.name for arm in begun.sweep.findings[1].sweep.base.arms] == BEST
    parts = [each.part for each in begun.sweep.arrived]
    assert (parts.count(0), parts.count(1), begun.sweep.missing) == (6, 0, 5)


def test_what_is_measured_along_the_gradient_is_measured_in_the_second_part_too() -> None:
    whole = Made(replace(RATES, along=True))
    whole.engine.let(99)
    whole.sweep.begin("key")
    whole.end()
    first, second = whole.sweep.findings
    assert (first.sweep.along, second.sweep.along) == (True, True)
    assert all(entry["along_by_step"] for entry in second.entries)


def test_after_a_restart_what_is_kept_of_the_second_part_is_shown_though_a_point_of_the_first_always_fails() -> None:
    begun = Made(RATES)
    begun.engine = Late(open_=True)
    begun.sweep.begin("key")
    begun.end()
    again = Made(RATES, begun.kept)
    again.sweep.look_up()
    assert (again.sweep.done, again.sweep.missing) == (begun.sweep.done, begun.sweep.missing) == (2 + 5, 1)
    assert again.sweep.findings[1].sweep == begun.sweep.findings[1].sweep
    again.engine.let(99)  # now it does not fail, and another rate is best
    again.sweep.begin("key")
    again.end()
    assert [arm.name for arm in again.sweep.findings[1].sweep.base.arms] == BEST
    assert (again.sweep.status, again.sweep.missing, len(again.engine.submitted)) == ("finished", 0, 1 + 5)


def test_while_rates_are_missing_a_second_part_of_which_nothing_is_kept_is_not_shown() -> None:
    begun = made(let=2)
    until(lambda: begun.sweep.done == 2)
    begun.sweep.wish("cancel")
    begun.end()
    again = Made(RATES, begun.kept)
    again.sweep.look_up()
    assert (again.sweep.done, again.sweep.total, again.sweep.following) == (2, 8, None)


def test_where_nothing_has_a_number_there_is_no_second_part() -> None:
    lost = Made(replace(RATES, varied=(("lr", (10.0, 20.0)),)))
    lost.engine.let(9)
    lost.sweep.begin("key")
    lost.end()
    assert (lost.sweep.status, lost.sweep.total, lost.sweep.following) == ("finished", 2, None)


class Guessing(Gated):
    """Its `arms` learn at no rate."""

    arms: tuple[str, ...] = ()

    def poll(self, seconds: float) -> list[Outcome]:
        for each in (found := super().poll(seconds)):
            arms = each.found["arms"] if each.found else {}
            arms |= {name: arms[name] | {"validation_accuracy": 0.1} for name in arms if name in self.arms}
        return found


@pytest.mark.parametrize(
    ("guessing", "following", "said"),
    [
        (("ln",), BEST, "The seeds that follow are without what learned at none of these rates: LayerNorm."),
        (("none", "ln"), [], "No seeds follow: at these rates too few arms learned to compare them."),
        (("none", "ln", "bn"), [], "No seeds follow: at these rates too few arms learned to compare them."),
        ((), [*BEST, "ln:lr=0.1"], ""),
    ],
)
def test_what_learned_at_no_rate_has_no_best_one_and_is_left_out(
    guessing: tuple[str, ...], following: list[str], said: str
) -> None:
    three = Made(replace(RATES, base=replace(BASE, arms=(*BASE.arms, parse_arm("ln")))))
    three.engine = Guessing(open_=True)
    three.engine.arms = guessing
    three.sweep.begin("key")
    three.end()
    second = three.sweep.following
    assert [arm.name for arm in (second.base.arms if second else ())] == following
    assert (three.sweep.status, three.sweep.missing) == ("finished", 0)
    sentences = [each for part in standing(three.sweep, "")["said"] for each in part]
    assert [each for each in sentences if "follow" in each] == ([said] if said else [])
    chosen = json.loads(as_file(three.sweep.findings, "finished", "json"))["conclusions"]["chosen"]
    assert {arm for arm in chosen if ":" not in arm} == {"none", "bn", "ln"} - set(guessing)


def test_the_seed_by_which_the_rates_were_chosen_is_not_among_those_that_are_tested() -> None:
    rates = replace(RATES, base=replace(BASE, seed=7), seeds=3)
    found = groups([entry(arm, seed, 0.5, lr=0.1) for arm in rates.arms for seed in (7, 8, 9)])
    second = at_their_best(rates, found, 5)
    assert second is not None
    assert {point.config.seed for point in points(second)} == {10, 11, 12, 13, 14}


def test_one_arm_by_itself_is_followed_by_seeds_of_its_own() -> None:
    alone = replace(RATES, base=replace(BASE, arms=BASE.arms[:1]))
    second = at_their_best(alone, groups([entry("none", 0, 0.5, lr=0.1)]), 5)
    assert second is not None
    assert second.arms == ("none:lr=0.1",)


def test_its_link_has_all_of_it_and_without_what_follows_links_are_what_they_were() -> None:
    assert from_query(to_query(RATES)) == RATES
    assert RATES.entries == 3 * 2 + 5 * 2
    assert "then" not in to_query(replace(RATES, then=0))
    assert id_of(RATES) != id_of(replace(RATES, then=0))
    assert str(RATES.described()).endswith("; then 5 other seeds with each arm’s own best rate")
    question = READY_MADE["which-norm"]
    assert Sweep(BASE, question.varied, question.seeds, then=question.then).then == 5


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"then": 21}, "Up to 20 seeds"),
        ({"then": -1}, "Up to 20 seeds"),
        ({"varied": (("lr", (0.1, 1.0)), ("depth", (5, 8)))}, "where lr alone is varied; got “lr, depth”"),
        ({"varied": ()}, "where lr alone is varied; got nothing"),
        ({"limit": 15}, "got 16"),
        ({"base": replace(BASE, seed=2**32 - 5)}, "A seed is a whole number"),
    ],
)
def test_what_cannot_follow_is_refused_before_anything_begins(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        replace(RATES, **how)
