"""core.lessons: what a step computes at once, reckoned anew by hand; numbers that pass, fail, and decide nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from core.lessons import book_class
from core.lessons.book_class import AsPrinted, Trained, WithBuffers, lenet, save_and_load, with_buffers
from core.lessons.catalog import lesson
from core.lessons.checks import decided, held_against, seen
from core.lessons.demonstration import MATRIX, Given, Shown, numbers
from core.lessons.demonstrations import DEMONSTRATIONS
from core.lessons.lesson import Step
from core.lessons.whitening import batch_normalized, whitened


def typed(row: int, column: int, value: float) -> Given:
    rows = [list(each) for each in MATRIX]
    rows[row][column] = value
    return Given(tuple(map(tuple, rows)))


def verdicts(step: Step, shown: Shown) -> dict[str, str]:
    return {choice: held_against(step, seen(step, shown), choice).stands for choice in step.choices}


def test_batch_norm_by_hand_is_what_one_reckons_on_paper() -> None:
    shown = DEMONSTRATIONS["batch-norm-by-hand"].show(typed(0, 0, 1.0))  # the number that is there already
    statistics, results = shown.blocks
    # column 1 is 1, 3, 2, 6: mean 3, variance (4 + 0 + 1 + 9) / 4
    assert [cells[0] for _, cells in statistics.rows] == ["3.00", "3.50", "1.87"]
    assert results.rows[3][1][0] == f"{3 / math.sqrt(3.5 + 1e-5):.3f}"


@pytest.mark.parametrize(
    ("name", "changes", "stays"),
    [("batch-norm-by-hand", "column", "row"), ("batch-and-layer-norm", "row", "column")],
)
def test_a_number_typed_over_changes_what_shares_its_mean_and_nothing_else(name: str, changes: str, stays: str) -> None:
    readings = DEMONSTRATIONS[name].show(typed(2, 1, -4.0)).readings
    assert readings[changes] > 0.1
    assert (readings[stays], readings["elsewhere"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("given", "predicted", "says"),
    [
        (typed(2, 1, -4.0), "column", "Your prediction holds for these numbers."),
        (typed(2, 1, -4.0), "row", "These numbers say otherwise."),
        (Given(), "row", "This computation does not decide. No value has been typed over yet."),
    ],
    ids=["right", "wrong", "undecided"],
)
def test_a_verdict_speaks_of_numbers_and_of_no_run(given: Given, predicted: str, says: str) -> None:
    step = lesson("what-batch-norm-does").steps[0]
    assert held_against(step, seen(step, step.computes.show(given)), predicted).says.startswith(says)


def test_what_has_changed_is_marked() -> None:
    *_, results = DEMONSTRATIONS["batch-norm-by-hand"].show(typed(2, 1, -4.0)).blocks
    assert results.marked == {(row, 1) for row in range(4)}


def test_where_nothing_is_typed_nothing_is_decided_and_it_says_so() -> None:
    step = lesson("what-batch-norm-does").steps[0]
    found = held_against(step, seen(step, step.computes.show(Given())), "column")
    assert found.stands == "undecided"
    assert "No value has been typed over yet." in found.says


def test_a_matrix_without_a_row_that_nobody_typed_in_does_not_decide() -> None:
    step = lesson("what-batch-norm-does").steps[0]
    everywhere = Given(tuple(tuple(value + row for value in cells) for row, cells in enumerate(MATRIX, 1)))
    assert set(verdicts(step, step.computes.show(everywhere)).values()) == {"undecided"}


def test_the_results_are_those_of_the_variance_divided_by_n() -> None:
    readings = DEMONSTRATIONS["which-variance"].show(Given()).readings
    assert readings["n"] < 1e-12
    assert readings["n-1"] > 0.1


def test_a_constant_column_alone_tells_no_variance_from_another() -> None:
    step = lesson("what-batch-norm-does").steps[1]
    same = step.computes.show(Given(((2.0, 3.0, 4.0),) * 4))
    assert set(verdicts(step, same).values()) == {"undecided"}


def test_with_one_sequence_left_batch_norm_gives_nothing_and_layer_norm_what_it_always_gives() -> None:
    (table,) = DEMONSTRATIONS["sequences"].show(Given(seed=5)).blocks
    assert [cells[0] for _, cells in table.rows] == ["4", "4", "4", "3", "3", "2", "2", "1", "1"]
    assert table.rows[-1][1][1] == "0"
    assert float(table.rows[-1][1][2]) > 1


def test_whitened_features_are_uncorrelated_with_variance_1_and_those_of_batch_norm_hang_together_as_before() -> None:
    own, shared = torch.randn(2, 50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    X = own + shared[:, :1] + 7
    found, normalized = (np.cov(way(X).numpy(), rowvar=False, bias=True) for way in (whitened, batch_normalized))
    assert found == pytest.approx(np.eye(3), abs=1e-4)
    assert normalized == pytest.approx(np.corrcoef(X.numpy(), rowvar=False), abs=1e-4)


# --- the book's class -----------------------------------------------------------------------------------------------


@pytest.fixture
def untrained(monkeypatch) -> Trained:
    """With moving statistics that are not those of a new network, and images of two classes."""
    torch.manual_seed(0)
    net = lenet(AsPrinted)
    images = torch.rand(40, 1, 28, 28)
    images[20:] += 1
    net(images)
    it = Trained(net, images, torch.tensor([0] * 20 + [1] * 20))
    monkeypatch.setattr(book_class, "trained", lambda seed: it)
    return it


def norms(net: nn.Module) -> list[AsPrinted]:
    return [module for module in net.modules() if isinstance(module, AsPrinted)]


def test_plain_attributes_are_not_saved_and_buffers_are(untrained: Trained) -> None:
    printed = save_and_load(untrained.net, lenet(AsPrinted))
    assert all((norm.moving_var == 1).all() and (norm.moving_mean == 0).all() for norm in norms(printed))
    today = with_buffers(untrained)
    loaded = save_and_load(today.net, lenet(WithBuffers))
    for before, after in zip(norms(untrained.net), norms(loaded), strict=True):
        torch.testing.assert_close(after.moving_var, before.moving_var, rtol=0, atol=0)
    with torch.no_grad():
        torch.testing.assert_close(today.net(untrained.images), untrained.net(untrained.images), rtol=0, atol=0)


def test_no_grad_alone_makes_the_others_of_a_mini_batch_not_matter(untrained: Trained) -> None:
    readings = DEMONSTRATIONS["switched"].show(Given()).readings
    assert (readings["no_grad"], readings["both"]) == (1.0, 1.0)
    before = [norm.moving_mean.clone() for norm in norms(untrained.net)]
    assert all(map(torch.equal, before, [norm.moving_mean for norm in norms(untrained.net)]))


COMPUTED = [
    pytest.param(slug, number, marks=[pytest.mark.slow] if slug == "lost-statistics" else [])
    for slug in ("what-batch-norm-does", "batch-or-layer-norm", "lost-statistics")
    for number in (1, 2, 3)
] + [("parts-of-batch-norm", 4)]


@pytest.mark.parametrize(("slug", "number"), COMPUTED)
def test_what_is_computed_with_the_seeds_of_its_margin_gives_the_answer_that_the_texts_explain(
    slug: str, number: int
) -> None:
    step = lesson(slug).steps[number - 1]
    for seed in range(len(step.check.seeds)):  # a matrix may have a number typed over that is nearly the one before
        assert seen(step, step.computes.show(step.computes.example(seed))).answer == step.explains, seed


# --- each check has numbers that pass, fail, and do not decide ------------------------------------------------------

NUMBERS = [
    ("what-batch-norm-does", 1, {"row": 0.0, "column": 1.2, "elsewhere": 0.0}, "column"),
    ("what-batch-norm-does", 1, {"row": 0.0, "column": 0.04, "elsewhere": 0.0}, None),
    ("what-batch-norm-does", 2, {"n": 2e-16, "n-1": 0.2}, "n"),
    ("what-batch-norm-does", 2, {"n": 1e-5, "n-1": 5e-3}, None),
    ("what-batch-norm-does", 3, {"shrinks": 4e8}, "rounding"),
    ("what-batch-norm-does", 3, {"shrinks": 30000.0}, None),
    ("what-batch-norm-does", 3, {"shrinks": 0.9}, "same"),
    ("batch-or-layer-norm", 1, {"row": 1.5, "column": 0.0, "elsewhere": 0.0}, "row"),
    ("batch-or-layer-norm", 1, {"row": 0.0, "column": 0.0, "elsewhere": 0.0}, None),
    ("batch-or-layer-norm", 2, {"bn": 2.0, "ln": 0.0}, "bn"),
    ("batch-or-layer-norm", 2, {"bn": 0.03, "ln": 0.0}, None),
    ("batch-or-layer-norm", 3, {"bn": 0.0, "ln": 1.5}, "bn"),
    ("batch-or-layer-norm", 3, {"bn": 1.4, "ln": 1.5}, None),
    ("parts-of-batch-norm", 4, {"bn": 1.0}, "same"),
    ("parts-of-batch-norm", 4, {"bn": 0.5}, "smaller"),
    ("parts-of-batch-norm", 4, {"bn": 0.01}, "gone"),
    ("parts-of-batch-norm", 4, {"bn": 0.93}, None),
    ("lost-statistics", 1, {"reloaded": 0.12}, "few"),
    ("lost-statistics", 1, {"reloaded": 0.52}, None),
    ("lost-statistics", 1, {"reloaded": 1.0}, "all"),
    ("lost-statistics", 2, {"eval": 0.16, "no_grad": 1.0, "both": 1.0}, "no_grad"),
    ("lost-statistics", 2, {"eval": 0.95, "no_grad": 1.0, "both": 1.0}, None),
    ("lost-statistics", 3, {"saving": 1.0, "switching": 0.16}, "saving"),
    ("lost-statistics", 3, {"saving": 1.0, "switching": 1.0}, "both"),
    ("lost-statistics", 3, {"saving": 1.0, "switching": 0.55}, None),
]


# of the runs that these lessons make besides, in the order of the check's targets
OF_RUNS = [
    ("vanishing-gradients", 1, (0.004, 2.0, 0.08), "none"),
    ("vanishing-gradients", 1, (0.05, 2.0, 0.08), None),
    ("vanishing-gradients", 3, (0.004, 4.5, 2.4), "sigmoid"),
    ("vanishing-gradients", 3, (2.0, 4.5, 2.4), None),
    ("vanishing-gradients", 4, (20.0,), "large"),
    ("vanishing-gradients", 4, (1.0,), "equal"),
    ("vanishing-gradients", 4, (0.01,), "small"),
    ("vanishing-gradients", 4, (3.5,), None),
    ("batch-or-layer-norm", 4, (0.2, 0.005), "bn"),
    ("batch-or-layer-norm", 4, (0.01, 0.005), None),
]


@pytest.mark.parametrize(("slug", "number", "values", "answer"), OF_RUNS)
def test_a_check_of_runs_says_what_its_numbers_say(
    slug: str, number: int, values: tuple[float, ...], answer: str | None
) -> None:
    assert decided(lesson(slug).steps[number - 1], values).answer == answer


@pytest.mark.parametrize(
    ("predicted", "stands"), [(1e-7, "right"), (1e-6, "right"), (3e-6, "undecided"), (1e-3, "wrong"), (1e-9, "wrong")]
)
def test_the_share_at_twelve_layers_is_right_within_a_factor_of_ten(predicted: float, stands: str) -> None:
    step = lesson("vanishing-gradients").steps[1]
    assert held_against(step, decided(step, [1.4e-7]), predicted).stands == stands


@pytest.mark.parametrize(("slug", "number", "readings", "answer"), NUMBERS)
def test_a_check_says_what_its_numbers_say(
    slug: str, number: int, readings: dict[str, float], answer: str | None
) -> None:
    step = lesson(slug).steps[number - 1]
    found = verdicts(step, Shown((), readings))
    if answer is None:
        assert set(found.values()) == {"undecided"}
    else:
        assert {choice for choice, stands in found.items() if stands == "right"} == {answer}
        assert {stands for choice, stands in found.items() if choice != answer} == {"wrong"}


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_a_demonstration_reads_all_that_it_names_and_shows_code_that_is_ours(name: str, untrained: Trained) -> None:
    it = DEMONSTRATIONS[name]
    given = it.example(3)
    assert set(it.show(given).readings) == set(it.readings)
    for block in it.before(given):
        assert getattr(block, "text", "def").find("def") >= 0
    assert replace(given, seed=4) != given


def test_numbers_are_written_as_one_reads_them() -> None:
    assert numbers([1.234, -0.5, -0.001, 0.0]) == ("1.23", "−0.50", "0", "0")


def test_what_rounding_alone_changes_is_not_marked() -> None:
    lifted = Given((*MATRIX[:1], tuple(value + 10.3 for value in MATRIX[1]), *MATRIX[2:]))
    *_, of_layer_norm = DEMONSTRATIONS["batch-and-layer-norm"].show(lifted).blocks
    assert of_layer_norm.marked == frozenset()
