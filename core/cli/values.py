"""What a flag's value must be: text in, the value out, or argparse's error that says the rule and what to do."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from core.experiment.config import MOST_EPOCHS
from core.experiment.rules import IT, ConfigError, check_learning_rate, check_range, quoted, read_number
from core.language.message import Message
from core.language.speech import _


def path(text: str) -> Path:
    if not text.strip():  # as of --json "$UNSET"; Path would take it for the folder one is in
        raise argparse.ArgumentTypeError(_("It is empty and must be a path. Leave the flag out to do without."))
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise argparse.ArgumentTypeError(
            _(
                "Its ~ must stand for the home of a user who is here; got {text}. Give the whole path.",
                text=quoted(text),
            )
        ) from None


def whole(text: str) -> int:
    return int(_number(text, int))


def number(text: str) -> float:
    return float(_number(text, float))


def _number(text: str, kind: type[int] | type[float]) -> Any:
    try:
        return read_number(text, IT, "", kind)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    number = whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(
            _("It must be at least 1; got {number}. Leave the flag out to take the default.", number=number)
        )
    return number


def epochs(text: str) -> int:
    number = whole(text)
    try:
        check_range("epochs", number, 1, MOST_EPOCHS, Message("Epochs are 1 to {n:,}", {"n": MOST_EPOCHS}))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return number


def seed(text: str) -> int:
    seed = whole(text)
    if not 0 <= seed < 2**32:
        raise argparse.ArgumentTypeError(
            _("A seed is a whole number from 0 to 4294967295; got {seed}. Use 0.", seed=seed)
        )
    return seed


def rate(text: str) -> float:
    """The row reader's."""
    rate = number(text)
    try:
        check_learning_rate(rate, "lr", use="0.5")
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return rate


def device_name(text: str) -> str:
    if re.fullmatch(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?", text):
        return text
    raise argparse.ArgumentTypeError(
        _(
            "A device is auto, cpu, cuda, cuda:N or mps; got “{text}”. Leave the flag out to take the best one.",
            text=text,
        )
    )
