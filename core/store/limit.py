"""What all runs may take of the disk: where they take more, the oldest leave that nobody has pinned.

make_room  let them go
"""

from __future__ import annotations

import shutil

from core.store.leftovers import folders_in, size_of
from core.store.lock import is_held
from core.store.run_file import LOCK
from core.store.shelf import RUNS, Shelf


def make_room(shelf: Shelf, besides: str = "") -> list[str]:
    """Let the oldest runs go that are not pinned, under way or `besides`, until all are within the limit."""
    shelf.empty_trash()
    used = shelf.used()
    if used + sum(map(size_of, folders_in(shelf.trash))) <= shelf.limit:
        return []
    shelf.empty_trash(0)
    gone = []
    for card in reversed(shelf.cards()):
        if used <= shelf.limit:
            break
        folder = shelf.home / RUNS / card.id
        if card.id != besides and not card.pinned and not is_held(folder / LOCK):
            used -= size_of(folder)
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(card.id)
    return gone
