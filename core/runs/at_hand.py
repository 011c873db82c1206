"""Which networks answer for a run where no step is named: those of now, of its last checkpoint, or of its end."""

from __future__ import annotations

from core.runs.run import Run
from core.runs.shown import AnyRun, executed

NOW, CHECKPOINT, END = "now", "checkpoint", "end"


def at_hand(run: AnyRun) -> tuple[int, str]:
    """(their step, which they are).

    Another process's run is known by what it has written, and one that was killed may have gone on after that.
    """
    whole = executed(run)
    reached = whole.snapshot(whole.history.latest).step
    if isinstance(whole, Run):
        return reached, END if whole.ended else NOW
    step = whole.shown_step()
    return step, END if whole.ended and step >= reached else CHECKPOINT
