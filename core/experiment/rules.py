"""What a setting must be: every check raises ConfigError, which says the rule, what it got and what to do.

No message names a setting: whoever tells it puts before it what its `fields` are called there, a label or a flag.
"""

from __future__ import annotations

import math
import re
from typing import Any


class ConfigError(ValueError):
    """An experiment, or an environment, that cannot be run; `fields` names the settings to change."""

    def __init__(self, message: str, *fields: str) -> None:
        super().__init__(message)
        self.fields = fields


def quoted(text: object) -> str:
    """What somebody wrote, in quotation marks, and no more of it than a message can carry."""
    written = printable(str(text))
    return f"“{written}”" if len(written) <= 40 else f"“{written[:40]}…”"


def printable(text: str) -> str:
    """`text` on one line: what would break it or move the cursor is written as Python writes it, \\n for a new line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


_FORMS = {int: ("a whole number", "20"), float: ("a number", "0.1")}  # and one to write it like
_THOUSANDS = r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+"
_DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(e[+-]?[0-9]+)?"
_MOST_CHARACTERS = 40  # Python answers thousands of digits with an error of its own


def read_number(text: str, what: str, field: str, kind: type[int] | type[float]) -> Any:
    """The number that `text` writes: 0.3, or 0,3 where a comma is the decimal sign; among whole numbers 60,000, too.

    `what` begins the message. Among decimals 1,000 is refused: to some it is a thousand, to others one.
    """
    plain = text.strip().lower().replace("−", "-")  # the pages write a real minus
    form, example = _FORMS[kind]
    if not plain:
        raise ConfigError(f"{what} is empty and must be {form}. Write it like {example}.", field)
    if kind is float and re.fullmatch(_THOUSANDS, plain) and plain.count(",") == 1:
        ways = f"{plain.replace(',', '')} or {plain.replace(',', '.')}"
        raise ConfigError(f"{what} must be {form} that reads in one way only; got {quoted(text)}. Write {ways}.", field)
    try:
        if len(plain) <= _MOST_CHARACTERS and plain.isascii() and "_" not in plain:  # Python reads ٣ and 1_0, too
            return kind(_without_comma(plain, kind))
    except ValueError:
        pass
    raise ConfigError(f"{what} must be {form}; got {quoted(text)}. Write it like {example}.", field)


def _without_comma(plain: str, kind: type[int] | type[float]) -> str:
    if kind is int:
        return plain.replace(",", "") if re.fullmatch(_THOUSANDS, plain) else plain
    return plain.replace(",", ".") if re.fullmatch(_DECIMAL_COMMA, plain) else plain


def check_choice(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """`value`, if it is one of `allowed`."""
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in allowed)
        raise ConfigError(f"It must be one of {choices}; got {quoted(value)}. Use one of them.", name)
    return value


def check_range(name: str, value: int, low: int, high: int, rule: str, *others: str) -> None:
    """A whole number from `low` to `high`; `others` are settings that would also have to change."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{rule}; got {quoted(value)}. Use a whole number.", name)
    if not low <= value <= high:
        raise ConfigError(f"{rule}; got {value:,}. Use {low:,} to {high:,}.", name, *others)


# The networks compute in float32: its smallest number with all digits, its largest, and the last one below 1.
LEAST, MOST, BELOW_ONE = 2.0**-126, (2 - 2**-23) * 2.0**127, 1 - 2.0**-24


def check_learning_rate(value: float, field: str, most: float = MOST, use: str = "0.1") -> None:
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"The learning rate must be a finite number above 0; got {value:g}. Use {use}.", field)
    if not LEAST <= value <= most:
        raise ConfigError(
            f"The networks compute in float32, where a learning rate is from {LEAST:.2g} to {most:.2g}; got {value:g}. "
            f"Use {use}.",
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
