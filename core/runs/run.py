"""One run: who may steer it, who is watching, and how it stands.

Each run has a thread of its own, but only the run at the head of the line computes; a paused run leaves the line and
comes back at its end. The line's condition guards everything here; the worker asks it once per mini-batch, its crew
never. A status is changed by the worker alone, so what the page shows as "paused" is paused.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from core.data.images import Images
from core.experiment.config import LARGEST_RATE, ExperimentConfig
from core.experiment.rules import ConfigError, check_learning_rate
from core.language.message import Message
from core.runs.asking import Answer, Question, Questions
from core.runs.line import Line
from core.runs.looks import Observation, Observations
from core.runs.pace import Pace, is_look
from core.runs.snapshots import Snapshots
from core.training.arms import Arm
from core.training.records import History, NetworksSeen, Record, Snapshot, StatusChanged
from core.training.trainer import RunStopped

ENDED = frozenset({"finished", "stopped", "failed"})
LEAST_STEPS = 20  # fewer say little of how long a step takes
WAKE_SECONDS = 1.0  # a waiting run looks this often whether anybody is still there


class NotTheOwner(PermissionError):
    """Somebody who only watches tried to steer."""


class Run:
    """An experiment being executed. It is the trainer's control, and takes orders from whoever holds `key`."""

    def __init__(self, config: ExperimentConfig, line: Line, grace: float) -> None:
        self.id = secrets.token_urlsafe(12)
        self.key = secrets.token_urlsafe(12)
        self.asked = self.config = config  # without data it is run on other ones, with other settings
        self.history, self.version = History(), 0
        self._line, self._changed, self._grace = line, line.changed, grace
        self._status, self._step = "queued", 0
        self._pause_asked = self._stop_asked = False
        self._steps_left, self._stepping = 0, False
        self._new_rate: float | None = None
        self._rate = config.learning_rate
        self._watchers: set[str] = set()
        self._last_seen, self._resumed_at, self._active_seconds = time.monotonic(), 0.0, 0.0
        self.inside, self.snapshots = Observations({arm.name: arm.title for arm in config.arms}), Snapshots()
        self._pace, self._questions, self._answering = Pace(), Questions(), threading.Lock()
        self.before_waiting: Callable[[], None] = lambda: None  # the trainer's, see core.training.trainer.Control
        self._arms: list[Arm] = []
        self._data: Images | None = None
        self.publish(StatusChanged("queued", 0))

    # --- what watchers see -------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """queued, preparing, running, paused, finished, stopped or failed; as the worker confirmed it."""
        return self._status

    @property
    def ended(self) -> bool:
        return self._status in ENDED

    def snapshot(self, since: int = 0) -> Snapshot:
        """The run now, with the records newer than `since`."""
        with self._changed:
            return Snapshot(
                status=self._status,
                asked=self._asked(),
                place=self._line.place(self),
                step=self._step,
                learning_rate=self._new_rate or self._rate,
                eta_seconds=self._eta(),
                version=self.version,
                latest=self.history.latest,
                news=self.history.since(since),
            )

    def _asked(self) -> str:
        """The order that the worker has not confirmed yet, if any."""
        if self.ended:
            return ""
        if self._stop_asked:
            return "stop"
        if self._pause_asked:
            return "step" if self._steps_left or self._stepping else "pause" * (self._status != "paused")
        return "resume" * (self._status == "paused")

    def _eta(self) -> float | None:
        if self._status != "running" or self._step < 2:
            return None
        return self._active_seconds / (self._step - 1) * (self.config.total_steps - self._step + 1)

    @property
    def seconds_per_step(self) -> float | None:
        """How long its steps took, tests and looks included; None before there are enough of them to say."""
        return self._active_seconds / (self._step - 1) if self._step > LEAST_STEPS else None

    def seen(self) -> None:
        """Somebody asked for news just now."""
        self._last_seen = time.monotonic()

    def join(self, watcher: str) -> None:
        """`watcher` has opened a page of this run."""
        with self._changed:
            self._watchers.add(watcher)

    def leave(self, watcher: str) -> None:
        """`watcher` has gone; the grace period starts when nobody is left."""
        with self._changed:
            self._watchers.discard(watcher)
            self.seen()

    def seen_inside(self, since: int, source: str) -> tuple[int, list[Observation]]:
        """(newest sequence number, looks inside newer than `since`); asking makes the looks come more often."""
        with self._changed:
            self._pace.want(source)
            return self.inside.latest, self.inside.since(since, source)

    def ask(self, question: Question[Answer], step: int | None = None) -> Future[Answer]:
        """Have `question` answered with the live networks, between two mini-batches, or at once when none is coming.

        With `step`, one of snapshots.steps, they are those of then. The question must leave the networks as they
        were. Raises QueueFull when too many wait.
        """
        with self._changed:
            asked = self._questions.ask(question, step)
            self._touch()
        if self.ended:
            self._answer()
        return asked

    # --- orders ------------------------------------------------------------------------------------------------

    def pause(self, key: str) -> None:
        """Stop before the next mini-batch and keep everything."""
        self._order(key, _pause_asked=True, _steps_left=0)

    def resume(self, key: str) -> None:
        """Go on from where it paused."""
        self._order(key, _pause_asked=False, _steps_left=0)

    def step_once(self, key: str) -> None:
        """Do one mini-batch, or one more than ordered before, then pause."""
        with self._changed:
            self._order(key, _pause_asked=True, _steps_left=self._steps_left + 1)

    def stop(self, key: str) -> None:
        """End before the next mini-batch; what was measured stays."""
        self._order(key, _stop_asked=True)

    def change_learning_rate(self, key: str, rate: float) -> None:
        """Use `rate` from the next mini-batch on. Raises ConfigError unless it is one and an arm follows it."""
        check_learning_rate(rate, "learning_rate", LARGEST_RATE[self.config.optimizer])
        if all(arm.learning_rate is not None for arm in self.config.arms):
            raise ConfigError(
                Message("Every arm here has a learning rate of its own. Start a run without lr= to change it.")
            )
        self._order(key, _new_rate=None if rate == self._rate else rate)

    def _order(self, key: str, **flags: bool | int | float | None) -> None:
        if not secrets.compare_digest(key.encode(errors="replace"), self.key.encode()):
            raise NotTheOwner(Message("Only who started this run can steer it; start a run of your own to do so."))
        with self._changed:
            for name, value in flags.items():
                setattr(self, name, value)
            self._touch()

    # --- the trainer's side (core.training.trainer.Control) ------------------------------------------------------

    def begin_step(self, step: int) -> float | None:
        """Wait until mini-batch `step` may run; returns a new learning rate, if one was ordered."""
        self._answer()
        with self._changed:
            self._stepping = False
            self._wait_for_turn()
            self._step = step
            if self._steps_left:
                self._steps_left, self._stepping = self._steps_left - 1, True
            self._confirm("running")
            rate, self._new_rate = self._new_rate, None
            self._rate = rate or self._rate
            return rate

    def wait(self) -> None:
        """Wait until work between two mini-batches may go on; a single step is carried through to its end."""
        with self._changed:
            if self._stepping:
                self._check_stopped()
                return
            self._wait_for_turn()
            if self._status != "preparing":
                self._confirm("running")

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        """On a sparse schedule the fixed images; while somebody has such a page open, what it shows, twice a second."""
        self._arms, self._data = arms, data
        due = is_look(step, self.config.total_steps)
        if due:
            self.snapshots.keep(step, arms)
        return self._pace.sources(due)

    def publish(self, record: Record) -> None:
        """Append `record` to the history, for all watchers."""
        with self._changed:
            if isinstance(record, NetworksSeen):
                self.inside.append(record)
                self._pace.looked()
            else:
                self.history.append(record)
                self._touch()

    def prepare(self) -> None:
        """Wait for the device, before any network is built."""
        with self._changed:
            self._wait_for_turn()
            self._confirm("preparing")

    def step_aside(self) -> None:
        """Leave the device to others while something is awaited that needs none; `prepare` comes back to the line."""
        with self._changed:
            self._check_stopped()
            self._line.step_aside(self)
            self._confirm("preparing")

    def check_stopped(self) -> None:
        """Raise RunStopped if the run is to end; for work that cannot pause, such as a download."""
        with self._changed:
            self._check_stopped()

    def end(self, status: str, message: Message | str = "") -> None:
        """Confirm the run's last status and free the device."""
        with self._changed:
            self._line.leave(self)
            self._confirm(status, message)
        self._answer()  # what was asked while it ended; from now on whoever asks answers

    def _wait_for_turn(self) -> None:
        if self._status == "running":
            self._active_seconds += time.monotonic() - self._resumed_at
        while True:
            self._check_stopped()
            if self._pause_asked and not self._steps_left:
                self.before_waiting()
                self._line.leave(self)
                self._confirm("paused")
            elif self._line.join(self):
                self.before_waiting()
                self._confirm("queued")
            else:
                self._resumed_at = time.monotonic()
                return
            if self._questions:
                self._answer_unlocked()
            else:
                self._changed.wait(WAKE_SECONDS)

    def _answer_unlocked(self) -> None:
        self._changed.release()
        try:
            self._answer()
        finally:
            self._changed.acquire()

    def _answer(self) -> None:
        with self._answering:
            self._questions.answer(self._arms, self._data, self.snapshots)

    def _check_stopped(self) -> None:
        if self._stop_asked:
            raise RunStopped("")
        if not self._watchers and time.monotonic() - self._last_seen > self._grace:
            raise RunStopped(
                Message("Nobody had this run's page open for {seconds:g} seconds.", {"seconds": self._grace})
            )

    def _confirm(self, status: str, message: Message | str = "") -> None:
        if status != self._status:
            self._status = status
            self.history.append(StatusChanged(status, self._step, message))
            self._touch()

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()
