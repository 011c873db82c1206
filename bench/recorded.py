"""Record the First look that comes with NormScope: python -m bench.recorded

Trains the preset as the page does, on Fashion-MNIST in NORMSCOPE_DATA, looks inside the networks often enough to be
scrubbed, and writes core/exports/first_look.zip and the first images beside it. To be run again when what is
kept of a run changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from core.experiment.environment import fix_products

fix_products()  # before PyTorch is there

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from core.data.images import Images, load  # noqa: E402
from core.experiment.config import PRESETS  # noqa: E402
from core.exports import bundle  # noqa: E402
from core.exports.recorded import FIRST_LOOK, IMAGES, NAME, RUN_ID  # noqa: E402
from core.runs.origin import COMMAND_LINE, origin  # noqa: E402
from core.runs.pace import FIRST_LOOKS  # noqa: E402
from core.store.recording import Networks, Recording  # noqa: E402
from core.training.arms import Arm  # noqa: E402
from core.training.crew import share_cores  # noqa: E402
from core.training.records import NetworksSeen, Record, StatusChanged  # noqa: E402
from core.training.trainer import Unattended, train  # noqa: E402

APART = 13  # steps from look to look: six an epoch
TRAIN_IMAGES, TEST_IMAGES = 256, 500  # what the cube shows, and what maps are chosen from: a third of a megabyte
KEPT = (0, 10, 50, 100)  # steps whose networks are kept, and the last: half a megabyte each


class Looking(Unattended):
    """Looks where the page would with nobody there, and every few steps."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.kept: dict[int, Networks] = {}

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        if step in (*KEPT, self.total):
            self.kept[step] = {arm.name: _weights(arm) for arm in arms if arm.alive}
        due = step in FIRST_LOOKS or step % APART == 0 or step == self.total
        return frozenset({"fixed"}) if due else frozenset()


def _weights(arm: Arm) -> Mapping[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in arm.model.state_dict().items()}


def record() -> Recording:
    config, started = PRESETS[NAME], datetime.now(UTC).replace(microsecond=0)
    records: list[Record] = []
    looks: list[NetworksSeen] = []
    control = Looking(config.total_steps)

    def publish(record: Record) -> None:
        (looks if isinstance(record, NetworksSeen) else records).append(record)

    data = load(config.data)
    publish(StatusChanged("running", 0))
    train(config, data, publish, control)
    publish(StatusChanged("finished", config.total_steps))
    return Recording(
        id=RUN_ID,
        name=NAME,
        config=config,
        asked=config,
        status="finished",
        origin=replace(origin(COMMAND_LINE, torch.device("cpu")), started=started),
        records=tuple(records),
        looks=lambda: iter(looks),
        network_steps=tuple(sorted(control.kept)),
        networks=control.kept.__getitem__,
    )


def write_images() -> None:
    data = load(PRESETS[NAME].data)
    most = {"train_images": TRAIN_IMAGES, "train_labels": TRAIN_IMAGES}
    most |= {"test_images": TEST_IMAGES, "test_labels": TEST_IMAGES}
    np.savez_compressed(IMAGES, **{name: getattr(data, name)[:count].numpy() for name, count in most.items()})


if __name__ == "__main__":
    share_cores()
    path = bundle.write(record(), FIRST_LOOK)
    write_images()
    print(f"{path}: {path.stat().st_size:,} bytes")
