"""Norms over a batch and over each of its images, as autograd Functions."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from core.nets.images_last import in_memory
from core.nets.shortcuts import Context, is_ordinary_gradient, torch_gradients


class Standardized(Function):
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
    def backward(ctx: Context, dY: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        X, gamma, mean, scale = ctx.saved_tensors
        # PyTorch's own, which can be differentiated, but is wrong for gradients that are neither contiguous nor quite
        # channels-last: where an axis has length 1, whose stride could be any.
        back, wanted = torch.ops.aten.native_batch_norm_backward, ctx.needs_input_grad[:3]
        return *back(dY.contiguous(), X, gamma, None, None, mean, scale, True, ctx.eps, wanted), None


class StandardizedImages(Function):
    """gamma * (X - mean) / sqrt(var + eps) + beta, with mean and biased variance of each image's groups of channels.

    X: [N, C, H, W], images last; Y: [C, H, W, N], which the caller permutes: nobody may write to a view made in here.
    """

    @staticmethod
    def forward(ctx: Context, X: Tensor, groups: int, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        N, C = X.shape[:2]
        values = X.permute(1, 2, 3, 0).view(groups, -1, N)  # [G, C/G * H * W, N]
        mean = values.mean(1)  # [G, N]
        var = (values - mean[:, None]).square_().mean(1)
        mean, scale = (each.repeat_interleave(C // groups, 0) for each in (mean, (var + eps).rsqrt()))  # [C, N]
        ctx.save_for_backward(X, gamma, mean, scale)
        ctx.groups, ctx.eps = groups, eps
        slope = gamma[:, None] * scale
        shift = beta[:, None] - mean * slope
        return torch.addcmul(shift[:, None, None], X.permute(1, 2, 3, 0), slope[:, None, None])

    @staticmethod
    def backward(ctx: Context, dY: Tensor) -> tuple[Tensor | None, ...]:
        """With x = (X - mean) * scale: dX = scale * (gamma * dY - mean of gamma * dY - x * mean of gamma * dY * x)."""
        X, gamma, mean, scale = ctx.saved_tensors
        groups, eps = ctx.groups, ctx.eps
        if torch.is_grad_enabled() or not is_ordinary_gradient(dY):
            wanted = tuple(ctx.needs_input_grad[place] for place in (0, 2, 3))
            any_beta = torch.zeros_like(gamma, requires_grad=True)  # no gradient depends on its values
            group_norm = partial(_group_norm, groups, eps)
            dX, dgamma, dbeta = torch_gradients(group_norm, (X, gamma, any_beta), wanted, dY.permute(3, 0, 1, 2))
            return dX, None, dgamma, dbeta, None
        N, C, H, W = X.shape
        X, dY = (in_memory(each).view(C, H * W, N) for each in (X.permute(1, 2, 3, 0), dY))
        of_dY = dY.sum(1)  # [C, N]
        of_dY_x = ((dY * X).sum(1) - mean * of_dY) * scale
        weighted = gamma[:, None] * torch.stack([of_dY, of_dY_x])
        in_groups = weighted.view(2, groups, -1, N).sum(2) * (groups / (C * H * W))  # [2, G, N]
        mean_dY, mean_dY_x = in_groups.repeat_interleave(C // groups, 1)
        slope = -mean_dY_x * scale.square()
        shift = -mean * slope - mean_dY * scale
        dX = torch.addcmul(shift[:, None], X, slope[:, None]).addcmul_(dY, (gamma[:, None] * scale)[:, None])
        return dX.view(C, H, W, N).permute(3, 0, 1, 2), None, of_dY_x.sum(1), of_dY.sum(1), None


def _group_norm(groups: int, eps: float, X: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return F.group_norm(X, groups, gamma, beta, eps)
