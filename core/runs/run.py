"""One run: who may steer it, who is watching, and how it stands.

Each run has a thread of its own, but only the run at the head of the line computes; a paused run leaves the line and
comes back at its end. The line's condition guards everything here; the worker asks it once per mini-batch, its crew
never. A status is changed by the worker alone, so what the page shows as "paused" is paused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.experiment.schedule import shown_rate
from core.language.message import Message
from core.runs.again import Again
from core.runs.asking import Answer, Question, Questions
from core.runs.clock import Clock
from core.runs.journal import noted
from core.runs.line import Line
from core.runs.looks import Observation, Observations
from core.runs.orders import Orders, new_rate
from core.runs.owner import NotTheOwner, new_key, opens
from core.runs.pace import LOOK_SECONDS, Pace, is_look
from core.runs.snapshots import Snapshots
from core.runs.unkept import Unkept
from core.runs.watchers import Watchers
from core.store.card import RESUMABLE, new_id
from core.training.arms import Arm
from core.training.checkpoint import State
from core.training.records import History, LearningRateChanged, NetworksSeen, Record, Snapshot, StatusChanged
from core.training.trainer import RunStopped

ENDED = frozenset({"finished", "stopped", "failed", "interrupted"})
WAKE_SECONDS = 1.0  # a waiting run looks this often whether anybody is still there


class Run:
    """An experiment being executed. It is the trainer's control, and takes orders from its owner, who holds `key`."""

    def __init__(self, config: ExperimentConfig, line: Line, grace: float, key: str = "", run_id: str = "") -> None:
        self.id, self.key = run_id or new_id(), key or new_key()
        self.asked = self.config = config  # without data it is run on other ones, with other settings
        self.history, self.version = History(), 0
        self._line, self._changed = line, line.changed
        self._status, self._step, self.hidden = "queued", 0, tuple[str, ...]()  # the last: arms that nobody is shown
        self._orders, self._rate = Orders(), 0.0  # the learning rate that was last ordered, 0 before
        self.watchers, self.clock = Watchers(grace), Clock()
        self.inside, self.snapshots = Observations({arm.name: arm.title for arm in config.arms}), Snapshots()
        self._pace, self._questions, self._answering = Pace.of(config), Questions(), threading.Lock()
        self.before_waiting: Callable[[], None] = lambda: None  # the trainer's, see core.training.trainer.Control
        self.state: Callable[[], State] | None = None  # this one, too
        self.unkept, self.again = Unkept(), Again()
        self._arms: list[Arm] = []
        self._data: Images | None = None
        self.publish(noted(self.id, StatusChanged("queued", 0)))

    def take_up(self, asked: ExperimentConfig, records: list[Record], again: Again, clock: Clock) -> None:
        """Be the run that was kept, about to go on. To be called before anybody else knows of it."""
        self.asked, self.history, self.again, self.clock = asked, History(records), again, clock
        self._rate = next((r.new for r in reversed(records) if isinstance(r, LearningRateChanged)), self._rate)
        self._step = max(again.until, again.checkpoint.step if again.checkpoint else 0)
        self.publish(noted(self.id, StatusChanged("queued", self._step)))

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
                asked="" if self.ended else self._orders.told(self._status),
                place=self._line.place(self),
                step=self._step,
                learning_rate=self._orders.rate or self._rate or shown_rate(self.config, self._step),
                eta_seconds=self.clock.left(self._step, self.config.total_steps) if self._status == "running" else None,
                version=self.version,
                latest=self.history.latest,
                news=self.history.since(since),
            )

    def seen(self) -> None:
        """Somebody asked for news just now."""
        self.watchers.seen()

    def join(self, watcher: str) -> None:
        """`watcher` has opened a page of this run."""
        with self._changed:
            self.watchers.join(watcher)

    def leave(self, watcher: str) -> None:
        """`watcher` has gone; the grace period starts when nobody is left."""
        with self._changed:
            self.watchers.leave(watcher)

    def seen_inside(self, since: int, source: str, apart: float = LOOK_SECONDS) -> tuple[int, list[Observation]]:
        """(newest sequence number, looks inside newer than `since`); asking makes looks come, `apart` seconds apart."""
        with self._changed:
            self._pace.want(source, apart)
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

    def is_owned_by(self, key: str) -> bool:
        """Whether `key` is its owner's."""
        return opens(key, self.key)

    # --- orders ------------------------------------------------------------------------------------------------

    def pause(self, key: str) -> None:
        """Stop before the next mini-batch and keep everything."""
        self._order(key, pause=True, steps=0)

    def resume(self, key: str) -> None:
        """Go on from where it paused."""
        self._order(key, pause=False, steps=0)

    def step_once(self, key: str) -> None:
        """Do one mini-batch, or one more than ordered before, then pause."""
        with self._changed:
            self._order(key, pause=True, steps=self._orders.steps + 1)

    def change_learning_rate(self, key: str, rate: float) -> None:
        """Use `rate` from the next mini-batch on. Raises ConfigError unless it is one and an arm follows it."""
        self._order(key, rate=new_rate(self.config, self._rate, rate))

    def stop(self, key: str) -> None:
        """End before the next mini-batch; what was measured stays."""
        with self._changed:
            self._order(key)
            self._orders.end("stopped", "")

    def hide(self, key: str, arms: tuple[str, ...]) -> None:
        """Show all but these `arms` from now on, see core.runs.shown."""
        with self._changed:
            self._order(key)
            self.hidden = arms

    def interrupt(self, why: Message) -> None:
        """End before the next mini-batch, to go on another time: this process ends."""
        with self._changed:
            self._orders.end("interrupted", why)
            self._touch()

    def _order(self, key: str, **orders: bool | int | float | None) -> None:
        if not self.is_owned_by(key):
            raise NotTheOwner(Message("Only who started this run can steer it; start a run of your own to do so."))
        with self._changed:
            for name, value in orders.items():
                setattr(self._orders, name, value)
            self._touch()

    # --- the trainer's side (core.training.trainer.Control) ------------------------------------------------------

    def begin_step(self, step: int) -> float | None:
        """Wait until mini-batch `step` may run; returns a new learning rate, if one was ordered."""
        self._answer()
        with self._changed:
            self._orders.stepping = False
            self.unkept.capture(self.state, self.history, self.inside)
            self._wait_for_turn(keeps=True)
            self._step = self.clock.begin(step)
            self._orders.begin_step()
            self._confirm("running")
            if step <= self.again.until:  # what is ordered meanwhile comes after what was measured before
                return self.again.rate(step)
            rate, self._orders.rate = self._orders.rate, None
            self._rate = rate or self._rate
            return rate

    def wait(self) -> None:
        """Wait until work between two mini-batches may go on; a single step is carried through to its end."""
        with self._changed:
            if self._orders.stepping:
                return self._check_stopped()
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
            if self.again.knows(record):
                return
            if isinstance(record, NetworksSeen):
                self.inside.append(record)
                self.unkept.add(self.inside.latest, record, self.config.total_steps)
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
            try:
                if status in RESUMABLE:
                    self.unkept.capture(self.state, self.history, self.inside, now=True)
            finally:  # the others are waiting for the device
                self._line.leave(self)
                self._confirm(status, message)
        self._answer()  # what was asked while it ended; from now on whoever asks answers

    def _wait_for_turn(self, keeps: bool = False) -> None:
        """Between two mini-batches it `keeps` the training before it pauses."""
        if self._status == "running":
            self.clock.halt()
        while True:
            self._check_stopped()
            if self._orders.pauses:
                if keeps and self._status != "paused":
                    self.unkept.capture(self.state, self.history, self.inside, now=True)
                self.before_waiting()
                self._line.leave(self)
                self._confirm("paused")
            elif self._line.join(self):
                self.before_waiting()
                self._confirm("queued")
            else:
                self.clock.go()
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
        if (why := self.watchers.why_end()) is not None:
            self._orders.end("stopped", why)
        if self._orders.stop:
            raise RunStopped(*self._orders.ending)

    def _confirm(self, status: str, message: Message | str = "") -> None:
        if status != self._status:
            self.history.append(noted(self.id, StatusChanged(status, self._step, message)))
            self._status = status  # second: who sees that it has ended, sees why
            self._touch()

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()
