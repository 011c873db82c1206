"""A folder or file of this machine in a sentence: told in full to who sits at it, and to visitors by what it is.

Place          a value of a Message
in_full        for what is said within the block, as on the command line, places are told in full
without_paths  a text of another program's, in which nobody knows what stands

What is kept or sent as JSON has no path: another reader may be a visitor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.language.message import Message

_in_full = ContextVar("in_full", default=False)

# In quotes to the closing one, else to what ends a word; an address such as https://host/page is none.
PATH = re.compile(
    r"""(?P<quote>['"])(?:~?/|[A-Za-z]:\\)[^'"\n]*(?P=quote)|(?<![\w:/.~])(?:~?/|[A-Za-z]:\\)[^\s'",;:()]+"""
)


@dataclass(frozen=True, slots=True)
class Place:
    """`path`, which is `called` so before visitors."""

    path: Path
    called: Message | str

    def __str__(self) -> str:
        return str(self.path if _in_full.get() else self.called)


@contextmanager
def in_full() -> Iterator[None]:
    """For what is said within the block, in this thread."""
    before = _in_full.set(True)
    try:
        yield
    finally:
        _in_full.reset(before)


def without_paths(text: str) -> str:
    """`text` with “…” for every absolute path in it."""
    return PATH.sub("…", text)
