"""The fast layers are torch.nn's however they are used, one by one what hypothesis would not find.

Hooks, autocast, torch.func, values that are no numbers, layouts that PyTorch itself is wrong for.
"""

import copy
import io
import math
import pickle
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.utils._python_dispatch import TorchDispatchMode

from core.nets import fast
from tests.core.nets.held_against_torch import (
    BATCH,
    assert_same,
    gradients,
    values,
)

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


@contextmanager
def coarse_products(operation: Any) -> Iterator[None]:
    """As torch.set_float32_matmul_precision("medium") has it; on processors that can multiply bfloat16s."""
    operation.fp32_precision = "bf16"
    try:
        yield
    finally:
        operation.fp32_precision = "none"


def with_coarse_matrix_products(layer: nn.Module, X: Tensor) -> Any:
    with coarse_products(torch.backends.mkldnn.matmul):
        return trained_in_single(layer, X)


def with_coarse_convolutions(layer: nn.Module, X: Tensor) -> Any:
    with coarse_products(torch.backends.mkldnn.conv):
        return trained_in_single(layer, X)


def with_coarse_products_only_backward(layer: nn.Module, X: Tensor) -> Any:
    X = X.detach().float().requires_grad_()
    Y = layer.float()(X)
    with coarse_products(torch.backends.mkldnn.matmul):
        return torch.autograd.grad(Y.square().sum(), [X, *layer.parameters()])


def trained_in_single(layer: nn.Module, X: Tensor) -> Any:
    X = X.detach().float().requires_grad_()
    Y = layer.float()(X)
    return Y, *torch.autograd.grad(Y.square().sum(), [X, *layer.parameters()])


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


IN_SINGLE = [with_coarse_matrix_products, with_coarse_convolutions, with_coarse_products_only_backward]
USES: list[Use] = [
    in_bfloat16,
    backward_in_bfloat16,
    with_coarse_matrix_products,
    with_coarse_convolutions,
    with_coarse_products_only_backward,
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
        bound = {in_bfloat16: 0.02, backward_in_bfloat16: 1e-4} | dict.fromkeys(IN_SINGLE, 1e-4)
        assert_same(outcome(use, ours, x), outcome(use, fast.plain(theirs), X), bound.get(use, 1e-8))


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
