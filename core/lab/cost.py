"""What a training step of each arm costs: processor time, which says the same whoever else wants the processor.

Clocked  does each arm's step in turn, and keeps its time
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from core.training.arms import Arm
from core.training.crew import InTurn


class Clocked(InTurn):
    """A crew for a process that does nothing else: the time is that of all its threads (`time.process_time`).

    The first step of an arm is left out: memory is fetched in it, and it may be watched. On a card, which takes steps
    of its own, there is nothing to keep.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        began = time.process_time()
        done = super().submit(fn, *args, **kwargs)
        if args and isinstance(args[0], Arm):
            self._seconds[args[0].name].append(time.process_time() - began)
        return done

    def step_milliseconds(self, arm: str) -> float | None:
        """The mean over its steps after the first one; None where there are none."""
        timed = self._seconds[arm][1:]
        return 1000 * sum(timed) / len(timed) if timed else None
