"""Whether an example's results depend on the other examples: batch norm beside layer norm.

ON_MAPS       the other images are replaced
ON_SEQUENCES  the other sequences end
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.experiment.arm import NORM_TITLES, Norm
from core.language.message import Message
from core.lessons.demonstration import Code, Demonstration, Given, Shown, Table, numbers
from core.nets.norms import standardize

SHAPE = (8, 6, 12, 12)
LENGTHS, FEATURES = (9, 7, 5, 3), 6
READINGS = {norm.value: NORM_TITLES[norm] for norm in (Norm.BN, Norm.LN)}


def batch_norm_on_maps(X: Tensor) -> Tensor:
    Y: Tensor = nn.BatchNorm2d(6)(X)  # in training mode
    return Y


def layer_norm_on_maps(X: Tensor) -> Tensor:
    Y: Tensor = nn.LayerNorm([6, 12, 12])(X)
    return Y


def _on_maps(given: Given) -> Shown:
    drawn = torch.Generator().manual_seed(given.seed)
    X, others = torch.randn(SHAPE, generator=drawn), 2 * torch.randn(SHAPE, generator=drawn) + 1
    replaced = torch.cat([X[:1], others[1:]])
    ways = {"bn": (batch_norm_on_maps, (0, 2, 3)), "ln": (layer_norm_on_maps, (1, 2, 3))}
    readings: dict[str, float | None] = {}
    rows = []
    with torch.no_grad():
        for name, (way, axes) in ways.items():
            means = X.mean(axes)
            change = readings[name] = (way(X)[0] - way(replaced)[0]).abs().max().item()
            counts = f"{means.numel():,}", f"{X.numel() // means.numel():,}"
            rows.append((READINGS[name], (*counts, *numbers([change], 3))))
    columns = (
        Message("means"),
        Message("values that share one"),
        Message("largest change of image 1’s results, when the other seven are replaced"),
    )
    title = Message("A mini-batch of 8 images with 6 channels of 12 × 12")
    return Shown((Table(title, columns, tuple(rows)),), readings)


def _maps_before(given: Given) -> tuple[Code, ...]:
    return (Code.of(Message("What is computed"), batch_norm_on_maps, layer_norm_on_maps),)


ON_MAPS = Demonstration(_maps_before, _on_maps, READINGS, "seed")


def batch_norm_at(X_t: Tensor) -> Tensor:
    return standardize(X_t, 0)  # over the examples that are still going on


def layer_norm_at(X_t: Tensor) -> Tensor:
    return standardize(X_t, 1)  # over the features of each


def _on_sequences(given: Given) -> Shown:
    X = torch.randn((len(LENGTHS), max(LENGTHS), FEATURES), generator=torch.Generator().manual_seed(given.seed))
    rows = []
    for t in range(max(LENGTHS)):
        X_t = X[[length > t for length in LENGTHS], t]
        largest = [way(X_t).abs().max().item() for way in (batch_norm_at, layer_norm_at)]
        rows.append((Message("time step {n}", {"n": t + 1}), (str(len(X_t)), *numbers(largest))))
    columns = (
        Message("sequences that go on"),
        Message("largest result of {norm}", {"norm": NORM_TITLES[Norm.BN]}),
        Message("largest result of {norm}", {"norm": NORM_TITLES[Norm.LN]}),
    )
    title = Message("Four sequences of lengths 9, 7, 5 and 3, with 6 features at each time step")
    marked = frozenset((len(rows) - 1, column) for column in range(len(columns)))
    return Shown((Table(title, columns, tuple(rows), marked),), dict(zip(READINGS, largest, strict=True)))


def _sequences_before(given: Given) -> tuple[Code, ...]:
    return (Code.of(Message("What is computed at each time step"), batch_norm_at, layer_norm_at),)


ON_SEQUENCES = Demonstration(_sequences_before, _on_sequences, READINGS, "seed")
