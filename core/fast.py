"""torch.nn's layers for the CPU, computing the same in less time: MaxPool2d, AvgPool2d, BatchNorm2d, GroupNorm,
InstanceNorm2d and Conv2d, and Sequential, which pools before it squashes.

Each is torch.nn's class with another `forward`, and decides once a call whether all holds that its shortcut assumes: of
its options, its parameters and buffers, of X's shape, layout, dtype and device, and of what PyTorch is asked to do with
operations besides (core.shortcuts). Otherwise it is torch.nn's altogether: on other devices, for few images, for
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
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from core.fast_convolution import Convolved
from core.fast_norms import Standardized, StandardizedImages
from core.fast_pooling import LargestOfFour, MeanOfFour
from core.images_last import are_images_last, images_first, images_last
from core.shortcuts import are_ordinary

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

Hook = TypeVar("Hook", bound=Callable[..., Any])


class MaxPool2d(nn.MaxPool2d):
    """[N, C, H, W] -> [N, C, H/2, W/2]: the largest of each 2 x 2, by comparing whole columns and then whole rows.

    torch.nn's takes one window after the other, some 5 ns each, which is a fourth of LeNet's step.
    """

    def forward(self, X: Tensor) -> Tensor:
        return LargestOfFour.apply(X) if self.takes_largest_of_four(X) else super().forward(X)  # type: ignore[no-any-return]

    def takes_largest_of_four(self, X: Tensor) -> bool:
        return _halves(self, X) and _is_twice(1, self.dilation) and not self.return_indices


class AvgPool2d(nn.AvgPool2d):
    """[N, C, H, W] -> [N, C, H/2, W/2]: the mean of each 2 x 2, by adding whole rows and then whole columns."""

    def forward(self, X: Tensor) -> Tensor:
        by_four = self.divisor_override is None
        return MeanOfFour.apply(X) if by_four and _halves(self, X) else super().forward(X)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch norm over (N, H, W) with mean and variance from two vectorized passes (mean first, then deviations)."""

    def forward(self, X: Tensor) -> Tensor:
        if not self._is_usual(X):
            return super().forward(X)
        if not are_images_last(X):
            return self._normalize(X)
        C, H, W, N = X.permute(1, 2, 3, 0).shape
        # Statistics over N, H and W do not mind where a value stands: one image of H x WN is what torch.nn does best.
        one = X.permute(1, 2, 3, 0).reshape(1, C, H, W * N)
        return self._normalize(one).view(C, H, W, N).permute(3, 0, 1, 2)

    def _is_usual(self, X: Tensor) -> bool:
        """Whether there are gamma, beta and statistics that follow by `momentum`, and X is not one low image.

        As one image, maps with a height of 1 would get wrong gradients: see Standardized.backward.
        """
        follows = self.track_running_stats and self.momentum is not None and self.num_batches_tracked is not None
        channels = (self.weight, self.bias, self.running_mean, self.running_var)
        return follows and _normalizes(X, self.eps, *channels) and not (X.shape[2] == 1 and are_images_last(X))

    def _normalize(self, X: Tensor) -> Tensor:
        if not self.training:
            return super().forward(X)
        Y, mean, var = Standardized.apply(X, self.weight, self.bias, self.eps)
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
        Y: Tensor = StandardizedImages.apply(X, self.num_groups, self.weight, self.bias, self.eps)
        return Y.permute(3, 0, 1, 2)


class InstanceNorm2d(nn.InstanceNorm2d):
    """As GroupNorm with a group for each channel."""

    def forward(self, X: Tensor) -> Tensor:
        tracks = self.track_running_stats or self.running_mean is not None or self.running_var is not None
        if tracks or not _sums_rows(self, X) or X.shape[2] * X.shape[3] == 1:
            return super().forward(X)
        Y: Tensor = StandardizedImages.apply(X, X.shape[1], self.weight, self.bias, self.eps)
        return Y.permute(3, 0, 1, 2)


class Conv2d(nn.Conv2d):
    """A usual convolution of few channels as products of matrices; many images come out last.

    Others are torch.nn's, and the images come out first.
    """

    def forward(self, X: Tensor) -> Tensor:
        if not (self._is_usual() and _are_many(X, self.weight, self.bias) and self._fits(X)):
            return super().forward(images_first(X))
        Y: Tensor = Convolved.apply(X, self.weight, self.bias, self.padding)
        return Y.permute(3, 0, 1, 2)

    def _is_usual(self) -> bool:
        """Whether its kernel moves by single pixels over few channels of what is padded with zeros."""
        by_pixels = self.stride == self.dilation == (1, 1) and self.groups == 1
        zeros = self.padding_mode == "zeros" and isinstance(self.padding, tuple) and min(self.padding) >= 0
        return by_pixels and zeros and self.in_channels < MANY_CHANNELS

    def _fits(self, X: Tensor) -> bool:
        """Whether X has as many channels as the kernel, and padded is at least as large."""
        _, C, h, w = self.weight.shape
        above, beside = (2 * int(side) for side in self.padding)
        return X.shape[1] == C and X.shape[2] + above >= h and X.shape[3] + beside >= w


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
            if layers and _pools_first(layer, *layers, X=X):
                if layer._forward_hooks:
                    layer(X)
                X = layer.forward(layers.pop(0)(X))
            else:
                X = layer(X)
        return X


_NEVER_FALLING = (nn.Sigmoid, nn.Tanh, nn.ReLU)
_READERS = (Conv2d, nn.Conv2d, nn.Linear)
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


def _are_many(X: Tensor, *learned: Tensor | None) -> bool:
    """Whether X is enough images that lie first or last, and all of them are tensors that a shortcut can read."""
    if not (are_ordinary(X, *learned) and X.ndim == 4 and len(X) >= MANY_IMAGES):
        return False
    return X.numel() > 0 and (X.is_contiguous() or are_images_last(X))


def _halves(pool: nn.MaxPool2d | nn.AvgPool2d, X: Tensor) -> bool:
    by_two = _is_twice(2, pool.kernel_size) and _is_twice(2, pool.stride) and _is_twice(0, pool.padding)
    return by_two and _are_many(X) and X.shape[2] % 2 == X.shape[3] % 2 == 0


def _is_twice(number: int, size: int | tuple[int, ...]) -> bool:
    """Whether an option that may be given for both axes or for each is this number."""
    return size in (number, (number, number))


def _normalizes(X: Tensor, eps: float, *per_channel: Tensor | None) -> bool:
    fit = (values is not None and values.shape == X.shape[1:2] for values in per_channel)
    return _are_many(X, *per_channel) and all(fit) and eps > 0


def _sums_rows(norm: nn.GroupNorm | nn.InstanceNorm2d, X: Tensor) -> bool:
    return _normalizes(X, norm.eps, norm.weight, norm.bias) and are_images_last(X)


def _pools_first(activation: nn.Module, pool: nn.Module, *then: nn.Module, X: Tensor) -> bool:
    """Whether the two can change places: both are what their classes are, and nobody notices.

    Who writes into X or into Y would: an activation in place, or whatever is not known to read only.
    """
    never_falls = type(activation) in _NEVER_FALLING and not getattr(activation, "inplace", False)
    if not (never_falls and type(pool) is MaxPool2d and pool.takes_largest_of_four(X)):
        return False
    reader = next((layer for layer in then if type(layer) is not nn.Flatten), None)
    unwatched = all(_is_unwatched(layer) for layer in (activation, pool)) and not pool._forward_hooks
    return unwatched and type(reader) in _READERS


def _is_unwatched(layer: nn.Module) -> bool:
    """Whether all its hooks, if any, are forward ones that only look, and its `forward` is its class's."""
    others = layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks
    only_look = all(getattr(hook, "only_looks", False) for hook in layer._forward_hooks.values())
    global_ones = _has_any_global_hook()  # type: ignore[no-untyped-call]
    return only_look and not others and not global_ones and "forward" not in vars(layer)
