"""Looking inside a network while it trains, without changing anything.

watch        `with watch(model) as seen:` what every layer does inside the block, forward and backward
undisturbed  `with undisturbed(model):` whatever runs inside, the network is afterwards as it was before
probe        both: what the network does with a fixed batch, between two training steps
normalized   x_hat, before gamma and beta, which PyTorch's fused norms do not show
Seen, LayerSeen  what was seen: tensors on the network's device, without gradients; core.probes.stats reduces them

A layer has up to four stages, [N, C, H, W] after a convolution and [N, D] after a linear layer:

    before      z, the output of conv1
    normalized  x_hat, standardized z
    scaled      gamma * x_hat + beta, the output of conv1_norm
    activated   the output of conv1_act

Without a norm, normalized and scaled are the same tensor as before. The last layer has before only: the logits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.hooks import RemovableHandle

from core.nets.fast import only_looks
from core.nets.lenet import Dropout, weight_layers
from core.nets.norms import BatchNorm, RMSNorm, gamma_beta, group_norm, instance_norm, layer_norm, rms_norm, standardize
from core.nets.part_norms import PartOfBatchNorm

STAGES = ("before", "normalized", "scaled", "activated")


@dataclass(slots=True, eq=False)
class LayerSeen:
    """One convolution or linear layer with the norm and activation behind it.

    Parameters and running statistics are copies from the moment the watch began, before any step inside it.
    Gradients are those of the last backward pass inside the watch, None without one.
    """

    name: str
    layer: nn.Conv2d | nn.Linear
    norm: nn.Module | None  # None where there is no norm, or only nn.Identity
    activation: nn.Module | None

    weight: Tensor
    gamma: Tensor | None = None
    beta: Tensor | None = None
    running_mean: Tensor | None = None
    running_var: Tensor | None = None

    stages: dict[str, Tensor] = field(default_factory=dict)
    weight_grad: Tensor | None = None
    gamma_grad: Tensor | None = None
    beta_grad: Tensor | None = None
    before_grad: Tensor | None = None  # dL/dz, of the shape of z


@dataclass(slots=True, eq=False)
class Seen:
    """What a watch has seen, by layer in the network's order; a second forward pass replaces the first."""

    layers: dict[str, LayerSeen]


@contextmanager
def watch(model: nn.Sequential) -> Iterator[Seen]:
    """See every layer of build_lenet's `model` while the block runs it.

        with watch(model) as seen:
            cross_entropy(model(images), labels).backward()

    The hooks return nothing, so outputs and gradients are those without them; they are removed at the end, also
    after an exception. What the block itself does, such as a training step, has its usual effects.
    """
    seen = Seen({name: _layer(model, name, layer) for name, layer in weight_layers(model).items()})
    handles: list[RemovableHandle] = []
    try:
        for found in seen.layers.values():
            handles += _hook_forward(model, found, handles)
            handles += _hook_parameters(found)
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def probe(model: nn.Sequential, images: Tensor, labels: Tensor | None = None, *, training: bool = True) -> Seen:
    """What `model` does with a batch that it is not trained on; the model is afterwards bit for bit as it was.

    images: [N, 1, 28, 28] floats; labels: [N] int64, or None for no backward pass. In training mode batch norm uses
    this batch's statistics, and dropout the same masks at every call, so that between two probes of the same images
    only the network has moved; `training=False` is evaluation mode.
    """
    with undisturbed(model), watch(model) as seen:
        model.train(training)
        if labels is None:
            with torch.no_grad():
                model(images)
        else:
            torch.autograd.backward(cross_entropy(model(images), labels))
    return seen


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Afterwards buffers, gradients, modes and random streams are as before, bit for bit, also after an exception.

    Weights are left to the block, which has no reason to change them. Inside, gradients start from None and dropout
    from the beginning of its stream.
    """
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    streams = [(module, module.generator) for module in model.modules() if isinstance(module, Dropout)]
    devices = {parameter.device for parameter in model.parameters() if parameter.is_cuda}
    try:
        with torch.random.fork_rng(devices):
            for parameter, _ in gradients:
                parameter.grad = None
            for dropout, _ in streams:
                dropout.generator = None
            yield
    finally:
        _restore(buffers, gradients, modes, streams)


@torch.no_grad()
def _restore(
    buffers: list[tuple[Tensor, Tensor]],
    gradients: list[tuple[nn.Parameter, Tensor | None]],
    modes: list[tuple[nn.Module, bool]],
    streams: list[tuple[Dropout, torch.Generator | None]],
) -> None:
    for buffer, values in buffers:
        buffer.copy_(values)
    for parameter, gradient in gradients:
        parameter.grad = gradient
    for module, mode in modes:
        module.training = mode
    for dropout, generator in streams:
        dropout.generator = generator


@torch.no_grad()
def normalized(norm: nn.Module | None, z: Tensor) -> Tensor:
    """x_hat: what `norm` makes of its input z before gamma and beta, by its formula; z itself without a norm.

    Batch norm in evaluation mode uses its running statistics, as they are now.
    Raises TypeError on a module that is none of build_norm's.
    """
    match norm:
        case None | nn.Identity():
            return z
        case nn.BatchNorm1d() | nn.BatchNorm2d() | BatchNorm():
            return _batch_normalized(norm, z)
        case PartOfBatchNorm():
            return norm.normalize(z)
        case nn.GroupNorm():
            return group_norm(z, norm.num_groups, norm.eps)
        case nn.LayerNorm():
            return layer_norm(z, norm.eps)
        case nn.InstanceNorm2d():
            return instance_norm(z, norm.eps)
        case RMSNorm():
            return rms_norm(z, norm.eps)
    raise TypeError(f"Only the norms of core.nets.norms.build_norm can be taken apart; got {type(norm).__name__}.")


def _batch_normalized(norm: nn.BatchNorm1d | nn.BatchNorm2d | BatchNorm, z: Tensor) -> Tensor:
    if norm.training:
        return standardize(z, (0,) if z.ndim == 2 else (0, 2, 3), norm.eps)
    mean, var = running_statistics(norm)
    assert mean is not None
    assert var is not None
    per_channel = (1, -1) + (1,) * (z.ndim - 2)
    return (z - mean.view(per_channel)) / torch.sqrt(var.view(per_channel) + norm.eps)


def running_statistics(norm: nn.Module | None) -> tuple[Tensor | None, Tensor | None]:
    """Batch norm's running mean and variance, which the book calls moving; None for the other norms."""
    mean = getattr(norm, "moving_mean", getattr(norm, "running_mean", None))
    var = getattr(norm, "moving_var", getattr(norm, "running_var", None))
    return mean, var


def _layer(model: nn.Sequential, name: str, layer: nn.Conv2d | nn.Linear) -> LayerSeen:
    norm = getattr(model, f"{name}_norm", None)
    norm = None if isinstance(norm, nn.Identity) else norm
    gamma, beta = gamma_beta(norm)
    mean, var = running_statistics(norm)
    return LayerSeen(
        name,
        layer,
        norm,
        activation=getattr(model, f"{name}_act", None),
        weight=layer.weight.detach().clone(),
        gamma=_copy(gamma),
        beta=_copy(beta),
        running_mean=_copy(mean),
        running_var=_copy(var),
    )


def _copy(values: Tensor | None) -> Tensor | None:
    return None if values is None else values.detach().clone()


def _hook_forward(model: nn.Sequential, found: LayerSeen, handles: list[RemovableHandle]) -> Iterator[RemovableHandle]:
    def see_before(module: nn.Module, inputs: tuple[Tensor, ...], z: Tensor) -> None:
        found.stages["before"] = z.detach()
        if z.requires_grad:
            handles.append(_hook(z, found, "before_grad"))

    def see_scaled(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found.stages["normalized"] = normalized(found.norm, inputs[0].detach())
        found.stages["scaled"] = output.detach()

    @only_looks
    def see_activated(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found.stages["activated"] = output.detach()

    yield found.layer.register_forward_hook(see_before)
    norm: nn.Module | None = getattr(model, f"{found.name}_norm", None)
    if norm is not None:
        yield norm.register_forward_hook(see_scaled)
    if found.activation is not None:
        yield found.activation.register_forward_hook(see_activated)


def _hook_parameters(found: LayerSeen) -> Iterator[RemovableHandle]:
    gamma, beta = gamma_beta(found.norm)
    named = {"weight_grad": found.layer.weight, "gamma_grad": gamma, "beta_grad": beta}
    for name, parameter in named.items():
        if parameter is not None and parameter.requires_grad:
            yield _hook(parameter, found, name)


def _hook(tensor: Tensor, found: LayerSeen, name: str) -> RemovableHandle:
    handle: RemovableHandle = tensor.register_hook(partial(_keep, found, name))  # type: ignore[no-untyped-call]
    return handle


def _keep(found: LayerSeen, name: str, gradient: Tensor) -> None:
    # A copy: autograd may hand the same memory on as .grad, which an optimizer or a clipping may write to.
    setattr(found, name, gradient.detach().clone())
