"""The fast layers are torch.nn's over options, shapes, layouts and dtypes: by hypothesis, and one by one."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.nets import fast
from tests.core.nets.held_against_torch import BATCH, LAYOUTS, MANY, SIDE, Case, assert_as_torchs, values

DTYPES = st.sampled_from([torch.float64] * 4 + [torch.float32] * 2 + [torch.bfloat16, torch.float16])


@st.composite
def cases(draw: st.DrawFn, kind: str) -> Case:
    layer = draw(layers(kind))
    channels = max(1, channels_of(layer) + draw(st.sampled_from([0] * 9 + [-1, 1])))  # also what it was not made for
    seed, dtype = draw(st.integers(0, 99)), draw(DTYPES)
    frozen = draw(st.booleans() if draw(st.integers(0, 3)) == 0 else st.just(False)), draw(st.integers(0, 4)) == 0
    for place, parameter in enumerate(layer.parameters()):
        parameter.data = 0.5 + values(*parameter.shape, seed=seed + 9 + place).abs()
        parameter.requires_grad_(not frozen[1])
    layer.to(dtype if draw(st.integers(0, 9)) else torch.float32)  # mixed: some of torch.nn's layers take that, too
    layer.train(draw(st.integers(0, 3)) > 0)
    H, W = draw(st.tuples(SIDE, SIDE))
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) and draw(st.booleans()):
        H, W = 2 * H, 2 * W
    X = values(draw(MANY), channels, H, W, seed=seed, dtype=dtype) + draw(st.sampled_from([0, 3]))
    layouts = draw(st.sampled_from(list(LAYOUTS))), draw(st.sampled_from(list(LAYOUTS)))
    return Case(layer, X, layouts, frozen, seed)


ONE_OR_EACH = [1, (1, 1), 2, (2, 2), (2, 1), 3]
STATISTICS = {"eps": [0.1, 1e-3, 0.0], "affine": [True, False], "momentum": [None, 0.5, 0, 1]}
KINDS: dict[str, type[nn.Module]] = {
    "max": fast.MaxPool2d,
    "average": fast.AvgPool2d,
    "batch": fast.BatchNorm2d,
    "instance": fast.InstanceNorm2d,
    "group": fast.GroupNorm,
    "convolution": fast.Conv2d,
}
USUAL: dict[str, dict[str, Any]] = {  # with these, and many images of even sides that lie last, all are shortcuts
    "max": {"kernel_size": 2},
    "average": {"kernel_size": 2},
    "batch": {"num_features": 2},
    "instance": {"num_features": 2, "affine": True},
    "group": {"num_groups": 2, "num_channels": 4},
    "convolution": {"in_channels": 2, "out_channels": 4, "kernel_size": (3, 2)},
}
OTHERS: dict[str, dict[str, list[Any]]] = {
    "max": {
        "kernel_size": ONE_OR_EACH,
        "stride": ONE_OR_EACH,
        "padding": [(0, 0), 1, (1, 0)],
        "dilation": ONE_OR_EACH,
        "return_indices": [True],
        "ceil_mode": [True],
    },
    "average": {
        "kernel_size": ONE_OR_EACH,
        "stride": ONE_OR_EACH,
        "padding": [(0, 0), 1, (1, 0)],
        "ceil_mode": [True],
        "count_include_pad": [False],
        "divisor_override": [1, 3, 4],
    },
    "batch": {"num_features": [1, 3], "track_running_stats": [False], **STATISTICS},
    "instance": {"num_features": [1, 3], "track_running_stats": [True], **STATISTICS},
    "group": {"num_groups": [1, 4], "eps": STATISTICS["eps"], "affine": [False]},
    "convolution": {
        "in_channels": [1, 6, 16],
        "out_channels": [2, 18],
        "kernel_size": [1, (1, 4), 3],
        "stride": [2, (1, 2)],
        "padding": [1, (0, 2), "same", "valid", -1],
        "dilation": [2, (1, 2)],
        "groups": [2],
        "bias": [False],
        "padding_mode": ["reflect", "circular"],
    },
}


def build(kind: str, **others: Any) -> nn.Module:
    return KINDS[kind](**USUAL[kind] | others)


def channels_of(layer: nn.Module) -> int:
    names = ("num_features", "num_channels", "in_channels")
    return next((getattr(layer, name) for name in names if hasattr(layer, name)), 2)


# A dilated window may be nothing but padding, for which torch.nn writes where it must not; groups divide channels.
IMPOSSIBLE = {"max": {"padding", "dilation"}, "convolution": {"in_channels", "groups"}}


@st.composite
def layers(draw: st.DrawFn, kind: str) -> nn.Module:
    """With up to two options that are not the usual ones: with all of them drawn, hardly any would be a shortcut."""
    names = draw(st.lists(st.sampled_from(sorted(OTHERS[kind])), max_size=2, unique=True))
    if {*names} == IMPOSSIBLE.get(kind):
        names.pop()
    return build(kind, **{name: draw(st.sampled_from(OTHERS[kind][name])) for name in names})


SAID_ONCE = pytest.mark.filterwarnings("ignore:Using padding='same'")  # so that one of two would not hear it


@SAID_ONCE
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100)
@given(data=st.data())
def test_every_layer_is_torchs_whatever_its_options_and_its_input(kind, data):
    assert_as_torchs(data.draw(cases(kind)))


@SAID_ONCE
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=600)
@given(data=st.data())
def test_every_layer_is_torchs_in_many_more_cases(kind, data):
    assert_as_torchs(data.draw(cases(kind)))


ONE_BY_ONE = [(kind, {name: value}) for kind in KINDS for name in OTHERS[kind] for value in OTHERS[kind][name]]
TWO_AT_ONCE = [(kind, {"kernel_size": 3, "stride": 2}) for kind in ("max", "average", "convolution")]
TWO_AT_ONCE.append(("convolution", {"padding": 1, "padding_mode": "reflect"}))


@SAID_ONCE
@pytest.mark.parametrize(("kind", "others"), ONE_BY_ONE + TWO_AT_ONCE, ids=str)
def test_every_option_counts_where_all_else_suits_a_shortcut(kind, others):
    layer = build(kind, **others).double()
    X = values(BATCH, channels_of(layer), 6, 8)
    assert_as_torchs(Case(layer, X, ("last", "last"), (False, False), 0))


SHAPES = [
    (0, 4, 4),
    (2, 0, 4),
    (2, 4, 0),
    (2, 1, 1),
    (2, 4, 1),
    (2, 5, 4),
    (2, 4, 5),
    (1, 4, 4),
    (3, 4, 4),
    (4, 4),
    (2,),
    (2, 2, 4, 4),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_shape_is_taken_or_refused_as_torch_does(kind, shape):
    for layer in (build(kind).double(), build("convolution", groups=2).double() if kind == "convolution" else None):
        if layer is not None:
            X = values(BATCH, *shape)
            assert_as_torchs(Case(layer, X, ("last" if X.ndim == 4 and X.numel() else "first",) * 2, (False, False), 0))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_may_lie_in_any_layout(kind, layout):
    layer = build(kind).double()
    assert_as_torchs(Case(layer, values(BATCH, channels_of(layer), 4, 6), ("last", layout), (False, False), 0))


@pytest.mark.parametrize("layout", ["channels last", "columns first", "loose"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_other_layouts_all_is_torchs_also_the_layout_of_what_comes_out(kind, layout):
    layer = build(kind).double()
    X = LAYOUTS[layout](values(BATCH, channels_of(layer), 4, 6))
    ours, theirs = layer(X), fast.plain(layer)(X)
    assert torch.equal(ours, theirs)
    assert ours.stride() == theirs.stride()


@pytest.mark.parametrize("kind", ["batch", "instance", "group"])
def test_a_constant_is_normalized_without_eps_as_torch_does(kind):
    layer = build(kind, eps=0.0).double()
    assert_as_torchs(
        Case(layer, torch.ones(BATCH, channels_of(layer), 2, 2).double(), ("last", "last"), (False, False), 0)
    )
