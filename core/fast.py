"""torch.nn's layers for the CPU, computing the same in less time: MaxPool2d, AvgPool2d, BatchNorm2d, Conv2d.

Each is torch.nn's class with another `forward`, and is torch.nn's altogether where it has no advantage: on other
devices, in evaluation mode, for shapes that it was not made for. `plain` gives the torch.nn network that tests and
measurements compare with; bench/RESULTS.md says what each layer is worth.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

Context = Any  # what an autograd Function's forward leaves for its backward


class MaxPool2d(nn.MaxPool2d):
    """[N, C, H, W] -> [N, C, H/2, W/2]: the largest of each 2 x 2, by comparing whole columns and then whole rows.

    torch.nn's takes one window after the other, some 5 ns each, which is a fourth of LeNet's step.
    """

    def forward(self, X: Tensor) -> Tensor:
        return _LargestOfFour.apply(X) if _halves(self, X) else super().forward(X)  # type: ignore[no-any-return]


class AvgPool2d(nn.AvgPool2d):
    """[N, C, H, W] -> [N, C, H/2, W/2]: the mean of each 2 x 2, by adding whole rows and then whole columns."""

    def forward(self, X: Tensor) -> Tensor:
        return _MeanOfFour.apply(X) if _halves(self, X) else super().forward(X)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch norm over (N, H, W) with mean and variance from two vectorized passes (mean first, then deviations)."""

    def forward(self, X: Tensor) -> Tensor:
        if not (self.training and _on_cpu(X) and X.numel() > X.shape[1]):
            return super().forward(X)
        Y, mean, var = _Standardized.apply(X, self.weight, self.bias, self.eps)
        self._follow(mean, var, X.numel() // X.shape[1])
        return Y  # type: ignore[no-any-return]

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor, count: int) -> None:
        """PyTorch's `momentum` is the share of the new; its running variance is the unbiased one."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var * (count / (count - 1)), self.momentum)


class Conv2d(nn.Conv2d):
    """A convolution with stride 1 whose weights' gradient is computed as a convolution, too."""

    def forward(self, X: Tensor) -> Tensor:
        # Worth it where images have several channels; the first layer's gradient is faster torch.nn's way.
        if not (_on_cpu(X) and X.requires_grad and torch.is_grad_enabled()):
            return super().forward(X)
        return _Convolved.apply(X, self.weight, self.bias, self.padding)  # type: ignore[no-any-return]


_TORCHS: dict[type[nn.Module], type[nn.Module]] = {
    MaxPool2d: nn.MaxPool2d,
    AvgPool2d: nn.AvgPool2d,
    BatchNorm2d: nn.BatchNorm2d,
    Conv2d: nn.Conv2d,
}


def plain(model: nn.Module, *kinds: type[nn.Module]) -> nn.Module:
    """A copy of `model` with torch.nn's own layers, for these kinds or all, and the same weights and buffers."""
    twin = copy.deepcopy(model)
    for module in twin.modules():
        if type(module) in (kinds or _TORCHS):
            module.__class__ = _TORCHS[type(module)]
    return twin


def _on_cpu(X: Tensor) -> bool:
    return X.device.type == "cpu" and X.ndim == 4


def _halves(pool: nn.MaxPool2d | nn.AvgPool2d, X: Tensor) -> bool:
    by_two = pool.kernel_size == pool.stride == 2 and pool.padding == 0
    return by_two and _on_cpu(X) and X.shape[2] % 2 == X.shape[3] % 2 == 0


class _LargestOfFour(Function):
    """Among equal ones the first in reading order gets the gradient, as in torch.nn."""

    @staticmethod
    def forward(ctx: Context, X: Tensor) -> Tensor:
        left, right = X[..., ::2], X[..., 1::2]  # [N, C, H, W/2]
        larger = torch.maximum(left, right)
        top, bottom = larger[:, :, ::2], larger[:, :, 1::2]  # [N, C, H/2, W/2]
        Y = torch.maximum(top, bottom)
        if ctx.needs_input_grad[0]:  # 1 where right or bottom was the larger: as floats, which multiply faster
            ctx.save_for_backward((larger - left).sign_(), (Y - top).sign_())
        return Y

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        is_right, is_bottom = ctx.saved_tensors
        N, C, H, half = is_right.shape
        dlarger, dX = dY.new_empty(N, C, H, half), dY.new_empty(N, C, H, 2 * half)
        _hand_on(dY, is_bottom, dlarger[:, :, ::2], dlarger[:, :, 1::2])
        _hand_on(dlarger, is_right, dX[..., ::2], dX[..., 1::2])
        return dX


def _hand_on(gradient: Tensor, is_second: Tensor, first: Tensor, second: Tensor) -> None:
    """Write each gradient to the one of two that was the larger, and 0 to the other."""
    torch.mul(gradient, is_second, out=second)
    torch.sub(gradient, second, out=first)


class _MeanOfFour(Function):
    @staticmethod
    def forward(ctx: Context, X: Tensor) -> Tensor:
        rows = X[:, :, ::2] + X[:, :, 1::2]  # [N, C, H/2, W]
        return (rows[..., ::2] + rows[..., 1::2]).mul_(0.25)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        N, C, H, W = dY.shape
        quarters = (dY * 0.25)[:, :, :, None, :, None].expand(N, C, H, 2, W, 2)
        return quarters.reshape(N, C, 2 * H, 2 * W)


class _Standardized(Function):
    """gamma * (X - mean) / sqrt(var + eps) + beta, and the batch's mean and biased variance, [C] each."""

    @staticmethod
    def forward(ctx: Context, X: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        N, C, H, W = X.shape
        mean = X.mean((0, 2, 3))
        deviations = (X - mean[:, None, None]).reshape(N, C, H * W)
        var = torch.linalg.vector_norm(deviations, dim=2).square().sum(0) / (N * H * W)
        ctx.save_for_backward(X, gamma, mean, (var + eps).rsqrt())
        ctx.eps = eps
        ctx.mark_non_differentiable(mean, var)
        return torch.batch_norm(X, gamma, beta, mean, var, False, 0.0, eps, False), mean, var

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        X, gamma, mean, scale = ctx.saved_tensors
        wanted = [True, True, True]
        back = torch.ops.aten.native_batch_norm_backward
        return *back(dY, X, gamma, None, None, mean, scale, True, ctx.eps, wanted), None


class _Convolved(Function):
    """X: [N, C, H, W], weight: [D, C, h, w], bias: [D]; Y: [N, D, H', W']."""

    @staticmethod
    def forward(ctx: Context, X: Tensor, weight: Tensor, bias: Tensor, padding: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(X, weight)
        ctx.padding = padding
        return F.conv2d(X, weight, bias, padding=padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, weight = ctx.saved_tensors
        dX = F.conv_transpose2d(dY, weight, padding=ctx.padding)
        # dweight[d, c] sums over the images what X[:, c] and dY[:, d] have in common at each shift: a convolution of
        # C "images" by D "kernels" with N channels, which the CPU does in two thirds of the time of the usual way.
        dweight = F.conv2d(X.transpose(0, 1), dY.transpose(0, 1), padding=ctx.padding).transpose(0, 1)
        return dX, dweight, dY.sum((0, 2, 3)), None
