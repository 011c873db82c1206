"""Experiments of a given number of mini-batches, for measurements."""

from __future__ import annotations

from typing import Any

from core.data.images import Images
from core.experiment.arm import ArmConfig
from core.experiment.config import ExperimentConfig


class AnyBatch(ExperimentConfig):
    """An experiment whose counts are not limited to what a visitor may ask for."""

    def _check_counts(self) -> None:
        """Whoever measures knows how many images there are, and may want batches beyond 1,024."""


def lasting(
    steps: int, data: Images, batch_size: int, arms: tuple[ArmConfig, ...], **settings: Any
) -> ExperimentConfig:
    """`steps` mini-batches, or a few more: as many epochs as that takes with the images that there are."""
    in_epoch = min(steps, len(data.train_images) // batch_size)
    epochs = -(-steps // in_epoch)
    return AnyBatch(examples=batch_size * in_epoch, batch_size=batch_size, epochs=epochs, arms=arms, **settings)
