"""What enters the norm layers of a network: the tensors that the cube page looks at.

Site             what enters one norm layer, with the layer's own γ, β and running statistics
capture          the sites of a network, for a batch of images; the network is left as it was
look             the sites of every arm of a live run: a question for core.runs.Run.ask
networks         the run's networks as they are now, and the worked example
worked_example   where there is no run
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from core.axes import Rule, layout_of
from core.config import ExperimentConfig, Norm, parse_arm
from core.data import Images, as_floats, load
from core.lenet import build_lenet
from core.naming import name_axes
from core.norms import EPS, gamma_beta
from core.runs import NothingToSee, QueueFull, Run
from core.trainer import Arm


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What enters one norm layer, [N, C, H, W], [N, T, D] or [N, D], on the CPU, and the layer's own state.

    `gamma`, `beta`, `running_mean`, `running_var` are flat, one number per channel or feature; None where the layer
    has none. `groups` is GroupNorm's. `lengths` [N] are the time steps that exist of each sequence. `origin` says in
    a few words where the values come from.
    """

    name: str
    values: Tensor
    norm: Norm = Norm.NONE
    groups: int = 1
    gamma: Tensor | None = None
    beta: Tensor | None = None
    running_mean: Tensor | None = None
    running_var: Tensor | None = None
    lengths: Tensor | None = None
    eps: float = EPS
    origin: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)

    @property
    def layout(self) -> str:
        return layout_of(self.shape)

    @property
    def features(self) -> int:
        """The size of the axis that γ and β follow."""
        return self.shape[1] if self.layout == "NCHW" else self.shape[-1]

    def per_feature(self, flat: Tensor) -> Tensor:
        """[C] -> [1, C, 1, 1], or [D] as it is: what broadcasts against the values."""
        return flat.double().view(-1, 1, 1) if self.layout == "NCHW" else flat.double()

    def first(self, examples: int) -> Site:
        """The same site for a batch of only the first examples."""
        lengths = None if self.lengths is None else self.lengths[:examples]
        return replace(self, values=self.values[:examples], lengths=lengths)

    def exists(self) -> Tensor | None:
        """[N, T, 1] bool: which time steps exist; None where all do."""
        if self.lengths is None:
            return None
        return (torch.arange(self.shape[1]) < self.lengths[:, None])[:, :, None]

    def is_own(self, rule: Rule) -> bool:
        """Whether this is what the layer itself does, so that its γ and β were learned for it."""
        verdict = name_axes(rule)
        same_groups = verdict.norm is not Norm.GN or rule.groups == self.groups
        return self.norm is not Norm.NONE and verdict.norm is self.norm and same_groups

    def has_running(self, rule: Rule) -> bool:
        """Whether evaluation mode has statistics of its own for this rule."""
        return self.running_mean is not None and self.running_var is not None and name_axes(rule).norm is Norm.BN

    def scale_and_shift(self, rule: Rule) -> tuple[Tensor, Tensor]:
        """(γ, β), flat: the layer's own where the rule is its own, else 1 and 0, where every norm starts."""
        own = self.is_own(rule)
        gamma = self.gamma if own and self.gamma is not None else torch.ones(self.features)
        beta = self.beta if own and self.beta is not None else torch.zeros(self.features)
        return gamma, beta


def capture(net: nn.Sequential, images: Tensor, origin: str = "") -> dict[str, Site]:
    """The input of every norm layer `*_norm` for images [N, 1, 28, 28], as a training step would see it.

    The pass runs through a copy in training mode: weights, running statistics and random streams of `net` stay
    bitwise as they are. Names are conv1, conv2, fc1, fc2, …; values are copied to the CPU.
    """
    seen: dict[str, Site] = {}
    running = copy.deepcopy(net).train()
    with torch.no_grad():
        for (name, layer), original in zip(running.named_children(), net.children(), strict=True):
            if name.endswith("_norm"):
                seen[name.removesuffix("_norm")] = _site(name.removesuffix("_norm"), images, original, origin)
            images = layer(images)
    return seen


def _site(name: str, values: Tensor, layer: nn.Module, origin: str) -> Site:
    gamma, beta = gamma_beta(layer)
    mean = getattr(layer, "running_mean", getattr(layer, "moving_mean", None))
    variance = getattr(layer, "running_var", getattr(layer, "moving_var", None))
    norm, groups = _norm_of(layer)
    return Site(
        name,
        values.detach().cpu().clone(),
        norm,
        groups,
        _flat(gamma),
        _flat(beta),
        _flat(mean),
        _flat(variance),
        origin=origin,
    )


def _flat(numbers: Tensor | None) -> Tensor | None:
    return None if numbers is None else numbers.detach().reshape(-1).cpu().clone()


def _norm_of(layer: nn.Module) -> tuple[Norm, int]:
    if isinstance(layer, nn.Identity):
        return Norm.NONE, 1
    if isinstance(layer, nn.GroupNorm):
        return (Norm.LN, 1) if layer.num_groups == 1 else (Norm.GN, layer.num_groups)
    known = {"BatchNorm": Norm.BN, "LayerNorm": Norm.LN, "InstanceNorm": Norm.IN, "RMSNorm": Norm.RMS}
    return next(norm for name, norm in known.items() if type(layer).__name__.startswith(name)), 1


def look(arms: list[Arm], data: Images, step: int, examples: int = 256) -> dict[str, dict[str, Site]]:
    """{arm: {layer: Site}} for the first training images, as the networks are after `step` mini-batches."""
    images = as_floats(data.train_images[:examples])
    return {arm.name: capture(arm.model, images, f"{arm.config.title}, step {step:,}, {data.name}") for arm in arms}


def networks(run: Run | None, patience: float = 5.0) -> dict[str, Mapping[str, Site]]:
    """{arm: {layer: Site}} of the run's live networks, between two mini-batches; at the end the worked example.

    Only the worked example where there is no run, or where it does not answer within `patience` seconds.
    """
    example = {"worked example": worked_example()}
    if run is None:
        return example
    step = run.snapshot(run.history.latest).step
    try:
        return run.ask(lambda arms, data: look(arms, data, step)).result(patience) | example
    except (QueueFull, NothingToSee, TimeoutError):
        return example


@functools.cache
def worked_example() -> Mapping[str, Site]:
    """conv1, conv2, fc1 and fc2 of a LeNet with BatchNorm after 24 steps on the built-in digits: the same every time.

    Used where there is no run. Takes about a second, once.
    """
    config = ExperimentConfig(data="digits", examples=1024, batch_size=64, learning_rate=1.0)
    net, digits = build_lenet(parse_arm("bn"), config), load("digits")
    for step in range(24):
        batch = slice(step % 16 * 64, step % 16 * 64 + 64)
        loss = nn.functional.cross_entropy(net(as_floats(digits.train_images[batch])), digits.train_labels[batch])
        parameters = list(net.parameters())
        with torch.no_grad():  # plain SGD by hand: torch.optim takes seconds to import
            for values, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                values.sub_(config.learning_rate * gradient)
    return capture(net, as_floats(digits.train_images[:256]), "worked example: BatchNorm, step 24, built-in digits")
