"""The loops that are compared: NormScope's, the one that everybody writes by hand, and the book's."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from core.data.files import DataError
from core.data.images import Images, as_floats, load
from core.experiment.config import ExperimentConfig
from core.nets.fast import plain
from core.nets.lenet import build_lenet
from core.runs.pace import is_look
from core.training.arms import Arm
from core.training.crew import crew
from core.training.steps import PROBE_IMAGES
from core.training.trainer import Unattended, train

BOOKS_WORKERS = 4  # d2l.get_dataloader_workers()


def images() -> Images:
    """Fashion-MNIST, or the digits where it is not to be had; reports name it."""
    try:
        return load("fashion-mnist")
    except DataError:
        return load("digits")


class Looking(Unattended):
    """Looks inside the networks as a run does when nobody has such a page open, or at every step."""

    def __init__(self, total_steps: int, always: bool) -> None:
        self._total, self._always = total_steps, always

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset({"fixed"}) if self._always or is_look(step, self._total) else frozenset()


def normscope(config: ExperimentConfig, data: Images, looks: str, spare: int = 0) -> None:
    """The product's own loop: `looks` is none, default or always. Tests are on the few test images that `data` has.

    `spare` is the number of cores left alone: 0 as on the command line, 1 as on the page.
    """
    control = Unattended() if looks == "none" else Looking(config.total_steps, looks == "always")
    with crew(data.train_images.device, config, spare) as each:
        train(config, data, lambda record: None, control, each)


def bare(config: ExperimentConfig, data: Images) -> None:
    """One arm after the other, images in memory, PyTorch's modules, nothing measured but the loss."""
    for arm in config.arms:
        model = plain(build_lenet(arm, config))
        optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate)
        order = torch.randperm(config.examples)
        for step in range(config.total_steps):
            rows = order[step * config.batch_size : (step + 1) * config.batch_size]
            loss = cross_entropy(model(as_floats(data.train_images[rows])), data.train_labels[rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            if not math.isfinite(loss.item()):
                raise ArithmeticError("the reference loop diverged; choose a lower learning rate")


def book(config: ExperimentConfig, data: Images) -> None:
    """As in the book: four workers turn each picture into a tensor, loss and accuracy are kept at every batch."""
    from torch.utils.data import DataLoader

    for arm in config.arms:
        model = plain(build_lenet(arm, config))
        optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate)
        pictures = Pictures(data, config.examples)
        loader = DataLoader(pictures, config.batch_size, shuffle=True, drop_last=True, num_workers=BOOKS_WORKERS)
        _book_epoch(model, optimizer, loader)


class Pictures:
    """What torchvision's FashionMNIST does for one example, with ToTensor."""

    def __init__(self, data: Images, examples: int) -> None:
        from torchvision.transforms import ToTensor

        self._images, self._labels = data.train_images[:examples, 0], data.train_labels[:examples]
        self._to_tensor = ToTensor()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        return self._to_tensor(Image.fromarray(self._images[i].numpy(), mode="L")), int(self._labels[i])


def _book_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, loader: object) -> None:
    losses, correct = 0.0, 0.0
    for images, labels in loader:  # type: ignore[attr-defined]
        optimizer.zero_grad()
        logits = model(images)
        loss = cross_entropy(logits, labels)
        torch.autograd.backward(loss)
        optimizer.step()
        losses += float(loss.detach()) * len(labels)
        correct += float((logits.argmax(1) == labels).sum())


def few_tests(data: Images) -> Images:
    """The same images with a test set just large enough for a look, so that training is what is measured."""
    return replace(data, test_images=data.test_images[:PROBE_IMAGES], test_labels=data.test_labels[:PROBE_IMAGES])
