"""A fast layer held against its torch.nn class: what it is given, all that comes out, and by how much it may differ.

values           random numbers
LAYOUTS          how [N, C, H, W] may lie in memory
Case             a layer and its input
results          outputs, first and second gradients, buffers, or the error
assert_as_torchs bit for bit, or close where torch.nn's layers do as well
gradients        Y and the first gradients only
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from core.experiment.config import ExperimentConfig
from core.nets import fast

BATCH = fast.MANY_IMAGES  # as few as have their images last
FEW = 8
CONFIG = ExperimentConfig(data="digits", examples=1437, batch_size=BATCH, epochs=1)
ARMS = ["none", "bn", "ln", "in", "gn", "rms", "bn:book"]


def values(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


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


def gradients(layer: nn.Module, X: Tensor, dY: Tensor) -> list[Tensor]:
    """Y, and the gradients of X and of the parameters."""
    x = X.clone().requires_grad_()
    Y = layer(x)
    return [Y.detach(), *torch.autograd.grad(Y, [x, *layer.parameters()], dY)]


MANY = st.sampled_from([BATCH, BATCH, BATCH + 1, BATCH - 1, 1, 0])
SIDE = st.integers(1, 6)
