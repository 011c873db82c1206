"""The runs that are on the shelf, for whoever asks: a few are at hand, the others are read when they are wanted."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from core.language.message import Message
from core.runs.gallery import Gallery
from core.runs.kept_run import KeptRun
from core.store.shelf import Shelf
from core.store.troubles import StoreError

log = logging.getLogger(__name__)

AT_HAND = 8  # runs whose records are in memory, however many there are


class Archive:
    """Kept runs by id; the ones that were asked for last are at hand."""

    def __init__(self, shelf: Shelf, gallery: Gallery) -> None:
        self._shelf, self._gallery = shelf, gallery
        self._lock = threading.Lock()
        self._at_hand: OrderedDict[str, KeptRun] = OrderedDict()
        self._problems: dict[str, Message | str] = {}

    def find(self, run_id: str) -> KeptRun | None:
        """None where there is none, or it cannot be read: then `problem` says why."""
        if not self._shelf.knows(run_id):
            return None
        with self._lock:
            run = self._at_hand.get(run_id)
            if run is None:
                try:
                    run = KeptRun(self._shelf, run_id, self._gallery)
                except StoreError as error:
                    self._problems[run_id] = error.args[0]
                    return None
            self._problems.pop(run_id, None)
            self._at_hand[run_id] = run
            self._at_hand.move_to_end(run_id)
            if len(self._at_hand) > AT_HAND:
                self._at_hand.popitem(last=False)
        return run

    def forget(self, run_id: str) -> None:
        """The run goes on here: once it has ended again, how it stood before is no answer."""
        with self._lock:
            self._at_hand.pop(run_id, None)

    def problem(self, run_id: str) -> Message | str:
        """Why the run could not be read when it was last asked for."""
        why = self._shelf.unseen(run_id)
        return why.args[0] if why is not None else self._problems.get(run_id, "")

    def tidy(self) -> None:
        """Have runs whose process was killed say so, and delete for good what was deleted long ago."""
        try:
            self._shelf.empty_trash()
            for run_id in self._shelf.killed():
                self._shelf.settle(run_id)
        except (StoreError, OSError) as error:
            log.warning("the runs that are kept cannot be tidied: %s", error)
