"""An exception that nobody foresaw, in one line, as a page may show it; the log has where it came from."""

from __future__ import annotations

from core.language.message import Message
from core.language.places import without_paths

MOST_LETTERS = 200


def unforeseen(error: BaseException) -> Message | str:
    """Its Message, if it has one; else its kind and the first line of its text, without the paths in it."""
    if error.args and isinstance(error.args[0], Message):
        return error.args[0]
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    first = without_paths("".join(filter(_fits, text.partition("\n")[0])))[:MOST_LETTERS]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _fits(letter: str) -> bool:
    return letter.isprintable()
