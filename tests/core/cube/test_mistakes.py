"""Every exercise's code is run: it does what its explanation says, and not what it is meant to do."""

import pytest
import torch
from torch import nn

from core.cube.axes import box_size, family, rule_for
from core.cube.mistakes import EXERCISES, answers
from core.experiment.arm import Norm

SHAPES = {"NCHW": (4, 6, 5, 3), "NTD": (4, 6, 5), "ND": (4, 6)}


def values_that_share_a_mean_with_the_first(code, shape):
    """How many inputs the first cell's mean depends on, by autograd."""
    X = torch.randn(shape, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    out = eval(code.replace(")(X)", ").double()(X)"), {"X": X, "nn": nn})
    out.flatten()[0].backward()
    return (X.grad.abs() > 1e-12).sum().item()


@pytest.mark.parametrize("mistake", [m for m in EXERCISES if m.does], ids=lambda m: m.title.key)
def test_the_code_averages_the_axes_that_the_exercise_says(mistake):
    shape = SHAPES[mistake.layout]
    does = box_size(family(mistake.does, shape, [0] * len(shape)))
    assert values_that_share_a_mean_with_the_first(mistake.code, shape) == does
    assert does != box_size(family(mistake.meant, shape, [0] * len(shape)))


@pytest.mark.parametrize("mistake", [m for m in EXERCISES if not m.does], ids=lambda m: m.title.key)
def test_what_is_said_to_be_refused_is_refused_with_those_words(mistake):
    with pytest.raises(ValueError, match="must be divisible") as refusal:
        eval(mistake.code, {"X": torch.zeros(4, 6, 5, 3), "nn": nn})
    assert f"“{refusal.value}”" in str(mistake.why)


@pytest.mark.parametrize("mistake", EXERCISES, ids=lambda m: m.title.key)
def test_an_exercise_has_one_right_answer_among_at_least_three(mistake):
    offered = answers(mistake)
    assert sum(offered.values()) == 1
    assert len(offered) >= 3


def test_what_is_meant_is_the_norm_of_that_name():
    for mistake in EXERCISES:
        over_time = mistake.layout == "NTD" and mistake.norm is Norm.BN
        assert mistake.meant.over == ("NT" if over_time else rule_for(mistake.norm, mistake.layout).over)
