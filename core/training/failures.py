"""What goes wrong in one arm ends that arm, and the others go on.

failed         the arm is at its end, and what is told of it
attempt        what some work gives, or the exception that it raised
Reader         an arm's network, for tests: after an exception it reads nothing any more
out_of_memory  whether an exception says that the device is full
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from core.language.message import Message
from core.language.unforeseen import unforeseen
from core.training.arms import Arm
from core.training.records import NO_MEMORY, ArmFailed

Found = TypeVar("Found")
CLASSES = 10

log = logging.getLogger(__name__)


def failed(arm: Arm, step: int, doing: str, error: Exception) -> ArmFailed:
    """End `arm`; the log says where `error` came from."""
    arm.alive = False
    log.error("arm %s failed at step %d (%s)", arm.name, step, doing, exc_info=error)
    return ArmFailed(step, arm.name, doing, _said(error))


def _said(error: Exception) -> Message | str:
    return NO_MEMORY if out_of_memory(error) else unforeseen(error)


def out_of_memory(error: BaseException) -> bool:
    """A card has an exception of its own for it; the CPU's allocator says so in words."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def attempt(work: Callable[[], Found]) -> Found | Exception:
    """Do `work`, on whatever thread; an exception comes back instead of going up and ending all arms."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whoever asked ends the arm with it, and it is logged
        return error


class Reader:
    """Images [B, 1, 28, 28] in, logits [B, 10] out; NaN once the network raised an exception, `error`."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        self.error: Exception | None = None

    def __call__(self, images: Tensor) -> Tensor:
        if self.error is None:
            try:
                return self.arm.model(images)  # type: ignore[no-any-return]
            except Exception as error:  # noqa: BLE001 - as in attempt
                self.error = error
        return torch.full((len(images), CLASSES), torch.nan, device=images.device)
