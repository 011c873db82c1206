"""What an experiment is: frozen, validated once, and the same in a link, a form and a command line.

ExperimentConfig  everything that decides a run's numbers; links.py writes it into a link and reads it there
PRESETS           ready-made ones
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from core.experiment.arm import DROPOUT, OVER_BATCH, ArmConfig, parse_arm
from core.experiment.rules import (
    MOST,
    check_choice,
    check_decay,
    check_factor,
    check_learning_rate,
    check_range,
    check_share,
)
from core.experiment.rules import ConfigError as ConfigError
from core.language.message import Message

# dataset: (training images, test images)
DATASETS = {
    "fashion-mnist": (60_000, 10_000),
    "mnist": (60_000, 10_000),
    "kmnist": (60_000, 10_000),
    "digits": (1_437, 360),
}
OPTIMIZERS = ("sgd", "adam")
CONSTANT, STEP, COSINE = SCHEDULES = ("constant", "step", "cosine")  # of the learning rate, see schedule.py
LARGEST_RATE = {"sgd": MOST, "adam": 3e37}  # Adam's first step divides the rate by 1 − 0.9
ACTIVATIONS = ("sigmoid", "tanh", "relu")
POOLS = ("max", "avg")
INITS = ("xavier", "he", "default", "normal")
DEPTHS = (5, 8, 12)
MAX_ARMS = 6
MOST_EPOCHS = 1000

MOMENTUM = (Message("SGD's momentum is the share of the last step that is kept"), Message("0 or 0.9"))
STEPS_APART = Message("A stepwise learning rate falls every 1 to {n:,} epochs", {"n": MOST_EPOCHS})
BATCH_OF_ONE = Message(
    "A batch of 1 has no spread: every normalized value is 0, the layer outputs only β and nothing can be "
    "learned through it. PyTorch refuses it (“Expected more than 1 value per channel when training”)"
)


DEFAULT_ARMS = tuple(parse_arm(name) for name in ("none", "bn", "ln"))


@dataclass(frozen=True, slots=True)
class ExperimentConfig:
    """Everything that decides a run's numbers. Raises ConfigError at construction; never changes after."""

    data: str = "fashion-mnist"
    examples: int = 20_000
    batch_size: int = 256
    drop_last: bool = True
    arms: tuple[ArmConfig, ...] = DEFAULT_ARMS
    activation: str = "sigmoid"
    pool: str = "max"
    init: str = "xavier"
    depth: int = 5
    dropout: float = 0.0
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = CONSTANT
    step_epochs: int = 1
    step_factor: float = 0.5
    epochs: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            check_choice(name, getattr(self, name), allowed)
        self._check_arms()
        self._check_counts()
        self._check_rates()
        check_share(self.dropout, "dropout", *DROPOUT)
        check_share(self.momentum, "momentum", *MOMENTUM)
        check_decay(self.weight_decay, "weight_decay")
        check_factor(self.step_factor, "step_factor")
        self._check_lone_examples()

    def _check_arms(self) -> None:
        names = [arm.name for arm in self.arms]
        if not 1 <= len(names) <= MAX_ARMS:
            raise ConfigError(_count_of_arms(len(names)), "arms")
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ConfigError(
                Message(
                    "Every arm must differ from the others; got {arm} twice. Remove one of them.",
                    {"arm": sorted(twice)[0]},
                ),
                "arms",
            )

    def _check_counts(self) -> None:
        available = DATASETS[self.data][0]
        has = Message("{data} has {available:,} training images", {"data": self.data, "available": available})
        check_range("examples", self.examples, 1, available, has, "data")
        check_range("batch_size", self.batch_size, 1, 1024, Message("A mini-batch has 1 to 1,024 examples"))
        check_range("epochs", self.epochs, 1, MOST_EPOCHS, Message("A run has 1 to {n:,} epochs", {"n": MOST_EPOCHS}))
        check_range("step_epochs", self.step_epochs, 1, MOST_EPOCHS, STEPS_APART)
        check_range("seed", self.seed, 0, 2**32 - 1, Message("A seed is a whole number from 0 to 4,294,967,295"))
        if self.batch_size > self.examples:
            raise ConfigError(
                Message(
                    "A mini-batch cannot be larger than the training data; got batch size {size:,} for {examples:,} "
                    "images. Lower the batch size or take more images.",
                    {"size": self.batch_size, "examples": self.examples},
                ),
                "batch_size",
                "examples",
            )

    def _check_rates(self) -> None:
        most = LARGEST_RATE[self.optimizer]
        check_learning_rate(self.learning_rate, "learning_rate", most)
        for arm in self.arms:
            if arm.learning_rate is not None:
                check_learning_rate(arm.learning_rate, "arms", most)

    def _check_lone_examples(self) -> None:
        if not any(arm.fc_norm in OVER_BATCH for arm in self.arms):
            return
        if self.batch_size == 1:
            raise ConfigError(
                Message(
                    "{why}; got batch size 1 with BatchNorm on linear layers. Use LayerNorm or GroupNorm, BatchNorm on "
                    "the convolutions only (bn/none), or a larger batch.",
                    {"why": BATCH_OF_ONE},
                ),
                "batch_size",
                "arms",
            )
        if self.examples % self.batch_size == 1 and not self.drop_last:
            raise ConfigError(
                Message(
                    "{why}; {examples:,} images in batches of {size} leave a last batch of one. Drop the last short "
                    "batch, or change the batch size or the number of images by one.",
                    {"why": BATCH_OF_ONE, "examples": self.examples, "size": self.batch_size},
                ),
                "batch_size",
                "examples",
                "drop_last",
            )

    @property
    def steps_per_epoch(self) -> int:
        whole, rest = divmod(self.examples, self.batch_size)
        return whole + bool(rest and not self.drop_last)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.epochs

    @property
    def work(self) -> int:
        """Images × epochs × arms × layers: what a run takes is about in proportion to it."""
        return self.examples * self.epochs * len(self.arms) * self.depth

    def to_json(self) -> dict[str, Any]:
        """The configuration as JSON values, arms by their names."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return values | {"arms": [arm.name for arm in self.arms]}


def _count_of_arms(count: int) -> Message:
    values = {"most": MAX_ARMS, "count": count}
    if count:
        return Message("An experiment has 1 to {most} arms; got {count}. Remove some.", values)
    return Message("An experiment has 1 to {most} arms; got {count}. Choose at least one norm.", values)


_CHOICES: dict[str, tuple[Any, ...]] = {
    "data": tuple(DATASETS),
    "activation": ACTIVATIONS,
    "pool": POOLS,
    "init": INITS,
    "depth": DEPTHS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}

_BOOK = ExperimentConfig(examples=60_000, drop_last=False, epochs=10)

PRESETS = {
    "First look": ExperimentConfig(),
    "The book, as read": replace(
        _BOOK, learning_rate=1.0, arms=tuple(parse_arm(name) for name in ("none", "bn:book", "bn"))
    ),
    "The book, zh edition": replace(_BOOK, learning_rate=1.0, pool="avg"),
    "The book, en edition": replace(_BOOK, batch_size=128, pool="avg"),
}
