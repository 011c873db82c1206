"""Pooling of 2 x 2 by comparing or adding whole columns and whole rows, as autograd Functions."""

from __future__ import annotations

from math import isfinite, isnan

import torch
from torch import Tensor
from torch.autograd import Function

from core.nets.images_last import are_images_last, empty, images_last
from core.nets.shortcuts import Context, is_ordinary_gradient


class LargestOfFour(Function):
    """[N, C, 2H, 2W] -> [N, C, H, W]. Among equal ones the first in reading order gets the gradient, as in torch.nn."""

    @staticmethod
    def forward(ctx: Context, X: Tensor) -> Tensor:
        left, right = X[..., ::2], X[..., 1::2]  # [N, C, 2H, W]
        larger = torch.maximum(left, right)
        top, bottom = larger[:, :, ::2], larger[:, :, 1::2]  # [N, C, H, W]
        Y = torch.maximum(top, bottom)
        if ctx.needs_input_grad[0]:
            ctx.images_last = are_images_last(X)
            # 1 where right or bottom was the larger: as floats, which multiply faster
            is_right = torch.gt(right, left, out=torch.empty_like(larger))
            is_bottom = torch.gt(bottom, top, out=torch.empty_like(Y))
            if isnan(Y.sum().item()):  # then the last NaN of four counts as the largest, and no comparison finds it
                is_right, is_bottom = is_right.add_(right.isnan()), is_bottom.add_(bottom.isnan())
            ctx.save_for_backward(is_right, is_bottom)
        return Y

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        is_right, is_bottom = ctx.saved_tensors
        if torch.is_grad_enabled() or not is_ordinary_gradient(dY) or not isfinite(dY.sum().item()):
            return _handed_on(_handed_on(dY, is_bottom, 2), is_right, 3)
        N, C, H, half = is_right.shape
        dY = images_last(dY) if ctx.images_last else dY
        dlarger, dX = empty(dY, ctx.images_last, N, C, H, half), empty(dY, ctx.images_last, N, C, H, 2 * half)
        _hand_on(dY, is_bottom, dlarger[:, :, ::2], dlarger[:, :, 1::2])
        _hand_on(dlarger, is_right, dX[..., ::2], dX[..., 1::2])
        return dX


def _hand_on(gradient: Tensor, is_second: Tensor, first: Tensor, second: Tensor) -> None:
    """Write each gradient to the one of two that was the larger, and 0 to the other."""
    torch.mul(gradient, is_second, out=second)
    torch.sub(gradient, second, out=first)


def _handed_on(gradient: Tensor, is_second: Tensor, axis: int) -> Tensor:
    """The same, slower, for any gradient: one that is to be differentiated, or infinite (0 times that is not 0)."""
    goes_second = is_second.bool()
    others = torch.stack([goes_second, ~goes_second], axis + 1).flatten(axis, axis + 1)
    return gradient.repeat_interleave(2, axis).masked_fill(others, 0)


class MeanOfFour(Function):
    """[N, C, 2H, 2W] -> [N, C, H, W]."""

    @staticmethod
    def forward(ctx: Context, X: Tensor) -> Tensor:
        ctx.images_last = are_images_last(X)
        rows = X[:, :, ::2] + X[:, :, 1::2]  # [N, C, H, 2W]
        return (rows[..., ::2] + rows[..., 1::2]).mul_(0.25)

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> Tensor:
        if not is_ordinary_gradient(
            dY
        ):  # the way below can be differentiated, but not be gone for a batch of gradients
            return (dY * 0.25).repeat_interleave(2, 2).repeat_interleave(2, 3)
        N, C, H, W = dY.shape
        quarter = (images_last(dY) if ctx.images_last else dY) * 0.25
        dX = empty(quarter, ctx.images_last, N, C, 2 * H, 2 * W)
        for row in (0, 1):
            for column in (0, 1):
                dX[:, :, row::2, column::2] = quarter
        return dX
