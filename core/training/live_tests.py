"""The test images while the arms train: when they are read, and how well, with running and with batch statistics."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack

from torch import Tensor, nn

from core.data.images import Images
from core.data.streams import Moment, to_host
from core.experiment.config import ExperimentConfig
from core.training import records
from core.training.arms import Arm
from core.training.evaluation import (
    CHUNK,
    CHUNK_ON_CARD,
    batch_statistics,
    evaluation_mode,
    has_batch_statistics,
    read_all,
)
from core.training.failures import Reader
from core.training.meter import POINTS, Measured

LIVE_TEST_IMAGES = 1000  # tested while an epoch runs; its end is tested on all
LIVE_TEST_STEPS = 20  # at least so many steps between two live tests,
LIVE_TEST_EXAMPLES = 5000  # and at least so many training examples, so that tests stay a small part of the time,
LIVE_TEST_MOST_STEPS = 200  # but no more steps than these: those of tiny batches take long for their few examples
EARLY_TESTS = (0, 1, 2, 5, 10)  # where BatchNorm's running statistics are still far off (the start-up lesson)

Mode = Callable[[nn.Module], AbstractContextManager[None]]


def is_due(config: ExperimentConfig, step: int) -> bool:
    """Whether the arms are tested after `step` updates."""
    return _is_whole(config, step) or is_live_test(config, step)


def is_live_test(config: ExperimentConfig, step: int) -> bool:
    affordable = min(LIVE_TEST_EXAMPLES // config.batch_size, LIVE_TEST_MOST_STEPS)
    every = max(LIVE_TEST_STEPS, affordable, math.ceil(config.total_steps / (POINTS // 10)))
    return step in EARLY_TESTS or step % every == 0


def _is_whole(config: ExperimentConfig, step: int) -> bool:
    return step > 0 and step % config.steps_per_epoch == 0


def begin_test(
    config: ExperimentConfig, data: Images, arms: list[Arm], step: int, wait: Callable[[], None], crew: Executor
) -> tuple[Callable[[], records.TestMeasured], dict[Arm, Exception]]:
    """Read the test images: (what waits for the device and leaves out who has died on the way to `step`; what broke).

    `wait` is called between two batches and may raise to stop.
    """
    count = len(data.test_images) if _is_whole(config, step) else min(LIVE_TEST_IMAGES, len(data.test_images))
    images, labels = data.test_images[:count], data.test_labels[:count]
    living = [Reader(arm) for arm in arms if arm.alive]
    batch_normed = [reader for reader in living if has_batch_statistics(reader.arm.model)]
    chunk = CHUNK_ON_CARD if images.is_cuda else CHUNK
    plain = _read(living, evaluation_mode, images, labels, chunk, wait, crew)
    # A batch of one has no spread; there the batch's own statistics mean nothing on linear layers.
    own = _read(batch_normed, batch_statistics, images, labels, max(2, config.batch_size), wait, crew)
    read = Moment(images.device)

    def finish() -> records.TestMeasured:
        read.wait()
        by_plain, by_own = _by_arm(living, plain), _by_arm(batch_normed, own)
        return records.TestMeasured(
            step=step,
            epoch=step / config.steps_per_epoch,
            examples=count,
            whole=count == len(data.test_images),
            loss={name: loss for name, (loss, _) in by_plain.items()},
            accuracy={name: accuracy for name, (_, accuracy) in by_plain.items()},
            batch_loss={name: loss for name, (loss, _) in by_own.items()},
            batch_accuracy={name: accuracy for name, (_, accuracy) in by_own.items()},
            seconds={arm.name: arm.seconds for arm in arms if arm.alive},
        )

    return finish, {reader.arm: reader.error for reader in living if reader.error is not None}


def _read(
    readers: list[Reader],
    mode: Mode,
    images: Tensor,
    labels: Tensor,
    size: int,
    wait: Callable[[], None],
    crew: Executor,
) -> Tensor:
    """[A, 2]: loss and accuracy of every arm, on their way to the host."""
    with ExitStack() as modes:
        for reader in readers:
            modes.enter_context(mode(reader.arm.model))
        return to_host(read_all(readers, images, labels, wait, size, crew))


def _by_arm(readers: list[Reader], read: Tensor) -> Measured:
    found = zip((reader.arm for reader in readers), read.tolist(), strict=True)
    return {arm.name: (loss, share) for arm, (loss, share) in found if arm.alive}
