"""What is varied, in words.

label   a setting's name by itself, name: within a sentence
told    a value of it, and at: of several settings
named   a refusal that says which setting it is about, as the page calls it
ranged  median and range of a number; percent: of shares
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.experiment.rules import ConfigError
from core.lab.statistics import Spread, Values
from core.lab.sweep import DEPTH, FIXED, LR_RULE, PROPORTIONAL, SETTINGS, shown
from core.language.message import Message, Value
from core.words.numerals import in_percent
from core.words.settings import LABELS, LAST_BATCH, NAMES, by_label

LABELS_OF_A_SWEEP = {
    "vary": Message("Vary"),
    "seeds": Message("Seeds"),
    "validation": Message("Held-out share"),
    "along": Message("Along the gradient"),
    "then": Message("Seeds that follow"),
    LR_RULE: Message("Learning rate by batch size"),
}
OF_SETTINGS = ("name", "rule", "size", "lr", "names")  # values of refusals that are names of settings
RATES_BY_RULE = {
    FIXED: Message("a fixed learning rate"),
    PROPORTIONAL: Message("a learning rate proportional to the batch size"),
}
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
    """learning rate 0.1, 8 layers with weights."""
    return [_phrase(setting, value) for setting, value in where]


def _phrase(setting: str, value: Any) -> Message:
    """As it stands after “with”."""
    if setting == LR_RULE:
        return RATES_BY_RULE[value]
    if setting == "drop-last":
        return LAST_BATCH[value]
    if setting == DEPTH:
        return Message("{value} layers with weights", {"value": value})
    return Message("{setting} {value}", {"setting": name(setting), "value": told(setting, value)})


def named(error: ConfigError) -> ConfigError:
    """As the form names what it is about, and each other setting of which it tells."""
    rule = error.args[0]
    if isinstance(rule, Message):
        words = {key: _in_words(value) if key in OF_SETTINGS else value for key, value in rule.values.items()}
        rule = replace(rule, values=words)
    return by_label(ConfigError(rule, *error.fields), LABELS | LABELS_OF_A_SWEEP)


def _in_words(value: Value) -> Value:
    if isinstance(value, list | tuple):
        return [_in_words(each) for each in value]
    return name(value) if isinstance(value, str) and value in (*SETTINGS, LR_RULE) else value


def ranged(spread: Spread | None, write: Callable[[float], str]) -> Message | str:
    """12 (11 to 13), or of one number that number."""
    if spread is None:
        return "–"
    middle, low, high = map(write, (spread.median, spread.low, spread.high))
    if spread.n == 1:
        return middle
    return Message("{middle} ({low} to {high})", {"middle": middle, "low": low, "high": high})


def percent(spread: Spread) -> Message | str:
    """79.0 % (78.1 to 80.2), or of one number that number."""
    if spread.n == 1:
        return f"{in_percent(spread.median)} %"
    values: dict[str, Value] = {
        which: in_percent(number)
        for which, number in (("middle", spread.median), ("low", spread.low), ("high", spread.high))
    }
    return Message("{middle} % ({low} to {high})", values)
