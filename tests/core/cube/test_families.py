"""How many families a tensor has and how many are drawn, by counting them cell by cell."""

import itertools

import pytest

from core.cube.axes import Rule, family, norms_of, rule_for
from core.cube.families import drawn, told
from core.cube.picture import choose
from core.experiment.arm import Norm

RULES = [*(rule_for(norm, "NCHW") for norm in norms_of("NCHW")), rule_for(Norm.GN, "NCHW", 8), Rule("NCHW", "CHW")]


@pytest.mark.parametrize("rule", RULES)
def test_the_families_drawn_are_those_that_a_cell_drawn_belongs_to(rule: Rule) -> None:
    shape = (9, 32, 7, 7)
    shown = choose(shape, examples=3, positions=3, features=5)
    assert drawn(rule, shown) == len({family(rule, shape, cell) for cell in itertools.product(*shown.indices)})


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (rule_for(Norm.BN, "NCHW"), "6 families, one for each channel; 6 drawn, each with its own tint and border."),
        (rule_for(Norm.LN, "NCHW"), "256 families, one for each example; 4 drawn, each with its own tint and border."),
        (
            rule_for(Norm.GN, "NCHW", 3),
            "768 families, one for each example and group of 2 channels; 12 drawn, each with its own tint and border.",
        ),
        (Rule("NCHW", "NCHW"), "the whole tensor is one family, with one tint and border."),
    ],
)
def test_it_is_said_how_many_there_are_before_any_is_clicked(rule: Rule, words: str) -> None:
    assert told("X", rule, choose((256, 6, 24, 24))) == f"X: {words}"
