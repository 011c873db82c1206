"""What a setting must be: every check raises ConfigError, which says the rule, what it got and what to do."""

from __future__ import annotations

import math
from typing import Any


class ConfigError(ValueError):
    """An experiment, or an environment, that cannot be run; `fields` names the settings to change."""

    def __init__(self, message: str, *fields: str) -> None:
        super().__init__(message)
        self.fields = fields


def quoted(text: object) -> str:
    """What somebody wrote, in quotation marks, and no more of it than a message can carry."""
    written = str(text)
    return f"“{written}”" if len(written) <= 40 else f"“{written[:40]}…”"


def read_number(text: str, what: str, field: str, kind: type[int] | type[float]) -> Any:
    """The number that `text` writes."""
    try:
        if len(text) <= 40:  # Python answers thousands of digits with an error of its own
            return kind(text)
    except ValueError:
        pass
    rule = "a whole number. Write it like 20" if kind is int else "a number. Write it like 0.1"
    raise ConfigError(f"{what} got {quoted(text)} and must be {rule}.", field)


def check_choice(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """`value`, if it is one of `allowed`."""
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in allowed)
        raise ConfigError(f"{name} must be one of {choices}; got {quoted(value)}. Use one of them.", name)
    return value


def check_range(name: str, value: int, low: int, high: int, rule: str, *others: str) -> None:
    """A whole number from `low` to `high`; `others` are settings that would also have to change."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{rule}; got {name} {quoted(value)}. Use a whole number.", name)
    if not low <= value <= high:
        raise ConfigError(f"{rule}; got {name} {value:,}. Use {low:,} to {high:,}.", name, *others)


# The networks compute in float32: its smallest number with all digits, its largest, and the last one below 1.
LEAST, MOST, BELOW_ONE = 2.0**-126, (2 - 2**-23) * 2.0**127, 1 - 2.0**-24


def check_learning_rate(value: float, field: str, most: float = MOST) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"The learning rate must be a finite number above 0; got {value:g}. Use 0.1.", field)
    if not LEAST <= value <= most:
        raise ConfigError(
            f"The networks compute in float32, where a learning rate is from {LEAST:.2g} to {most:.2g}; got {value:g}. "
            "Use 0.1.",
            field,
        )


def check_share(value: float, field: str, what: str, use: str) -> None:
    """A share from 0 up to but not including 1."""
    if not 0 <= value < 1:
        raise ConfigError(f"{what}, from 0 up to but not including 1; got {value:g}. Use {use}.", field)
    if value and not LEAST <= value <= BELOW_ONE:
        raise ConfigError(
            f"{what}, from 0 up to but not including 1, and {value!r} is 0 or 1 in float32, in which the networks "
            f"compute. Use {use}.",
            field,
        )
