"""Several messages as one, for what is told later.

Parted     a; b; c        as lists.parted tells them at once
Sentences  one after the other, which in Chinese have no space between them
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.language.message import Message


def Parted(things: Sequence[Message | str]) -> Message | str:
    """All of them, where a comma would not part them; there must be one."""
    first, *rest = things
    return Message("{first}; {rest}", {"first": first, "rest": Parted(rest)}) if rest else first


def Sentences(said: Iterable[Message | str]) -> Message | str:
    """All of them, without those that are empty; "" where all are."""
    given = [each for each in said if each]
    if len(given) < 2:
        return given[0] if given else ""
    return Message("{first} {rest}", {"first": given[0], "rest": Sentences(given[1:])})
