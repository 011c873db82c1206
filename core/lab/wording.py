"""What is varied, in words.

label   a setting's name by itself, name: within a sentence
told    a value of it, and at: of several settings
ranged  median and range of a number
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.lab.statistics import Spread, Values
from core.lab.sweep import FIXED, LR_RULE, PROPORTIONAL, SETTINGS, shown
from core.language.message import Message, Value
from core.words.settings import LABELS, NAMES

RULES = {FIXED: Message("fixed"), PROPORTIONAL: Message("proportional to the batch size")}


def label(setting: str) -> Message:
    return Message("Learning rate by batch size") if setting == LR_RULE else LABELS[SETTINGS[setting]]


def name(setting: str) -> Message:
    return Message("learning rate by batch size") if setting == LR_RULE else NAMES[SETTINGS[setting]]


def told(setting: str, value: Any) -> Message | str:
    if isinstance(value, bool):
        return Message("on") if value else Message("off")
    return RULES[value] if setting == LR_RULE else shown(value)


def at(where: Values) -> list[Value]:
    """learning rate 0.1, layers with weights 8."""
    return [
        Message("{setting} {value}", {"setting": name(setting), "value": told(setting, value)})
        for setting, value in where
    ]


def ranged(spread: Spread | None, write: Callable[[float], str]) -> Message | str:
    """12 (11 to 13), or of one number that number."""
    if spread is None:
        return "–"
    middle, low, high = map(write, (spread.median, spread.low, spread.high))
    if spread.n == 1:
        return middle
    return Message("{middle} ({low} to {high})", {"middle": middle, "low": low, "high": high})
