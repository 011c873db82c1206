"""torch.nn's layers for the CPU, computing the same in less time: MaxPool2d, AvgPool2d, BatchNorm2d, GroupNorm,
InstanceNorm2d and Conv2d, and Sequential, which pools before it squashes.

Each is torch.nn's class with another `forward`, and is torch.nn's altogether where it has no advantage: on other
devices, for few images, for shapes that it was not made for. `plain` gives the torch.nn network that tests and
measurements compare with; bench/RESULTS.md says what each layer is worth.

A convolution of many images and few channels hands its output on with the *images last*: a tensor of shape [N, C, H, W]
like any other, but in memory [C, H, W, N], so that the same pixel of all images lies side by side. What compares or
shifts pixels then works on whole rows of N numbers, and a convolution is a few products of matrices. Who does not care
about strides need not know: nn.Flatten puts the images first again, as does a convolution of many channels.
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


MANY_CHANNELS = 16  # of so many, torch.nn's convolutions are the faster ones: they take as many at a time
MANY_IMAGES = 32  # from so many on, all this pays; below, it is the calls that take time, and torch.nn has fewer


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
        if not _are_many(X):
            return super().forward(X)
        if not are_images_last(X):
            return self._normalize(X)
        C, H, W, N = X.permute(1, 2, 3, 0).shape
        # Statistics over N, H and W do not mind where a value stands: one image of H x WN is what torch.nn does best.
        one = X.permute(1, 2, 3, 0).reshape(1, C, H, W * N)
        return self._normalize(one).view(C, H, W, N).permute(3, 0, 1, 2)

    def _normalize(self, X: Tensor) -> Tensor:
        if not self.training:
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


class GroupNorm(nn.GroupNorm):
    """Norm over each image's groups of channels; where the images lie last, from sums of whole rows of N numbers."""

    def forward(self, X: Tensor) -> Tensor:
        if not _sums_rows(self, X):
            return super().forward(X)
        return _StandardizedImages.apply(X, self.num_groups, self.weight, self.bias, self.eps)  # type: ignore[no-any-return]


class InstanceNorm2d(nn.InstanceNorm2d):
    """As GroupNorm with a group for each channel."""

    def forward(self, X: Tensor) -> Tensor:
        if not _sums_rows(self, X):
            return super().forward(X)
        return _StandardizedImages.apply(X, self.num_features, self.weight, self.bias, self.eps)  # type: ignore[no-any-return]


class Conv2d(nn.Conv2d):
    """A usual convolution of few channels as products of matrices; many images come out last.

    Others are torch.nn's, and the images come out first.
    """

    def forward(self, X: Tensor) -> Tensor:
        if not (_are_many(X) and self.in_channels < MANY_CHANNELS and _is_usual(self)):
            return super().forward(images_first(X))
        return _Convolved.apply(X, self.weight, self.bias, self.padding)  # type: ignore[no-any-return]


class Sequential(nn.Sequential):
    """Layers one after the other; but what max pooling drops is not sent through the activation before it.

    Sigmoid, tanh and ReLU never fall, so the largest of four stays the largest: f(max(a, b, c, d)) is
    max(f(a), f(b), f(c), f(d)), from a fourth as many values. So is the gradient, which goes to the largest; where
    rounding makes two activations equal, torch.nn sends it to the first of them.

    An activation that somebody watches by a forward hook is shown all values, as the network's order has it.
    """

    def forward(self, X: Tensor) -> Tensor:
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            if isinstance(layer, _NEVER_FALLING) and layers and _takes_largest(layers[0], X):
                if layer._forward_hooks:
                    layer(X)
                X = layer.forward(layers.pop(0)(X))
            else:
                X = layer(X)
        return X


_NEVER_FALLING = (nn.Sigmoid, nn.Tanh, nn.ReLU)
_TORCHS: dict[type[nn.Module], type[nn.Module]] = {
    Sequential: nn.Sequential,
    MaxPool2d: nn.MaxPool2d,
    AvgPool2d: nn.AvgPool2d,
    BatchNorm2d: nn.BatchNorm2d,
    GroupNorm: nn.GroupNorm,
    InstanceNorm2d: nn.InstanceNorm2d,
    Conv2d: nn.Conv2d,
}


def plain(model: nn.Module, *kinds: type[nn.Module]) -> nn.Module:
    """A copy of `model` with torch.nn's own layers, for these kinds or all, and the same weights and buffers."""
    twin = copy.deepcopy(model)
    for module in twin.modules():
        if type(module) in (kinds or _TORCHS):
            module.__class__ = _TORCHS[type(module)]
    return twin


def are_images_last(X: Tensor) -> bool:
    """Whether [N, C, H, W] lies in memory as [C, H, W, N], and not also the usual way, as a single image does."""
    return X.ndim == 4 and not X.is_contiguous() and X.permute(1, 2, 3, 0).is_contiguous()


def images_last(X: Tensor) -> Tensor:
    """The same [N, C, H, W], in memory [C, H, W, N]."""
    N, C, H, W = X.shape
    # As a matrix: torch transposes those in a third of the time of a permutation of four axes.
    return X if are_images_last(X) else X.reshape(N, -1).t().contiguous().view(C, H, W, N).permute(3, 0, 1, 2)


def images_first(X: Tensor) -> Tensor:
    """The same [N, C, H, W], in memory as PyTorch has it by itself."""
    return X.permute(1, 2, 3, 0).reshape(-1, len(X)).t().contiguous().view(X.shape) if are_images_last(X) else X


def _empty(like: Tensor, N: int, C: int, H: int, W: int) -> Tensor:
    return like.new_empty(C, H, W, N).permute(3, 0, 1, 2) if are_images_last(like) else like.new_empty(N, C, H, W)


def _are_many(X: Tensor) -> bool:
    return X.device.type == "cpu" and X.ndim == 4 and len(X) >= MANY_IMAGES


def _sums_rows(norm: nn.GroupNorm | nn.InstanceNorm2d, X: Tensor) -> bool:
    return norm.affine and _are_many(X) and are_images_last(X)


def _is_usual(conv: nn.Conv2d) -> bool:
    """Whether its kernel moves by single pixels over what is padded with zeros, and it has a bias."""
    by_pixels = conv.stride == conv.dilation == (1, 1) and conv.groups == 1
    zeros = conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return by_pixels and zeros and conv.bias is not None


def _takes_largest(layer: nn.Module, X: Tensor) -> bool:
    return isinstance(layer, MaxPool2d) and _halves(layer, X)


def _halves(pool: nn.MaxPool2d | nn.AvgPool2d, X: Tensor) -> bool:
    by_two = pool.kernel_size == pool.stride == 2 and pool.padding == 0
    return by_two and _are_many(X) and X.shape[2] % 2 == X.shape[3] % 2 == 0


class _LargestOfFour(Function):
    """Among equal ones the first in reading order gets the gradient, as in torch.nn."""

    @staticmethod
    def forward(ctx: Context, X: Tensor) -> Tensor:
        left, right = X[..., ::2], X[..., 1::2]  # [N, C, H, W/2]
        larger = torch.maximum(left, right)
        top, bottom = larger[:, :, ::2], larger[:, :, 1::2]  # [N, C, H/2, W/2]
        Y = torch.maximum(top, bottom)
        if ctx.needs_input_grad[0]:  # 1 where right or bottom was the larger: as floats, which multiply faster
            is_right, is_bottom = torch.empty_like(larger), torch.empty_like(Y)
            ctx.save_for_backward(torch.gt(right, left, out=is_right), torch.gt(bottom, top, out=is_bottom))
        return Y

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        is_right, is_bottom = ctx.saved_tensors
        N, C, H, half = is_right.shape
        dY = images_last(dY) if are_images_last(is_bottom) else dY
        dlarger, dX = _empty(is_right, N, C, H, half), _empty(is_right, N, C, H, 2 * half)
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
        ctx.images_last = are_images_last(X)
        rows = X[:, :, ::2] + X[:, :, 1::2]  # [N, C, H/2, W]
        return (rows[..., ::2] + rows[..., 1::2]).mul_(0.25)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        N, C, H, W = dY.shape
        quarter = (images_last(dY) if ctx.images_last else dY) * 0.25
        dX = _empty(quarter, N, C, 2 * H, 2 * W)
        for row in (0, 1):
            for column in (0, 1):
                dX[:, :, row::2, column::2] = quarter
        return dX


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


class _StandardizedImages(Function):
    """gamma * (X - mean) / sqrt(var + eps) + beta, with mean and biased variance of each image's groups of channels."""

    @staticmethod
    def forward(ctx: Context, X: Tensor, groups: int, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        N, C, H, W = X.shape
        values = X.permute(1, 2, 3, 0).view(groups, -1, N)  # [G, C/G * H * W, N]
        mean = values.mean(1)  # [G, N]
        var = (values - mean[:, None]).square_().mean(1)
        mean, scale = (each.repeat_interleave(C // groups, 0) for each in (mean, (var + eps).rsqrt()))  # [C, N]
        ctx.save_for_backward(X, gamma, mean, scale)
        ctx.groups = groups
        slope = gamma[:, None] * scale
        shift = beta[:, None] - mean * slope
        Y = torch.addcmul(shift[:, None], values.view(C, H * W, N), slope[:, None])
        return Y.view(C, H, W, N).permute(3, 0, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        """With x = (X - mean) * scale: dX = scale * (gamma * dY - mean of gamma * dY - x * mean of gamma * dY * x)."""
        X, gamma, mean, scale = ctx.saved_tensors
        N, C, H, W = X.shape
        X, dY = (each.permute(1, 2, 3, 0).view(C, H * W, N) for each in (X, images_last(dY)))
        of_dY = dY.sum(1)  # [C, N]
        of_dY_x = ((dY * X).sum(1) - mean * of_dY) * scale
        weighted = gamma[:, None] * torch.stack([of_dY, of_dY_x])
        in_groups = weighted.view(2, ctx.groups, -1, N).sum(2) * (ctx.groups / (C * H * W))  # [2, G, N]
        mean_dY, mean_dY_x = in_groups.repeat_interleave(C // ctx.groups, 1)
        slope = -mean_dY_x * scale.square()
        shift = -mean * slope - mean_dY * scale
        dX = torch.addcmul(shift[:, None], X, slope[:, None]).addcmul_(dY, (gamma[:, None] * scale)[:, None])
        return dX.view(C, H, W, N).permute(3, 0, 1, 2), None, of_dY_x.sum(1), of_dY.sum(1), None


class _Convolved(Function):
    """X: [N, C, H, W], weight: [D, C, h, w], bias: [D]; Y: [N, D, H', W'], images last. Products of matrices.

    With the images last, a pixel's right neighbour stands N further right, and what one column of a kernel meets in a
    row of all images is a piece of that row. These pieces are copied, one below the other; what the whole kernel meets
    is then h rows of them, which overlap from row to row, and a view shows them without another copy.
    """

    @staticmethod
    def forward(ctx: Context, X: Tensor, weight: Tensor, bias: Tensor, padding: tuple[int, int]) -> Tensor:
        windows = _windows(images_last(X), weight.shape, padding)
        (rows, _, width), D = windows.shape, len(weight)
        ctx.save_for_backward(windows, weight)
        ctx.padding = padding
        Y = X.new_empty(D, rows, width)
        kernels = weight.transpose(1, 2).reshape(D, -1).expand(rows, -1, -1)  # [H', D, h * C * w]
        torch.bmm(kernels, windows, out=Y.transpose(0, 1))
        return Y.add_(bias[:, None, None]).view(D, rows, -1, len(X)).permute(3, 0, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        windows, weight = ctx.saved_tensors  # [H', h * C * w, W' * N]
        D, C, h, w = weight.shape
        by_row = images_last(dY).permute(2, 1, 3, 0).reshape(len(windows), D, -1)  # [H', D, W' * N]
        dweight = _sum_of_products(by_row, windows).reshape(D, h, C, w).transpose(1, 2)
        dX = _gradient_of_images(by_row.contiguous(), weight, len(dY), ctx.padding) if ctx.needs_input_grad[0] else None
        return dX, dweight, by_row.sum((0, 2)), None


def _sum_of_products(A: Tensor, B: Tensor) -> Tensor:
    """[rows, a, n] and [rows, b, n] to the sum of A @ B.T over the rows, [a, b].

    A result's last axis should be about as long as a vector register; some such products take four times as long.
    """
    if B.shape[1] <= 32:
        return torch.bmm(A, B.transpose(1, 2)).sum(0)
    return torch.bmm(B, A.transpose(1, 2)).sum(0).t()


def _windows(X: Tensor, kernel: torch.Size, padding: tuple[int, int]) -> Tensor:
    """What a kernel of shape [D, C, h, w] meets in each row of its output: [H', h * C * w, W' * N]."""
    N, (_, C, h, w), (above, beside) = len(X), kernel, padding
    images = X.permute(1, 2, 3, 0)
    if above or beside:
        images = F.pad(images, (0, 0, beside, beside, above, above))
    _, H, W, _ = images.shape
    rows, width = H - h + 1, (W - w + 1) * N  # H', W' * N
    pieces = images.reshape(C, H, W * N).unfold(2, width, N).permute(1, 0, 2, 3).contiguous()  # [H, C, w, W' * N]
    return pieces.view(-1).as_strided((rows, h * C * w, width), (C * w * width, width, 1))


def _gradient_of_images(dY: Tensor, weight: Tensor, N: int, padding: tuple[int, int]) -> Tensor:
    """dY: [H', D, W' * N]; dX: [N, C, H, W]. Each row of dX is met by up to h rows of dY, in w places."""
    (rows, D, width), (_, C, h, w) = dY.shape, weight.shape
    H, W = rows + h - 1, width // N + w - 1
    kernels = weight.flip(2).permute(1, 3, 2, 0).reshape(C * w, h * D)  # the last row of a kernel first
    around = F.pad(dY, (0, 0, 0, 0, h - 1, h - 1))
    windows = around.view(-1).as_strided((H, h * D, width), (D * width, width, 1))
    pieces = torch.bmm(kernels.expand(H, -1, -1), windows)
    dX = dY.new_zeros(C, H, W * N)
    for column, piece in enumerate(pieces.view(H, C, w, width).unbind(2)):
        dX[:, :, column * N : column * N + width] += piece.transpose(0, 1)
    above, beside = padding
    return dX.view(C, H, W, N)[:, above : H - above, beside : W - beside].permute(3, 0, 1, 2)
