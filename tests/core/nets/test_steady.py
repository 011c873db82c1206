"""nets/steady.py: torch.nn's layers, and the same numbers whatever the number of threads."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets import fast, steady
from core.nets.lenet import build_lenet
from tests.core.nets.held_against_torch import ARMS, Case, assert_as_torchs, assert_same, gradients, values

THREADS = (1, 2, 3, 4, 8)  # more than there are cores will do: what counts is how work is shared out


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The number of threads, after; two meanwhile, since with one all is torch.nn's."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


# torch.nn's layers

FEATURES = 5
LAYERS: dict[str, tuple[Callable[..., nn.Module], dict[str, list[Any]]]] = {
    "linear": (steady.Linear, {"out_features": [3, 40], "bias": [True, True, False]}),
    "batch": (
        steady.BatchNorm1d,
        {
            "eps": [1e-3, 0.1],
            "momentum": [0.1, 0.5, None, 0, 1],
            "affine": [True, True, False],
            "track_running_stats": [True, True, False],
        },
    ),
    "layer": (
        steady.LayerNorm,
        {"eps": [1e-3, 0.1], "elementwise_affine": [True, True, False], "bias": [True, True, False]},
    ),
    "sigmoid": (lambda _: steady.Sigmoid(), {}),
}
ROWS = st.sampled_from([0, 1, 2, 3, 40, 256, 257, 600])


@st.composite
def cases(draw: st.DrawFn, kind: str) -> Case:
    make, options = LAYERS[kind]
    layer = make(FEATURES, **{name: draw(st.sampled_from(choices)) for name, choices in options.items()})
    seed = draw(st.integers(0, 99))
    dtype = draw(st.sampled_from([torch.float64, torch.float64, torch.float32, torch.bfloat16]))
    for place, parameter in enumerate(layer.parameters()):
        parameter.data = 0.5 + values(*parameter.shape, seed=seed + place).abs()
    layer.to(dtype if draw(st.integers(0, 9)) else torch.float32)
    layer.train(draw(st.integers(0, 3)) > 0)
    shape = draw(ROWS), FEATURES + draw(st.sampled_from([0] * 9 + [1]))
    if draw(st.integers(0, 5)) == 0:
        shape = (3, *shape) if draw(st.booleans()) else shape[1:]
    frozen = draw(st.integers(0, 4)) == 0, draw(st.integers(0, 4)) == 0
    for parameter in layer.parameters():
        parameter.requires_grad_(not frozen[1])
    layouts = draw(st.sampled_from(["first", "loose"])), draw(st.sampled_from(["first", "loose"]))
    return Case(layer, values(*shape, seed=seed, dtype=dtype), layouts, frozen, seed)


@pytest.mark.parametrize("kind", LAYERS)
@settings(max_examples=75)
@given(data=st.data())
def test_every_layer_is_torchs_whatever_its_options_and_its_input(kind, data):
    assert_as_torchs(data.draw(cases(kind)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
@settings(max_examples=300)
@given(data=st.data())
def test_every_layer_is_torchs_in_many_more_cases(kind, data):
    assert_as_torchs(data.draw(cases(kind)))


ROWS_OF_MANY, IMAGES_OF_MANY = [(182, 181), (2, 26_880)], [(1, 1, 181, 182), (32, 6, 24, 24)]  # all above SHARED


@pytest.mark.parametrize(
    ("shape", "layout"),
    [(shape, layout) for shape in ROWS_OF_MANY + IMAGES_OF_MANY for layout in ("first", "loose")]
    + [(shape, "last") for shape in IMAGES_OF_MANY],
)
def test_a_sigmoid_of_many_values_is_torchs(shape, layout):
    X = 8 * values(*shape, dtype=torch.float32)
    assert X.numel() > steady.SHARED
    assert_as_torchs(Case(steady.Sigmoid(), X, (layout, layout), (False, False), 0))


@pytest.mark.parametrize("images", [1, 2, 31, 32])
@pytest.mark.parametrize("layouts", [("first", "first"), ("last", "first"), ("loose", "last")], ids=str)
@pytest.mark.parametrize("channels", [2, 16])
def test_a_convolution_that_is_torchs_has_torchs_gradients(images, layouts, channels):
    X = values(images, channels, 6, 5)
    assert_as_torchs(Case(fast.Conv2d(channels, 4, (3, 2), padding=1).double(), X, layouts, (False, False), 0))


def test_what_a_sigmoid_gives_may_be_written_to():
    X = values(300, 300).requires_grad_()
    Y = steady.Sigmoid()(X)
    Y.mul_(2)
    assert torch.equal(Y, 2 * torch.sigmoid(X))


def test_few_values_are_torchs_bit_for_bit():
    X, layer = values(100, 120, dtype=torch.float32), steady.Linear(120, 84)
    assert torch.equal(steady.Sigmoid()(X), torch.sigmoid(X))
    assert torch.equal(layer(X), fast.plain(layer)(X))


# The number of threads


def each(compute: Callable[[], list[Tensor]]) -> Iterator[list[Tensor]]:
    """What is computed with each number of threads."""
    for count in THREADS:
        torch.set_num_threads(count)
        yield compute()
        assert torch.get_num_threads() == count


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param({"pool": "avg", "activation": "tanh"}, marks=pytest.mark.slow),
        {"depth": 12, "activation": "relu"},
    ],
    ids=str,
)
@pytest.mark.parametrize("images", [16, 100, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 31, 32, 1000))])
def test_a_networks_gradients_are_the_same_bit_for_bit_with_any_number_of_threads(arm, settings, images):
    config = ExperimentConfig(data="digits", examples=1437, batch_size=images, **settings)
    model, X = build_lenet(parse_arm(arm), config), values(images, 1, 28, 28, dtype=torch.float32)
    dY = values(images, 10, dtype=torch.float32)
    first, *others = each(lambda: [*gradients(twin := copy.deepcopy(model), X, dY), *twin.buffers()])
    for other in others:
        assert_same(other, first, 0)


LARGE: list[tuple[nn.Module, tuple[int, ...]]] = [
    (steady.Sigmoid(), (97, 6, 24, 24)),
    (steady.Linear(256, 120), (1024, 256)),
    (steady.Linear(256, 120), (1, 256)),
    (steady.BatchNorm1d(120), (1000, 120)),
    (steady.LayerNorm(120), (1000, 120)),
    (fast.Conv2d(16, 16, 3, padding=1), (100, 16, 8, 8)),
    (fast.Conv2d(6, 16, 5), (31, 6, 12, 12)),
]


@pytest.mark.parametrize(("layer", "shape"), LARGE, ids=lambda what: str(what)[:30])
def test_a_layers_gradients_are_the_same_bit_for_bit_with_any_number_of_threads(layer, shape):
    X = values(*shape, dtype=torch.float32)
    dY = torch.randn_like(layer(X))
    first, *others = each(lambda: gradients(layer, X, dY))
    for other in others:
        assert_same(other, first, 0)


def test_the_number_of_threads_is_as_before_also_after_an_error():
    torch.set_num_threads(3)
    with pytest.raises(ZeroDivisionError), steady.threads(1):  # noqa: PT012
        assert torch.get_num_threads() == 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3
