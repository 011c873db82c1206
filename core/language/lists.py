"""Several things in one sentence.

enumerated   a, b, c       a、b、c
joined       a, b and c    a、b和c
either       a, b or c     a、b或c
parted       a; b; c       a；b；c   where the things have commas themselves
phrased      as enumerated, of phrases: in Chinese its comma is another than that between words: 前半句，后半句
"""

from __future__ import annotations

from collections.abc import Iterable

from core.language.speech import pgettext


def enumerated(things: Iterable[object]) -> str:
    """All of them, in a row."""
    return pgettext("between the things of a list", ", ").join(map(str, things))


def parted(things: Iterable[object]) -> str:
    """All of them, where a comma would not part them."""
    return pgettext("between the things of a list that have commas", "; ").join(map(str, things))


def phrased(phrases: Iterable[object]) -> str:
    """All of them, one after the other."""
    return pgettext("between phrases", ", ").join(map(str, phrases))


def joined(things: Iterable[object]) -> str:
    """All of them together."""
    *first, last = map(str, things)
    return pgettext("end of a list", "{first} and {last}", first=enumerated(first), last=last) if first else last


def either(things: Iterable[object]) -> str:
    """One of them."""
    *first, last = map(str, things)
    return pgettext("end of a list", "{first} or {last}", first=enumerated(first), last=last) if first else last
