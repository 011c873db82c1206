"""What a setting must be: every check raises ConfigError, which says the rule, what it got and what to do.

No message names a setting: whoever tells it puts before it what its `fields` are called there, a label or a flag.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from core.language.message import Message, Value


class ConfigError(ValueError):
    """An experiment, or an environment, that cannot be run; `fields` names the settings to change."""

    def __init__(self, message: Message | str, *fields: str) -> None:
        super().__init__(message)
        self.fields = fields


def quoted(text: object) -> str:
    """What somebody wrote, in quotation marks, and no more of it than a message can carry."""
    written = printable(str(text))
    return f"“{written}”" if len(written) <= 40 else f"“{written[:40]}…”"


def printable(text: str) -> str:
    """`text` on one line: what would break it or move the cursor is written as Python writes it, \\n for a new line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def narrowed(text: str) -> str:
    """`text` with ASCII signs for the full-width ones that a Chinese input method writes: ０．３ or 0。3 is 0.3."""
    wide = (unicodedata.normalize("NFKC", c) if unicodedata.east_asian_width(c) == "F" else c for c in text)
    return "".join(wide).replace("。", ".")


IT = Message("It")
_THOUSANDS = r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+"
_DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(e[+-]?[0-9]+)?"
_MOST_CHARACTERS = 40  # Python answers thousands of digits with an error of its own


def read_number(text: str, what: Message | str, field: str, kind: type[int] | type[float]) -> Any:
    """The number that `text` writes: 0.3, or 0,3 where a comma is the decimal sign; among whole numbers 60,000, too.

    `what` begins the message. Among decimals 1,000 is refused: to some it is a thousand, to others one.
    """
    plain = narrowed(text).strip().lower().replace("−", "-")  # the pages write a real minus
    if not plain:
        raise ConfigError(_empty(what, kind), field)
    if kind is float and re.fullmatch(_THOUSANDS, plain) and plain.count(",") == 1:
        values: dict[str, Value] = {"what": what, "text": quoted(text)}
        values |= {"one": plain.replace(",", ""), "other": plain.replace(",", ".")}
        raise ConfigError(
            Message(
                "{what} must be a number that reads in one way only; got {text}. Write {one} or {other}.",
                values,
            ),
            field,
        )
    try:
        if len(plain) <= _MOST_CHARACTERS and plain.isascii() and "_" not in plain:  # Python reads ٣ and 1_0, too
            return kind(_without_comma(plain, kind))
    except ValueError:
        pass
    raise ConfigError(_not_a_number(what, quoted(text), kind), field)


def _empty(what: Message | str, kind: type[int] | type[float]) -> Message:
    if kind is int:
        return Message("{what} is empty and must be a whole number. Write it like 20.", {"what": what})
    return Message("{what} is empty and must be a number. Write it like 0.1.", {"what": what})


def _not_a_number(what: Message | str, text: str, kind: type[int] | type[float]) -> Message:
    values = {"what": what, "text": text}
    if kind is int:
        return Message("{what} must be a whole number; got {text}. Write it like 20.", values)
    return Message("{what} must be a number; got {text}. Write it like 0.1.", values)


def _without_comma(plain: str, kind: type[int] | type[float]) -> str:
    if kind is int:
        return plain.replace(",", "") if re.fullmatch(_THOUSANDS, plain) else plain
    return plain.replace(",", ".") if re.fullmatch(_DECIMAL_COMMA, plain) else plain


def check_choice(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """`value`, if it is one of `allowed`."""
    if value not in allowed:
        values: dict[str, Value] = {"choices": [str(choice) for choice in allowed], "value": quoted(value)}
        raise ConfigError(Message("It must be one of {choices}; got {value}. Use one of them.", values), name)
    return value


def check_range(name: str, value: int, low: int, high: int, rule: Message, *others: str) -> None:
    """A whole number from `low` to `high`; `others` are settings that would also have to change."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(
            Message("{rule}; got {value}. Use a whole number.", {"rule": rule, "value": quoted(value)}), name
        )
    if not low <= value <= high:
        values: dict[str, Value] = {"rule": rule, "value": value, "low": low, "high": high}
        raise ConfigError(Message("{rule}; got {value:,}. Use {low:,} to {high:,}.", values), name, *others)


# The networks compute in float32: its smallest number with all digits, its largest, and the last one below 1.
LEAST, MOST, BELOW_ONE = 2.0**-126, (2 - 2**-23) * 2.0**127, 1 - 2.0**-24


def check_learning_rate(value: float, field: str, most: float = MOST, use: str = "0.1") -> None:
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(
            Message(
                "The learning rate must be a finite number above 0; got {value:g}. Use {use}.",
                {"value": value, "use": use},
            ),
            field,
        )
    if not LEAST <= value <= most:
        raise ConfigError(
            Message(
                "The networks compute in float32, where a learning rate is from {least:.2g} to {most:.2g}; "
                "got {value:g}. Use {use}.",
                {"least": LEAST, "most": most, "value": value, "use": use},
            ),
            field,
        )


def check_share(value: float, field: str, what: Message, use: Message) -> None:
    """A share from 0 up to but not including 1."""
    if not 0 <= value < 1:
        raise ConfigError(
            Message(
                "{what}, from 0 up to but not including 1; got {value:g}. Use {use}.",
                {"what": what, "value": value, "use": use},
            ),
            field,
        )
    if value and not LEAST <= value <= BELOW_ONE:
        raise ConfigError(
            Message(
                "{what}, from 0 up to but not including 1, and {value} is 0 or 1 in float32, in which the networks "
                "compute. Use {use}.",
                {"what": what, "value": repr(value), "use": use},
            ),
            field,
        )


def check_decay(value: float, field: str) -> None:
    """A weight decay: 0, or what float32 has above it."""
    if not (value == 0 or LEAST <= value <= MOST):
        raise ConfigError(
            Message(
                "Weight decay is 0, for none, or a number that float32 holds, from {least:.2g} to {most:.2g}; got "
                "{value:g}. Use 0 or 0.0005.",
                {"least": LEAST, "most": MOST, "value": value},
            ),
            field,
        )


def check_factor(value: float, field: str) -> None:
    """By what a learning rate is multiplied that falls."""
    if not 0 < value < 1:
        raise ConfigError(
            Message(
                "The factor of a learning rate that falls stepwise is above 0 and below 1; got {value:g}. Use 0.5.",
                {"value": value},
            ),
            field,
        )
    if not LEAST <= value <= BELOW_ONE:
        raise ConfigError(
            Message(
                "The factor of a learning rate that falls stepwise is above 0 and below 1, and {value} is 0 or 1 in "
                "float32, in which the networks compute. Use 0.5.",
                {"value": repr(value)},
            ),
            field,
        )
