"""When a run is looked into: on a sparse schedule, and more often while a page asks."""

from __future__ import annotations

import time

FIRST_LOOKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
LOOKS = 4  # more of them, evenly over a run that is longer
WANTED_SECONDS = 5.0  # so long after a page asked, its looks come every
LOOK_SECONDS = 0.5  # apart, and at least
LOOK_SHARE = 6  # times as far apart as one takes, so that looking stays a small part of the time


def is_look(step: int, total_steps: int) -> bool:
    """Whether a look is due after `step` updates though nobody has such a page open: dense at first, then sparse."""
    return step in FIRST_LOOKS or step == total_steps or step % max(FIRST_LOOKS[-1], -(-total_steps // LOOKS)) == 0


class Pace:
    """Which sources ("fixed", "batch") to look at now. Times are those of time.monotonic, in seconds."""

    def __init__(self) -> None:
        self._wanted: dict[str, float] = {}  # source: when it was asked for last
        self._began = self._took = 0.0

    def want(self, source: str) -> None:
        """A page that shows `source` has just asked."""
        self._wanted[source] = time.monotonic()

    def sources(self, scheduled: bool) -> frozenset[str]:
        """What to look at now: all that pages want, if the last look is long enough ago; else what is scheduled."""
        now = time.monotonic()
        asked = self._wanted.copy()  # pages ask from another thread
        wanted = frozenset(source for source, last in asked.items() if now - last < WANTED_SECONDS)
        if not wanted or now - self._began < max(LOOK_SECONDS, LOOK_SHARE * self._took):
            wanted = frozenset({"fixed"} if scheduled else ())
        self._began = now if wanted else self._began
        return wanted

    def looked(self) -> None:
        """The look that `sources` asked for has been made."""
        self._took = time.monotonic() - self._began
