"""The command line's language: --language, else the machine's; and argparse's own words in it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from core.language import speech
from core.language.columns import wrapped
from core.language.languages import ENGLISH, LANGUAGES, of_machine, understood
from core.language.message import Message, Plural
from core.language.speech import _, spoken

FLAG = "--language"

# What argparse says; it stands here for the catalog. (Python 3.11 to 3.14)
ARGPARSE = (
    Message("usage: "),
    Message("positional arguments"),
    Message("options"),
    Message("show this help message and exit"),
    Message("argument %(argument_name)s: %(message)s"),
    Message("the following arguments are required: %s"),
    Message("not allowed with argument %s"),
    Message("ignored explicit argument %r"),
    Message("expected one argument"),
    Message("invalid choice: %(value)r (choose from %(choices)s)"),
    Message("invalid %(type)s value: %(value)r"),
    Plural("expected %s argument", "expected %s arguments", 2),
)


def language_of(argv: Sequence[str]) -> str:
    """What --language says anywhere among the words: the flags' own help is told in it. Else the machine's language."""
    said = [argv[i + 1] for i, word in enumerate(argv[:-1]) if word == FLAG]
    said += [word.removeprefix(f"{FLAG}=") for word in argv if word.startswith(f"{FLAG}=")]
    return next(filter(None, map(understood, said)), of_machine(os.environ))


def add_language(parser: argparse.ArgumentParser) -> None:
    """The flag, on every command: it has been obeyed by then, and here its value is checked and explained."""
    parser.add_argument(
        FLAG,
        choices=tuple(LANGUAGES),
        default=argparse.SUPPRESS,
        help=_("the language of all that is said (default: that of LC_ALL, LC_MESSAGES or LANG)"),
    )


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Chinese is broken between its characters, each of which is as wide as two letters."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(text, width) if spoken() == ENGLISH else wrapped(text, width)


def teach_argparse() -> None:
    """argparse looks its words up by gettext's names for it; from now on they follow the language spoken."""
    for name, look_up in {"_": speech._, "ngettext": speech.ngettext}.items():
        setattr(argparse, name, look_up)
