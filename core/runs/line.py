"""The line in which runs wait for the device."""

from __future__ import annotations

import threading
from typing import Protocol


class Waiting(Protocol):
    """What can stand in the line; its `version` counts the changes that a watcher sees."""

    version: int


class Line:
    """Who wants the device, in order; the first has it. All calls are made holding `changed`."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._runs: list[Waiting] = []
        self._numbers: dict[Waiting, int] = {}  # of all who are in the line or stepped aside, as they came
        self._given = 0

    def join(self, run: Waiting) -> int:
        """Be in the line, at its end or where it stepped aside; returns the number of runs ahead."""
        if run not in self._runs:
            if run not in self._numbers:
                self._given += 1
                self._numbers[run] = self._given
            self._take_place(run)
        return self._runs.index(run)

    def _take_place(self, run: Waiting) -> None:
        later = (i for i, other in enumerate(self._runs) if i > 0 and self._numbers[other] > self._numbers[run])
        place = next(later, len(self._runs))  # never before the first, which has the device
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
        """The number of runs ahead; 0 for the first and for those that do not wait."""
        return self._runs.index(run) if run in self._runs else 0
