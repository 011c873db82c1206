"""How far a network's gradient can be trusted: what steps along it do to the loss, and to the gradient itself.

Santurkar et al. 2018 (arXiv:1805.11604, section 3.2) measure how far the loss varies, and how far the gradient changes,
as one moves in the direction of the gradient: “loss” and “gradient predictiveness”.

along      with steps of several lengths, MULTIPLES; the network is moved, so it is to be a copy
Along      what they did
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.nets.lenet import Dropout, learned
from core.probes.multiples import MULTIPLES


@dataclass(frozen=True, slots=True)
class Along:
    """Of one network, one mini-batch and one learning rate η; g is ∂L/∂w where it begins, over all parameters.

    loss_range  the largest loss less the smallest over w − m·η·g, m in MULTIPLES, in nats
    cosine      of the angle between g and the gradient after one step (m = 1): 1 where it has not turned
    change      the length of their difference, by that of g
    steepness   the largest change of the gradient by the distance moved, over all m: the effective β of the paper
    """

    loss_range: float
    cosine: float
    change: float
    steepness: float


def along(model: nn.Sequential, images: Tensor, labels: Tensor, learning_rate: float) -> Along:
    """In training mode: a norm over the batch takes the statistics of these images at each of the steps.

    `model` is left where the last step took it. Dropout is off, so that nothing but the weights differs. Numbers that
    there are not, as where a loss overflows, are nan or infinite.
    """
    _without_dropout(model.train())
    weights = list(learned(model).values())
    start = [weight.detach().clone() for weight in weights]
    _loss, first = _gradient(model, weights, images, labels)
    losses, gradients = [], []
    for multiple in MULTIPLES:
        _move(weights, start, first, multiple * learning_rate)
        loss, gradient = _gradient(model, weights, images, labels)
        losses.append(loss)
        gradients.append(_flat(gradient))
    return _found(_flat(first), torch.tensor(losses, dtype=torch.float64), gradients, learning_rate)


def _without_dropout(model: nn.Sequential) -> None:
    for module in model.modules():
        if isinstance(module, Dropout):
            module.eval()


def _gradient(
    model: nn.Sequential, weights: list[nn.Parameter], images: Tensor, labels: Tensor
) -> tuple[float, list[Tensor]]:
    loss = cross_entropy(model(images), labels)
    return loss.item(), list(torch.autograd.grad(loss, weights))


@torch.no_grad()
def _move(weights: list[nn.Parameter], start: list[Tensor], gradient: list[Tensor], length: float) -> None:
    for weight, before, slope in zip(weights, start, gradient, strict=True):
        weight.copy_(before - length * slope)


def _flat(gradient: list[Tensor]) -> Tensor:
    """[P] of all parameters, in float64: squares of small ones would be 0."""
    return torch.cat([each.reshape(-1) for each in gradient]).double()


def _found(first: Tensor, losses: Tensor, gradients: list[Tensor], learning_rate: float) -> Along:
    length = first.norm()
    changes = torch.stack([(gradient - first).norm() for gradient in gradients])
    moved = torch.tensor(MULTIPLES, dtype=torch.float64, device=changes.device) * learning_rate * length
    one = MULTIPLES.index(1.0)
    return Along(
        loss_range=(losses.max() - losses.min()).item(),
        cosine=(gradients[one] @ first / (gradients[one].norm() * length)).item(),
        change=(changes[one] / length).item(),
        steepness=(changes / moved).max().item(),
    )
