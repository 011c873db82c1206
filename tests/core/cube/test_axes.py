"""The picture is checked against PyTorch itself: nudge one input, see which outputs move."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.cube.axes import (
    LAYOUTS,
    AxesError,
    Rule,
    box_size,
    divisors,
    family,
    inside,
    layout_of,
    mean_code,
    norms_of,
    rule_for,
    statistics_shape,
    tally,
)
from core.cube.naming import FORMULAS, SOURCES, affine, name_axes
from core.cube.shown import MAX_SHOWN, Shown, describe, spread
from core.cube.walk import Moments, walk
from core.experiment.arm import NORM_TITLES, Norm

few = settings(max_examples=25, deadline=None)
EPS = 0.1  # large, so that a family of two shows a nudge: without ε its values are ±1 whatever they were


@st.composite
def shapes_and_cells(draw, axes=4, low=1, high=5):
    shape = draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes).map(tuple))
    return shape, tuple(draw(st.integers(0, size - 1)) for size in shape)


def torch_norm(norm, shape, groups):
    channels = shape[1]
    return {
        Norm.BN: lambda: nn.BatchNorm2d(channels, eps=EPS),
        Norm.LN: lambda: nn.LayerNorm(shape[1:], eps=EPS),
        Norm.IN: lambda: nn.InstanceNorm2d(channels, eps=EPS),
        Norm.GN: lambda: nn.GroupNorm(groups, channels, eps=EPS),
        Norm.RMS: lambda: nn.RMSNorm(shape[1:], eps=EPS),
    }[norm]().double()


def random(shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def cells_that_move(layer, x, cell):
    nudged = x.clone()
    nudged[cell] += 1
    moved = (layer(nudged) - layer(x)).abs() > 1e-9
    return {tuple(index) for index in moved.nonzero().tolist()}


def lit(rule, shape, cell):
    box = family(rule, shape, cell)
    return {index for index in np.ndindex(*shape) if inside(box, index)}


@pytest.mark.parametrize("norm", norms_of("NCHW"))
@few
@given(shapes_and_cells(), st.data())
def test_the_lit_family_is_what_moves_when_one_input_of_torchs_norm_is_nudged(norm, shape_and_cell, data):
    shape, cell = shape_and_cell
    groups = data.draw(st.sampled_from(divisors(shape[1])))
    rule = rule_for(norm, "NCHW", groups)
    if box_size(family(rule, shape, cell)) == 1:
        return  # PyTorch refuses a family of one
    assert cells_that_move(torch_norm(norm, shape, groups), random(shape), cell) == lit(rule, shape, cell)


@pytest.mark.parametrize("norm", [Norm.BN, Norm.LN])
@few
@given(shapes_and_cells(axes=2, low=2, high=6))
def test_on_a_matrix_the_lit_family_is_a_column_for_bn_and_a_row_for_ln(norm, shape_and_cell):
    shape, cell = shape_and_cell
    layer = {Norm.BN: nn.BatchNorm1d(shape[1], eps=EPS), Norm.LN: nn.LayerNorm(shape[1], eps=EPS)}[norm].double()
    assert cells_that_move(layer, random(shape), cell) == lit(rule_for(norm, "ND"), shape, cell)


@few
@given(shapes_and_cells(axes=3, low=2))
def test_in_a_sequence_the_lit_families_are_those_of_torch_on_n_t_d(shape_and_cell):
    shape, cell = shape_and_cell
    over_time = nn.BatchNorm1d(shape[2], eps=EPS).double()
    layers = {
        "D": nn.LayerNorm(shape[2], eps=EPS).double(),
        "NT": lambda x: over_time(x.transpose(1, 2)).transpose(1, 2),
        "N": lambda x: (x - x.mean(0)) / x.var(0, unbiased=False).add(EPS).sqrt(),
    }
    for over, layer in layers.items():
        assert cells_that_move(layer, random(shape), cell) == lit(Rule("NTD", over), shape, cell), over


@few
@given(shapes_and_cells(), st.sets(st.sampled_from("NCHW")))
def test_any_ticked_axes_light_the_cells_that_torchs_mean_over_them_reads(shape_and_cell, ticked):
    shape, cell = shape_and_cell
    rule = Rule("NCHW", "".join(ticked))
    x = torch.zeros(shape)
    x[cell] = 1
    mean = x.mean(dim=rule.dims, keepdim=True) if rule.dims else x
    assert {tuple(index) for index in mean.expand(shape).nonzero().tolist()} == lit(rule, shape, cell)


@few
@given(shapes_and_cells(), st.sampled_from(norms_of("NCHW")), st.data())
def test_the_printed_code_gives_as_many_means_as_the_tally_says_and_the_familys_is_one(shape_and_cell, norm, data):
    shape, cell = shape_and_cell
    rule = rule_for(norm, "NCHW", data.draw(st.sampled_from(divisors(shape[1]))))
    x = random(shape)
    means = eval(mean_code(rule, shape), {"X": x})
    assert means.numel() == tally(rule, shape).statistics == math.prod(statistics_shape(rule, shape))
    members = x[tuple(slice(part.start, part.stop) for part in family(rule, shape, cell))]
    assert members.numel() == tally(rule, shape).values
    expected = members.square().mean() if norm is Norm.RMS else torch.var_mean(members, correction=0)[1]
    assert torch.isclose(means, expected, rtol=1e-12, atol=1e-14).any()


@pytest.mark.parametrize("norm", norms_of("NCHW"))
def test_every_cell_lies_in_one_family_and_families_do_not_overlap(norm):
    shape = (3, 4, 2, 2)
    rule = rule_for(norm, "NCHW", groups=2)
    boxes = {family(rule, shape, cell) for cell in np.ndindex(*shape)}
    assert sum(box_size(box) for box in boxes) == math.prod(shape)
    assert len(boxes) == tally(rule, shape).statistics


@pytest.mark.parametrize(
    ("norm", "groups", "expected"),
    [
        (Norm.BN, 1, "147,456 values → 6 means"),
        (Norm.LN, 1, "3,456 values → 256 means"),
        (Norm.IN, 1, "576 values → 1,536 means"),
        (Norm.GN, 3, "1,152 values → 768 means"),
        (Norm.RMS, 1, "3,456 values → 256 mean squares"),
    ],
)
def test_conv1_at_batch_256_is_counted_by_hand(norm, groups, expected):
    assert str(tally(rule_for(norm, "NCHW", groups), (256, 6, 24, 24))) == expected


@pytest.mark.parametrize(
    ("norm", "code"),
    [
        (Norm.BN, "X.mean(dim=(0, 2, 3), keepdim=True)"),
        (Norm.LN, "X.mean(dim=(1, 2, 3), keepdim=True)"),
        (Norm.IN, "X.mean(dim=(2, 3), keepdim=True)"),
        (Norm.GN, "X.reshape(256, 3, 2, 24, 24).mean(dim=(2, 3, 4), keepdim=True)"),
        (Norm.RMS, "X.square().mean(dim=(1, 2, 3), keepdim=True)"),
    ],
)
def test_dim_is_printed_as_the_code_would_have_it(norm, code):
    assert mean_code(rule_for(norm, "NCHW", groups=3), (256, 6, 24, 24)) == code


@pytest.mark.parametrize("layout", LAYOUTS.values())
def test_a_norms_axes_are_called_by_its_name(layout):
    for norm in norms_of(layout):
        verdict = name_axes(rule_for(norm, layout, groups=2))
        assert verdict.norm is norm
        assert verdict.title.startswith(str(NORM_TITLES[norm]))


def test_every_subset_of_axes_has_a_name_or_a_reason():
    for layout in LAYOUTS.values():
        for bits in range(2 ** len(layout)):
            over = "".join(axis for i, axis in enumerate(layout) if bits >> i & 1)
            assert len(name_axes(Rule(layout, over)).why) > 40
    subsets = {over for over in ("NHW", "CHW", "HW", "NCHW", "C", "N", "H") if name_axes(Rule("NCHW", over)).norm}
    assert subsets == {"NHW", "CHW", "HW"}


@pytest.mark.parametrize("norm", norms_of("NCHW"))
def test_gamma_and_beta_have_the_shapes_of_the_layer_that_the_note_names(norm):
    shape = (4, 6, 8, 8)
    layer = {
        Norm.BN: nn.BatchNorm2d(6),
        Norm.LN: nn.GroupNorm(1, 6),
        Norm.IN: nn.InstanceNorm2d(6, affine=True),
        Norm.GN: nn.GroupNorm(3, 6),
        Norm.RMS: nn.RMSNorm(6),
    }[norm]
    shapes = affine(norm, shape)
    assert shapes.gamma == tuple(layer.weight.shape)
    assert shapes.beta == (tuple(layer.bias.shape) if hasattr(layer, "bias") else None)
    assert norm in FORMULAS
    assert norm in SOURCES


def test_of_layernorm_on_convolutions_the_other_affine_is_told():
    assert tuple(nn.LayerNorm([6, 8, 8]).weight.shape) == (6, 8, 8)
    assert "nn.LayerNorm([6, 8, 8]) would have [6, 8, 8]" in affine(Norm.LN, (4, 6, 8, 8)).note


@few
@given(st.integers(0, 3), st.floats(0.5, 2), st.floats(-1, 1))
def test_the_walk_of_a_value_ends_at_torchs_output(channel, gamma, beta):
    x = random((3, 4, 2, 2))
    variance, mean = torch.var_mean(x[:, channel], correction=0)
    stops = walk(x[0, channel, 1, 1].item(), Moments(12, mean.item(), variance.item()), gamma, beta, eps=1e-5)
    layer = nn.BatchNorm2d(4).double()
    nn.init.constant_(layer.weight, gamma)
    nn.init.constant_(layer.bias, beta)
    assert [stop.name.split()[0] for stop in stops] == ["mean", "variance", "normalize", "scale"]
    assert stops[-1].result == pytest.approx(layer(x)[0, channel, 1, 1].item(), abs=1e-12)


def test_the_walk_of_rmsnorm_subtracts_no_mean():
    x = random(5)
    stops = walk(x[0].item(), Moments(5, 0.0, x.square().mean().item()), 1, 0, eps=1e-5, centered=False)
    assert "none is subtracted" in stops[0].working
    assert stops[-1].result == pytest.approx(nn.RMSNorm(5, eps=1e-5).double()(x)[0].item(), abs=1e-12)


def test_working_out_shows_the_numbers_with_minus_signs_in_brackets():
    stops = walk(0.5, Moments(72, -0.25, 0.0625), gamma=2, beta=-1, eps=1e-5)
    assert stops[2].working == "(0.5 − (−0.25)) / √(0.0625 + 1·10⁻⁵)"
    assert stops[3].working == "2 × 3 + (−1)"


@given(st.integers(1, 300), st.integers(1, 40), st.one_of(st.none(), st.integers(-5, 400)))
def test_what_is_drawn_of_an_axis_is_sorted_distinct_and_within_it(size, count, start):
    indices = spread(size, count, start)
    assert len(indices) == min(size, count)
    assert list(indices) == sorted(set(indices))
    assert 0 <= indices[0] <= indices[-1] < size


def test_a_large_tensor_says_what_is_drawn_of_it_and_that_statistics_are_of_all():
    shape = (256, 6, 24, 24)
    shown = Shown(shape, (spread(256, 4, start=0), spread(6, 6), spread(24, 8), spread(24, 8)))
    assert shown.told() == (
        "Drawn: n 0–3 of 256, c all 6, h 1–22 every 3 of 24, w 1–22 every 3 of 24; 1,536 of 884,736 cells. "
        "Statistics are of all 884,736."
    )
    assert shown.nearest((9, 2, 0, 12)) == (3, 2, 1, 13)
    assert Shown((2, 3), ((0, 1), (0, 1, 2))).told() == "All 6 cells are drawn."


@few
@given(shapes_and_cells(), st.sampled_from(norms_of("NCHW")), st.data())
def test_the_sentence_counts_the_lit_cells_among_those_drawn(shape_and_cell, norm, data):
    shape, _ = shape_and_cell
    rule = rule_for(norm, "NCHW", groups=1)
    shown = Shown(shape, tuple(spread(size, data.draw(st.integers(1, size))) for size in shape))
    cell = tuple(indices[-1] for indices in shown.indices)
    drawn = {c for c in np.ndindex(*shape) if all(i in part for i, part in zip(c, shown.indices, strict=True))}
    count = f": {len(lit(rule, shape, cell) & drawn):,} of {len(drawn):,} cells drawn"
    assert count in describe("X", rule, shown, cell)


def test_the_sentence_of_a_selection():
    shape = (4, 6, 8, 8)
    shown = Shown(shape, tuple(tuple(range(size)) for size in shape))
    assert describe("BatchNorm", rule_for(Norm.BN, "NCHW"), shown, (0, 2, 3, 3)) == (
        "BatchNorm, cell n 0, c 2, h 3, w 3: 256 of 1,536 cells drawn share one mean and one variance; "
        "in the whole tensor 256 cells."
    )


def test_of_sequences_that_differ_in_length_only_the_steps_that_exist_are_counted():
    lengths, shape = [5, 3, 1], (3, 5, 4)
    assert box_size(family(Rule("NTD", "N"), shape, (0, 4, 0)), lengths) == 1
    assert box_size(family(Rule("NTD", "N"), shape, (0, 0, 0)), lengths) == 3
    assert box_size(family(Rule("NTD", "D"), shape, (0, 4, 0)), lengths) == 4
    assert box_size(family(Rule("NTD", "TD"), shape, (1, 0, 0)), lengths) == 12


@few
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.data())
def test_of_such_sequences_both_sentences_count_the_cells_drawn_that_exist(lengths, data):
    shape = (len(lengths), 6, 4)
    there = {(n, t, d) for n, t, d in np.ndindex(*shape) if t < lengths[n]}
    shown = Shown(shape, tuple(spread(size, data.draw(st.integers(1, size))) for size in shape))
    drawn = there & {c for c in np.ndindex(*shape) if all(i in part for i, part in zip(c, shown.indices, strict=True))}
    told = shown.told(lengths)
    assert f"{len(drawn):,} of {len(there):,} cells" in told or told == f"All {len(there):,} cells are drawn."
    assert f" of {len(drawn):,} cells drawn" in describe("X", Rule("NTD", "N"), shown, (0, 0, 0), lengths)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: layout_of((3,)), r"A tensor is \[N, C, H, W\].* got \[3\]\. Choose"),
        (lambda: Rule("ND", "H"), r"must be axes of the tensor; got \['H'\] for ND\. Tick"),
        (lambda: Rule("NCHW", "HW", groups=2), r"must be averaged over; got 2 groups .* Tick C as well"),
        (lambda: tally(rule_for(Norm.GN, "NCHW", 4), (1, 6, 2, 2)), r"got 6 channels in 4 groups\. Use one of 1, 2, 3"),
        (lambda: tally(rule_for(Norm.GN, "NCHW"), (4, 6)), r"This rule is for NCHW; got .*\[4, 6\]"),
        (lambda: rule_for(Norm.IN, "ND"), r"each value would be its own mean\. Choose one of bn, ln"),
        (lambda: rule_for(Norm.NONE, "NCHW"), r"leaves the values as they are"),
        (lambda: family(Rule("ND", "N"), (4, 6), (4, 0)), r"got \[4, 0\] in \[4, 6\]\. Click a cell"),
        (lambda: Shown((4097, 1), (tuple(range(4097)), (0,))), rf"At most {MAX_SHOWN:,} cells .* got 4,097\. Show"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_rule_what_it_got_and_what_to_do(attempt, message):
    with pytest.raises(AxesError, match=message):
        attempt()
