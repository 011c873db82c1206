"""Ctrl-C and SIGTERM, heard where it suits: what has begun is brought to its end, and what is done is kept.

Ending  with Ending() as ending: …; `ending.status` is "" until somebody wants the end
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class Ending:
    """The first signal is noted; a second one ends the process at once."""

    def __init__(self) -> None:
        self.status = ""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Ending:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.getsignal(number)
            if self._before[number] is not signal.SIG_IGN:  # as in the background of a shell
                signal.signal(number, self._end)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        self.status = "stopped" if number == signal.SIGINT else "interrupted"
