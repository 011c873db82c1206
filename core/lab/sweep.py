"""What a sweep is: experiments that differ in one or two settings, in their arms and their seeds, as one question.

Sweep     frozen and validated; its points are in points.py
SETTINGS  what can be varied: its name, which is that of its flag: the experiment's field
shown     a value of one
heeded    an experiment without what its other settings leave without effect
LR_RULE   whether the learning rate is fixed or proportional to the batch size (Goyal et al. 2017)
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from core.experiment.config import STEP, ExperimentConfig
from core.experiment.links import QUERY_KEYS, to_text
from core.experiment.rules import ConfigError, check_choice, check_range, quoted
from core.language.message import Message, Plural
from core.language.several import Sentences

NORM, SEEDS, LR, BATCH_SIZE, LR_RULE = "norm", "seeds", "lr", "batch-size", "lr-rule"
SGD = "sgd"
DEPTH, DROPOUT, MOMENTUM, OPTIMIZER = "depth", "dropout", "momentum", "optimizer"
SCHEDULE, STEPWISE = "schedule", ("step-epochs", "step-factor")
OF_AN_ARM = {LR: "learning_rate", LR_RULE: "learning_rate", DROPOUT: "dropout"}  # which an arm may have of its own
FIXED, PROPORTIONAL = "fixed", "proportional"
SETTINGS = {
    LR if field == "learning_rate" else field.replace("_", "-"): field
    for field in QUERY_KEYS.values()
    if field not in ("arms", "seed")
}
MOST_VARIED, MOST_ENTRIES, MOST_SEEDS = 2, 400, 20
LEAST_SHARE, MOST_SHARE = 0.01, 0.5
SHARE = 0.1  # of the training images, held out for validation


@dataclass(frozen=True, slots=True)
class Sweep:
    """All combinations of `varied` with `seeds` seeds from the base's on. Raises ConfigError at construction.

    The arms are the base's and train in lock-step; an entry is a combination, a seed and an arm. The last
    `validation` of the training images, a share, is held out: rates and winners are chosen on it. With `along` each run
    measures how far its gradients can be trusted, too (core.lab.predictiveness). Where learning rates are varied,
    `then` seeds more with each arm's own best one may follow, as a second part (core.lab.summary.at_their_best).
    """

    base: ExperimentConfig
    varied: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    seeds: int = 1
    validation: float = SHARE
    limit: int = MOST_ENTRIES
    along: bool = False
    then: int = 0

    def __post_init__(self) -> None:
        self._check_names()
        for name, values in self.varied:
            _check_values(name, values)
        rule = Message("A sweep takes 1 to {most} seeds, counted from the base's", {"most": MOST_SEEDS})
        check_range("seeds", self.seeds, 1, MOST_SEEDS, rule)
        self._check_heeded()
        self._check_then()
        self._check_share()
        self._check_size()
        for combination in self.combinations():
            for seed in (self.base.seed, self.base.seed + self.seeds + self.then - 1):
                self.config(combination, seed)

    def _check_names(self) -> None:
        names = [name for name, _values in self.varied]
        for name in names:
            check_varied(name)
        if len(names) > MOST_VARIED or len(set(names)) < len(names):
            raise ConfigError(
                Message(
                    "A sweep varies up to {most} settings, each once, and the norms besides; got {names}. Leave some "
                    "out.",
                    {"most": MOST_VARIED, "names": names},
                ),
                "vary",
            )
        if LR_RULE in names and BATCH_SIZE not in names:
            raise ConfigError(
                Message(
                    "{rule} says how the learning rate follows the batch size; got no batch sizes. Vary {size}, too.",
                    {"rule": LR_RULE, "size": BATCH_SIZE},
                ),
                "vary",
            )

    def _check_heeded(self) -> None:
        """What is varied must change something in every arm: else the same numbers stand for several values."""
        names = {name for name, _values in self.varied}
        for name, field in OF_AN_ARM.items():
            own = [arm.name for arm in self.base.arms if name in names and getattr(arm, field) is not None]
            if own:
                raise ConfigError(
                    Message(
                        "What is varied is varied in all arms; got {name} with {arms}, which keep a value of their "
                        "own. Leave it out of their names, or do not vary {name}.",
                        {"name": name, "arms": own},
                    ),
                    "vary",
                )
        self._check_followed(names)

    def _check_followed(self, names: Set[str]) -> None:
        """Some values need others, at least at some of the points: else all of these are equal."""
        optimizers, schedules = self._all_of(OPTIMIZER), self._all_of(SCHEDULE)
        if MOMENTUM in names and SGD not in optimizers:
            raise ConfigError(
                Message(
                    "Only SGD has momentum; got {name} varied with {optimizer}. Take sgd, or do not vary {name}.",
                    {"name": MOMENTUM, "optimizer": optimizers},
                ),
                "vary",
            )
        for name in STEPWISE:
            if name in names and STEP not in schedules:
                raise ConfigError(
                    Message(
                        "Only a stepwise learning rate heeds {name}; got it varied with the schedule {schedule}. Take "
                        "the schedule step, or do not vary {name}.",
                        {"name": name, "schedule": schedules},
                    ),
                    "vary",
                )

    def _all_of(self, name: str) -> tuple[Any, ...]:
        """The values of a setting, varied or not."""
        return dict(self.varied).get(name, (getattr(self.base, SETTINGS[name]),))

    def _check_then(self) -> None:
        rule = Message("Up to {most} seeds with each arm's own best learning rate follow", {"most": MOST_SEEDS})
        check_range("then", self.then, 0, MOST_SEEDS, rule)
        names = [name for name, _values in self.varied]
        if self.then and names != [LR]:
            raise ConfigError(
                Message(
                    "Seeds with each arm's own best learning rate follow where {lr} alone is varied; got {names}. Vary "
                    "nothing else, or ask for the seeds by themselves.",
                    {"lr": LR, "names": quoted(", ".join(names)) if names else Message("nothing")},
                ),
                "vary",
            )

    def _check_share(self) -> None:
        if not LEAST_SHARE <= self.validation <= MOST_SHARE:
            raise ConfigError(
                Message(
                    "The share of the training images that is held out is from {low} to {high}; got {value:g}. Use "
                    "{usual}.",
                    {"low": LEAST_SHARE, "high": MOST_SHARE, "value": self.validation, "usual": SHARE},
                ),
                "validation",
            )

    def _check_size(self) -> None:
        if self.entries > self.limit:
            raise ConfigError(
                Message(
                    "A sweep has up to {most:,} entries, one for each combination, seed and arm; got {count:,}. Take "
                    "fewer values, seeds or arms.",
                    {"most": self.limit, "count": self.entries},
                ),
                "limit",
            )

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(arm.name for arm in self.base.arms)

    @property
    def entries(self) -> int:
        """How many numbers come of it: combinations × seeds × arms, and what follows."""
        count = self.seeds * len(self.arms)
        for _name, values in self.varied:
            count *= len(values)
        return count + self.then * len(self.arms)

    def combinations(self) -> list[dict[str, Any]]:
        """The varied settings by their names, the last one changing fastest."""
        names = [name for name, _values in self.varied]
        return [dict(zip(names, each, strict=True)) for each in product(*(values for _name, values in self.varied))]

    def config(self, values: Mapping[str, Any], seed: int) -> ExperimentConfig:
        """The experiment of one combination, with all its images. Raises ConfigError."""
        changes = {SETTINGS[name]: value for name, value in values.items() if name != LR_RULE}
        if values.get(LR_RULE) == PROPORTIONAL:
            times = values[BATCH_SIZE] / self.base.batch_size  # first: the base has its own rate, exactly
            changes["learning_rate"] = self.base.learning_rate * times
        config = replace(self.base, seed=seed, **changes)
        self.trained(config)
        return config

    def held_out(self, config: ExperimentConfig) -> int:
        """How many of the experiment's images are for validation: the last ones, at least one."""
        return max(1, round(config.examples * self.validation))

    def trained(self, config: ExperimentConfig) -> ExperimentConfig:
        """The same on the images that are left to train on. Raises ConfigError, which says that some are held out."""
        held = self.held_out(config)
        try:
            return replace(config, examples=config.examples - held)
        except ConfigError as error:
            why = Message(
                "Of {examples:,} training images the sweep holds {held:,} out, to choose by.",
                {"examples": config.examples, "held": held},
            )
            raise ConfigError(Sentences([error.args[0], why]), *error.fields) from error

    def described(self) -> Message:
        """One line."""
        first = self._described()
        if not self.then:
            return first
        return Plural(
            "{first}; then {n} other seed with each arm’s own best rate",
            "{first}; then {n} other seeds with each arm’s own best rate",
            self.then,
            {"first": first},
        )

    def _described(self) -> Message:
        given = [f"{name} {', '.join(map(shown, values))}" for name, values in self.varied]
        what = " × ".join([*given, f"{NORM} {', '.join(self.arms)}"])
        return Plural(
            "{what}, {n} seed: {entries} entries; {share} % of the training images are held out to choose by",
            "{what}, {n} seeds: {entries} entries; {share} % of the training images are held out to choose by",
            self.seeds,
            {"what": what, "entries": f"{self.entries:,}", "share": f"{100 * self.validation:g}"},
        )


def heeded(config: ExperimentConfig) -> ExperimentConfig:
    """The same experiment: what its other settings leave without effect is as usual."""
    usual, names = ExperimentConfig(), without_effect(config.optimizer, config.schedule)
    return replace(config, **{SETTINGS[name]: getattr(usual, SETTINGS[name]) for name in names})


def without_effect(optimizer: str, schedule: str) -> set[str]:
    """The settings that change nothing beside these."""
    return {*(() if optimizer == SGD else (MOMENTUM,)), *(() if schedule == STEP else STEPWISE)}


def shown(value: Any) -> str:
    """A setting's value as it is told: 1 for the number 1.0."""
    return f"{value:g}" if isinstance(value, float) else to_text(value)


def check_varied(name: str) -> None:
    """Raises ConfigError unless `name` is that of something that can be varied besides the norms."""
    if name == "seed":
        raise ConfigError(Message("A sweep's seeds are counted, not listed. Give how many: --seeds 5."), "vary")
    check_choice("vary", name, (*SETTINGS, LR_RULE))


def _check_values(name: str, values: tuple[Any, ...]) -> None:
    if name == LR_RULE:
        for value in values:
            check_choice("vary", value, (FIXED, PROPORTIONAL))
    if not values or len(set(values)) < len(values):
        raise ConfigError(
            Message(
                "What is varied has one value or more, each once; got {values}. Leave out what is there again.",
                {"values": quoted(", ".join(map(shown, values)))},
            ),
            SETTINGS.get(name, name),
        )
