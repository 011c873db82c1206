"""The settings of an experiment in words.

LABELS        what each is called on the page, and NAMES: within a sentence
by_label      a refusal that names its settings as the page does
SCHEDULES     what those of the learning rate are called, and LAST_BATCH: what becomes of a short one
told          one of them with its value, and told_value: the value alone
instead_of    what has been taken in place of other settings
about_digits  the same of a form, and what its settings become with other images
about_preset  what a ready-made experiment is, and what it changes
about_rate    what a learning rate that was set by hand has done to the schedule
about_time    how long something takes here, and HOW_TIMED: how that is known
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.experiment.config import CONSTANT, COSINE, PRESETS, STEP, ExperimentConfig
from core.experiment.rules import ConfigError
from core.language.lists import enumerated, phrased
from core.language.message import Message, Value
from core.language.speech import _
from core.training.rates import by_hand
from core.training.records import Record
from core.words.numerals import printed

LABELS = {
    "data": Message("Images"),
    "examples": Message("Training images"),
    "batch_size": Message("Batch size"),
    "drop_last": Message("Drop the last short batch"),
    "arms": Message("Arms"),
    "activation": Message("Activation"),
    "pool": Message("Pooling"),
    "init": Message("Initial weights"),
    "depth": Message("Layers with weights"),
    "dropout": Message("Dropout on linear layers"),
    "optimizer": Message("Optimizer"),
    "learning_rate": Message("Learning rate"),
    "momentum": Message("Momentum (SGD)"),
    "weight_decay": Message("Weight decay"),
    "schedule": Message("Learning-rate schedule"),
    "step_epochs": Message("Epochs a stage"),
    "step_factor": Message("Factor a stage"),
    "epochs": Message("Epochs"),
    "seed": Message("Seed"),
}
NAMES = {
    "data": Message("images"),
    "examples": Message("training images"),
    "batch_size": Message("batch size"),
    "drop_last": Message("drop the last short batch"),
    "arms": Message("arms"),
    "activation": Message("activation"),
    "pool": Message("pooling"),
    "init": Message("initial weights"),
    "depth": Message("layers with weights"),
    "dropout": Message("dropout on linear layers"),
    "optimizer": Message("optimizer"),
    "learning_rate": Message("learning rate"),
    "momentum": Message("momentum (SGD)"),
    "weight_decay": Message("weight decay"),
    "schedule": Message("learning-rate schedule"),
    "step_epochs": Message("epochs a stage"),
    "step_factor": Message("factor a stage"),
    "epochs": Message("epochs"),
    "seed": Message("seed"),
}

SCHEDULES = {
    CONSTANT: Message("constant"),
    STEP: Message("stepwise"),
    COSINE: Message("cosine"),
}

_PRESETS = {
    "First look": Message("Short, on a third of the images."),
    "The book, as read": Message("The chapter’s text: its own batch norm, written by hand, beside PyTorch’s and none."),
    "The book, zh edition": Message("The code of today’s zh edition, with PyTorch’s batch norm; LayerNorm is added."),
    "The book, en edition": Message("The code of the en edition, with PyTorch’s batch norm; LayerNorm is added."),
}
HOW_TIMED = Message(
    "Times are reckoned from the latest run here with as many arms, the same depth and a batch of like size."
)
_POOLING = {"max": Message("max pooling"), "avg": Message("average pooling")}
LAST_BATCH = {True: Message("the last short batch dropped"), False: Message("the last short batch kept")}


def by_label(error: ConfigError, labels: Mapping[str, Message] = LABELS) -> ConfigError:
    """The same refusal with what it is about before it; as it is, where none of that has a label."""
    named = [label for name, label in labels.items() if name in error.fields]
    if not named:
        return error
    return ConfigError(Message("{settings}: {rule}", {"settings": named, "rule": error.args[0]}), *error.fields)


def told(setting: str, config: ExperimentConfig) -> str:
    """One setting with its value, by its name on the page: “batch size 64”."""
    return str(Message("{setting} {value}", {"setting": NAMES[setting], "value": told_value(setting, config)}))


def told_value(setting: str, config: ExperimentConfig) -> str:
    """The value of one setting, as `told` has it."""
    value = getattr(config, setting)
    if setting == "arms":
        return enumerated(arm.name for arm in value)
    return str(SCHEDULES[value] if setting == "schedule" else _written(value))


def instead_of(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, Message | str] = NAMES
) -> Message:
    """What the digits have taken in place of the settings `before`; `names` says what these are called there."""
    taken = [
        Message(
            "{setting} {value} instead of {other}",
            {"setting": names[name], "value": _written(after[name]), "other": _written(before[name])},
        )
        for name in before
    ]
    return Message("So few images take settings with which the lesson shows: {settings}.", {"settings": taken})


def about_digits(before: Mapping[str, Any], after: Mapping[str, Any], were_there: bool) -> str:
    """What a form on the digits has, and what other images take: the settings `before`, if they were there."""
    if were_there:
        return _("{why} Other images bring back what was there.", why=instead_of(before, after))
    taken = enumerated(
        Message("{setting} {value}", {"setting": NAMES[name], "value": _written(after[name])}) for name in before
    )
    return _(
        "So few images take settings with which the lesson shows: {settings}. Other images take those of First look.",
        settings=taken,
    )


def about_preset(name: str) -> str:
    """What it is for, and how it differs from First look."""
    preset, first = PRESETS[name], PRESETS["First look"]
    told = ("examples", "batch_size", "drop_last", "arms", "pool", "learning_rate", "epochs")
    changed = [field for field in told if preset == first or getattr(preset, field) != getattr(first, field)]
    settings = phrased(_phrase(field, preset) for field in changed)
    return _("{purpose} {settings}.", purpose=_PRESETS[name], settings=settings[0].upper() + settings[1:])


def about_rate(config: ExperimentConfig, records: Iterable[Record]) -> Message | str:
    """Empty where it has done nothing to it."""
    ordered = by_hand(records) if config.schedule != CONSTANT else []
    if not ordered:
        return ""
    said = Message(
        "The learning rate was set by hand from step {step:,} on. It stays as it was set: the schedule has ended."
    )
    kept = [arm.name for arm in config.arms if arm.learning_rate is not None]
    if kept:
        said = Message(
            "The learning rate was set by hand from step {step:,} on. It stays as it was set: the schedule has ended, "
            "but for arms with learning rates of their own ({arms})."
        )
    return replace(said, values={"step": ordered[0].step, "arms": kept})


def about_time(seconds: float | None) -> str:
    """How long something takes here, as far as that is known."""
    if seconds is None:
        return _("Not timed here yet.")
    return _("About {duration} here.", duration=_duration(seconds))


def _phrase(field: str, config: ExperimentConfig) -> Message:
    return {
        "examples": Message("{examples:,} images", {"examples": config.examples}),
        "batch_size": Message("batch size {size}", {"size": config.batch_size}),
        "drop_last": LAST_BATCH[config.drop_last],
        "arms": Message("arms {arms}", {"arms": [arm.name for arm in config.arms]}),
        "pool": _POOLING[config.pool],
        "learning_rate": Message("learning rate {rate}", {"rate": _written(config.learning_rate)}),
        "epochs": Message("{epochs} epochs", {"epochs": config.epochs}),
    }[field]


def _written(value: Any) -> Value:
    if isinstance(value, bool):
        return Message("on") if value else Message("off")
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else printed(f"{value:g}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return _("{n} s", n=max(1, round(seconds)))
    if seconds < 5400:
        return _("{n} min", n=round(seconds / 60))
    return _("{n} h", n=f"{seconds / 3600:.1f}")
