"""How the runs of a process stand, in figures, for who operates it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from core.runs.manager import RunManager


@dataclass(frozen=True, slots=True)
class Figures:
    """`runs` by status, of those that have not ended; `stored` and `limit` are bytes, 0 where none are kept.

    `seconds_per_step` is of the run that computes, `unwritten` counts records that are not on the disk yet.
    """

    runs: Mapping[str, int]
    watchers: int
    seconds_per_step: float | None
    stored: int
    limit: int
    unwritten: int


def figures(manager: RunManager) -> Figures:
    """As they are now; reads the sizes of all that is kept."""
    active, shelf = manager.active(), manager.shelf
    steps = [run.clock.per_step(run.snapshot(run.history.latest).step) for run in active if run.status == "running"]
    return Figures(
        runs=Counter(run.status for run in active),
        watchers=sum(len(run.watchers) for run in active),
        seconds_per_step=next((seconds for seconds in steps if seconds is not None), None),
        stored=shelf.used() if shelf is not None else 0,
        limit=shelf.limit if shelf is not None else 0,
        unwritten=manager.writer.unwritten() if manager.writer is not None else 0,
    )
