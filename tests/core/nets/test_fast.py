"""The faster layers are torch.nn's, whatever is asked of them: each is held against its torch.nn class.

First by hypothesis, over options, shapes, layouts and dtypes: outputs, first and second gradients, running statistics.
Then one by one what hypothesis would not find: hooks, autocast, torch.func, values that are no numbers. Then LeNet.
"""

from __future__ import annotations

import copy
import io
import math
import pickle
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets import fast
from core.nets.lenet import build_lenet
from core.probes.watch import watch

BATCH = fast.MANY_IMAGES  # as few as have their images last
FEW = 8
CONFIG = ExperimentConfig(data="digits", examples=1437, batch_size=BATCH, epochs=1)
ARMS = ["none", "bn", "ln", "in", "gn", "rms", "bn:book"]


def values(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


# --- any layer, any input ----------------------------------------------------------------------------------------


def _loose(X: Tensor) -> Tensor:
    """Every second column of a wider tensor."""
    return torch.stack([X, X], -1).flatten(-2)[..., ::2]


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "first": Tensor.contiguous,
    "last": lambda X: fast.images_last(X) if len(X) else X,
    "channels last": lambda X: X.contiguous(memory_format=torch.channels_last),
    "columns first": lambda X: X.transpose(2, 3).contiguous().transpose(2, 3),
    "loose": _loose,
}
BOUNDS = {torch.float64: 1e-8, torch.float32: 1e-3}  # of the largest value; others are torch.nn's, bit for bit


@dataclass(frozen=True)
class Case:
    """A layer of core.nets.fast and what it is given."""

    layer: nn.Module
    X: Tensor
    layouts: tuple[str, str]  # of X and of the gradient of Y
    frozen: tuple[bool, bool]  # whether X and whether the parameters have no gradient
    seed: int


def results(layer: nn.Module, case: Case, layouts: tuple[str, str]) -> list[Tensor] | str:
    """All that comes out, or the error: Y, gradients, gradients of a weighted sum of those, buffers.

    Twice in a row, since some running statistics depend on how often they were updated.
    """
    found: list[Tensor] = []
    try:
        with torch.no_grad():
            found += out if isinstance(out := layer(LAYOUTS[layouts[0]](case.X + 1)), tuple) else (out,)
        x = LAYOUTS[layouts[0]](case.X).detach().requires_grad_(not case.frozen[0])
        Y, *others = out if isinstance(out := layer(x), tuple) else (out,)
        found += [Y, *others, *_gradients(layer, x, Y, LAYOUTS[layouts[1]], case.seed)]
    except (RuntimeError, ValueError, IndexError, UserWarning) as error:
        return f"After {len(found)} results {type(error).__name__}: {error}"
    return [each.detach().clone() for each in (*found, *layer.buffers())]


def _gradients(layer: nn.Module, x: Tensor, Y: Tensor, lay: Callable[[Tensor], Tensor], seed: int) -> list[Tensor]:
    inputs = [each for each in (x, *layer.parameters()) if each.requires_grad]
    if not inputs:
        return []
    dY = lay(values(*Y.shape, seed=seed + 1, dtype=Y.dtype))
    once = torch.autograd.grad(Y, inputs, dY, retain_graph=True)
    dY = dY.detach().requires_grad_()
    again = torch.autograd.grad(Y, inputs, dY, create_graph=True)
    weighted = sum((each * values(*each.shape, seed=seed + 2, dtype=each.dtype)).sum() for each in again)
    twice = torch.autograd.grad(weighted, [dY, *inputs], materialize_grads=True)
    return [*once, *again, *twice]


def assert_as_torchs(case: Case) -> None:
    """Bit for bit torch.nn's for the same layouts; or close to what that computes where images and gradients lie first.

    To torch.nn's for the same layouts it need not be close: elsewhere, there are errors among those.
    """
    ours, theirs = results(copy.deepcopy(case.layer), case, case.layouts), fast.plain(case.layer)
    usual = results(copy.deepcopy(theirs), case, ("first", "first"))
    try:
        assert_same(ours, results(theirs, case, case.layouts), 0)
    except AssertionError:
        assert_same(ours, usual, BOUNDS.get(case.X.dtype, 0))


def assert_same(ours: list[Tensor] | str, theirs: list[Tensor] | str, bound: float) -> None:
    """Errors in the same words; numbers within `bound` of the largest of them."""
    assert isinstance(ours, str) == isinstance(theirs, str), (ours, theirs)
    if isinstance(ours, str) or isinstance(theirs, str):
        assert ours == theirs
        return
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        largest = float(b.nan_to_num(0, 0, 0).abs().max()) if b.numel() else 0.0
        torch.testing.assert_close(a, b, rtol=0, atol=bound * max(1.0, largest), equal_nan=True)


MANY = st.sampled_from([BATCH, BATCH, BATCH + 1, BATCH - 1, 1, 0])
SIDE = st.integers(1, 6)
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
@settings(max_examples=300)
@given(data=st.data())
def test_every_layer_is_torchs_whatever_its_options_and_its_input(kind, data):
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


# --- what hypothesis would not find ------------------------------------------------------------------------------

EACH = {
    "max": lambda: fast.MaxPool2d(2),
    "average": lambda: fast.AvgPool2d(2),
    "batch": lambda: fast.BatchNorm2d(3),
    "batch, evaluated": lambda: fast.BatchNorm2d(3).eval(),
    "group": lambda: fast.GroupNorm(3, 3),
    "instance": lambda: fast.InstanceNorm2d(3, affine=True),
    "convolution": lambda: fast.Conv2d(3, 4, 3),
    "network": lambda: fast.Sequential(
        fast.Conv2d(3, 4, 3), fast.GroupNorm(2, 4), nn.Sigmoid(), fast.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 5)
    ),
}
Use = Callable[[nn.Module, Tensor], Any]


def in_bfloat16(layer: nn.Module, X: Tensor) -> Any:
    X = X.detach().float().requires_grad_()  # doubles would stay what they are
    with torch.autocast("cpu", torch.bfloat16):
        Y = layer.float()(X)
        return Y, *torch.autograd.grad(Y.float().square().sum(), [X, *layer.parameters()])


def backward_in_bfloat16(layer: nn.Module, X: Tensor) -> Any:
    X = X.detach().float().requires_grad_()  # doubles would stay what they are
    Y = layer.float()(X)
    with torch.autocast("cpu", torch.bfloat16):
        return torch.autograd.grad(Y.square().sum(), [X, *layer.parameters()])


def many_gradients_at_once(layer: nn.Module, X: Tensor) -> Any:
    Y = layer(X)
    return torch.autograd.grad(Y, [X, *layer.parameters()], torch.stack([Y, 1 - Y]).detach(), is_grads_batched=True)


def forward_gradients(layer: nn.Module, X: Tensor) -> Any:
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(layer(forward_ad.make_dual(X.detach(), X.detach().cos()))).tangent


def mapped_over_batches(layer: nn.Module, X: Tensor) -> Any:
    return torch.func.vmap(layer)(torch.stack([X, X.cos()]))


def gradients_of_a_function(layer: nn.Module, X: Tensor) -> Any:
    return torch.func.grad(lambda X: layer(X).square().sum())(X.detach())


def gradients_of_a_function_of_something_else(layer: nn.Module, X: Tensor) -> Any:
    X = X.detach()
    return torch.func.grad(lambda factor: (factor * layer(X)).square().sum())(torch.ones(()).double())


def vectors_with_a_hessian(layer: nn.Module, X: Tensor) -> Any:
    return torch.autograd.functional.hvp(lambda X: layer(X).pow(3).sum(), X.detach(), X.detach().cos())


def without_a_graph(layer: nn.Module, X: Tensor) -> Any:
    with torch.inference_mode():
        return layer(X), layer(X.clone()), *layer.buffers()


def written_to(layer: nn.Module, X: Tensor) -> Any:
    Y = layer(X)
    Y[0] *= 2
    return torch.autograd.grad(torch.relu_(Y).square().sum(), [X, *layer.parameters()])


def kept_elsewhere(layer: nn.Module, X: Tensor) -> Any:
    """Such as on a disk: what comes back lies as PyTorch has it by itself."""
    with torch.autograd.graph.saved_tensors_hooks(
        lambda kept: kept.clone(memory_format=torch.contiguous_format), lambda X: X
    ):
        return torch.autograd.grad(layer(X).square().sum(), [X, *layer.parameters()])


def with_hooks_on_tensors(layer: nn.Module, X: Tensor) -> Any:
    Z = 1 * X
    for tensor in (Z, *layer.parameters()):
        tensor.register_hook(lambda gradient: 2 * gradient)
    return torch.autograd.grad(layer(Z).pow(3).sum(), [X, *layer.parameters()], create_graph=True)


def with_hooks_on_the_layer(layer: nn.Module, X: Tensor) -> Any:
    found: list[Tensor] = []
    layer.register_full_backward_hook(lambda module, of_inputs, of_outputs: found.extend([*of_inputs, *of_outputs]))
    layer.register_forward_hook(lambda module, inputs, output: 2 * output)
    torch.autograd.backward(layer(X).square().sum())
    return found


class Own(Tensor):
    """A tensor of somebody's own, who counts what is done with it."""

    counts: ClassVar[Counter[str]] = Counter()

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        cls.counts[getattr(function, "__name__", "")] += 1
        return super().__torch_function__(function, types, args, kwargs or {})


def of_a_class_of_its_own(layer: nn.Module, X: Tensor) -> Any:
    Own.counts.clear()
    assert type(layer(X.as_subclass(Own))) is Own
    return [
        torch.tensor(Own.counts[name]) for name in ("max_pool2d", "avg_pool2d", "batch_norm", "group_norm", "conv2d")
    ]


class Counting(TorchDispatchMode):
    """Counts the operations, which are to be torch.nn's."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.counts[str(operation)] += 1
        return operation(*args, **(kwargs or {}))


def counted(layer: nn.Module, X: Tensor) -> Any:
    with Counting() as counting:
        layer(X.detach().contiguous())
    return [torch.tensor(counting.counts[name]) for name in ("aten.convolution.default", "aten.maximum.default")]


def traced(layer: nn.Module, X: Tensor) -> Any:
    """For another process, and for other numbers of images."""
    X, file = X.detach(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated
        torch.jit.save(torch.jit.trace(layer, X, check_trace=False), file)
        file.seek(0)
        return torch.jit.load(file)(torch.cat([X, X.cos()]))


def without_values(layer: nn.Module, X: Tensor) -> Any:
    return torch.tensor(layer.to("meta")(X.to("meta")).shape)


USES: list[Use] = [
    in_bfloat16,
    backward_in_bfloat16,
    many_gradients_at_once,
    forward_gradients,
    mapped_over_batches,
    gradients_of_a_function,
    gradients_of_a_function_of_something_else,
    vectors_with_a_hessian,
    without_a_graph,
    written_to,
    kept_elsewhere,
    with_hooks_on_tensors,
    with_hooks_on_the_layer,
    of_a_class_of_its_own,
    counted,
    traced,
    without_values,
]


@pytest.mark.filterwarnings("ignore:`torch.jit")  # which PyTorch itself uses for forward gradients
@pytest.mark.parametrize("make", EACH.values(), ids=EACH)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_every_layer_is_torchs_however_it_is_used(use: Use, make: Callable[[], nn.Module]):
    X = values(BATCH, 3, 6, 6)
    theirs = make().double()
    for x in (X, fast.images_last(X)):
        ours = make().double()
        ours.load_state_dict(theirs.state_dict())
        bound = {in_bfloat16: 0.02, backward_in_bfloat16: 1e-4}.get(use, 1e-8)
        assert_same(outcome(use, ours, x), outcome(use, fast.plain(theirs), X), bound)


def outcome(use: Use, layer: nn.Module, X: Tensor) -> list[Tensor] | str:
    try:
        found = use(layer, X.clone().requires_grad_())
    except RuntimeError as error:
        return str(error)
    return [each.detach() for each in (found if isinstance(found, Sequence) else [found])]


@pytest.mark.parametrize("height", [1, 2])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_right_where_pytorchs_own_is_not(height, training):
    """Which is for the gradient of one low image: an axis of length 1 could have any stride, and it believes some."""
    X, dY = values(BATCH, 3, height, 1), values(BATCH, 3, height, 1, seed=1)
    odd = dY.contiguous(memory_format=torch.channels_last).as_strided(
        dY.shape, (3 * height, 1, 3 if height > 1 else 1, 1)
    )
    layer = fast.BatchNorm2d(3).double().train(training)
    expected = gradients(fast.plain(layer), X, dY)
    for x, gradient in ((X, dY), (fast.images_last(X), dY), (fast.images_last(X), fast.images_last(dY))):
        assert_same(gradients(layer, x, gradient), expected, 1e-8)
    if training:
        assert_same(gradients(layer, X, odd), expected, 1e-8)


def test_a_layer_of_torch_before_a_convolution_gets_gradients_that_lie_as_its_output():
    """PyTorch's instance norm is wrong for others, on maps with a height of 1."""
    layers = nn.Sequential(nn.InstanceNorm2d(1, affine=True), fast.Conv2d(1, 3, (1, 2))).double()
    X, dY = values(BATCH, 1, 1, 6), values(BATCH, 3, 1, 5)
    assert_same(gradients(layers, X, dY), gradients(fast.plain(layers), X, dY), 1e-8)


def gradients(layer: nn.Module, X: Tensor, dY: Tensor) -> list[Tensor]:
    """Y, and the gradients of X and of the parameters."""
    x = X.clone().requires_grad_()
    Y = layer(x)
    return [Y.detach(), *torch.autograd.grad(Y, [x, *layer.parameters()], dY)]


def test_options_that_are_changed_later_count():
    X = values(BATCH, 2, 6, 6)
    for layer, option, value in (
        (fast.MaxPool2d(2), "stride", 1),
        (fast.AvgPool2d(2), "divisor_override", 3),
        (fast.BatchNorm2d(2), "momentum", None),
        (fast.BatchNorm2d(2), "track_running_stats", False),
        (fast.Conv2d(2, 3, 3), "stride", (2, 2)),
    ):
        layer.double()(X)
        setattr(layer, option, value)
        theirs = fast.plain(layer)
        assert_same([layer(X).detach(), *layer.buffers()], [theirs(X).detach(), *theirs.buffers()], 1e-8)


@pytest.mark.parametrize("make", EACH.values(), ids=EACH)
def test_layers_are_copied_saved_and_loaded_as_torchs(make):
    ours = make()
    theirs = fast.plain(ours)
    assert type(copy.deepcopy(ours)) is type(pickle.loads(pickle.dumps(ours))) is type(ours)
    assert isinstance(ours, type(theirs))
    assert not isinstance(theirs, type(ours))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs(values(BATCH, 3, 6, 6).float())
    ours.load_state_dict(theirs.state_dict())
    assert_same([*ours.state_dict().values()], [*theirs.state_dict().values()], 0)


def test_what_torch_compiles_is_torchs(monkeypatch):
    """Compiling takes seconds, and is known by this sign."""
    conv, X = fast.Conv2d(2, 3, 3), values(BATCH, 2, 6, 6).float()
    assert fast.are_images_last(conv(X))
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert torch.equal(conv(X), fast.plain(conv)(X))


NO_NUMBERS = st.lists(st.tuples(st.integers(0, 15), st.sampled_from([math.nan, math.inf, -math.inf])), max_size=6)


@given(st.sampled_from([fast.MaxPool2d(2), fast.AvgPool2d(2)]), st.booleans(), NO_NUMBERS, NO_NUMBERS)
def test_pooling_is_torchs_for_equal_values_and_for_those_that_are_no_finite_numbers(pool, last, in_X, in_dY):
    X, dY = values(BATCH, 1, 4, 4).round(), values(BATCH, 1, 2, 2, seed=1)
    for tensor, odd in ((X, in_X), (dY, in_dY)):
        for place, value in odd:
            tensor.view(-1)[place] = value
    ours = gradients(pool, fast.images_last(X) if last else X, dY)
    assert_same(ours, gradients(fast.plain(pool), X, dY), 1e-15)


# --- pooling first -----------------------------------------------------------------------------------------------


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
    """The shapes that nn.Sigmoid is given."""
    shapes, forward = [], nn.Sigmoid.forward
    monkeypatch.setattr(nn.Sigmoid, "forward", lambda self, X: shapes.append(X.shape) or forward(self, X))
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


# --- LeNet -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", ["max", "avg"])
@pytest.mark.parametrize("arm", ["bn", "gn/ln", "in"])
def test_in_training_lenet_takes_every_shortcut(arm, pool, monkeypatch):
    """Without this, all tests above could hold for layers that are torch.nn's always."""
    model, X = build_lenet(parse_arm(arm), replace(CONFIG, pool=pool)), values(BATCH, 1, 28, 28).float()
    for kind in (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d):
        monkeypatch.setattr(kind, "forward", lambda self, X: pytest.fail(f"{type(self)} is torch.nn's"))
    torch.autograd.backward(model(X).sum())


def test_few_images_are_left_to_torch():
    model, X = build_lenet(parse_arm("bn"), CONFIG), values(BATCH - 1, 1, 28, 28).float()
    assert torch.equal(model(X), fast.plain(model)(X))
    assert model.conv1(X).is_contiguous()
    assert fast.are_images_last(model.conv1(X.repeat(2, 1, 1, 1)))


@pytest.mark.parametrize("norm", [fast.BatchNorm2d(2), fast.GroupNorm(1, 2)])
def test_norms_resolve_a_narrow_spread_far_from_zero(norm):
    X = (1000 + values(64, 2, 8, 8)).float()
    expected = fast.plain(norm).double()(X.double())
    assert (norm(fast.images_last(X)) - expected).abs().max() < 2e-3  # X itself has steps of 6e-5


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (5, 1, 1, 1), (4, 3, 2, 5), (0, 2, 3, 4)])
def test_images_last_is_the_same_tensor_in_another_order_of_memory(shape):
    X = values(*shape)
    last = fast.images_last(X)
    assert torch.equal(last, X)
    assert last.permute(1, 2, 3, 0).is_contiguous()
    assert torch.equal(fast.images_first(last), X)
    assert fast.images_first(last).is_contiguous()
    assert fast.images_last(last) is last or not fast.are_images_last(last)


# In double precision: over 100 steps, rounding alone moves a float32 loss by some thousandths, differently on each CPU.
@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("pool", ["max", pytest.param("avg", marks=pytest.mark.slow)])
def test_over_100_steps_the_losses_are_those_of_torchs_own_layers(arm, pool, digits: Images, monkeypatch):
    monkeypatch.setattr(fast, "MANY_IMAGES", FEW)  # for speed only
    ours = build_lenet(parse_arm(arm), replace(CONFIG, pool=pool)).double()
    theirs = fast.plain(ours)
    assert not any(type(module).__module__ == "core.nets.fast" for module in theirs.modules())
    assert losses(ours, digits, 100, FEW) == pytest.approx(losses(theirs, digits, 100, FEW), abs=1e-9)


@pytest.mark.parametrize("arm", ARMS)
def test_in_single_precision_the_first_losses_are_those_of_torchs_own_layers(arm, digits: Images):
    ours = build_lenet(parse_arm(arm), CONFIG)
    expected = losses(fast.plain(ours), digits, 3, BATCH)
    assert losses(ours, digits, 3, BATCH) == pytest.approx(expected, abs=1e-5)


def losses(model: nn.Module, data: Images, steps: int, batch: int) -> list[float]:
    optimizer, found = torch.optim.SGD(model.parameters(), lr=0.1), []
    for step in range(steps):
        rows = torch.arange(batch * step, batch * (step + 1)) % len(data.train_images)
        images = as_floats(data.train_images[rows]).to(next(model.parameters()).dtype)
        loss = F.cross_entropy(model(images), data.train_labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def test_the_plain_network_has_the_same_weights_and_leaves_the_fast_one_as_it_is():
    ours = build_lenet(parse_arm("bn"), CONFIG)
    theirs = fast.plain(ours)
    assert type(ours.pool1) is fast.MaxPool2d
    assert type(theirs.pool1) is nn.MaxPool2d
    assert type(theirs.conv1_norm) is nn.BatchNorm2d
    for name, values_ in ours.state_dict().items():
        assert torch.equal(values_, theirs.state_dict()[name])
