"""An experiment in a link: to_query and from_query are inverses; what a link gets wrong is told and takes its default.

QUERY_KEYS  URL parameter: setting
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import DIGITS, FIRST_LOOK
from core.experiment.rules import IT, ConfigError, check_choice, narrowed, quoted, read_number
from core.language.message import Message, Value

DEFAULT = ExperimentConfig()
NAMED, MOST_PROBLEMS = 5, 3  # unknown settings of a link, and problems with it, that are told one by one

QUERY_KEYS = {
    "data": "data",
    "examples": "examples",
    "batch": "batch_size",
    "drop_last": "drop_last",
    "arms": "arms",
    "act": "activation",
    "pool": "pool",
    "init": "init",
    "depth": "depth",
    "dropout": "dropout",
    "opt": "optimizer",
    "lr": "learning_rate",
    "momentum": "momentum",
    "decay": "weight_decay",
    "schedule": "schedule",
    "step_epochs": "step_epochs",
    "step_factor": "step_factor",
    "epochs": "epochs",
    "seed": "seed",
}


def to_query(config: ExperimentConfig) -> dict[str, str]:
    """The whole configuration as URL parameters; from_query reads it back."""
    return {key: to_text(getattr(config, name)) for key, name in QUERY_KEYS.items()}


def from_query(params: Mapping[str, str], refuses: bool = False) -> tuple[ExperimentConfig, list[Message]]:
    """Read URL parameters strictly: (config, problems).

    Whatever is unknown, unreadable or out of range is reported in `problems` and takes its default;
    nothing is guessed and nothing raises. The defaults of what is not in the link never exceed what its data has.
    Where whoever asks `refuses` a link with problems, they say that a setting cannot be used, not that it was ignored.
    """
    problems = _unknown([key for key in params if key not in QUERY_KEYS], refuses)
    values: dict[str, Any] = {}
    for key, name in QUERY_KEYS.items():
        if key not in params:
            continue
        try:
            values[name] = from_text(name, params[key])
        except ConfigError as error:
            problems.append(_ignored([key], params, error, refuses))
    config = _valid_part(values, params, problems, refuses)
    return config, _few(problems, refuses)


def _unknown(keys: Sequence[str], refuses: bool) -> list[Message]:
    if not keys:
        return []
    named: dict[str, Value] = {"keys": [quoted(key) for key in keys[:NAMED]], "more": len(keys) - NAMED}
    if len(keys) == 1:
        ignored = Message("Unknown setting {keys} in the link was ignored.", named)
        return [Message("Unknown setting {keys} in the link cannot be used.", named) if refuses else ignored]
    if len(keys) > NAMED:
        ignored = Message("Unknown settings in the link were ignored: {keys} and {more} more.", named)
        refused = Message("Unknown settings in the link cannot be used: {keys} and {more} more.", named)
        return [refused if refuses else ignored]
    ignored = Message("Unknown settings in the link were ignored: {keys}.", named)
    return [Message("Unknown settings in the link cannot be used: {keys}.", named) if refuses else ignored]


def _ignored(keys: Sequence[str], params: Mapping[str, str], why: ConfigError, refuses: bool) -> Message:
    values: dict[str, Value] = {"pairs": _pairs([quoted(f"{key}={params[key]}") for key in keys]), "why": why.args[0]}
    if refuses:
        return Message("{pairs} in the link cannot be used. {why}", values)
    if len(keys) == 1:
        return Message("{pairs} in the link was ignored. {why}", values)
    return Message("{pairs} in the link were ignored. {why}", values)


def _pairs(quoted: Sequence[str]) -> Message | str:
    first, *rest = quoted
    return Message("{first} and {rest}", {"first": first, "rest": _pairs(rest)}) if rest else first


def _few(problems: list[Message], refuses: bool) -> list[Message]:
    """As many as can be read: a link that is all wrong must not push the page out of sight."""
    rest = len(problems) - MOST_PROBLEMS
    if rest < 2:  # the last one takes no more room than the words that would stand for it
        return problems
    if refuses:
        return [*problems[:MOST_PROBLEMS], Message("{n} more settings in the link cannot be used.", {"n": rest})]
    return [*problems[:MOST_PROBLEMS], Message("{n} more settings in the link were ignored.", {"n": rest})]


def _valid_part(
    values: dict[str, Any], params: Mapping[str, str], problems: list[Message], refuses: bool
) -> ExperimentConfig:
    while True:
        try:
            return ExperimentConfig(**_fitting_defaults(values) | values)
        except ConfigError as error:
            dropped = [name for name in error.fields if name in values] or list(values)
            keys = [key for key, name in QUERY_KEYS.items() if name in dropped]
            problems.append(_ignored(keys, params, error, refuses))
            values = {name: value for name, value in values.items() if name not in dropped}


def _fitting_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """The digits' own settings on the digits; and no larger batch than the link's images fill."""
    usual = DIGITS if values.get("data") == "digits" else FIRST_LOOK
    batch_size = max(2, min(usual["batch_size"], values.get("examples", usual["examples"])))
    return usual | {"batch_size": batch_size}


def to_text(value: Any) -> str:
    """A setting, as a link has it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(arm.name for arm in value)
    return repr(value) if isinstance(value, float) else str(value)


def from_text(name: str, text: str) -> Any:
    """The setting that `text` writes; ExperimentConfig checks its range. Raises ConfigError."""
    if name == "arms":
        # No arm begins with a digit: such a comma is the decimal sign of the arm before, as in none:lr=0,3.
        return tuple(parse_arm(part) for part in re.split("[,、](?![0-9])", narrowed(text)) if part)
    default = getattr(DEFAULT, name)
    if isinstance(default, bool):
        return bool(check_choice(name, text, ("0", "1")) == "1")
    if isinstance(default, int | float):
        return read_number(text, IT, name, type(default))
    return text
