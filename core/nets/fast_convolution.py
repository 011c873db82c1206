"""A convolution of many images as products of matrices, as an autograd Function."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from core.nets.images_last import images_first, images_last, in_memory
from core.nets.shortcuts import Context, is_ordinary_gradient, torch_gradients


class Convolved(Function):
    """X: [N, C, H, W], weight: [D, C, h, w], bias: [D]; Y: [D, H', W', N]. Products of matrices.

    With the images last, a pixel's right neighbour stands N further right, and what one column of a kernel meets in a
    row of all images is a piece of that row. These pieces are copied, one below the other; what the whole kernel meets
    is then h rows of them, which overlap from row to row, and a view shows them without another copy.

    The caller permutes Y to [N, D, H', W']: nobody may write to a view made in here.
    """

    @staticmethod
    def forward(ctx: Context, X: Tensor, weight: Tensor, bias: Tensor, padding: tuple[int, int]) -> Tensor:
        last = images_last(X)
        windows = _windows(last, weight.shape, padding)
        (rows, _, width), D = windows.shape, len(weight)
        ctx.save_for_backward(X, weight, windows)
        ctx.padding, ctx.images_last = padding, last is X
        Y = X.new_empty(D, rows, width // len(X), len(X))
        kernels = weight.transpose(1, 2).reshape(D, -1).expand(rows, -1, -1)  # [H', D, h * C * w]
        torch.bmm(kernels, windows, out=Y.view(D, rows, width).transpose(0, 1))
        return Y.add_(bias[:, None, None, None])

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        X, weight, windows = ctx.saved_tensors  # windows: [H', h * C * w, W' * N]
        padding = ctx.padding
        if torch.is_grad_enabled() or not is_ordinary_gradient(dY):
            any_bias = weight.new_zeros(len(weight), requires_grad=True)  # no gradient depends on its values
            convolve, inputs = partial(F.conv2d, padding=padding), (X, weight, any_bias)
            return *torch_gradients(convolve, inputs, ctx.needs_input_grad[:3], dY.permute(3, 0, 1, 2)), None
        D, C, h, w = weight.shape
        by_row = in_memory(dY).transpose(0, 1).reshape(len(windows), D, -1)  # [H', D, W' * N]
        dweight = _sum_of_products(by_row, windows).reshape(D, h, C, w).transpose(1, 2)
        dbias = by_row.sum((0, 2))
        if not ctx.needs_input_grad[0]:
            return None, dweight, dbias, None
        dX = _gradient_of_images(by_row.contiguous(), weight, len(X), padding)
        # Where the images were first, they stay so: what comes before may be a layer of torch.nn.
        return dX if ctx.images_last else images_first(dX), dweight, dbias, None


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
    first, *others = (piece.transpose(0, 1) for piece in pieces.view(H, C, w, width).unbind(2))
    dX = F.pad(first, (0, W * N - width))
    for column, piece in enumerate(others, start=1):
        dX[:, :, column * N : column * N + width] += piece
    above, beside = padding
    return dX.view(C, H, W, N)[:, above : H - above, beside : W - beside].permute(3, 0, 1, 2)
