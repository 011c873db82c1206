"""A fast Sequential is torch.nn's, also where what max pooling drops is not sent through the activation before it."""

import copy
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.experiment.arm import parse_arm
from core.nets import fast, steady
from core.nets.lenet import build_lenet
from core.probes.watch import watch
from tests.core.nets.held_against_torch import (
    ARMS,
    BATCH,
    CONFIG,
    LAYOUTS,
    MANY,
    SIDE,
    Case,
    assert_as_torchs,
    assert_same,
    gradients,
    values,
)


class Falling(nn.Sigmoid):
    def forward(self, X: Tensor) -> Tensor:
        return super().forward(-X)


ACTIVATIONS = [nn.Sigmoid, nn.Tanh, nn.ReLU, lambda: nn.ReLU(inplace=True), nn.Softsign, nn.GELU, Falling]
POOLS = [{}, {"stride": 1}, {"padding": 1}, {"ceil_mode": True}]
NEXT = {
    "nothing": [],
    "flatten": [nn.Flatten(1)],
    "convolution": [fast.Conv2d(2, 1, 1)],
    "relu": [nn.ReLU(inplace=True)],
}


@settings(max_examples=200)
@given(
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(POOLS),
    st.sampled_from([*NEXT]),
    st.tuples(MANY.filter(bool), SIDE, SIDE),
    st.sampled_from([*LAYOUTS]),
    st.integers(0, 99),
)
def test_a_sequence_is_torchs_also_where_pooling_goes_first(activation, pool, then, shape, layout, seed):
    """But for ties by rounding, which double precision hardly has."""
    (N, h, w), layers = shape, [activation(), fast.MaxPool2d(2, **pool), *NEXT[then]]
    X = values(N, 2, 2 * h, 2 * w, seed=seed)
    ours = fast.Sequential(nn.BatchNorm2d(2), *layers).double()
    assert_as_torchs(Case(ours, X, (layout, "first"), (False, False), seed))


@pytest.fixture
def squashed(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """The shapes that sigmoids are given."""
    shapes = []

    def noting(kind: type[nn.Sigmoid], forward):
        def note(self: nn.Sigmoid, X: torch.Tensor) -> torch.Tensor:
            own = steady.Sigmoid if isinstance(self, steady.Sigmoid) else nn.Sigmoid  # which may call the other
            shapes.extend([X.shape] * (own is kind))
            return forward(self, X)

        return note

    for kind in (nn.Sigmoid, steady.Sigmoid):
        monkeypatch.setattr(kind, "forward", noting(kind, kind.forward))
    return shapes


def test_an_activation_is_given_only_what_max_pooling_leaves(squashed):
    X, conv = values(BATCH, 2, 4, 6), fast.Conv2d(2, 3, 1).double()
    for layers, size in (
        ([nn.Sigmoid(), fast.MaxPool2d(2), conv], (2, 3)),
        ([nn.Sigmoid(), fast.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 1).double()], (2, 3)),
        ([nn.Sigmoid(), fast.MaxPool2d(2)], (4, 6)),  # whoever gets it may write into it
        ([nn.Sigmoid(), fast.MaxPool2d(2), nn.ReLU(inplace=True)], (4, 6)),
        ([nn.Sigmoid(), fast.AvgPool2d(2), conv], (4, 6)),
        ([nn.Sigmoid(), nn.MaxPool2d(2), conv], (4, 6)),
        ([nn.Sigmoid(), fast.MaxPool2d(2, stride=1), conv], (4, 6)),
        ([Falling(), fast.MaxPool2d(2), conv], (4, 6)),
    ):
        fast.Sequential(*layers)(X)
        assert squashed == [(BATCH, 2, *size)]
        squashed.clear()


HOOKS = {
    "forward_pre_hook": None,
    "full_backward_pre_hook": None,
    "full_backward_hook": None,
    "forward_hook": None,
    "forward_hook, that changes the output": lambda module, inputs, output: 1 - output,
}


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("kind", HOOKS)
def test_whoever_hooks_an_activation_or_its_pooling_meets_torchs_order(kind, place, looks):
    ours, X = fast.Sequential(nn.Sigmoid(), fast.MaxPool2d(2), fast.Conv2d(2, 1, 1)).double(), values(BATCH, 2, 4, 4)
    found = []
    for sequence in (ours, fast.plain(ours)):
        seen: list[Tensor] = []
        hook = HOOKS[kind] or partial(note, seen)
        if looks and kind == "forward_hook":
            hook = fast.only_looks(hook)
        getattr(sequence[place], f"register_{kind.split(',')[0]}")(hook)
        found.append([*gradients(sequence, X, values(BATCH, 1, 2, 2)), *seen])
    assert_same(*found, 1e-12)


def note(seen: list[Tensor], module: nn.Module, *given: Tensor | tuple[Tensor, ...]) -> None:
    seen += [each.detach() for some in given for each in (some if isinstance(some, tuple) else (some,))]


def test_an_activation_in_place_is_in_place():
    sequence = fast.Sequential(nn.ReLU(inplace=True), fast.MaxPool2d(2), fast.Conv2d(2, 1, 1)).double()
    X = values(BATCH, 2, 4, 4)
    sequence(X)
    assert torch.equal(X, values(BATCH, 2, 4, 4).relu())


def test_a_hook_on_all_modules_and_a_forward_of_its_own_keep_torchs_order(squashed):
    layers, X = fast.Sequential(nn.Sigmoid(), fast.MaxPool2d(2), fast.Conv2d(2, 1, 1)).double(), values(BATCH, 2, 4, 4)
    handle = nn.modules.module.register_module_forward_hook(lambda module, inputs, output: None)
    layers(X)
    handle.remove()
    layers(X)
    assert squashed == [(BATCH, 2, 4, 4), (BATCH, 2, 2, 2)]
    layers[0].forward = torch.neg
    torch.testing.assert_close(layers(X), layers[2](layers[1](-X)))


@pytest.mark.parametrize("arm", ARMS)
def test_a_watch_sees_all_values_of_an_activation_and_changes_no_bit(arm, squashed):
    model, X = build_lenet(parse_arm(arm), CONFIG), values(BATCH, 1, 28, 28).float()
    twin, dY = copy.deepcopy(model), values(BATCH, 10).float()
    expected = gradients(model, X, dY)
    squashed.clear()
    with watch(twin) as seen:
        assert_same(gradients(twin, X, dY), expected, 0)
    assert squashed[:2] == [(BATCH, 6, 24, 24), (BATCH, 6, 12, 12)]  # all of them to be looked at, and what went on
    assert torch.equal(seen.layers["conv1"].stages["activated"], torch.sigmoid(seen.layers["conv1"].stages["scaled"]))
