"""How well a network reads images: in evaluation mode, and with each batch's own statistics.

The two differ for BatchNorm only, and the gap is a lesson: evaluation mode uses running statistics, which describe
slightly older weights (Ioffe & Szegedy 2015, algorithm 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.data import as_floats
from core.norms import BatchNorm

CHUNK = 500  # images at a time in evaluation mode: short enough to stop between two


def has_batch_statistics(model: nn.Module) -> bool:
    """Whether any layer of `model` is a batch norm, ours or PyTorch's."""
    return any(isinstance(m, BatchNorm | nn.BatchNorm1d | nn.BatchNorm2d) for m in model.modules())


@torch.no_grad()
def evaluate(
    model: nn.Module, images: Tensor, labels: Tensor, wait: Callable[[], None], batch_size: int = CHUNK
) -> tuple[float, float]:
    """(mean cross-entropy in nats, accuracy) of `model` as it is.

    images [N, 1, 28, 28] uint8, labels [N] int64. `wait` is called before each batch and may raise to stop.
    """
    total = torch.zeros(2, dtype=torch.float64 if images.device.type != "mps" else torch.float32, device=images.device)
    for rows in _slices(len(images), batch_size):
        wait()
        logits = model(as_floats(images[rows]))  # [B, 10]
        total[0] += F.cross_entropy(logits, labels[rows], reduction="sum")
        total[1] += (logits.argmax(1) == labels[rows]).sum()
    loss, accuracy = (total / len(images)).tolist()
    return loss, accuracy


def _slices(count: int, size: int) -> list[slice]:
    """Batches of `size`; a last one of a single example joins its neighbour, since it has no spread of its own."""
    starts = list(range(0, count, size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], count], strict=True)]


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Running statistics, no dropout; the mode before is restored."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@contextmanager
def batch_statistics(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, but with each batch's own mean and variance; the running statistics come back untouched."""
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with evaluation_mode(model):
        for module in model.modules():
            if isinstance(module, BatchNorm | nn.BatchNorm1d | nn.BatchNorm2d):
                module.train()
        try:
            yield
        finally:
            for name, buffer in model.named_buffers():
                buffer.copy_(kept[name])
