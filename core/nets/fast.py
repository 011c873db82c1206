"""torch.nn's layers for the CPU, computing the same in less time: MaxPool2d, AvgPool2d, BatchNorm2d, GroupNorm,
InstanceNorm2d and Conv2d, and Sequential, which pools before it squashes.

Each is torch.nn's class with another `forward`, and decides once a call whether all holds that its shortcut assumes: of
its options, its parameters and buffers, of X's shape, layout, dtype and device, and of what PyTorch is asked to do with
operations besides (core.nets.shortcuts). Otherwise it is torch.nn's altogether: on other devices, for few images, for
options that it was not made for. `plain` gives the torch.nn network that tests and measurements compare with;
bench/RESULTS.md says what each layer is worth.

A convolution of many images and few channels hands its output on with the *images last*: a tensor of shape [N, C, H, W]
like any other, but in memory [C, H, W, N], so that the same pixel of all images lies side by side. What compares or
shifts pixels then works on whole rows of N numbers, and a convolution is a few products of matrices. Who does not care
about strides need not know: nn.Flatten puts the images first again, as does a convolution of many channels.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import Enum
from itertools import product
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from core.nets.fast_convolution import Convolved
from core.nets.fast_norms import Standardized, StandardizedImages
from core.nets.fast_pooling import LargestOfFour, MeanOfFour
from core.nets.images_last import are_images_last, images_first, images_last
from core.nets.shortcuts import are_ordinary
from core.nets.steady import BatchNorm1d, ConvolvedByTorch, LayerNorm, Linear, Sigmoid, is_shared_out

__all__ = [
    "MANY_CHANNELS",
    "MANY_IMAGES",
    "AvgPool2d",
    "BatchNorm2d",
    "Conv2d",
    "GroupNorm",
    "InstanceNorm2d",
    "MaxPool2d",
    "Sequential",
    "are_images_last",
    "images_first",
    "images_last",
    "only_looks",
    "plain",
]

MANY_CHANNELS = 16  # of so many, torch.nn's convolutions are the faster ones: they take as many at a time
MANY_IMAGES = 32  # from so many on, all this pays; below, it is the calls that take time, and torch.nn has fewer

Order = Enum("Order", ["FIRST", "LAST"])  # of the images in memory
Hook = TypeVar("Hook", bound=Callable[..., Any])


class MaxPool2d(nn.MaxPool2d):
    """[N, C, H, W] -> [N, C, H/2, W/2]: the largest of each 2 x 2, by comparing whole columns and then whole rows.

    torch.nn's takes one window after the other, some 5 ns each, which is a fourth of LeNet's step.
    """

    def forward(self, X: Tensor) -> Tensor:
        return LargestOfFour.apply(X) if self.takes_largest_of_four(X) else super().forward(X)  # type: ignore[no-any-return]

    def takes_largest_of_four(self, X: Tensor) -> bool:
        return self.dilation in (1, (1, 1)) and not self.return_indices and _halves(self, X)


class AvgPool2d(nn.AvgPool2d):
    """[N, C, H, W] -> [N, C, H/2, W/2]: the mean of each 2 x 2, by adding whole rows and then whole columns."""

    def forward(self, X: Tensor) -> Tensor:
        by_four = self.divisor_override is None
        return MeanOfFour.apply(X) if by_four and _halves(self, X) else super().forward(X)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch norm over (N, H, W) with mean and variance from two vectorized passes (mean first, then deviations)."""

    def forward(self, X: Tensor) -> Tensor:
        order = self._order(X)
        if order is None:
            return super().forward(X)
        if order is Order.FIRST:
            return self._normalize(X)
        C, H, W, N = X.permute(1, 2, 3, 0).shape
        # Statistics over N, H and W do not mind where a value stands: one image of H x WN is what torch.nn does best.
        one = X.permute(1, 2, 3, 0).reshape(1, C, H, W * N)
        return self._normalize(one).view(C, H, W, N).permute(3, 0, 1, 2)

    def _order(self, X: Tensor) -> Order | None:
        """X's, if there are gamma, beta and statistics that follow by `momentum`, and X is not to be one low image.

        As one image, maps with a height of 1 would get wrong gradients: see Standardized.backward.
        """
        if not self.track_running_stats or self.momentum is None or self.num_batches_tracked is None:
            return None
        order = _order(X, self.weight, self.bias, self.running_mean, self.running_var)
        if order is None or X.shape[1] != self.num_features or self.eps <= 0:
            return None
        return None if order is Order.LAST and X.shape[2] == 1 else order

    def _normalize(self, X: Tensor) -> Tensor:
        if not self.training:
            return super().forward(X)
        Y, mean, var = Standardized.apply(X, self.weight, self.bias, self.eps)
        self._follow(mean, var, X.numel() // X.shape[1])
        return Y  # type: ignore[no-any-return]

    def _follow(self, mean: Tensor, var: Tensor, count: int) -> None:
        """PyTorch's `momentum` is the share of the new; its running variance is the unbiased one."""
        batches, running_mean, running_var = self.num_batches_tracked, self.running_mean, self.running_var
        assert batches is not None
        assert running_mean is not None
        assert running_var is not None
        assert self.momentum is not None
        batches.add_(1)
        running_mean.lerp_(mean, self.momentum)
        running_var.lerp_(var * (count / (count - 1)), self.momentum)


class GroupNorm(nn.GroupNorm):
    """Norm over each image's groups of channels; where the images lie last, from sums of whole rows of N numbers."""

    def forward(self, X: Tensor) -> Tensor:
        gamma, beta = self.weight, self.bias
        if not (_order(X, gamma, beta) is Order.LAST and X.shape[1] == self.num_channels and self.eps > 0):
            return super().forward(X)
        Y: Tensor = StandardizedImages.apply(X, self.num_groups, gamma, beta, self.eps)
        return Y.permute(3, 0, 1, 2)


class InstanceNorm2d(nn.InstanceNorm2d):
    """As GroupNorm with a group for each channel."""

    def forward(self, X: Tensor) -> Tensor:
        gamma, beta = self.weight, self.bias
        if not (_order(X, gamma, beta) is Order.LAST and self._is_usual(X)):
            return super().forward(X)
        Y: Tensor = StandardizedImages.apply(X, self.num_features, gamma, beta, self.eps)
        return Y.permute(3, 0, 1, 2)

    def _is_usual(self, X: Tensor) -> bool:
        """Whether it knows no other statistics than those of X, and these are of more than a single value."""
        tracks = self.track_running_stats or self.running_mean is not None or self.running_var is not None
        return not tracks and X.shape[1] == self.num_features and X.shape[2] * X.shape[3] > 1 and self.eps > 0


class Conv2d(nn.Conv2d):
    """A usual convolution of few channels as products of matrices; many images come out last.

    Others are torch.nn's, the images come out first, and the gradient of the weights is one thread's.
    """

    def forward(self, X: Tensor) -> Tensor:
        inputs = X, self.weight, self.bias, self.padding
        if not self._is_usual(X):
            return super().forward(images_first(X) if are_ordinary(X) else X)
        if self.in_channels >= MANY_CHANNELS or not _order(X):
            X = images_first(X)
            return ConvolvedByTorch.apply(X, *inputs[1:]) if is_shared_out() else super().forward(X)
        Y: Tensor = Convolved.apply(*inputs)
        return Y.permute(3, 0, 1, 2)

    def _is_usual(self, X: Tensor) -> bool:
        """Whether its kernel moves by single pixels over ordinary images that it covers, padded with zeros."""
        by_pixels = self.stride == self.dilation == (1, 1) and self.groups == 1
        zeros = self.padding_mode == "zeros" and isinstance(self.padding, tuple)
        are_images = isinstance(X, Tensor) and X.ndim == 4 and X.numel() > 0 and are_ordinary(X, self.weight, self.bias)
        return by_pixels and zeros and are_images and _covers(self.weight, self.padding, X)


def _covers(weight: Tensor, padding: Any, X: Tensor) -> bool:
    """Whether X has as many channels as the kernels, and padded is at least as large."""
    (_, C, H, W), (_, channels, h, w), (above, beside) = X.shape, weight.shape, padding
    return channels == C and min(above, beside) >= 0 and H + 2 * above >= h and W + 2 * beside >= w


def only_looks(hook: Hook) -> Hook:
    """Marks a forward hook that returns nothing and hooks no gradient: it may see an output that leads nowhere."""
    hook.only_looks = True  # type: ignore[attr-defined]
    return hook


class Sequential(nn.Sequential):
    """Layers one after the other; but what max pooling drops is not sent through the activation before it.

    Sigmoid, tanh and ReLU never fall, so the largest of four stays the largest: f(max(a, b, c, d)) is
    max(f(a), f(b), f(c), f(d)), from a fourth as many values. So is the gradient, which goes to the largest; where
    rounding makes two activations equal, torch.nn sends it to the first of them.

    An activation that somebody watches by a hook marked `only_looks` is shown all values, as the network's order has
    it; with other hooks on the two, the order is the network's own.
    """

    def forward(self, X: Tensor) -> Tensor:
        layers = list(self)
        while layers:
            layer = layers.pop(0)
            if type(layer) in _NEVER_FALLING and _pools_first(layer, layers, X):
                if layer._forward_hooks:
                    layer(X)
                layers.pop(0)
                X = layer.forward(LargestOfFour.apply(X))
            else:
                X = layer(X)
        return X


_BY_TWO = [*product((2, (2, 2)), (2, (2, 2)), (0, (0, 0)))]  # kernel_size, stride, padding
_NEVER_FALLING = (Sigmoid, nn.Sigmoid, nn.Tanh, nn.ReLU)
_READERS = (Conv2d, nn.Conv2d, Linear, nn.Linear)
_TORCHS: dict[type[nn.Module], type[nn.Module]] = {
    Sequential: nn.Sequential,
    MaxPool2d: nn.MaxPool2d,
    AvgPool2d: nn.AvgPool2d,
    BatchNorm2d: nn.BatchNorm2d,
    GroupNorm: nn.GroupNorm,
    InstanceNorm2d: nn.InstanceNorm2d,
    Conv2d: nn.Conv2d,
    Linear: nn.Linear,
    BatchNorm1d: nn.BatchNorm1d,
    LayerNorm: nn.LayerNorm,
    Sigmoid: nn.Sigmoid,
}


def plain(model: nn.Module, *kinds: type[nn.Module]) -> nn.Module:
    """A copy of `model` with torch.nn's own layers, for these kinds or all, and the same weights and buffers."""
    twin = copy.deepcopy(model)
    for module in twin.modules():
        if type(module) in (kinds or _TORCHS):
            module.__class__ = _TORCHS[type(module)]
    return twin


def _order(X: Tensor, *learned: Tensor | None) -> Order | None:
    """X's, if it is many images in one of the two, and all are tensors that a shortcut can read."""
    are_many = isinstance(X, Tensor) and X.ndim == 4 and X.shape[0] >= MANY_IMAGES and X.numel() > 0
    if not (are_many and are_ordinary(X, *learned)):
        return None
    return Order.FIRST if X.is_contiguous() else Order.LAST if are_images_last(X) else None


def _halves(pool: nn.MaxPool2d | nn.AvgPool2d, X: Tensor) -> bool:
    by_two = (pool.kernel_size, pool.stride, pool.padding) in _BY_TWO
    return by_two and _order(X) is not None and X.shape[2] % 2 == X.shape[3] % 2 == 0


def _pools_first(activation: nn.Module, then: list[nn.Module], X: Tensor) -> bool:
    """Whether this one and max pooling after it can change places: both do what is known of them, and nobody notices.

    Who writes into X or into what comes out would: an activation in place, or a layer that is not known to read only.
    """
    pool = then[0] if then else None
    if type(pool) is not MaxPool2d or pool._forward_hooks or getattr(activation, "inplace", False):
        return False
    reader = next((layer for layer in then[1:] if type(layer) is not nn.Flatten), None)
    unwatched = _is_unwatched(activation) and _is_unwatched(pool)
    return unwatched and type(reader) in _READERS and pool.takes_largest_of_four(X)


def _is_unwatched(layer: nn.Module) -> bool:
    """Whether all its hooks, if any, are forward ones that only look, and its `forward` is its class's."""
    others = layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks
    hooks = layer._forward_hooks
    only_look = not hooks or all(getattr(hook, "only_looks", False) for hook in hooks.values())
    return only_look and not (others or _has_any_global_hook() or "forward" in vars(layer))  # type: ignore[no-untyped-call]
