"""What of a run the store does not have yet, besides its records and networks, which are read where they lie.

Unkept  filled by the run's own thread between two mini-batches, emptied by the writer's
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.runs.looks import Observations
from core.runs.pace import is_look
from core.store.run_file import Look
from core.training.checkpoint import State
from core.training.records import History, NetworksSeen

CHECKPOINT_SECONDS = 5.0
MOST_LOOKS = 60  # that wait for a disk which does not keep up: some 60 MB


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """The training after `step` mini-batches, with `records` records and `looks` looks behind it."""

    step: int
    records: int
    looks: int
    state: State


class Unkept:
    """Not locked: its run does that. Nothing is gathered until somebody `wants` it."""

    def __init__(self) -> None:
        self.wanted = False
        self._looks: deque[Look] = deque(maxlen=MOST_LOOKS)
        self._captured: deque[Captured] = deque(maxlen=1)
        self._at = -math.inf

    def add(self, sequence: int, look: NetworksSeen, total_steps: int) -> None:
        if self.wanted:
            due = look.source == "fixed" and is_look(look.step, total_steps)
            self._looks.append(Look(sequence, look, due))

    def capture(
        self, state: Callable[[], State] | None, history: History, looks: Observations, now: bool = False
    ) -> None:
        """Every five seconds, or `now`: the training as it stands, and what it has told so far."""
        moment = time.monotonic()
        if state is None or not self.wanted or not (now or moment - self._at >= CHECKPOINT_SECONDS):
            return
        taken = state()  # which may publish what was still on a card
        self._captured.append(Captured(taken.values["step"], history.latest, looks.latest, taken))
        self._at = moment

    def put(self, captured: Captured) -> None:
        """The training as it stood elsewhere."""
        if self.wanted:
            self._captured.append(captured)

    def take(self) -> tuple[list[Look], Captured | None]:
        """All of it, in the writer's thread; what came before the checkpoint is among the looks."""
        captured = self._captured.popleft() if self._captured else None
        looks = []
        while self._looks:
            looks.append(self._looks.popleft())
        return looks, captured
