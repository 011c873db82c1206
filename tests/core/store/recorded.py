"""A short run on the digits, recorded in memory: what exports are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from torch import Tensor

from core.data.images import Images, load
from core.experiment.config import ExperimentConfig
from core.store.recording import Networks, Origin, Recording
from core.training.arms import Arm
from core.training.records import NetworksSeen, Record, StatusChanged
from core.training.trainer import Unattended, train

ORIGIN = Origin(datetime(2026, 11, 27, 12, tzinfo=UTC), "page", "0.1.0", "3.11.7", "2.15.0", "Some CPU", 2)


class Looking(Unattended):
    """Looks at the fixed images after every `apart` updates, and keeps the networks of those steps."""

    def __init__(self, apart: int) -> None:
        self.apart = apart
        self.kept: dict[int, Networks] = {}

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        if step % self.apart:
            return frozenset()
        self.kept[step] = {arm.name: weights(arm) for arm in arms if arm.alive}
        return frozenset({"fixed"})


def weights(arm: Arm) -> Mapping[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in arm.model.state_dict().items()}


def recorded(config: ExperimentConfig, apart: int = 5, status: str = "finished") -> Recording:
    """`config`, trained to its end, with a look after every `apart` updates."""
    records: list[Record] = []
    looks: list[NetworksSeen] = []
    control = Looking(apart)

    def publish(record: Record) -> None:
        (looks if isinstance(record, NetworksSeen) else records).append(record)

    arms = train(config, load(config.data), publish, control)
    records.append(StatusChanged(status, config.total_steps))
    control.kept[config.total_steps] = {arm.name: weights(arm) for arm in arms if arm.alive}
    return Recording(
        id="abcDEF123_-xyz00",
        name="First look",
        config=config,
        asked=config,
        status=status,
        origin=ORIGIN,
        records=tuple(records),
        looks=lambda: iter(looks),
        network_steps=tuple(sorted(control.kept)),
        networks=control.kept.__getitem__,
    )
