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
from core.experiment.rules import ConfigError, check_choice, quoted, read_number

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
    "epochs": "epochs",
    "seed": "seed",
}


def to_query(config: ExperimentConfig) -> dict[str, str]:
    """The whole configuration as URL parameters; from_query reads it back."""
    return {key: _to_text(getattr(config, name)) for key, name in QUERY_KEYS.items()}


def from_query(params: Mapping[str, str]) -> tuple[ExperimentConfig, list[str]]:
    """Read URL parameters strictly: (config, problems).

    Whatever is unknown, unreadable or out of range is reported in `problems` and takes its default;
    nothing is guessed and nothing raises. The defaults of what is not in the link never exceed what its data has.
    """
    problems = _unknown([key for key in params if key not in QUERY_KEYS])
    values: dict[str, Any] = {}
    for key, name in QUERY_KEYS.items():
        if key not in params:
            continue
        try:
            values[name] = _from_text(name, params[key])
        except ConfigError as error:
            problems.append(_ignored([key], params, error))
    config = _valid_part(values, params, problems)
    return config, _few(problems)


def _unknown(keys: Sequence[str]) -> list[str]:
    if len(keys) < 2:
        return [f"Unknown setting {quoted(key)} in the link was ignored." for key in keys]
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return [f"Unknown settings in the link were ignored: {', '.join(map(quoted, keys[:NAMED]))}{more}."]


def _ignored(keys: Sequence[str], params: Mapping[str, str], why: ConfigError) -> str:
    parts = [quoted(f"{key}={params[key]}") for key in keys]
    return f"{' and '.join(parts)} in the link {'were' if parts[1:] else 'was'} ignored. {why}"


def _few(problems: list[str]) -> list[str]:
    """As many as can be read: a link that is all wrong must not push the page out of sight."""
    rest = len(problems) - MOST_PROBLEMS
    if rest < 2:  # the last one takes no more room than the words that would stand for it
        return problems
    return [*problems[:MOST_PROBLEMS], f"{rest} more settings in the link were ignored."]


def _valid_part(values: dict[str, Any], params: Mapping[str, str], problems: list[str]) -> ExperimentConfig:
    while True:
        try:
            return ExperimentConfig(**_fitting_defaults(values) | values)
        except ConfigError as error:
            dropped = [name for name in error.fields if name in values] or list(values)
            problems.append(_ignored([key for key, name in QUERY_KEYS.items() if name in dropped], params, error))
            values = {name: value for name, value in values.items() if name not in dropped}


def _fitting_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """The digits' own settings on the digits; and no larger batch than the link's images fill."""
    usual = DIGITS if values.get("data") == "digits" else FIRST_LOOK
    batch_size = max(2, min(usual["batch_size"], values.get("examples", usual["examples"])))
    return usual | {"batch_size": batch_size}


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(arm.name for arm in value)
    return repr(value) if isinstance(value, float) else str(value)


def _from_text(name: str, text: str) -> Any:
    if name == "arms":
        # No arm begins with a digit: such a comma is the decimal sign of the arm before, as in none:lr=0,3.
        return tuple(parse_arm(part) for part in re.split(",(?![0-9])", text) if part)
    default = getattr(DEFAULT, name)
    if isinstance(default, bool):
        return bool(check_choice(name, text, ("0", "1")) == "1")
    if isinstance(default, int | float):
        return read_number(text, "It", name, type(default))
    return text
