"""How well a network reads images: in evaluation mode, and with each batch's own statistics.

The two differ for BatchNorm only, and the gap is a lesson: evaluation mode uses running statistics, which describe
slightly older weights (Ioffe & Szegedy 2015, algorithm 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.data.images import as_floats
from core.nets.norms import BATCH_NORMS
from core.training.crew import IN_TURN

CHUNK, CHUNK_ON_CARD = 500, 2500  # images at a time in evaluation mode: short enough to stop between two


def has_batch_statistics(model: nn.Module) -> bool:
    """Whether any layer of `model` is a batch norm or a part of one, ours or PyTorch's."""
    return any(isinstance(m, BATCH_NORMS) for m in model.modules())


def evaluate(
    model: nn.Module, images: Tensor, labels: Tensor, wait: Callable[[], None], batch_size: int = CHUNK
) -> tuple[float, float]:
    """(mean cross-entropy in nats, accuracy) of `model` as it is.

    images [N, 1, 28, 28] uint8, labels [N] int64. `wait` is called before each batch and may raise to stop.
    """
    ((loss, accuracy),) = read_all([model], images, labels, wait, batch_size).tolist()
    return loss, accuracy


def read_all(
    models: Sequence[Callable[[Tensor], Tensor]],
    images: Tensor,
    labels: Tensor,
    wait: Callable[[], None],
    batch_size: int,
    crew: Executor = IN_TURN,
) -> Tensor:
    """As evaluate, for several models on the same batches: [models, 2], on the device, which is not waited for.

    `crew` reads them, `wait` is called when it does not.
    """
    totals = torch.zeros(len(models), 2, dtype=_exact(images.device), device=images.device)
    for rows in _slices(len(images), batch_size):
        wait()
        read = partial(_read, images=as_floats(images[rows]), labels=labels[rows])
        for total, found in zip(totals, crew.map(read, models), strict=True):
            total += found
    return totals / len(images)


@torch.no_grad()
def _read(model: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
    """[2]: the sum of the cross-entropies, and how many images were read right."""
    logits = model(images)  # [B, 10]
    correct = (logits.argmax(1) == labels).sum()
    return torch.stack([F.cross_entropy(logits, labels, reduction="sum"), correct.to(logits.dtype)])


def _exact(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64  # which MPS does not have


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
            if isinstance(module, BATCH_NORMS):
                module.train()
        try:
            yield
        finally:
            for name, buffer in model.named_buffers():
                buffer.copy_(kept[name])
