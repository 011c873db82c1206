"""The networks that the cube page can look into: the arms of a run, live or as they were at a step, and an example.

Networks   asks the run only for the arm that is looked at, and only when it is looked at
EXAMPLE    the worked example's name
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from concurrent.futures import Future

from core.cube.example import WorkedExample
from core.cube.sites import Site, look
from core.data.files import DataError
from core.data.images import Images
from core.experiment.arm import Norm
from core.language.message import Message, Value
from core.language.speech import _
from core.runs.asking import NothingToSee, QueueFull
from core.runs.at_hand import CHECKPOINT, at_hand
from core.runs.run import Run
from core.runs.shown import AnyRun, executed, is_swept
from core.store.troubles import StoreError
from core.training.arms import Arm
from core.training.records import RunReplaced

EXAMPLE = "example"
FRESH_SECONDS = 1.0  # a second click within that time sees the same tensors
PATIENCE_SECONDS = 5.0

Sites = Mapping[str, Site]


class Networks:
    """What can be looked into while one page is open; remembers the last look, so that a click costs no new one."""

    def __init__(self, run: AnyRun | None, patience: float = PATIENCE_SECONDS) -> None:
        self._run, self._patience = run, patience
        self._hidden = executed(run).hidden if run else ()
        self._last: Sites | None = None
        self._last_is: tuple[str, int | None] | None = None
        self._fresh_until = 0.0

    @property
    def state(self) -> str:
        """'none' without a run that ever had networks, 'waiting' until they are built, then 'learning' or 'ended'."""
        if self._run is None:
            return "none"
        built = bool(self.steps) or self.now > 0
        if self._run.ended:
            return "ended" if built else "none"
        return "learning" if built else "waiting"

    @property
    def standing(self) -> str:
        """The run's status, '' without one."""
        return self._run.status if self._run else ""

    @property
    def moving(self) -> bool:
        """Whether the networks of now change under one's eyes: not while the run is paused."""
        return self.state == "learning" and self.standing != "paused"

    @property
    def hides(self) -> bool:
        """Whether arms train unseen, which may be revealed at any moment, also when the run has ended."""
        return bool(self._hidden)

    @property
    def outdated(self) -> bool:
        """Whether other arms are hidden by now: who looks needs Networks anew."""
        return self._run is not None and executed(self._run).hidden != self._hidden

    @property
    def names(self) -> list[str]:
        """The run's arms once they are built, and the worked example."""
        built = self._run is not None and self.state in ("learning", "ended")
        return [*(arm.name for arm in self._run.config.arms if built), EXAMPLE] if self._run else [EXAMPLE]

    @property
    def first(self) -> str:
        """What is looked at where nobody has chosen: the first of `names` with a norm, which the cube is about."""
        names = self.names
        normed = {arm.name for arm in self._run.config.arms if set(arm.norms) != {Norm.NONE}} if self._run else set()
        return next((name for name in names if name in normed), names[0])

    @property
    def run_id(self) -> str:
        """The run's, '' without one."""
        return self._run.id if self._run else ""

    @property
    def next(self) -> str:
        """The run that was begun in its place, '' where none was."""
        records = list(self._run.history) if self._run else []
        return next((record.next for record in reversed(records) if isinstance(record, RunReplaced)), "")

    @property
    def steps(self) -> list[int]:
        """The steps that the run's networks are kept of."""
        return self._run.snapshots.steps if self._run else []

    @property
    def now(self) -> int:
        """The step that the networks of now are at."""
        return self._run.snapshot(self._run.history.latest).step if self._run else 0

    def kept_at(self, step: int | None) -> int | None:
        """Which of `steps` a cursor held at `step` shows: the last one at or before it, else the first.

        None, the networks of now, where it is live or none are kept.
        """
        steps = self.steps
        if step is None or not steps:
            return None
        return max((kept for kept in steps if kept <= step), default=steps[0])

    def instead_of(self, step: int | None) -> str:
        """Of a step at which no networks were kept, and of a run that is not here: which are shown. '' of any other."""
        if step is None:
            return self._instead_of_now()
        shown = self.kept_at(step)
        if shown == step:
            return ""
        if shown is None and self._run is not None and is_swept(self._run):
            return ""  # there are none at all, and that is said
        if shown is None:
            return _("No networks are kept of this run: these are the ones it has now.")
        if shown < step:
            return _("No networks were kept at this step: these are of step {step:,}, the last before it.", step=shown)
        return _("No networks were kept at this step: these are of step {step:,}, the first.", step=shown)

    def _instead_of_now(self) -> str:
        if self._run is None or at_hand(self._run)[1] != CHECKPOINT:
            return ""
        if self._run.ended:
            return _("These are the last networks that were kept of this run.")
        return _("Another process has this run under way: these are the networks of its last checkpoint.")

    def sites(self, name: str, step: int | None = None) -> Sites:
        """{layer: Site} of an arm at one of `steps`, or as it is now. Raises NothingToSee where that cannot be had."""
        if name == EXAMPLE or self._run is None:
            return WorkedExample()
        if self._last is not None and self._last_is == (name, step) and time.monotonic() < self._fresh_until:
            return self._last
        changes = step is None and self.state != "ended"
        try:
            found = self._ask(self._run, name, step).result(self._patience)
        except (QueueFull, TimeoutError, LookupError, DataError, StoreError) as error:
            return self._instead(name, step, error)
        self._last, self._last_is = found, (name, step)
        self._fresh_until = time.monotonic() + FRESH_SECONDS if changes else math.inf
        return found

    def answers(self, name: str, step: int | None) -> bool:
        """Whether an arm that could not be had, as it was at a held step or is now, can be had by now."""
        try:
            self.sites(name, self.kept_at(step))
        except NothingToSee:
            return False
        return True

    def _ask(self, run: AnyRun, name: str, step: int | None) -> Future[Sites]:
        """The networks of a run that is not executed here are the last that were kept, however far it has come."""
        whole = executed(run)
        at = whole.shown_step() if step is None and not isinstance(whole, Run) else step

        def question(arms: list[Arm], data: Images) -> Sites:
            return look(arms, data, name, self.now if at is None else at)

        return run.ask(question, at)

    def _instead(self, name: str, step: int | None, error: Exception) -> Sites:
        if self._last is not None and self._last_is == (name, step):
            return self._last
        if isinstance(error, TimeoutError):
            raise NothingToSee(_late(self._patience, self.state))
        raise NothingToSee(*error.args) from error


def _late(seconds: float, state: str) -> Message:
    """Of a run that goes on, the page asks again by itself."""
    told: dict[str, Value] = {"seconds": seconds}
    if state == "ended":
        return Message("The run did not answer within {seconds:g} s; choose the network again.", told)
    return Message("The run did not answer within {seconds:g} s, and is asked again.", told)
