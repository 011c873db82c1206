"""python -m bench.bits: a digest of what each of some experiments computes, to compare two commits on one machine.

Losses, accuracies and final weights of all norms, with the optimizers, dropout, batch sizes and depths, a learning rate
that changes on the way, and First look. Bits are a machine's, so none of these digests stands in a test.

    python -m bench.bits > before; git switch …; python -m bench.bits | diff before -
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from core.data.images import Images, load
from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.training.crew import crew, share_cores
from core.training.records import EpochFinished, Record, TestMeasured, TrainMeasured
from core.training.trainer import Unattended, train

ARMS = tuple(map(parse_arm, ("none", "bn", "ln", "in", "gn", "rms")))
BOOK = tuple(map(parse_arm, ("bn:book", "bn:dropout=0.3", "in/rms")))
BASE = ExperimentConfig(data="digits", examples=768, batch_size=256, epochs=3, learning_rate=0.1, arms=ARMS)
SETTINGS = (
    {},
    {"arms": BOOK},
    {"momentum": 0.9},
    {"optimizer": "adam", "learning_rate": 0.01},
    {"weight_decay": 0.01, "schedule": "cosine"},
    {"optimizer": "adam", "learning_rate": 0.01, "weight_decay": 0.1, "schedule": "step"},
    {"dropout": 0.2},
    {"batch_size": 31, "epochs": 1, "drop_last": False},
    {"batch_size": 32, "epochs": 1},
    {"depth": 8},
    {"depth": 12, "epochs": 1},
    {"activation": "relu", "pool": "avg", "init": "he"},
)


class Changing(Unattended):
    """Another learning rate from the fifth mini-batch on."""

    def begin_step(self, step: int) -> float | None:
        return 0.03 if step == 5 else None


def main() -> None:
    share_cores()
    digits = load("digits")
    for settings in SETTINGS:
        print(digest(replace(BASE, **settings), digits), settings, flush=True)
    print(digest(PRESETS["First look"], load("fashion-mnist")), "First look", flush=True)


def digest(config: ExperimentConfig, data: Images) -> str:
    """The first 16 hex digits of sha256 over all that was measured but the clock, and over the final networks."""
    history: list[Record] = []
    with crew(data.train_images.device, config) as each:
        arms = train(config, data, history.append, Changing(), each)
    found = hashlib.sha256()
    for numbers in measured(history):
        found.update(repr(numbers).encode())
    for arm in arms:
        for tensor in arm.model.state_dict().values():
            found.update(tensor.detach().numpy().tobytes())
    return found.hexdigest()[:16]


def measured(history: list[Record]) -> Iterator[tuple[object, ...]]:
    for record in history:
        if isinstance(record, TrainMeasured):
            yield record.step, dict(record.loss), dict(record.accuracy)
        elif isinstance(record, TestMeasured):
            yield record.step, dict(record.loss), dict(record.accuracy), dict(record.batch_loss)
        elif isinstance(record, EpochFinished):
            yield record.step, dict(record.train_loss), dict(record.train_accuracy)


if __name__ == "__main__":
    main()
