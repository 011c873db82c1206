"""Training the GRU that reads an image row by row, with LayerNorm and without.

train_rows    one network trained, with its results; the same weights and batches with and without LayerNorm
compare_rows  both, on the digits

    python -m core sequence --data digits --epochs 3
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.data.images import Images, as_floats, load
from core.nets.gru import RowGRU
from core.training.crew import share_cores

TEST_IMAGES = 2000  # the first so many are tested; their sampling error is ±2 points


@dataclass(frozen=True, slots=True)
class RowsTrained:
    """One network after one epoch: its training loss, averaged over the examples, and its accuracy on test images."""

    layer_norm: bool
    epoch: int
    train_loss: float
    test_accuracy: float
    test_images: int


def train_rows(
    images: Images, layer_norm: bool, epochs: int = 3, examples: int = 1024, rate: float = 0.5, seed: int = 0
) -> tuple[RowGRU, list[RowsTrained]]:
    """Plain SGD, batches of 64 in the same order with and without LayerNorm, gradients clipped to norm 1."""
    net, results = RowGRU(layer_norm, seed), []
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(1, epochs + 1):
        order = torch.randperm(min(examples, len(images.train_images)), generator=generator)
        # A last short batch counts as its examples do, not as a full one.
        losses = [_learn(net, images, batch, rate) * len(batch) for batch in torch.split(order, 64)]
        tested = len(images.test_images[:TEST_IMAGES])
        results.append(RowsTrained(layer_norm, epoch, sum(losses) / len(order), _accuracy(net, images), tested))
    return net, results


def _learn(net: RowGRU, images: Images, batch: Tensor, rate: float) -> float:
    loss = nn.functional.cross_entropy(net(as_floats(images.train_images[batch])), images.train_labels[batch])
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    norm = torch.stack([g.norm() for g in gradients]).norm().item()
    with torch.no_grad():
        for values, gradient in zip(parameters, gradients, strict=True):
            values.sub_(rate / max(1.0, norm) * gradient)
    return float(loss.detach())


def _accuracy(net: RowGRU, images: Images) -> float:
    with torch.no_grad():
        answers = net(as_floats(images.test_images[:TEST_IMAGES])).argmax(1)
    return float((answers == images.test_labels[:TEST_IMAGES]).double().mean())


@functools.cache
def compare_rows() -> tuple[RowsTrained, ...]:
    """Three epochs on 1,024 digits without and with LayerNorm, otherwise the same; some seconds, once."""
    share_cores()
    digits = load("digits")
    return tuple(row for layer_norm in (False, True) for row in train_rows(digits, layer_norm)[1])
