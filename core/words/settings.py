"""The settings of an experiment in words.

LABELS        what each is called on the page
told          one of them with its value
instead_of    what has been taken in place of other settings
about_digits  the same of a form, and what its settings become with other images
about_preset  what a ready-made experiment is, and what it changes
about_time    how long something takes here, and HOW_TIMED: how that is known
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.experiment.config import PRESETS, ExperimentConfig
from core.words.numerals import printed

LABELS = {
    "data": "Images",
    "examples": "Training images",
    "batch_size": "Batch size",
    "drop_last": "Drop the last short batch",
    "arms": "Arms",
    "activation": "Activation",
    "pool": "Pooling",
    "init": "Initial weights",
    "depth": "Layers with weights",
    "dropout": "Dropout on linear layers",
    "optimizer": "Optimizer",
    "learning_rate": "Learning rate",
    "momentum": "Momentum (SGD)",
    "epochs": "Epochs",
    "seed": "Seed",
}

_PRESETS = {
    "First look": "Short, on a third of the images.",
    "The book, as read": "The chapter’s text: its own batch norm, written by hand, beside PyTorch’s and none.",
    "The book, zh edition": "The code of today’s zh edition, with PyTorch’s batch norm; LayerNorm is added.",
    "The book, en edition": "The code of the en edition, with PyTorch’s batch norm; LayerNorm is added.",
}
HOW_TIMED = "Times are reckoned from the latest run here with as many arms, the same depth and a batch of like size."
_POOLING = {"max": "max pooling", "avg": "average pooling"}


def told(setting: str, config: ExperimentConfig) -> str:
    """One setting with its value, by its name on the page: “batch size 64”."""
    value = getattr(config, setting)
    words = ", ".join(arm.name for arm in value) if setting == "arms" else value
    return f"{LABELS[setting].lower()} {words if isinstance(words, str) else _written(words)}".replace("(sgd)", "(SGD)")


def instead_of(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str] = LABELS) -> str:
    """What the digits have taken in place of the settings `before`; `names` says what these are called there."""
    taken = (f"{names[name].lower()} {_written(after[name])} instead of {_written(before[name])}" for name in before)
    return f"So few images take settings with which the lesson shows: {', '.join(taken)}."


def about_digits(before: Mapping[str, Any], after: Mapping[str, Any], were_there: bool) -> str:
    """What a form on the digits has, and what other images take: the settings `before`, if they were there."""
    if were_there:
        return f"{instead_of(before, after)} Other images bring back what was there."
    taken = ", ".join(f"{LABELS[name].lower()} {_written(after[name])}" for name in before)
    return f"So few images take settings with which the lesson shows: {taken}. Other images take those of First look."


def about_preset(name: str) -> str:
    """What it is for, and how it differs from First look."""
    preset, first = PRESETS[name], PRESETS["First look"]
    told = ("examples", "batch_size", "drop_last", "arms", "pool", "learning_rate", "epochs")
    changed = [field for field in told if preset == first or getattr(preset, field) != getattr(first, field)]
    settings = ", ".join(_phrase(field, preset) for field in changed)
    return f"{_PRESETS[name]} {settings[0].upper()}{settings[1:]}."


def about_time(seconds: float | None) -> str:
    """How long something takes here, as far as that is known."""
    return "Not timed here yet." if seconds is None else f"About {_duration(seconds)} here."


def _phrase(field: str, config: ExperimentConfig) -> str:
    return {
        "examples": f"{config.examples:,} images",
        "batch_size": f"batch size {config.batch_size}",
        "drop_last": f"the last short batch {'dropped' if config.drop_last else 'kept'}",
        "arms": f"arms {', '.join(arm.name for arm in config.arms)}",
        "pool": _POOLING[config.pool],
        "learning_rate": f"learning rate {_written(config.learning_rate)}",
        "epochs": f"{config.epochs} epochs",
    }[field]


def _written(value: float) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else printed(f"{value:g}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
