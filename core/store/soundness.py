"""Whether anything is wrong with a run: all of it is read, as nobody does who only lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.store.troubles import StoreError

if TYPE_CHECKING:
    from core.store.shelf import Shelf


def trouble_of(shelf: Shelf, run_id: str) -> StoreError | None:
    """What keeps a part of the run from being read; None where there is nothing."""
    try:
        recording = shelf.recording(run_id)
        for _look in recording.looks():
            pass
        for step in recording.network_steps:
            recording.networks(step)
    except StoreError as error:
        return error
    return None
