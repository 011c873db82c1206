"""What every shortcut past torch.nn assumes, and what is done where it does not hold.

are_ordinary          whether tensors are what a shortcut can read, and PyTorch runs operations as they come
is_ordinary_gradient  the same for the gradient that comes back
torch_gradients       the gradients of torch.nn's own function, which are right for whatever is asked of them
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

Context = Any  # what an autograd Function's forward leaves for its backward

_KINDS = (Tensor, nn.Parameter)  # and no subclass of them: what its operations do is its own affair
_DTYPES = (torch.float32, torch.float64)  # coarser ones are summed up by torch.nn in finer ones


def are_ordinary(X: Tensor, *others: Tensor | None) -> bool:
    """Whether all these tensors are there, dense floats of one dtype on the CPU, and nothing comes in between."""
    if X.device.type != "cpu" or _is_intercepted():
        return False
    for each in (X, *others):
        if each is None or type(each) not in _KINDS or each.dtype is not X.dtype or _keys(each) not in _DENSE:
            return False
    return X.dtype in _DTYPES


def is_ordinary_gradient(dY: Tensor) -> bool:
    """Whether it is one gradient, not a batch of them, and products and sums are not coarser than it just now.

    Of all else that could come in between, forward has made sure.
    """
    coarse = torch.is_autocast_enabled("cpu") or _rounds_coarsely("matmul") or _rounds_coarsely("conv")
    return _keys(dY) in _DENSE and not coarse


def _keys(X: Tensor) -> int:
    """Which of PyTorch's dispatchers see an operation on X: those of its device, and of all that X is besides values.

    Sparse, quantized, negated by a sign bit, standing for a whole batch, for no values: each has a key of its own.
    """
    return torch._C._dispatch_keys(X).raw_repr()


def _dense_keys() -> set[int]:
    with torch.inference_mode():
        frozen = _keys(torch.empty(0, device="cpu"))
    return {frozen, _keys(torch.empty(0, device="cpu"))}


_DENSE = _dense_keys()


def _is_intercepted() -> bool:
    """Whether somebody casts, rounds, transforms, records or compiles the operations, and would meet other ones."""
    return (
        torch.compiler.is_compiling()
        or torch.is_autocast_enabled("cpu")
        or _rounds_coarsely("matmul")
        or _rounds_coarsely("conv")
        or torch._C._are_functorch_transforms_active()  # torch.func, and gradients in batches
        or forward_ad._current_level >= 0  # gradients forward
        or torch._C._len_torch_dispatch_stack() > 0  # fake tensors, make_fx, counting of operations
        or torch._C._get_tracing_state() is not None
    )


def _rounds_coarsely(operation: str) -> bool:
    """Whether float32 may be multiplied as bfloat16 or TF32 there (torch.set_float32_matmul_precision and its like).

    torch.nn's convolutions heed the one setting and products of matrices the other, so a shortcut would change sides.
    """
    return torch._C._get_fp32_precision_getter("mkldnn", operation) in ("bf16", "tf32")


def torch_gradients(
    function: Callable[..., Tensor], inputs: tuple[Tensor, ...], wanted: tuple[bool, ...], dY: Tensor
) -> list[Tensor | None]:
    """The gradients of torch.nn's `function` for what is wanted of `inputs`; they can be differentiated again."""
    again = torch.is_grad_enabled()  # create_graph=True
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        aliases = [each.view_as(each) for each in inputs]  # the hooks of the tensors themselves have their own turn
        Y = function(*aliases)
    asked = [alias for alias, is_wanted in zip(aliases, wanted, strict=True) if is_wanted]
    found = iter(torch.autograd.grad(Y, asked, dY, create_graph=again))
    return [next(found) if is_wanted else None for is_wanted in wanted]
