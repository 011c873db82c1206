"""The line in which runs wait for the device, or for one of several places."""

from __future__ import annotations

import threading
from typing import Protocol


class Waiting(Protocol):
    """What can stand in the line; its `version` counts the changes that a watcher sees."""

    version: int


class Line:
    """Who wants the device, in order; the first `places` have it. All calls are made holding `changed`."""

    def __init__(self, places: int = 1) -> None:
        self.changed, self.places = threading.Condition(), places
        self._runs: list[Waiting] = []
        self._numbers: dict[Waiting, int] = {}  # of all who are in the line or stepped aside, as they came
        self._given = 0

    def join(self, run: Waiting) -> int:
        """Be in the line, at its end or where it stepped aside; returns how many must leave before it has a place."""
        if run not in self._runs:
            if run not in self._numbers:
                self._given += 1
                self._numbers[run] = self._given
            self._take_place(run)
        return self.place(run)

    def _take_place(self, run: Waiting) -> None:
        number, waiting = self._numbers[run], list(enumerate(self._runs))[self.places :]
        later = (i for i, other in waiting if self._numbers[other] > number)
        place = next(later, len(self._runs))  # never before those that have the device
        for behind in self._runs[place:]:
            behind.version += 1
        self._runs.insert(place, run)

    def step_aside(self, run: Waiting) -> None:
        """Let others pass until it joins again; only whoever has the device by then keeps it."""
        if run in self._runs:
            self._runs.remove(run)
            for waiting in self._runs:
                waiting.version += 1
            self.changed.notify_all()

    def leave(self, run: Waiting) -> None:
        self._numbers.pop(run, None)
        self.step_aside(run)

    def ahead(self, run: Waiting) -> list[Waiting]:
        """Who has the device before it, in order; nobody for those that do not wait."""
        return self._runs[: self.place(run)]

    def place(self, run: Waiting) -> int:
        """How many must leave before it has a place; 0 for those that have one and for those that do not wait."""
        return max(0, self._runs.index(run) - self.places + 1) if run in self._runs else 0

    @property
    def is_crowded(self) -> bool:
        """Whether anybody waits."""
        return len(self._runs) > self.places
