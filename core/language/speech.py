"""The language spoken here and now, and sentences in it.

speak, speaking     set it: for the rest of this thread or task, or for a block
spoken              which it is; English until somebody says otherwise
_                   a sentence with its values: _("Step {step:,} is done.", step=1200)
ngettext            the same for one and for many: ngettext("{n} image", "{n} images", 3)
pgettext            a word that two places translate differently: pgettext("one mini-batch", "Step")

Sentences are looked up by their English text, so it must stand in the call as it is, never as an f-string
(docs/translating.md). Whoever speaks for another thread passes a Message on, not a sentence.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from core.language.languages import ENGLISH, LANGUAGES

HERE = Path(__file__).parent
_language = ContextVar("language", default=ENGLISH)


def spoken() -> str:
    """One of LANGUAGES."""
    return _language.get()


def speak(language: str) -> None:
    """For what this thread, or this task, says from now on."""
    _language.set(_known(language))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """For what is said within the block."""
    before = _language.set(_known(language))
    try:
        yield
    finally:
        _language.reset(before)


def _(text: str, /, **values: object) -> str:
    """`text` in the language spoken, with its values."""
    return filled(_catalog(spoken()).gettext(text), values) if text else text  # "" is the catalog's own head


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """`one` or `many`, as `n` asks for; {n} is among the values."""
    return filled(_catalog(spoken()).ngettext(one, many, n), {"n": n} | values)


def pgettext(context: str, text: str, /, **values: object) -> str:
    """`text` as it is said in `context`, which tells apart what English calls by the same word."""
    return filled(_catalog(spoken()).pgettext(context, text), values)


def filled(text: str, values: Mapping[str, object]) -> str:
    """With `values` for its {names}; without any, braces are braces."""
    return text.format(**values) if values else text


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise LookupError(f"A language is one of {', '.join(LANGUAGES)}; got {language!r}.")
    return language


@functools.cache
def _catalog(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    with (HERE / f"{language}.mo").open("rb") as file:
        return GNUTranslations(file)
