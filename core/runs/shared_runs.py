"""The runs that several have started: each begins as somebody's, and belongs to nobody from the second start on.

SharedRuns  of one manager
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.experiment.config import ExperimentConfig
from core.runs.owner import new_key
from core.runs.run import Run
from core.runs.sharing import FROM_THE_START, FROM_THERE, branched, may_be_shared
from core.runs.taking_up import taken_up
from core.training.records import RunNoted

if TYPE_CHECKING:
    from core.runs.manager import AnyRun, RunManager


class SharedRuns:
    """A teacher's run is not among them."""

    def __init__(self, manager: RunManager) -> None:
        self._manager, self._ids = manager, set[str]()

    def has(self, run: AnyRun | None) -> bool:
        """Whether several have started it, and it belongs to nobody."""
        return run is not None and run.id in self._ids

    def start(self, config: ExperimentConfig, replaces: AnyRun | None = None, key: str = "") -> Run:
        """As the manager's `submit`; but who starts what somebody else has just started watches that with them.

        What a class follows stays its teacher's, and who teaches shares nothing.
        """
        manager = self._manager
        with manager.line.changed:
            others = [] if manager.classes.of(key) else [run for run in manager.active() if run is not replaces]
            led = manager.classes.led()
            for run in others:
                if run.id not in led and may_be_shared(run, config, key):
                    self._ids.add(run.id)
                    run.key = new_key()
                    run.version += 1  # who had it hears of it
                    manager.replace(replaces, run)
                    return run
            return manager.submit(config, replaces, key)

    def branch(self, run: Run, key: str, order: Callable[[Run], None]) -> Run:
        """A run of one's own from where a shared one stands, from the start where that cannot be; given `order` first.

        Raises what `order` raises, and QueueFull.
        """
        manager = self._manager
        manager.check_room(None)
        shelf = manager.shelf
        found = branched(shelf, run, key, manager.gallery.device) if shelf is not None else None
        try:
            with manager.line.changed:
                manager.check_room(None)
                own = Run(run.asked, manager.line, manager.grace, key)
                if found is not None:
                    own = taken_up(*found, manager.line, manager.grace, key)
                if run.snapshot().step:
                    own.publish(RunNoted(own.snapshot().step, FROM_THE_START if found is None else FROM_THERE))
                order(own)
                manager.begin(own, found[1] if found is not None else None)
        except BaseException:
            if found is not None and shelf is not None:
                found[1].close(ended=True)
                shelf.delete(found[0].id)
            raise
        return own
