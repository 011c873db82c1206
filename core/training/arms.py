"""The networks of an experiment in training, and the mini-batches that all of them take in the same order.

Arm          one network with its optimizer
build_arms   every arm of an experiment, from the same initial weights
schedule     the learning rate of each for a mini-batch
Batch        one mini-batch
Batches      which images each mini-batch consists of
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from core.data.device import is_card
from core.data.images import Images, as_floats
from core.experiment.arm import ArmConfig
from core.experiment.config import ExperimentConfig
from core.experiment.schedule import scheduled
from core.nets import card
from core.nets.lenet import build_lenet
from core.training.optimizers import optimizer_for


@dataclass(slots=True, eq=False)
class Arm:
    """One network in training. `seconds` and `examples` count its own training steps only.

    The seconds are the clock's, with as many threads as the arm's steps had. On a CUDA card, where all arms' steps run
    as one, they are the time of that one.
    """

    config: ArmConfig
    model: nn.Sequential
    optimizer: torch.optim.Optimizer
    learning_rate: float
    by_hand: bool = False  # whether it was set while the run went on, and is no schedule's any more
    seconds: float = 0.0
    examples: int = 0
    alive: bool = True
    _twin: nn.Sequential | None = field(default=None, init=False)
    _pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list, init=False)  # of the model and its twin

    @property
    def name(self) -> str:
        return self.config.name

    def follow(self, learning_rate: float) -> None:
        """Use `learning_rate` from the next step on."""
        self.learning_rate = learning_rate
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(learning_rate)  # on a card, where a captured step reads it
            else:
                group["lr"] = learning_rate

    @torch.no_grad()
    def twin(self) -> nn.Sequential:
        """The network as it is now, as another one, which is valid until the next call."""
        if self._twin is None:
            self._twin = copy.deepcopy(self.model)
            mine, its = self.model.state_dict(), self._twin.state_dict()  # not copies, and listed once: that takes time
            self._pairs = list(zip(mine.values(), its.values(), strict=True))
        for tensor, copied in self._pairs:
            copied.copy_(tensor)
        return self._twin


def build_arms(config: ExperimentConfig, device: torch.device) -> list[Arm]:
    """Every arm from the same initial weights, in training mode, with its optimizer."""
    return [_build_arm(config, arm, device) for arm in config.arms]


def _build_arm(config: ExperimentConfig, arm: ArmConfig, device: torch.device) -> Arm:
    model = build_lenet(arm, config).to(device).train()
    if is_card(device):
        card.dress(model)
    learning_rate = arm.learning_rate or config.learning_rate
    return Arm(arm, model, optimizer_for(model, config, learning_rate), learning_rate)


def schedule(config: ExperimentConfig, arms: list[Arm], step: int) -> None:
    """Have each arm take mini-batch `step` with what the schedule makes of its learning rate."""
    for arm in arms:
        rate = scheduled(config, arm.config.learning_rate or config.learning_rate, step)
        if rate != arm.learning_rate and not arm.by_hand:
            arm.follow(rate)


@dataclass(frozen=True, slots=True)
class Batch:
    """Mini-batch `step` (from 1) of `epoch` (from 1): images [B, 1, 28, 28] float32 in 0..1, labels [B] int64."""

    step: int
    epoch: int
    images: Tensor
    labels: Tensor


class Batches:
    """The mini-batches by step: a fresh permutation each epoch, drawn on the CPU from the config's seed.

    Steps are asked for in their order; an earlier one costs the permutations from the beginning, 0.5 ms each.
    """

    def __init__(self, config: ExperimentConfig, data: Images) -> None:
        self._config, self._data = config, data
        self._epoch = 0
        self._order = torch.empty(0, dtype=torch.int64)
        self._generator = torch.Generator().manual_seed(config.seed)

    def __iter__(self) -> Iterator[Batch]:
        return map(self.at, range(1, self._config.total_steps + 1))

    def at(self, step: int) -> Batch:
        """Mini-batch `step`, from 1."""
        rows = self.rows(step)
        images = self._data.train_images.index_select(0, rows)  # an eighth of the time of train_images[rows]
        return Batch(step, self.epoch_of(step), as_floats(images), self._data.train_labels.index_select(0, rows))

    def epoch_of(self, step: int) -> int:
        return (step - 1) // self._config.steps_per_epoch + 1

    def rows(self, step: int) -> Tensor:
        """Which images it consists of: [B], or fewer in a last short batch, on their device."""
        start = (step - 1) % self._config.steps_per_epoch * self._config.batch_size
        return self.order(self.epoch_of(step))[start : start + self._config.batch_size]

    def order(self, epoch: int) -> Tensor:
        """The images of an epoch in their order, [examples]."""
        if epoch < self._epoch:
            self._epoch, self._generator = 0, torch.Generator().manual_seed(self._config.seed)
        while self._epoch < epoch:
            self._order = torch.randperm(self._config.examples, generator=self._generator)
            self._epoch += 1
            if self._epoch == epoch:
                self._order = self._order.to(self._data.train_images.device)
        return self._order
