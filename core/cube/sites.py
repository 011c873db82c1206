"""What enters the norm layers of a network: the tensors that the cube page looks at.

Site      what enters one norm layer, with the layer's own γ, β and running statistics
capture   the sites of a network, for a batch of images; the network is left as it was
look      the sites of one arm of a live run: a question for core.runs.run.Run.ask
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from core.cube.axes import Rule, layout_of
from core.cube.naming import name_axes
from core.data.images import DATA_TITLES, Images, as_floats
from core.experiment.arm import Norm
from core.language.message import Message
from core.nets.norms import EPS, gamma_beta
from core.training.arms import Arm


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What enters one norm layer, [N, C, H, W], [N, T, D] or [N, D], on the CPU, and the layer's own state.

    `gamma`, `beta`, `running_mean`, `running_var` are flat, one number per channel or feature; None where the layer
    has none. `groups` is GroupNorm's. `lengths` [N] are the time steps that exist of each sequence. `origin` says in
    a few words where the values come from.
    """

    name: Message | str
    values: Tensor
    norm: Norm = Norm.NONE
    groups: int = 1
    gamma: Tensor | None = None
    beta: Tensor | None = None
    running_mean: Tensor | None = None
    running_var: Tensor | None = None
    lengths: Tensor | None = None
    eps: float = EPS
    origin: Message | str = ""

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


def capture(net: nn.Sequential, images: Tensor, origin: Message | str = "") -> dict[str, Site]:
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


def _site(name: str, values: Tensor, layer: nn.Module, origin: Message | str) -> Site:
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
    # Another one is a norm that somebody has added.
    known = {
        "MeanOnlyBatchNorm": Norm.MO,
        "VarianceOnlyBatchNorm": Norm.VO,
        "BatchNorm": Norm.BN,
        "LayerNorm": Norm.LN,
        "InstanceNorm": Norm.IN,
        "RMSNorm": Norm.RMS,
    }
    kind = type(layer).__name__
    for name, norm in known.items():
        if kind.startswith(name):
            return norm, 1
    raise LookupError(Message("The cube knows no axes for {kind}. Choose another network.", {"kind": kind}))


_TITLES: dict[str, Message | str] = {"digits": Message("digits")} | DATA_TITLES


def look(arms: list[Arm], data: Images, name: str, step: int, examples: int = 256) -> dict[str, Site]:
    """{layer: Site} of the arm `name` for the first training images; `step` is the mini-batches it has learned from."""
    arm = next(arm for arm in arms if arm.name == name)
    images = as_floats(data.train_images[:examples])
    shown = _TITLES.get(data.name, data.name)
    told = Message("{network}, step {step:,}, {images}", {"network": arm.config.title, "step": step, "images": shown})
    return capture(arm.model, images, told)
