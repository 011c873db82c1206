"""The loop: all arms of an experiment in lock-step, on the same batches. It knows neither threads nor screens.

It is handed three pieces of outside world: `publish` takes what was measured, `control` is asked before every
mini-batch whether to go on, `crew` does the same for every arm, one after the other or at once. Everything random
comes from generators seeded by the config, so the same config on the CPU gives the same losses, bit for bit.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.data.device import describe
from core.data.images import Images, as_floats
from core.experiment.arm import ArmConfig
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet, fingerprint, parameter_count
from core.probes.stats import summarise
from core.probes.summary import NetworkSummary
from core.probes.watch import probe, watch
from core.training import records
from core.training.crew import IN_TURN
from core.training.evaluation import CHUNK, batch_statistics, evaluate_all, evaluation_mode, has_batch_statistics
from core.training.meter import POINTS, Averages, Measured, Meter
from core.training.records import Publish

LIVE_TEST_IMAGES = 1000  # tested while an epoch runs; its end is tested on all
LIVE_TEST_STEPS = 20  # at least so many steps between two live tests,
LIVE_TEST_EXAMPLES = 5000  # and at least so many training examples, so that tests stay a small part of the time,
LIVE_TEST_MOST_STEPS = 200  # but no more steps than these: those of tiny batches take long for their few examples
PROBE_IMAGES = 64  # the fixed ones; a look at them costs some 1.3 training steps of 256
EARLY_TESTS = (0, 1, 2, 5, 10)  # where BatchNorm's running statistics are still far off (the start-up lesson)


class RunStopped(Exception):
    """Raised by a control to end training between two mini-batches."""


class Control(Protocol):
    """Who may pause, stop or steer the training."""

    def begin_step(self, step: int) -> float | None:
        """Return when mini-batch `step` may run (a new learning rate, or None); raise RunStopped to end."""

    def wait(self) -> None:
        """Return when work that is no training step may go on; raise RunStopped to end."""

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        """What to look at inside the networks after `step` updates: any of "fixed" and "batch"."""


class Unattended:
    """A control that never interferes."""

    def begin_step(self, step: int) -> float | None:
        return None

    def wait(self) -> None:
        return None

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset()


@dataclass(slots=True)
class Arm:
    """One network in training. `seconds` and `examples` count its own training steps only.

    On the CPU the seconds are processor time: what the arm takes, not what it waits for others.
    """

    config: ArmConfig
    model: nn.Sequential
    optimizer: torch.optim.Optimizer
    seconds: float = 0.0
    examples: int = 0
    alive: bool = True
    _twin: nn.Sequential | None = field(default=None, init=False)
    _pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list, init=False)  # of the model and its twin

    @property
    def name(self) -> str:
        return self.config.name

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


@dataclass(frozen=True, slots=True)
class Batch:
    """Mini-batch `step` (from 1) of `epoch` (from 1): images [B, 1, 28, 28] float32 in 0..1, labels [B] int64."""

    step: int
    epoch: int
    images: Tensor
    labels: Tensor


def train(
    config: ExperimentConfig,
    data: Images,
    publish: Publish,
    control: Control | None = None,
    crew: Executor = IN_TURN,
) -> list[Arm]:
    """Train every arm of `config` on `data`, publishing records; returns the arms as they ended.

    `crew` is used between two calls of `control` only, and always waited for: nothing else touches the arms then.

    Raises RunStopped when `control` does. An arm whose loss is not finite ends alone and says where it broke.
    """
    control = control or Unattended()
    arms = build_arms(config, data.train_images.device)
    publish(_started(config, data, arms))
    meter, averages = Meter(config, publish), Averages()
    _test(config, data, arms, 0, publish, control, crew)

    for batch in batches(config, data):
        _steer(arms, batch.step, control, publish)
        sources = control.look(arms, data, batch.step - 1)
        look = begin_look(config, data, arms, batch.step - 1, crew) if "fixed" in sources else None
        step = partial(_seen_step, config) if "batch" in sources else _step
        measured = step(arms, batch, publish, crew)
        if look is not None:
            publish(look())
        meter.add(batch, measured, arms)
        averages.add(measured, len(batch.labels))
        if not any(arm.alive for arm in arms):
            meter.flush()
            break
        if batch.step % config.steps_per_epoch == 0:
            meter.flush()
            publish(averages.finish(batch))
        _test(config, data, arms, batch.step, publish, control, crew)
    if "fixed" in control.look(arms, data, config.total_steps) and any(arm.alive for arm in arms):
        publish(begin_look(config, data, arms, config.total_steps, crew)())
    return arms


def build_arms(config: ExperimentConfig, device: torch.device) -> list[Arm]:
    """Every arm from the same initial weights, in training mode, with its optimizer."""
    arms = []
    for arm in config.arms:
        model = build_lenet(arm, config).to(device).train()
        arms.append(Arm(arm, model, _optimizer(config, arm, model)))
    return arms


def _optimizer(config: ExperimentConfig, arm: ArmConfig, model: nn.Module) -> torch.optim.Optimizer:
    learning_rate = arm.learning_rate or config.learning_rate
    if config.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=learning_rate)
    return torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=config.momentum)


def batches(config: ExperimentConfig, data: Images) -> Iterator[Batch]:
    """The mini-batches in their order: a fresh permutation each epoch, drawn on the CPU from the config's seed."""
    generator = torch.Generator().manual_seed(config.seed)
    step = 0
    for epoch in range(1, config.epochs + 1):
        order = torch.randperm(config.examples, generator=generator).to(data.train_images.device)
        for start in range(0, config.steps_per_epoch * config.batch_size, config.batch_size):
            rows = order[start : start + config.batch_size]
            step += 1
            images = data.train_images.index_select(0, rows)  # an eighth of the time of train_images[rows]
            yield Batch(step, epoch, as_floats(images), data.train_labels.index_select(0, rows))


def _started(config: ExperimentConfig, data: Images, arms: list[Arm]) -> records.TrainingStarted:
    return records.TrainingStarted(
        device=describe(data.train_images.device),
        data=data.name,
        examples=config.examples,
        test_examples=len(data.test_images),
        batch_size=config.batch_size,
        steps_per_epoch=config.steps_per_epoch,
        total_steps=config.total_steps,
        arms=tuple(_arm_started(arm) for arm in arms),
    )


def _arm_started(arm: Arm) -> records.ArmStarted:
    norms = sum(parameter_count(module) for name, module in arm.model.named_children() if name.endswith("_norm"))
    return records.ArmStarted(
        arm.name, arm.config.main_norm, arm.config.title, parameter_count(arm.model), norms, fingerprint(arm.model)
    )


def _steer(arms: list[Arm], step: int, control: Control, publish: Publish) -> None:
    new = control.begin_step(step)
    followers = [arm for arm in arms if arm.config.learning_rate is None]
    if new is None or not followers:
        return
    old = followers[0].optimizer.param_groups[0]["lr"]
    for arm in followers:
        arm.optimizer.param_groups[0]["lr"] = new
    publish(records.LearningRateChanged(step, old, new))


Mode = Callable[[nn.Module], AbstractContextManager[None]]


def _step(arms: list[Arm], batch: Batch, publish: Publish, crew: Executor) -> Measured:
    """One mini-batch for every living arm; an arm with a non-finite loss is not updated any more."""
    living = [arm for arm in arms if arm.alive]
    each = map if len(living) == 1 else crew.map  # a single one gains nothing from another thread
    measured: Measured = {}
    for arm, outcome in zip(living, each(partial(_learn, batch=batch), living), strict=True):
        if isinstance(outcome, records.ArmDiverged):
            publish(outcome)
        else:
            measured[arm.name] = outcome
    return measured


def _learn(arm: Arm, batch: Batch) -> tuple[float, float] | records.ArmDiverged:
    clock = time.thread_time if batch.images.device.type == "cpu" else time.perf_counter
    started = clock()
    loss, correct = _forward_backward(arm, batch)
    arm.alive = math.isfinite(loss)
    if arm.alive:
        arm.optimizer.step()
    outcome = (loss, correct) if arm.alive else diagnose(arm, batch)
    arm.seconds += clock() - started
    arm.examples += len(batch.labels)
    return outcome


def _seen_step(config: ExperimentConfig, arms: list[Arm], batch: Batch, publish: Publish, crew: Executor) -> Measured:
    """One mini-batch as in _step, seen from inside; the update ratios are those of the step that is taken."""
    with ExitStack() as watches:
        seen = {arm.name: watches.enter_context(watch(arm.model)) for arm in arms if arm.alive}
        measured = _step(arms, batch, publish, crew)
    found = crew.map(summarise, [seen[name] for name in measured])
    summaries = dict(zip(measured, found, strict=True))
    if summaries:
        step = batch.step - 1
        publish(records.NetworksSeen(step, step / config.steps_per_epoch, "batch", summaries))
    return measured


def look_at_fixed_images(config: ExperimentConfig, data: Images, arms: list[Arm], step: int) -> records.NetworksSeen:
    """Every living arm on the first test images, in training mode, so that between two looks only the network moved.

    Update ratios are those that a plain SGD step with these gradients would have; None for other optimizers.
    """
    return begin_look(config, data, arms, step, IN_TURN)()


def begin_look(
    config: ExperimentConfig, data: Images, arms: list[Arm], step: int, crew: Executor
) -> Callable[[], records.NetworksSeen]:
    """Begin look_at_fixed_images; what comes back waits for it. The arms may learn on: copies are looked at."""
    images, labels = as_floats(data.test_images[:PROBE_IMAGES]), data.test_labels[:PROBE_IMAGES]
    plain = config.optimizer == "sgd" and config.momentum == 0

    def look(model: nn.Sequential, rate: float) -> NetworkSummary:
        return summarise(probe(model, images, labels), rate if plain else None)

    living = [arm for arm in arms if arm.alive]
    looks = {arm.name: crew.submit(look, arm.twin(), arm.optimizer.param_groups[0]["lr"]) for arm in living}
    return lambda: records.NetworksSeen(
        step, step / config.steps_per_epoch, "fixed", {name: seen.result() for name, seen in looks.items()}
    )


def _forward_backward(arm: Arm, batch: Batch) -> tuple[float, float]:
    logits = arm.model(batch.images)  # [B, 10]
    loss = F.cross_entropy(logits, batch.labels)
    arm.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    correct = (logits.argmax(1) == batch.labels).sum()
    loss_value, correct_value = torch.stack([loss.detach(), correct.to(loss.dtype)]).tolist()  # the one host sync
    return loss_value, correct_value


@torch.no_grad()
def diagnose(arm: Arm, batch: Batch) -> records.ArmDiverged:
    """The first layer, from the input on, with a parameter or an output that is not finite."""
    values = batch.images
    for name, module in arm.model.named_children():
        for parameter_name, parameter in module.named_parameters():
            if not parameter.isfinite().all():
                return records.ArmDiverged(batch.step, arm.name, name, f"{name}.{parameter_name} is not finite")
        values = module(values)
        if not values.isfinite().all():
            return records.ArmDiverged(batch.step, arm.name, name, f"the output of {name} is not finite")
    return records.ArmDiverged(batch.step, arm.name, "loss", "the loss itself is not finite")


def _test(
    config: ExperimentConfig,
    data: Images,
    arms: list[Arm],
    step: int,
    publish: Publish,
    control: Control,
    crew: Executor,
) -> None:
    whole = step > 0 and step % config.steps_per_epoch == 0
    if not (whole or _is_live_test(config, step)):
        return
    count = len(data.test_images) if whole else min(LIVE_TEST_IMAGES, len(data.test_images))
    images, labels = data.test_images[:count], data.test_labels[:count]
    plain, own = _test_arms(arms, images, labels, config.batch_size, control, crew)
    publish(
        records.TestMeasured(
            step=step,
            epoch=step / config.steps_per_epoch,
            examples=count,
            whole=count == len(data.test_images),
            loss={name: loss for name, (loss, _) in plain.items()},
            accuracy={name: accuracy for name, (_, accuracy) in plain.items()},
            batch_loss={name: loss for name, (loss, _) in own.items()},
            batch_accuracy={name: accuracy for name, (_, accuracy) in own.items()},
            seconds={arm.name: arm.seconds for arm in arms if arm.alive},
        )
    )


def _is_live_test(config: ExperimentConfig, step: int) -> bool:
    affordable = min(LIVE_TEST_EXAMPLES // config.batch_size, LIVE_TEST_MOST_STEPS)
    every = max(LIVE_TEST_STEPS, affordable, math.ceil(config.total_steps / (POINTS // 10)))
    return step in EARLY_TESTS or step % every == 0


def _test_arms(
    arms: list[Arm], images: Tensor, labels: Tensor, batch_size: int, control: Control, crew: Executor
) -> tuple[Measured, Measured]:
    """(in evaluation mode, with batch statistics): the latter for arms with BatchNorm."""
    living = [arm for arm in arms if arm.alive]
    batch_normed = [arm for arm in living if has_batch_statistics(arm.model)]

    def test(arms: list[Arm], mode: Mode, batch_size: int) -> Measured:
        with ExitStack() as modes:
            models = [arm.model for arm in arms]
            for model in models:
                modes.enter_context(mode(model))
            found = evaluate_all(models, images, labels, control.wait, batch_size, crew)
        return {arm.name: result for arm, result in zip(arms, found, strict=True)}

    # A batch of one has no spread; there the batch's own statistics mean nothing on linear layers.
    return test(living, evaluation_mode, CHUNK), test(batch_normed, batch_statistics, max(2, batch_size))
