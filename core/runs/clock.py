"""How long a run has been under way, and how long it will be."""

from __future__ import annotations

import time
from datetime import UTC, datetime

LEAST_STEPS = 20  # fewer say little of how long a step takes,
LEAST_FOR_THE_REST = 3  # and whoever waits for the end likes a rough word better than none


class Clock:
    """Counts while the run has the device; `before` seconds and `first` mini-batches were before it was kept."""

    def __init__(self, before: float = 0.0, first: int = 0) -> None:
        self.made = datetime.now(UTC)
        self._before, self._first = before, first
        self._here, self._since = 0.0, time.monotonic()
        self._doubled: list[tuple[int, float]] = [(0, 0.0)]  # after so many mini-batches here: the seconds

    def follow(self, other: Clock) -> None:
        """Count what that one counts, which is elsewhere."""
        self._before, self._first, self._here = other._before, other._first, other._here
        self._doubled = other._doubled
        self._since = time.monotonic()

    def halt(self) -> None:
        """The run has been under way until now."""
        now = time.monotonic()
        self._here, self._since = self._here + now - self._since, now

    def go(self) -> None:
        """From now on it is."""
        self._since = time.monotonic()

    def begin(self, step: int) -> int:
        """Mini-batch `step`, which begins now."""
        done = step - 1 - self._first
        if done >= max(1, 2 * self._doubled[-1][0]):
            self._doubled.append((done, self._here))
        return step

    @property
    def seconds(self) -> float:
        """All of them, until the last mini-batch."""
        return self._before + self._here

    def per_step(self, step: int, least: int = LEAST_STEPS) -> float | None:
        """How long a step took, tests and looks included, when `step` is under way; None after too few.

        The latter half of them counts, or more: the first ones build what the others use, and are looked into more
        often.
        """
        done = step - 1 - self._first
        if not self._here or done < least:
            return None
        earlier, seconds = next(mark for mark in reversed(self._doubled) if mark[0] <= done / 2)
        return (self._here - seconds) / (done - earlier)

    def left(self, step: int, total: int) -> float | None:
        """How long it will still take, `step` of `total` being under way."""
        a_step = self.per_step(step, LEAST_FOR_THE_REST)
        return None if a_step is None else a_step * (total - step + 1)
