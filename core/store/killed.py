"""The runs whose process has ended without a word: their cards lag behind what it had measured, up to some seconds.

Killed   a card for each as its records give it, each made once: a page lists them often
ENDING   what is said of them
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from core.language.message import Message
from core.store.card import INTERRUPTED, Card, labelled, stamp
from core.store.run_file import FILE, RunFile
from core.store.troubles import StoreError

MOST = 256  # that are known at a time: they are few, until a server settles them
ENDING = Message("The process that trained it has ended without a word.")


class Killed:
    """Its owner sees to it that nobody writes them."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, Card]] = {}  # by run: as of which files

    def card(self, folder: Path, written: Card) -> Card:
        """What the records say, interrupted unless they say how it ended; `written` where they cannot be read."""
        as_of, card = self._made.get(folder.name, (None, written))
        if as_of != _now(folder, written):
            card = _from_records(folder, written)
            if len(self._made) >= MOST:
                self._made.clear()
            self._made[folder.name] = _now(folder, written), card  # the first to read it may move its parts together
        return card


def interrupted(card: Card) -> Card:
    """As nobody writes it any more."""
    return replace(card, status=INTERRUPTED, message=ENDING) if card.under_way else card


def _now(folder: Path, written: Card) -> object:
    return written, stamp(folder / FILE), stamp(folder / f"{FILE}-wal")


def _from_records(folder: Path, written: Card) -> Card:
    try:
        with closing(RunFile.read(folder, checked=False)) as file:
            return interrupted(labelled(file.card(), folder))
    except StoreError:
        return interrupted(written)
