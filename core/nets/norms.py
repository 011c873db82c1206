"""Normalization, written out: which axes are averaged over, and what is done with mean and variance.

batch_norm      the book's function: (Y, moving_mean, moving_var)
BatchNorm       the book's layer around it, able to train the whole network
standardize     (X - mean) / sqrt(variance + eps) over any axes; the next four differ from it in the axes only
layer_norm, instance_norm, group_norm, rms_norm
RMSNorm         a layer of rms_norm with one gamma per channel
BATCH_NORMS     the classes whose statistics are a mini-batch's in training mode
build_norm      the norm of an arm as a fast module of PyTorch
gamma_beta      any norm layer's gamma and beta, whatever its class calls them

X is [N, C, H, W] after a convolution and [N, D] after a linear layer. Which of these cells share one mean and
one variance is the whole difference between the norms (Wu & He 2018, "Group Normalization", figure 2):

    batch     N, H, W        one pair per channel: what this channel does over all images
    layer     C, H, W        one pair per image: what this image does over all channels
    instance  H, W           one pair per image and channel
    group     C/G, H, W      one pair per image and group of channels
    rms       C, H, W        one mean square per image; nothing is subtracted
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.experiment.arm import Norm
from core.nets import fast, steady
from core.nets.part_norms import MeanOnlyBatchNorm, PartOfBatchNorm, VarianceOnlyBatchNorm, frozen

EPS = 1e-5  # PyTorch's and the book's: keeps a constant input from being divided by zero


def batch_norm(
    X: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_var: Tensor,
    eps: float,
    momentum: float,
    *,
    training: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize every channel over the mini-batch; return (Y, moving_mean, moving_var).

    X: [N, D] (per feature) or [N, C, H, W] (per channel), of any floating dtype, which Y keeps.
    gamma, beta, moving_mean, moving_var: one value per feature in shape (1, D), or per channel in (1, C, 1, 1).
    momentum: the share of the *old* moving statistics that is kept, 0.9 in the book; PyTorch's `momentum` is the
        share of the new ones, 0.1. The moving variance is averaged from the biased one, PyTorch's from the unbiased.
    training: whether this batch's statistics are used (and averaged into the moving ones, which come back as new
        tensors) or the moving ones (which come back as they are). None is the book's own rule: gradients are on.
        Beware: model.eval() does not turn gradients off, only torch.no_grad() does.

    Raises ValueError on any other number of dimensions.

    Ioffe & Szegedy 2015, "Batch Normalization", algorithm 1:
    Y = gamma * (X - mean) / sqrt(variance + eps) + beta. Zhang et al., "Dive into Deep Learning", chapter on
    batch normalization, gives it this signature.
    """
    _check_dimensions(X, gamma)
    if training is None:
        training = torch.is_grad_enabled()
    if training:
        mean, var = _mean_and_variance(X, _batch_axes(X))
        moving_mean = momentum * moving_mean + (1 - momentum) * mean.detach()
        moving_var = momentum * moving_var + (1 - momentum) * var.detach()
    else:
        mean, var = moving_mean, moving_var
    X_hat = (X - mean) / torch.sqrt(var + eps)
    return gamma * X_hat + beta, moving_mean, moving_var


class BatchNorm(nn.Module):
    """The book's batch norm layer; nn.BatchNorm1d and nn.BatchNorm2d compute the same, faster.

    num_features: D of [N, D] or C of [N, C, H, W]; num_dims: 2 or 4, telling which of the two.

    gamma (starts at 1) and beta (0) are parameters, moving_mean (0) and moving_var (1) buffers, all of shape (1, D)
    or (1, C, 1, 1). Two traps of the book's class as printed are avoided here: it keeps the moving statistics as
    plain attributes, which state_dict() does not contain, so that a saved and reloaded network predicts near chance;
    and it takes "gradients are on" for "training", so that model.eval() alone changes nothing. Here they are buffers,
    and train() and eval() decide.

    Raises ValueError on another num_dims, and on input with another shape than announced.
    """

    gamma: Tensor
    beta: Tensor
    moving_mean: Tensor
    moving_var: Tensor

    def __init__(self, num_features: int, num_dims: int, eps: float = EPS, momentum: float = 0.9) -> None:
        super().__init__()
        shape = _per_channel(num_features, num_dims)
        self.num_features, self.num_dims = num_features, num_dims
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.register_buffer("moving_mean", torch.zeros(shape))
        self.register_buffer("moving_var", torch.ones(shape))

    def forward(self, X: Tensor) -> Tensor:
        self._check_input(X)
        Y, moving_mean, moving_var = batch_norm(
            X,
            self.gamma,
            self.beta,
            self.moving_mean,
            self.moving_var,
            self.eps,
            self.momentum,
            training=self.training,
        )
        # Written into the buffers, which stay the same tensors for whoever holds them.
        self.moving_mean.copy_(moving_mean)
        self.moving_var.copy_(moving_var)
        return Y

    def _check_input(self, X: Tensor) -> None:
        if X.ndim != self.num_dims or X.shape[1] != self.num_features:
            expected = "[N, C, H, W] with C" if self.num_dims == 4 else "[N, D] with D"
            raise ValueError(
                f"BatchNorm({self.num_features}, {self.num_dims}) normalizes {expected} = {self.num_features}; "
                f"got {list(X.shape)}. Give it the number of channels of the layer before it."
            )

    def extra_repr(self) -> str:
        return f"{self.num_features}, {self.num_dims}, eps={self.eps}, momentum={self.momentum}"


def standardize(X: Tensor, dim: int | tuple[int, ...], eps: float = EPS) -> Tensor:
    """(X - mean) / sqrt(variance + eps), with mean and biased variance over the axes `dim`; shape and dtype of X."""
    deviations = X - X.mean(dim=dim, keepdim=True)
    var = (deviations**2).mean(dim=dim, keepdim=True)
    return deviations / torch.sqrt(var + eps)


def layer_norm(X: Tensor, eps: float = EPS) -> Tensor:
    """Standardize every image over all it consists of: (C, H, W) of [N, C, H, W], or D of [N, D].

    Ba, Kiros & Hinton 2016, "Layer Normalization", equation 3. Over C alone, as in ConvNeXt, is another norm.
    """
    return standardize(X, _image_axes(X), eps)


def instance_norm(X: Tensor, eps: float = EPS) -> Tensor:
    """Standardize every map of [N, C, H, W] over its own (H, W).

    Raises ValueError on [N, D]: without H and W each value would be its own mean.
    Ulyanov, Vedaldi & Lempitsky 2016, "Instance Normalization", equation 3.
    """
    _check_maps(X)
    return standardize(X, (2, 3), eps)


def group_norm(X: Tensor, groups: int, eps: float = EPS) -> Tensor:
    """Standardize every image over (C/groups, H, W), or (D/groups), in `groups` groups of neighbouring channels.

    Raises ValueError where `groups` does not divide the channels. Wu & He 2018, "Group Normalization", equation 7.
    """
    channels = X.shape[1]
    if groups < 1 or channels % groups:
        raise ValueError(
            f"GroupNorm's groups must divide the channels; got {groups} groups for {channels} channels. "
            f"Use 1 (which is LayerNorm) or another divisor of {channels}."
        )
    # [N, C, H, W] -> [N, G, C/G, H, W]: a group's channels on an axis of their own
    in_groups = X.reshape(X.shape[0], groups, channels // groups, *X.shape[2:])
    return standardize(in_groups, tuple(range(2, in_groups.ndim)), eps).reshape(X.shape)


def rms_norm(X: Tensor, eps: float = EPS) -> Tensor:
    """Divide every image by its root mean square over (C, H, W), or D; the mean is not subtracted.

    Zhang & Sennrich 2019, "Root Mean Square Layer Normalization", equation 4.
    """
    mean_square = (X**2).mean(dim=_image_axes(X), keepdim=True)
    return X / torch.sqrt(mean_square + eps)


class RMSNorm(nn.Module):
    """gamma * rms_norm(X), with one gamma per channel (1, C, 1, 1) or per feature (1, D), started at 1.

    nn.RMSNorm([C, H, W]) has one gamma per element instead; there is no beta in either.
    """

    gamma: Tensor

    def __init__(self, num_features: int, num_dims: int, eps: float = EPS) -> None:
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(_per_channel(num_features, num_dims)))

    def forward(self, X: Tensor) -> Tensor:
        return self.gamma * rms_norm(X, self.eps)

    def extra_repr(self) -> str:
        return f"{self.gamma.shape[1]}, {self.gamma.ndim}, eps={self.eps}"


def build_norm(norm: Norm, channels: int, num_dims: int, groups: int = 2, book: bool = False) -> nn.Module:
    """The norm for [N, channels] (num_dims 2) or [N, channels, H, W] (4), on the CPU, gamma 1 and beta 0.

    Every norm has one gamma and one beta per *channel*, LN too: after a convolution it is nn.GroupNorm(1, C), whose
    statistics are those of nn.LayerNorm([C, H, W]) but whose affine part has 2C numbers, not 2CHW. So the arms
    have equally many parameters (RMSNorm, without beta, half as many) and differ in the statistics only; the numbers
    that docs and tests quote were measured with it. `book` takes the class BatchNorm above for BN.

    Raises ValueError on IN for linear layers, on groups that do not divide the channels, and on another num_dims.
    """
    _per_channel(channels, num_dims)
    on_maps = num_dims == 4
    match norm:
        case Norm.NONE:
            return nn.Identity()
        case Norm.BN if book:
            return BatchNorm(channels, num_dims)
        case Norm.BN:
            return fast.BatchNorm2d(channels) if on_maps else steady.BatchNorm1d(channels)
        case Norm.LN:
            return fast.GroupNorm(1, channels) if on_maps else steady.LayerNorm(channels)
        case Norm.IN if on_maps:
            return fast.InstanceNorm2d(channels, affine=True)
        case Norm.IN:
            raise ValueError(_NO_MAPS.format(got=f"{channels} features of a linear layer"))
        case Norm.GN:
            return fast.GroupNorm(groups, channels)
        case Norm.RMS:
            return RMSNorm(channels, num_dims)
        case Norm.MO:
            return MeanOnlyBatchNorm(channels, num_dims)
        case Norm.VO:
            return VarianceOnlyBatchNorm(channels, num_dims)
        case Norm.FIX:
            return frozen(build_norm(Norm.BN, channels, num_dims))


BATCH_NORMS = (BatchNorm, nn.BatchNorm1d, nn.BatchNorm2d, PartOfBatchNorm)


def gamma_beta(norm: nn.Module | None) -> tuple[nn.Parameter | None, nn.Parameter | None]:
    """A norm layer's gamma and beta, which PyTorch's classes call weight and bias; None where it has none."""
    gamma = getattr(norm, "gamma", getattr(norm, "weight", None))
    beta = getattr(norm, "beta", getattr(norm, "bias", None))
    return gamma, beta


_NO_MAPS = "InstanceNorm averages over (H, W) of [N, C, H, W]; got {got}. Use LayerNorm or no norm there."


def _mean_and_variance(X: Tensor, dim: int | tuple[int, ...]) -> tuple[Tensor, Tensor]:
    # The variance is the biased one, divided by n: dividing by n - 1 would scale the output by sqrt(1 - 1/n),
    # which is 0.71 for a batch of two.
    mean = X.mean(dim=dim, keepdim=True)
    var = ((X - mean) ** 2).mean(dim=dim, keepdim=True)
    return mean, var


def _batch_axes(X: Tensor) -> tuple[int, ...]:
    return (0,) if X.ndim == 2 else (0, 2, 3)


def _image_axes(X: Tensor) -> tuple[int, ...]:
    return tuple(range(1, X.ndim))


def _per_channel(num_features: int, num_dims: int) -> tuple[int, ...]:
    if num_dims not in (2, 4):
        raise ValueError(
            f"num_dims is 2 after a linear layer, [N, D], and 4 after a convolution, [N, C, H, W]; got {num_dims}."
        )
    return (1, num_features) if num_dims == 2 else (1, num_features, 1, 1)


def _check_dimensions(X: Tensor, gamma: Tensor) -> None:
    if X.ndim not in (2, 4):
        raise ValueError(
            "batch_norm takes [N, D] (per feature) or [N, C, H, W] (per channel); "
            f"got {X.ndim} dimensions, {list(X.shape)}. Flatten it to [N, D], or unsqueeze a missing axis."
        )
    if X.ndim == 4 and gamma.ndim == 1 and gamma.numel() > 1:
        # Broadcasting would line (C,) up with W, silently so where C = W.
        raise ValueError(
            f"For [N, C, H, W], gamma, beta and the moving statistics have shape (1, C, 1, 1); "
            f"got {tuple(gamma.shape)}. Reshape them with .view(1, -1, 1, 1)."
        )


def _check_maps(X: Tensor) -> None:
    if X.ndim != 4:
        raise ValueError(_NO_MAPS.format(got=list(X.shape)))
