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

    def join(self, run: Waiting) -> int:
        """Be in the line; returns the number of runs ahead."""
        if run not in self._runs:
            self._runs.append(run)
        return self._runs.index(run)

    def leave(self, run: Waiting) -> None:
        if run in self._runs:
            self._runs.remove(run)
            for waiting in self._runs:
                waiting.version += 1
            self.changed.notify_all()

    def place(self, run: Waiting) -> int:
        """The number of runs ahead; 0 for the first and for those that do not wait."""
        return self._runs.index(run) if run in self._runs else 0
