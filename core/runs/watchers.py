"""Who has a page of a run open, and when somebody last asked for news."""

from __future__ import annotations

import time

from core.language.message import Message

ASKED_A_SECOND = 60  # questions for news, by all who watch a run: more would take from it what it trains with
LONGEST_APART_MS = 2000


class Watchers:
    """With none for `grace` seconds the run is left to itself. Not locked: its run does that."""

    def __init__(self, grace: float) -> None:
        self._grace, self._there = grace, set[str]()
        self._last_seen = time.monotonic()

    def __len__(self) -> int:
        return len(self._there)

    def seen(self) -> None:
        """Somebody asked for news just now."""
        self._last_seen = time.monotonic()

    def join(self, watcher: str) -> None:
        self._there.add(watcher)

    def leave(self, watcher: str) -> None:
        self._there.discard(watcher)
        self.seen()

    @property
    def apart_ms(self) -> int:
        """How long each of them waits between two questions, at least: the longer, the more they are."""
        return min(LONGEST_APART_MS, 1000 * len(self._there) // ASKED_A_SECOND)

    def why_end(self) -> Message | None:
        """Why the run should end, once it should."""
        if self._there or time.monotonic() - self._last_seen <= self._grace:
            return None
        return Message("Nobody had this run's page open for {seconds:g} seconds.", {"seconds": self._grace})
