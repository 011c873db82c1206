"""The settings of the built-in digits: few images need smaller batches and more epochs to show what the others show.

DIGITS       what the digits take, found by experiment (docs/command-line.md), and FIRST_LOOK what the others take
to_digits    the settings that change when an experiment goes to the digits
from_digits  those that change when it comes back
on_digits    the experiment, gone there

What somebody has chosen stays: on the way there what is not the nearest preset's, on the way back what is not DIGITS'.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any

from core.experiment.config import DATASETS, PRESETS, ExperimentConfig

IMAGES = DATASETS["digits"][0]
DIGITS: dict[str, Any] = {"examples": IMAGES, "batch_size": 32, "epochs": 6}
FIRST_LOOK = {name: getattr(PRESETS["First look"], name) for name in DIGITS}
_TELLING = (*DIGITS, "learning_rate", "drop_last", "pool")  # what sets the presets apart


def to_digits(values: Mapping[str, Any], chosen: Collection[str] = ()) -> dict[str, Any]:
    """The settings that change when these go to the digits; None, an emptied field, and what is `chosen` stay."""
    preset = max(PRESETS.values(), key=lambda preset: sum(_agree(preset, values, name) for name in _TELLING))
    free = [name for name in DIGITS if name not in chosen and _agree(preset, values, name)]
    changes = {name: DIGITS[name] for name in free}
    if "examples" not in chosen and "examples" not in free and values["examples"] is not None:
        changes["examples"] = min(values["examples"], IMAGES)
    if "batch_size" in free:
        changes["batch_size"] = min(DIGITS["batch_size"], (dict(values) | changes)["examples"] or IMAGES)
    return {name: value for name, value in changes.items() if value != values[name]}


def from_digits(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that change on the way back: to what was there `before`, where that is known, else First look's."""
    back = {name: before.get(name, FIRST_LOOK[name]) for name in DIGITS if values[name] == DIGITS[name]}
    if "batch_size" in back:
        back["batch_size"] = min(back["batch_size"], (dict(values) | back)["examples"] or back["batch_size"])
    return {name: value for name, value in back.items() if value != values[name]}


def on_digits(config: ExperimentConfig) -> ExperimentConfig:
    """The same experiment on the built-in digits, with settings that suit them, and never an invalid one."""
    values = {field.name: getattr(config, field.name) for field in fields(config)} | {"data": "digits"}
    values |= to_digits(values)
    values["batch_size"] = min(values["batch_size"], values["examples"])
    # A last batch of one would be refused; 1,437 = 359 × 4 + 1, so it can arise here without anybody's doing.
    values["drop_last"] |= values["examples"] % values["batch_size"] == 1
    return replace(config, **values)


def _agree(preset: ExperimentConfig, values: Mapping[str, Any], name: str) -> bool:
    return bool(getattr(preset, name) == values[name])
