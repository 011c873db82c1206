"""The book's class of batch norm, saved and reloaded, and switched between its modes: with a small LeNet on the digits.

RELOADED  the class with its moving statistics as plain attributes, as printed: what is left of them after saving
SWITCHED  what makes it use its moving statistics: eval(), no_grad(), or both
TODAY     the class with buffers: what that mends, and what not

What is read is the share of the test images whose answer stays the same. A network is trained once for each seed.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.data.images import as_floats, load
from core.language.message import Message
from core.lessons.demonstration import Code, Demonstration, Given, Shown, Table
from core.nets.norms import batch_norm
from core.words.numerals import in_percent

EPOCHS, BATCH, LEARNING_RATE = 3, 32, 0.5


class AsPrinted(nn.Module):
    """Its moving statistics are plain attributes."""

    def __init__(self, num_features: int, num_dims: int) -> None:
        super().__init__()
        shape = (1, num_features) if num_dims == 2 else (1, num_features, 1, 1)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.moving_mean = torch.zeros(shape)
        self.moving_var = torch.ones(shape)

    def forward(self, X: Tensor) -> Tensor:
        trains = torch.is_grad_enabled()  # and not self.training
        Y, mean, var = batch_norm(
            X, self.gamma, self.beta, self.moving_mean, self.moving_var, 1e-5, 0.9, training=trains
        )
        self.moving_mean, self.moving_var = mean, var
        return Y


class WithBuffers(AsPrinted):
    """The same, but its moving statistics are buffers."""

    def __init__(self, num_features: int, num_dims: int) -> None:
        super().__init__(num_features, num_dims)
        for name in ("moving_mean", "moving_var"):
            start = self.__dict__.pop(name)
            self.register_buffer(name, start)


def lenet(norm: Callable[[int, int], nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), norm(6, 4), nn.Sigmoid(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), norm(16, 4), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), norm(120, 2), nn.Sigmoid(),
        nn.Linear(120, 84), norm(84, 2), nn.Sigmoid(), nn.Linear(84, 10),
    )  # fmt: skip


def save_and_load(net: nn.Module, fresh: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    return fresh


def predict(net: nn.Module, X: Tensor) -> Tensor:
    answers: Tensor = net(X).argmax(1)
    return answers


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """`images` and `labels` are the test images, sorted by class."""

    net: nn.Module
    images: Tensor
    labels: Tensor


@cache
def trained(seed: int) -> Trained:
    """Trained anew for no seed that has been asked for before."""
    data = load("digits")
    drawn = torch.Generator().manual_seed(seed)
    net = lenet(AsPrinted)
    _start(net, drawn)
    weights = list(net.parameters())
    with torch.enable_grad():
        for _ in range(EPOCHS):
            order = torch.randperm(len(data.train_labels), generator=drawn)
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                loss = F.cross_entropy(net(as_floats(data.train_images[batch])), data.train_labels[batch])
                gradients = torch.autograd.grad(loss, weights)
                with torch.no_grad():
                    for weight, gradient in zip(weights, gradients, strict=True):
                        weight.sub_(LEARNING_RATE * gradient)
    order = data.test_labels.argsort(stable=True)
    return Trained(net, as_floats(data.test_images[order]), data.test_labels[order])


def _start(net: nn.Module, drawn: torch.Generator) -> None:
    """Xavier's first weights, and biases of 0; not by PyTorch's one generator, which other threads draw from, too."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight, generator=drawn)
            assert module.bias is not None
            nn.init.zeros_(module.bias)


def with_buffers(it: Trained) -> Trained:
    """The same network with the other class, which trains alike: only saving tells the two apart."""
    net = lenet(WithBuffers)
    net.load_state_dict(it.net.state_dict(), strict=False)
    for new, old in zip(net.modules(), it.net.modules(), strict=True):
        if isinstance(new, WithBuffers):
            new.moving_mean.copy_(old.moving_mean)  # type: ignore[arg-type]
            new.moving_var.copy_(old.moving_var)  # type: ignore[arg-type]
    return replace(it, net=net)


# --- saving ---------------------------------------------------------------------------------------------------------

SAME = Message("same answer")


def _reloaded(given: Given) -> Shown:
    kept, rows = _kept(trained(given.seed), AsPrinted)
    columns = (Message("entries of state_dict()"), Message("test accuracy"), SAME)
    return Shown((Table(Message("Before it was saved, and after it was loaded"), columns, rows),), {"reloaded": kept})


def _class_and_file(given: Given) -> tuple[Code, ...]:
    return (Code.of(Message("The class, and how it is saved and loaded"), AsPrinted, save_and_load),)


def _kept(it: Trained, norm: type[AsPrinted]) -> tuple[float, tuple[tuple[Message, tuple[str, ...]], ...]]:
    """(the share of the images with the same answer after saving and loading, a row before and one after)."""
    with torch.no_grad():
        before = predict(it.net, it.images)
        after = predict(save_and_load(it.net, lenet(norm)), it.images)
    same = _share(before == after)
    entries = str(len(it.net.state_dict()))
    return same, (
        (Message("before saving"), (entries, _percent(_share(before == it.labels)), "")),
        (Message("after loading"), (entries, _percent(_share(after == it.labels)), _percent(same))),
    )


def _share(which: Tensor) -> float:
    return which.double().mean().item()


def _percent(share: float) -> str:
    return f"{in_percent(share)} %"


RELOADED = Demonstration(_class_and_file, _reloaded, {"reloaded": Message("after it was loaded")}, "seed")

# --- the two modes --------------------------------------------------------------------------------------------------

SWITCHES = {
    "eval": (Message("net.eval() alone"), True, False),
    "no_grad": (Message("torch.no_grad() alone"), False, True),
    "both": (Message("both together"), True, True),
}


def in_company(net: nn.Module, X: Tensor) -> Tensor:
    return predict(net, X)  # all classes in one mini-batch


def by_class(net: nn.Module, X: Tensor, labels: Tensor) -> Tensor:
    return torch.cat([predict(net, X[labels == label]) for label in range(10)])  # one class in each


def _independent(it: Trained, evaluates: bool, without_gradients: bool) -> float:
    """The share of the images whose answer does not depend on which others are in their mini-batch."""
    found = []
    for way in (in_company, lambda net, X: by_class(net, X, it.labels)):
        net = copy.deepcopy(it.net).train(not evaluates)  # a pass in training mode changes the moving statistics
        with torch.no_grad() if without_gradients else nullcontext():
            found.append(way(net, it.images))
    return _share(found[0] == found[1])


def _switched(given: Given) -> Shown:
    it = trained(given.seed)
    readings = {name: _independent(it, *how) for name, (_, *how) in SWITCHES.items()}
    rows = tuple((SWITCHES[name][0], (_percent(share),)) for name, share in readings.items())
    return Shown(
        (Table(Message("Test images that get the same answer in either mini-batch"), (SAME,), rows),), readings
    )


def _class_and_batches(given: Given) -> tuple[Code, ...]:
    title = Message("How the class chooses its mode, and the two kinds of mini-batches")
    return (Code.of(title, AsPrinted.forward, in_company, by_class),)


SWITCHED = Demonstration(_class_and_batches, _switched, {name: title for name, (title, *_) in SWITCHES.items()}, "seed")


def _today(given: Given) -> Shown:
    it = with_buffers(trained(given.seed))
    saved, rows = _kept(it, WithBuffers)
    switched = _independent(it, evaluates=True, without_gradients=False)
    columns = (Message("entries of state_dict()"), Message("test accuracy"), SAME)
    mates = ((SWITCHES["eval"][0], (_percent(switched),)),)
    return Shown(
        (
            Table(Message("Before it was saved, and after it was loaded"), columns, rows),
            Table(Message("Test images that get the same answer in either mini-batch"), (SAME,), mates),
        ),
        {"saving": saved, "switching": switched},
    )


def _buffers(given: Given) -> tuple[Code, ...]:
    return (Code.of(Message("What is different: buffers in place of attributes"), WithBuffers),)


TODAY = Demonstration(
    _buffers, _today, {"saving": Message("after it was loaded"), "switching": SWITCHES["eval"][0]}, "seed"
)
