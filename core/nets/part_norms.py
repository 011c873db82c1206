"""Batch norm with a part left out, to see which part does the work: exercises of the book.

MeanOnlyBatchNorm      subtracts the mean and divides by nothing
VarianceOnlyBatchNorm  divides by the standard deviation and subtracts nothing
frozen                 a layer whose gamma and beta stay where they start

The axes are batch norm's: one mean and one variance per channel, over (N, H, W), or over N of [N, D].
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

MOMENTUM = 0.1  # PyTorch's: the share of the new statistics

Layer = TypeVar("Layer", bound=nn.Module)


class PartOfBatchNorm(nn.Module):
    """gamma * normalize(X) + beta; gamma (starts at 1), beta (0) and the buffers have shape (1, D) or (1, C, 1, 1).

    Training mode takes the mini-batch's mean and biased variance, and averages them into the moving ones, which
    evaluation mode takes. Both are kept, though one of them is not used: so they can be looked at as batch norm's.
    """

    gamma: Tensor
    beta: Tensor
    moving_mean: Tensor
    moving_var: Tensor

    def __init__(self, num_features: int, num_dims: int, eps: float = 1e-5) -> None:
        super().__init__()
        shape = (1, num_features) if num_dims == 2 else (1, num_features, 1, 1)
        self.eps, self.momentum = eps, MOMENTUM
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.register_buffer("moving_mean", torch.zeros(shape))
        self.register_buffer("moving_var", torch.ones(shape))

    def forward(self, X: Tensor) -> Tensor:
        if self.training:
            self._follow(*_mean_and_variance(X.detach()))
        return self.gamma * self.normalize(X) + self.beta

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor) -> None:
        self.moving_mean.lerp_(mean, self.momentum)
        self.moving_var.lerp_(var, self.momentum)

    def normalize(self, X: Tensor) -> Tensor:
        """X before gamma and beta, by the mini-batch's statistics or the moving ones, as the mode has it."""
        mean, var = _mean_and_variance(X) if self.training else (self.moving_mean, self.moving_var)
        return self.part(X, mean, var)

    def part(self, X: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{self.gamma.shape[1]}, {self.gamma.ndim}, eps={self.eps}"


class MeanOnlyBatchNorm(PartOfBatchNorm):
    """gamma * (X - mean) + beta. Salimans & Kingma 2016, "Weight Normalization", section 4, has it without gamma."""

    def part(self, X: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        return X - mean


class VarianceOnlyBatchNorm(PartOfBatchNorm):
    """gamma * X / sqrt(variance + eps) + beta, the variance taken around the mean, which stays in X."""

    def part(self, X: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        return X / torch.sqrt(var + self.eps)


def frozen(layer: Layer) -> Layer:
    """The same layer; its parameters are not learned."""
    return layer.requires_grad_(False)


def _mean_and_variance(X: Tensor) -> tuple[Tensor, Tensor]:
    axes = (0,) if X.ndim == 2 else (0, 2, 3)
    mean = X.mean(dim=axes, keepdim=True)
    return mean, ((X - mean) ** 2).mean(dim=axes, keepdim=True)
