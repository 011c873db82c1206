"""When a run is looked into: on a sparse schedule, and more often while a page asks."""

from __future__ import annotations

import time
from collections.abc import Iterable

from core.experiment.arm import Norm
from core.experiment.config import ExperimentConfig

FIRST_LOOKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
LOOKS = 4  # more of them, evenly over a run that is longer
WANTED_SECONDS = 5.0  # so long after a page asked, its looks come every
LOOK_SECONDS = 0.5  # apart, and at least
STRIP_SECONDS = 3.0  # apart for the strip below the curves of Train, which nearly everybody has in sight
TINY_BATCH = 4  # images, at most
LOOK_SHARE = 6  # times as far apart as one takes, so that looking stays a small part of the time


def is_look(step: int, total_steps: int) -> bool:
    """Whether a look is due after `step` updates though nobody has such a page open: dense at first, then sparse."""
    return step in FIRST_LOOKS or step == total_steps or step % max(FIRST_LOOKS[-1], -(-total_steps // LOOKS)) == 0


class Pace:
    """Which sources ("fixed", "batch") to look at now. Times are those of time.monotonic, in seconds."""

    def __init__(self, scheduled: Iterable[str] = ("fixed",)) -> None:
        self._scheduled = frozenset(scheduled)  # what is looked at though nobody has such a page open
        self._wanted: dict[tuple[str, float], float] = {}  # source, seconds apart: when it was asked for last
        self._looked: dict[str, float] = {}  # source: when it was looked at last
        self._began = self._took = 0.0

    @classmethod
    def of(cls, config: ExperimentConfig) -> Pace:
        """Where a linear layer normalizes over few images, the mini-batch that shows it is looked at, too."""
        is_noisy = config.batch_size <= TINY_BATCH and any(arm.fc_norm is Norm.BN for arm in config.arms)
        return cls(("fixed", "batch") if is_noisy else ("fixed",))

    def want(self, source: str, apart: float = LOOK_SECONDS) -> None:
        """A page that shows `source`, and a new look every `apart` seconds, has just asked."""
        self._wanted[source, apart] = time.monotonic()

    def wanted(self) -> list[tuple[str, float]]:
        """(source, seconds apart) that pages want now."""
        now = time.monotonic()
        return [wish for wish, last in self._wanted.copy().items() if now - last < WANTED_SECONDS]

    def sources(self, scheduled: bool) -> frozenset[str]:
        """What to look at now: all that pages want, if the last look is long enough ago; else what is scheduled."""
        now = time.monotonic()
        asked = self._wanted.copy()  # pages ask from another thread
        wanted = frozenset(
            source
            for (source, apart), last in asked.items()
            if now - last < WANTED_SECONDS and now - self._looked.get(source, -apart) >= apart
        )
        if not wanted or now - self._began < max(LOOK_SECONDS, LOOK_SHARE * self._took):
            wanted = self._scheduled if scheduled else frozenset()
        if wanted:
            self._began = now
            self._looked |= dict.fromkeys(wanted, now)
        return wanted

    def looked(self) -> None:
        """The look that `sources` asked for has been made."""
        self._took = time.monotonic() - self._began
