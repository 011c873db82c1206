"""A thread beside the pages, for what is neither a run nor to be waited for.

Aside  does one work at a time; `changed` guards what it shares with who asks
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Aside:
    """`name` is the thread's."""

    def __init__(self, name: str) -> None:
        self.changed = threading.Condition()
        self._name, self._thread = name, threading.Thread()

    def begin(self, work: Callable[[], None]) -> None:
        """Have it done; to be called when nothing is under way any more. `work` raises nothing."""
        self.join(None)
        self._thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._thread.start()

    def join(self, timeout: float | None) -> None:
        """Wait until what was begun has come to its end."""
        if self._thread.ident:
            self._thread.join(timeout)
