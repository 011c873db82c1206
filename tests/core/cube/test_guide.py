"""The guided walk: its sums are those of the cells it lights, and its words name what there is to light."""

import itertools
import re

import pytest
import torch

from core.cube.axes import Rule, family, inside, norms_of, rule_for
from core.cube.guide import guide, running_sums
from core.cube.naming import Norming
from core.cube.picture import choose, picture
from core.cube.reading import read
from core.cube.sites import Site
from core.cube.walk import STEPS
from core.experiment.arm import Norm

SHAPE = (5, 6, 4, 3)
CELL = (1, 3, 2, 0)
RULES = [*(rule_for(norm, "NCHW") for norm in norms_of("NCHW")), Rule("NCHW", "C"), Rule("NCHW", "NCHW")]


def whole_numbers(shape: tuple[int, ...]) -> Site:
    """Values of which no sum is rounded, so that it does not hang on an order."""
    return Site("x", torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(0)).float())


@pytest.mark.parametrize("rule", RULES)
def test_the_sum_at_each_cell_is_of_all_members_up_to_it_and_at_last_of_the_whole_family(rule: Rule) -> None:
    site, shown = whole_numbers(SHAPE), choose(SHAPE, examples=3, positions=2, features=4)
    cell = shown.nearest(CELL)
    box = family(rule, SHAPE, cell)
    members = [other for other in itertools.product(*map(range, SHAPE)) if inside(box, other)]
    drawn = [other for other in itertools.product(*shown.indices) if inside(box, other)]
    value = (lambda x: x) if rule.centered else (lambda x: x * x)
    told = running_sums(site, rule, shown, cell)
    assert told[-1][0] == len(drawn)
    for lit, words in told:
        upto = members if lit == len(drawn) else [each for each in members if each <= drawn[lit - 1]]
        total = sum(value(int(site.values[each])) for each in upto)
        assert f"= {total} after".replace("-", "−") in words
        assert f"after {len(upto)} of {len(members)} values" in words


def test_time_steps_that_do_not_exist_are_no_part_of_the_sum() -> None:
    site = Site("gru", torch.ones(3, 4, 2), lengths=torch.tensor([4, 2, 1]))
    shown = choose(site.shape)
    assert running_sums(site, Rule("NTD", "N"), shown, (0, 1, 0))[-1] == (2, "Σ x = 2 after 2 of 2 values")
    assert running_sums(site, Rule("NTD", "D"), shown, (2, 3, 0)) == []


@pytest.mark.parametrize("rule", RULES)
def test_every_step_has_a_sentence_whose_words_name_what_the_picture_has(rule: Rule) -> None:
    site, norming, shown = whole_numbers(SHAPE), Norming.of(rule), choose(SHAPE)
    told = guide(site, norming, shown, CELL, read(site, norming, shown, CELL))
    assert list(told) == list(STEPS)
    names = [name for sentence in told.values() for name in re.findall(r"<(\w+)>[^<>]+</\1>", sentence)]
    assert set(names) <= {"cell", "family", "others", *"NCHW"}
    assert set(re.findall(r"<(\w+)>", told["family"])) == {"family"} | (
        {"others", *(axis for axis in "NCHW" if axis not in rule.over)} if rule.over != "NCHW" else set()
    ) | ({"C"} if rule.groups > 1 else set())


def test_in_evaluation_nothing_of_the_batch_is_summed_up() -> None:
    numbers = torch.ones(6)
    site = Site("x", whole_numbers(SHAPE).values, Norm.BN, running_mean=numbers, running_var=numbers)
    norming = Norming.of(rule_for(Norm.BN, "NCHW"), running=True)
    panel = picture(site, [norming], choose(SHAPE), CELL, "before", guided=True)["panels"][0]
    assert panel["sums"] == []
    assert panel["guide"]["family"].startswith("As in evaluation, no cell of this batch is averaged")


def test_a_click_pays_for_no_walk_that_nobody_takes() -> None:
    site = whole_numbers(SHAPE)
    panel = picture(site, [Norming.of(rule_for(Norm.BN, "NCHW"))], choose(SHAPE), CELL, "before")["panels"][0]
    assert not {"guide", "sums"} & panel.keys()
