"""torch.nn's layers for the CPU, computing the same with any number of threads: Linear, BatchNorm1d, LayerNorm, Sigmoid
and the gradient of a convolution's weights.

An operation that shares a sum out among its threads rounds it differently for each number of them, and training makes
another network of that. What PyTorch shares out so within a LeNet was found by measuring (docs/decisions/0015): sums
over a mini-batch, and the ends of each thread's part of a sigmoid, which are not computed in vectors. Such sums are few
and small, so one thread does them. All other operations share out whole results, each of which one thread sums up.

As with core.nets.fast, each is torch.nn's class with another `forward`, and torch.nn's altogether where its shortcut
does not hold, or is not needed, since there is one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional as F

from core.nets.images_last import are_images_last
from core.nets.shortcuts import Context, are_ordinary, is_ordinary_gradient, torch_gradients

ROWS = 256  # a product over more rows than that may be shared out (oneMKL, from 500 on)
FEW_ROWS, FEW_THREADS = 32, 4  # a product of fewer rows has one thread, the others so many (oneMKL on AMD, from 6 on)
SHARED = 32_768  # values: PyTorch shares out element-wise operations on more than that (at::internal::GRAIN_SIZE)
WHOLE = 26_880  # 32 * 840: divided by 1 to 8 threads, it still is a multiple of two vectors of 16 floats


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many for an operation inside; with one nothing is shared out. The program's other threads keep theirs."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """No more threads than so many for an operation inside."""
    with threads(min(count, torch.get_num_threads())):
        yield


def is_shared_out() -> bool:
    """Whether operations have several threads just now."""
    return torch.get_num_threads() > 1


class Sigmoid(nn.Sigmoid):
    """1 / (1 + exp(-X)), all of it computed in vectors."""

    def forward(self, X: Tensor) -> Tensor:
        are_many = isinstance(X, Tensor) and X.numel() > SHARED
        if not (is_shared_out() and are_many and are_ordinary(X) and (X.is_contiguous() or are_images_last(X))):
            return super().forward(X)
        return Squashed.apply(X)  # type: ignore[no-any-return]


class Squashed(Function):
    """Sigmoid in two pieces: one of which each thread's part is whole vectors, and a rest that is not shared out."""

    @staticmethod
    def forward(ctx: Context, X: Tensor) -> Tensor:
        Y = torch.empty_like(X)
        values, found = _in_memory(X), _in_memory(Y)
        whole = len(values) // WHOLE * WHOLE
        torch.sigmoid(values[:whole], out=found[:whole])
        torch.sigmoid(values[whole:], out=found[whole:])
        ctx.save_for_backward(Y)
        return Y

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        (Y,) = ctx.saved_tensors
        return torch.ops.aten.sigmoid_backward(dY, Y)  # type: ignore[no-any-return]


def _in_memory(X: Tensor) -> Tensor:
    """All values of a dense tensor, as they lie."""
    return X.as_strided((X.numel(),), (1,))


class Linear(nn.Linear):
    """X: [N, D] -> X @ W.T + b; the gradient of W is summed up over parts of 256 rows, and then over these.

    A thread that gets some 10 columns or fewer of a product sums them up in another order.
    """

    def forward(self, X: Tensor) -> Tensor:
        rows = len(X) if isinstance(X, Tensor) and X.ndim == 2 else 0
        is_special = rows > ROWS or (rows > 0 and torch.get_num_threads() > _most_threads(rows))
        if not (is_special and self.bias is not None and are_ordinary(X, self.weight, self.bias)):
            return super().forward(X)
        return Multiplied.apply(X, self.weight, self.bias)  # type: ignore[no-any-return]


def _most_threads(rows: int) -> int:
    return 1 if rows < FEW_ROWS else FEW_THREADS


class Multiplied(Function):
    """X: [N, D], weight: [K, D], bias: [K]; Y: [N, K]."""

    @staticmethod
    def forward(ctx: Context, X: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(X, weight)
        with at_most(_most_threads(len(X))):
            return F.linear(X, weight, bias)

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, weight = ctx.saved_tensors
        if torch.is_grad_enabled() or not is_ordinary_gradient(dY):
            any_bias = weight.new_zeros(len(weight), requires_grad=True)  # no gradient depends on its values
            return tuple(torch_gradients(F.linear, (X, weight, any_bias), ctx.needs_input_grad, dY))
        with at_most(_most_threads(len(X))):
            parts = zip(torch.split(dY, ROWS), torch.split(X, ROWS), strict=True)
            first, *others = (part.t() @ rows for part, rows in parts)
            for each in others:
                first += each
            return dY @ weight if ctx.needs_input_grad[0] else None, first, dY.sum(0)


class BatchNorm1d(nn.BatchNorm1d):
    """[N, D], each feature by its mean and variance over N, which one thread sums up."""

    def forward(self, X: Tensor) -> Tensor:
        if not self._is_usual(X):
            return super().forward(X)
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        inputs = X, self.weight, self.bias, self.running_mean, self.running_var, self.momentum, self.eps
        return NormalizedOverRows.apply(*inputs)  # type: ignore[no-any-return]

    def _is_usual(self, X: Tensor) -> bool:
        """Whether it trains on rows and has gamma, beta and statistics that follow by `momentum`."""
        follows = self.track_running_stats and self.momentum is not None and self.num_batches_tracked is not None
        are_rows = isinstance(X, Tensor) and X.ndim == 2 and len(X) > 1 and X.shape[1] == self.num_features
        learned = self.weight, self.bias, self.running_mean, self.running_var
        return is_shared_out() and self.training and follows and are_rows and are_ordinary(X, *learned)


class NormalizedOverRows(Function):
    """PyTorch's own batch norm of [N, D], by one thread; the running statistics follow."""

    @staticmethod
    def forward(
        ctx: Context,
        X: Tensor,
        gamma: Tensor,
        beta: Tensor,
        running_mean: Tensor,
        running_var: Tensor,
        momentum: float,
        eps: float,
    ) -> Tensor:
        with threads(1):
            Y, mean, scale = torch.native_batch_norm(X, gamma, beta, running_mean, running_var, True, momentum, eps)
        ctx.save_for_backward(X, gamma, mean, scale)
        ctx.eps = eps
        return Y

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, gamma, mean, scale = ctx.saved_tensors
        back, wanted = torch.ops.aten.native_batch_norm_backward, ctx.needs_input_grad[:3]
        with threads(1):
            found = back(dY, X, gamma, None, None, mean, scale, True, ctx.eps, wanted)
        return *found, None, None, None, None


class LayerNorm(nn.LayerNorm):
    """[N, D], each row by its own mean and variance; the gradients of gamma and beta are one thread's sums."""

    def forward(self, X: Tensor) -> Tensor:
        are_rows = isinstance(X, Tensor) and X.ndim == 2 and X.numel() > 0 and X.shape[1:] == self.normalized_shape
        if not (is_shared_out() and are_rows and are_ordinary(X, self.weight, self.bias)):
            return super().forward(X)
        return NormalizedRows.apply(X, self.weight, self.bias, self.eps)  # type: ignore[no-any-return]


class NormalizedRows(Function):
    """PyTorch's own layer norm of [N, D]; backward by one thread."""

    @staticmethod
    def forward(ctx: Context, X: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        Y, mean, scale = torch.native_layer_norm(X, gamma.shape, gamma, beta, eps)
        ctx.save_for_backward(X, mean, scale, gamma, beta)
        return Y

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, mean, scale, gamma, beta = ctx.saved_tensors
        back, wanted = torch.ops.aten.native_layer_norm_backward, ctx.needs_input_grad[:3]
        with threads(1):
            found = back(dY, X, gamma.shape, mean, scale, gamma, beta, wanted)
        return *found, None


class ConvolvedByTorch(Function):
    """PyTorch's own convolution with stride 1; the gradients of weight and bias are one thread's sums."""

    @staticmethod
    def forward(ctx: Context, X: Tensor, weight: Tensor, bias: Tensor, padding: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(X, weight)
        ctx.padding = padding
        return F.conv2d(X, weight, bias, padding=padding)

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, weight = ctx.saved_tensors
        of_X, of_weight, of_bias = ctx.needs_input_grad[:3]
        how = [len(weight)], (1, 1), ctx.padding, (1, 1), False, (0, 0), 1
        back = torch.ops.aten.convolution_backward
        dX = back(dY, X, weight, *how, (True, False, False))[0] if of_X else None
        with threads(1):
            _, dweight, dbias = back(dY, X, weight, *how, (False, of_weight, of_bias))
        return dX, dweight, dbias, None
