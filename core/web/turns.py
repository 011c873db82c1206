"""What takes long is done by few threads of its own, few wait for them, and who comes then is told to come again.

The others' threads, by which the pages' files come, are not held up, and nobody waits for a turn that does not come.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

Found = TypeVar("Found")

AGAIN_SECONDS = 10


class NoTurn(RuntimeError):
    """Too many wait already."""


class Turns:
    """So many at once, and so many more wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.at_once, self.waiting = at_once, waiting
        self._here = 0

    @cached_property
    def _limiter(self) -> CapacityLimiter:
        return CapacityLimiter(self.at_once)  # can be made in a loop only

    async def take(self, work: Callable[[], Found]) -> Found:
        """What `work` gives, by a thread. Raises NoTurn at once where too many are at it or wait."""
        if self._here >= self.at_once + self.waiting:
            raise NoTurn
        self._here += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._here -= 1
