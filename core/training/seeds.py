"""An experiment with several seeds as one computation: each layer of all of them is one operation.

train_seeds  every seed's networks, trained as the experiment says
SeedTrained  how one arm did with one seed

A seed decides weights and order as in a run of its own, so the numbers are those of single runs, but for rounding.
Meant for a card, which a single LeNet leaves idle most of the time.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn import functional as F

from core.data.device import is_card
from core.data.images import Images, as_floats
from core.data.streams import aside, lane
from core.experiment.arm import ArmConfig
from core.experiment.config import CONSTANT, ExperimentConfig
from core.experiment.rules import ConfigError
from core.language.message import Message
from core.nets.fast import plain
from core.nets.lenet import build_lenet, learned
from core.training.arms import Batches
from core.training.captured import capture

TESTED_AT_ONCE = 1000  # images, times the number of seeds

Numbers = dict[str, Tensor]  # of parameters or buffers by name, the seeds on axis 0


@dataclass(slots=True)
class SeedTrained:
    """One arm with one seed: an entry an epoch; losses are nats, means over examples. Not a number once it diverged."""

    seed: int
    arm: str
    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)


def train_seeds(config: ExperimentConfig, data: Images, seeds: Sequence[int]) -> list[SeedTrained]:
    """Every arm of `config` with every seed, arm by arm; config.seed plays no part.

    Raises ConfigError for what is not done so: Adam, momentum, weight decay, a schedule, dropout and
    last batches that are shorter.
    """
    _check(config)
    orders = [Batches(replace(config, seed=seed), data) for seed in seeds]
    arms = [Stacked(config, arm, data, seeds) for arm in config.arms]
    for epoch in range(1, config.epochs + 1):
        order = torch.stack([batches.order(epoch) for batches in orders])  # [S, examples]
        for arm in arms:
            arm.learn(order)
            arm.test()
    return [trained for arm in arms for trained in arm.trained]


def _check(config: ExperimentConfig) -> None:
    dropout = config.dropout or any(arm.dropout for arm in config.arms)
    short = config.examples % config.batch_size and not config.drop_last
    is_plain = config.optimizer == "sgd" and not config.momentum and not config.weight_decay
    if not is_plain or config.schedule != CONSTANT or dropout or short:
        raise ConfigError(
            Message(
                "Seeds are trained together with plain SGD at one learning rate, no weight decay, no dropout and whole "
                "batches; got other settings. Train them one after another, or change these."
            ),
            "optimizer",
            "momentum",
            "weight_decay",
            "schedule",
            "dropout",
            "drop_last",
        )


class Stacked:
    """One arm with all seeds: its networks' parameters and buffers as single tensors [S, ...]."""

    def __init__(self, config: ExperimentConfig, arm: ArmConfig, data: Images, seeds: Sequence[int]) -> None:
        self._config, self._data, device = config, data, data.train_images.device
        self.trained = [SeedTrained(seed, arm.name) for seed in seeds]
        nets = [plain(build_lenet(arm, replace(config, seed=seed))).to(device).train() for seed in seeds]
        self._parameters, self._buffers = stack_module_state(nets)
        self._learned = list(learned(nets[0]))
        self._net = copy.deepcopy(nets[0]).to("meta")  # what there is to do, without numbers
        self._rate = arm.learning_rate or config.learning_rate
        self._order = torch.zeros(len(seeds), config.examples, dtype=torch.int64, device=device)
        self._places = torch.arange(config.batch_size, device=device)
        self._start = torch.zeros(1, dtype=torch.int64, device=device)
        self._sums = torch.zeros(2, len(seeds), dtype=torch.float64, device=device)  # of losses and right answers
        self._take = self._captured() if is_card(device) else self._step

    def learn(self, order: Tensor) -> None:
        """One epoch in the order [S, examples]."""
        self._order.copy_(order)
        self._start.zero_(), self._sums.zero_()
        for _ in range(self._config.steps_per_epoch):
            self._take()
        examples = self._config.steps_per_epoch * self._config.batch_size
        for trained, loss, right in zip(self.trained, *(self._sums / examples).tolist(), strict=True):
            trained.train_loss.append(loss)
            trained.train_accuracy.append(right if math.isfinite(loss) else math.nan)

    def test(self) -> None:
        """All test images in evaluation mode."""
        sums = torch.zeros_like(self._sums)
        self._net.eval()
        with torch.no_grad():
            images, labels = self._data.test_images, self._data.test_labels
            for X, y in zip(torch.split(images, TESTED_AT_ONCE), torch.split(labels, TESTED_AT_ONCE), strict=True):
                logits = vmap(self._logits, (0, 0, None))(self._parameters, self._buffers, as_floats(X))  # [S, B, 10]
                losses = F.cross_entropy(logits.flatten(0, 1), y.repeat(len(logits)), reduction="none")
                sums += torch.stack([losses.view(len(logits), -1).sum(1), (logits.argmax(2) == y).sum(1)])
        self._net.train()
        for trained, loss, right in zip(self.trained, *(sums / len(self._data.test_labels)).tolist(), strict=True):
            trained.test_loss.append(loss)
            trained.test_accuracy.append(right if math.isfinite(loss) else math.nan)

    def _logits(self, parameters: Numbers, buffers: Numbers, X: Tensor) -> Tensor:
        return functional_call(self._net, (parameters, buffers), (X,))  # type: ignore[no-any-return]

    def _loss(
        self, parameters: Numbers, buffers: Numbers, X: Tensor, y: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Numbers]]:
        """One network's loss, how many it read right, and its running statistics afterwards."""
        after = {name: tensor.clone() for name, tensor in buffers.items()}
        logits = self._logits(parameters, after, X)  # [B, 10]
        return F.cross_entropy(logits, y), ((logits.argmax(1) == y).sum(), after)

    def _step(self) -> None:
        rows = self._order.index_select(1, self._start + self._places)  # [S, B]
        X, y = as_floats(self._data.train_images[rows]), self._data.train_labels[rows]  # [S, B, 1, 28, 28]
        gradients, (losses, (right, after)) = vmap(grad_and_value(self._loss, has_aux=True))(
            self._parameters, self._buffers, X, y
        )
        with torch.no_grad():
            for name in self._learned:
                self._parameters[name].sub_(gradients[name], alpha=self._rate)
            for name, buffer in self._buffers.items():
                buffer.copy_(after[name])
            self._sums.add_(torch.stack([losses.detach().double() * len(self._places), right.double()]))
            self._start.add_(len(self._places))

    def _captured(self) -> Any:
        kept = [(tensor, tensor.detach().clone()) for tensor in (*self._parameters.values(), *self._buffers.values())]
        side = lane(self._start.device, "warm-up")
        with aside(side):
            self._step()
        if side is not None:
            torch.cuda.current_stream().wait_stream(side)
        with torch.no_grad():
            for tensor, values in kept:
                tensor.copy_(values)
        return capture(self._step)
