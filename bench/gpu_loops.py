"""The loops that bench.gpu compares, on whatever device the images are.

Each starts from the same initial weights, takes the same batches, calls `tick` before each of them, and gives every
loss. orders: which rows they take. reference: the losses in float64 on the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset

from bench.loops import BOOKS_WORKERS
from core.data.images import Images, as_floats
from core.experiment.arm import ArmConfig
from core.experiment.config import ExperimentConfig
from core.nets.fast import plain
from core.nets.lenet import build_lenet
from core.runs.pace import is_look
from core.training.arms import Arm
from core.training.records import Record, TrainMeasured
from core.training.trainer import Unattended, train

Losses = dict[str, list[float]]  # arm: the loss of every mini-batch
Tick = Callable[[int], None]  # called when a mini-batch begins, with its number from 1
Loop = Callable[[ExperimentConfig, Images, Tick], Losses]


def orders(config: ExperimentConfig, device: torch.device) -> Iterator[Tensor]:
    """The rows of each mini-batch, [B]: those of core.training.trainer.batches."""
    generator = torch.Generator().manual_seed(config.seed)
    for _ in range(config.epochs):
        order = torch.randperm(config.examples, generator=generator).to(device)
        yield from order[: config.steps_per_epoch * config.batch_size].split(config.batch_size)


def network(
    arm: ArmConfig,
    config: ExperimentConfig,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> tuple[nn.Module, torch.optim.SGD]:
    """The arm's network in torch.nn's layers, and plain SGD."""
    model = plain(build_lenet(arm, config)).to(device, dtype)
    return model, torch.optim.SGD(model.parameters(), lr=config.learning_rate)


def bare(config: ExperimentConfig, data: Images, tick: Tick, dtype: torch.dtype = torch.float32) -> Losses:
    """Written by hand: images on the device, .item() at every step, one arm after another."""
    losses: Losses = {arm.name: [] for arm in config.arms}
    for arm in config.arms:
        model, optimizer = network(arm, config, data.train_images.device, dtype)
        for step, rows in enumerate(orders(config, data.train_images.device), 1):
            tick(step)
            loss = cross_entropy(model(as_floats(data.train_images[rows]).to(dtype)), data.train_labels[rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            losses[arm.name].append(loss.item())
    return losses


def reference(config: ExperimentConfig, data: Images) -> Losses:
    """The same on the processor with 64 bits."""
    on_cpu = [tensor.cpu() for tensor in (data.train_images, data.train_labels, data.test_images, data.test_labels)]
    return bare(config, Images(data.name, *on_cpu, data.classes), lambda step: None, torch.float64)


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """One picture at a time, as floats."""

    def __init__(self, data: Images) -> None:
        self._images, self._labels = data.train_images.cpu(), data.train_labels.cpu()

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return as_floats(self._images[row]), self._labels[row]


def book(config: ExperimentConfig, data: Images, tick: Tick) -> Losses:
    """As in the book: a DataLoader on the host, with the book's workers where those leave the device alone."""
    device, pictures = data.train_images.device, Pictures(data)
    order = torch.cat(list(orders(config, torch.device("cpu")))).tolist()
    losses: Losses = {}
    for arm in config.arms:
        workers = BOOKS_WORKERS if device.type == "cuda" else 0
        loader = DataLoader(pictures, config.batch_size, sampler=order, num_workers=workers)
        losses[arm.name] = _as_in_the_book(*network(arm, config, device), loader, device, tick)
    return losses


def _as_in_the_book(
    model: nn.Module, optimizer: torch.optim.SGD, loader: DataLoader[Any], device: torch.device, tick: Tick
) -> list[float]:
    losses, correct = [], 0.0
    for step, (X, y) in enumerate(loader, 1):
        tick(step)
        X, y = X.to(device), y.to(device)
        logits = model(X)
        loss = cross_entropy(logits, y)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(float(loss.detach()))
        correct += float((logits.argmax(1) == y).sum())
    return losses


class Looking(Unattended):
    """A control that tells the time, and looks inside at the steps that are `due`."""

    def __init__(self, tick: Tick, due: Callable[[int], bool]) -> None:
        self._tick, self._due = tick, due

    def begin_step(self, step: int) -> float | None:
        self._tick(step)
        return None

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset({"fixed"}) if self._due(step) else frozenset()


LOOKS: dict[str, Callable[[int, int], bool]] = {  # (step, steps in all): whether one is due
    "no looks": lambda step, total: False,
    "default looks": is_look,
    "a look at every step": lambda step, total: True,
}


def normscope(looks: str) -> Loop:
    """core.training.trainer's own loop, with one of LOOKS."""

    def loop(config: ExperimentConfig, data: Images, tick: Tick) -> Losses:
        losses: Losses = {arm.name: [] for arm in config.arms}

        def publish(record: Record) -> None:
            if isinstance(record, TrainMeasured):  # every step is one, in a run of less than 2,000
                for name, loss in record.loss.items():
                    losses[name].append(loss)

        train(config, data, publish, Looking(tick, lambda step: LOOKS[looks](step, config.total_steps)))
        return losses

    return loop


LOOPS: dict[str, Loop] = {"bare": bare, "book": book}
LOOPS |= {f"NormScope, {looks}": normscope(looks) for looks in LOOKS}
