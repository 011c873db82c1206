"""torch.nn's layers for a CUDA card: the same mathematics in fewer and shorter kernels, and in an order that is fixed.

dress         a network's layers become the ones below: Conv2d, Linear, BatchNorm2d
patches       what a convolution's kernel meets, which is the same for all arms that see the same images

Gradients of weights, which no other layer waits for, go beside the rest (core.data.streams) where a graph is captured.

LeNet's layers are so small that a card waits more than it computes, and some of the library's kernels take few of its
132 processors: cuDNN's batch norm of six channels takes six. bench/GPU.md says what each of these is worth. They are
torch.nn's where no gradient is wanted, and for what they were not made for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from core.data.streams import Beside, later, present

Context = Any  # what an autograd Function's forward leaves for its backward

FEW_OUTPUTS = 32  # products with so short a side are four times as fast the other way round
LONG_CHANNEL = 2**15  # of so many values, one channel's statistics are too much for one processor of the card


class Conv2d(nn.Conv2d):
    """A convolution by single pixels over zeros. The gradient of its kernels is a product of matrices.

    Takes images, or their `patches`: then the layer is a product of matrices altogether.
    """

    def forward(self, X: Tensor) -> Tensor:
        if X.shape[1] != self.in_channels:
            return _OfPatches.apply(X, self.weight, self.bias, present())  # type: ignore[no-any-return]
        if not torch.is_grad_enabled():
            return super().forward(X)
        if self.in_channels == 1:  # the pictures themselves
            return self.forward(patches(X, self.weight.shape[2:], self.padding))  # type: ignore[arg-type]
        return _Convolved.apply(X, self.weight, self.bias, self.padding, present())  # type: ignore[no-any-return]


class Linear(nn.Linear):
    """torch.nn's, with the gradient of its weights beside."""

    def forward(self, X: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return super().forward(X)
        return _Multiplied.apply(X, self.weight, self.bias, present())  # type: ignore[no-any-return]


class BatchNorm2d(nn.BatchNorm2d):
    """torch.nn's; few long channels with the channels last, where PyTorch has kernels that share a channel."""

    def forward(self, X: Tensor) -> Tensor:
        if not (self.training and X.numel() // X.shape[1] > LONG_CHANNEL):
            return super().forward(X)
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        Y = torch.batch_norm(
            X.contiguous(memory_format=torch.channels_last),
            self.weight,
            self.bias,
            self.running_mean,
            self.running_var,
            True,
            self.momentum,
            self.eps,
            False,  # not cuDNN
        )
        return Y.contiguous()


def dress(model: nn.Module) -> None:
    """Give build_lenet's `model` these layers; weights, buffers and names stay."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and _is_usual(module):
            module.__class__ = Conv2d
        elif isinstance(module, nn.Linear):
            module.__class__ = Linear
        elif isinstance(module, nn.BatchNorm2d):
            module.__class__ = BatchNorm2d


def _is_usual(conv: nn.Conv2d) -> bool:
    by_pixels = conv.stride == conv.dilation == (1, 1) and conv.groups == 1
    zeros = conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return by_pixels and zeros and conv.bias is not None


def patches(X: Tensor, kernel: Sequence[int], padding: Sequence[int], out: Tensor | None = None) -> Tensor:
    """[N, C, H, W] to [N, C * h * w + 1, H', W']: what a kernel (h, w) meets in each place of its output, and ones.

    The ones meet the bias: the convolution is [D, C * h * w + 1] @ these.
    """
    (N, C), (h, w), (above, beside) = X.shape[:2], kernel, padding
    around = F.pad(X, (beside, beside, above, above)) if above or beside else X
    windows = around.unfold(2, h, 1).unfold(3, w, 1)  # [N, C, H', W', h, w]
    rows, columns = windows.shape[2:4]
    found = X.new_empty(N, C * h * w + 1, rows, columns) if out is None else out
    found[:, :-1].view(N, C, h, w, rows, columns).copy_(windows.permute(0, 1, 4, 5, 2, 3))
    found[:, -1] = 1
    return found


def _of_kernels(dY: Tensor, met: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of the kernels [D, C, h, w] and the biases [D] from dY [N, D, H', W'] and what they met."""
    each = torch.bmm(dY.flatten(2), met.flatten(2).transpose(1, 2))  # [N, D, C * h * w + 1]
    # Their sum as a product: the library's sums over a first axis take three times as long.
    both = (dY.new_ones(1, len(each)) @ each.flatten(1)).view(each.shape[1:])
    # Contiguous, as the weights are: fused optimizers take both for rows of numbers.
    return both[:, :-1].contiguous().view(weight.shape), both[:, -1].contiguous()


class _OfPatches(Function):
    @staticmethod
    def forward(ctx: Context, met: Tensor, weight: Tensor, bias: Tensor, beside: Beside | None) -> Tensor:
        ctx.save_for_backward(met, weight)
        ctx.beside = beside
        kernels = torch.cat([weight.flatten(1), bias[:, None]], 1)  # [D, C * h * w + 1]
        return (kernels @ met.flatten(2)).view(len(met), len(weight), *met.shape[2:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        met, weight = ctx.saved_tensors
        with later(ctx.beside, dY, met):
            dweight, dbias = _of_kernels(dY, met, weight)
        return None, dweight, dbias, None


class _Convolved(Function):
    @staticmethod
    def forward(
        ctx: Context, X: Tensor, weight: Tensor, bias: Tensor, padding: tuple[int, int], beside: Beside | None
    ) -> Tensor:
        ctx.save_for_backward(X, weight)
        ctx.padding, ctx.beside = padding, beside
        return F.conv2d(X, weight, bias, padding=padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, weight = ctx.saved_tensors
        (h, w), (above, beside) = weight.shape[2:], ctx.padding
        with later(ctx.beside, dY, X):
            dweight, dbias = _of_kernels(dY, patches(X, (h, w), ctx.padding), weight)
        if not ctx.needs_input_grad[0]:
            return None, dweight, dbias, None, None
        # Each pixel of X met the kernel turned around; cuDNN's own way adds in an order that changes. With the channels
        # last it takes half the time, the copies included.
        turned, dY = weight.flip(2, 3).transpose(0, 1), dY.contiguous(memory_format=torch.channels_last)
        turned = turned.contiguous(memory_format=torch.channels_last)
        dX = F.conv2d(dY, turned, padding=(h - 1 - above, w - 1 - beside))
        return dX.contiguous(), dweight, dbias, None, None


class _Multiplied(Function):
    @staticmethod
    def forward(ctx: Context, X: Tensor, weight: Tensor, bias: Tensor, beside: Beside | None) -> Tensor:
        ctx.save_for_backward(X, weight)
        ctx.beside = beside
        if len(weight) < FEW_OUTPUTS:
            return torch.addmm(bias[:, None], weight, X.t()).t()
        return F.linear(X, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, weight = ctx.saved_tensors
        with later(ctx.beside, dY, X):
            dweight = (X.t() @ dY).t().contiguous() if len(weight) < FEW_OUTPUTS else dY.t() @ X
            dbias = dY.sum(0)
        dX = dY @ weight if ctx.needs_input_grad[0] else None
        return dX, dweight, dbias, None
