"""A run in two processes: one is steered and watched, the other has the mini-batches made. Friends of core.runs.run.

Mirror        the one here, made to stand as that elsewhere does
ordered, left what has been ordered of the one elsewhere when it begins, and what of it is left
obey          have that one be told of a change
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.language.message import Message
from core.runs.orders import Change, Orders
from core.runs.run import ENDED, Run
from core.training.arms import Arm
from core.training.records import LearningRateChanged, Record, StatusChanged
from core.training.trainer import RunStopped

if TYPE_CHECKING:
    from core.data.images import Images
    from core.runs.host import News

Ending = tuple[str, Message | str]

WAKE_SECONDS = 0.5  # so often it is looked whether anybody is still there
ENDING_SECONDS = 2.5  # for the end of a run that has been told to, before it is left behind


class Mirror:
    """`run`, in its own thread. Each method takes the run's lock."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._known, self._sent = Orders(), 0  # what the one elsewhere has been told, and in how many changes
        self._end_by = float("inf")

    def begin(self, again: int) -> Orders:
        """What the one elsewhere is told first, which has to make `again` steps that have been made already."""
        with self.run._changed:
            orders = self.run._orders
            orders.stepping, orders.steps = False, orders.steps + (again if orders.steps else 0)
            self._known, self._sent = replace(orders), 0
            return replace(orders)

    def turn(self) -> None:
        """Wait for a place. Raises RunStopped."""
        self.run.prepare()

    def wait(self, news: Future[Any], is_up: bool) -> Change | None:
        """Until there are news, or something is ordered: then what. Raises RunStopped if nothing will follow.

        Before the one elsewhere `is_up` it need not be waited for.
        """
        run = self.run
        with run._changed:
            while True:
                if (why := run.watchers.why_end()) is not None:
                    run._orders.end("stopped", why)
                if run._orders.stop and (not is_up or time.monotonic() > self._end_by):
                    raise RunStopped(*run._orders.ending)
                if (change := run._orders.change(self._known)) is not None:
                    self._tell(change)
                    return change
                if news.done() or run._questions or self.gives_way:
                    return None
                run._changed.wait(WAKE_SECONDS)

    def _tell(self, change: Change) -> None:
        self._known, self._sent = replace(self.run._orders), self._sent + 1
        if change.ending is not None:
            self._end_by = time.monotonic() + ENDING_SECONDS

    def wake(self, _news: Future[Any]) -> None:
        """There are news; called by any thread."""
        with self.run._changed:
            self.run._changed.notify_all()

    def stand(self, news: News) -> None:
        """As the one elsewhere, but for what has been ordered since."""
        run = self.run
        with run._changed:
            run.config, run._step = news.config, max(news.step, run._step)
            run.clock.follow(news.clock)
            if news.obeyed == self._sent and run._orders.change(self._known) is None:
                run._orders, self._known = replace(news.orders), replace(news.orders)

    def tell(self, record: Record) -> Ending | None:
        """Of what it has told; returns how it has ended, when it has, which is not said yet."""
        run = self.run
        with run._changed:
            run._step = max(run._step, getattr(record, "step", 0))
            if isinstance(record, StatusChanged):
                if record.status in ENDED:
                    return record.status, record.message
                run._confirm(record.status, record.message)
                return None
            if isinstance(record, LearningRateChanged):
                run._rate = record.new
            run.publish(record)
        return None

    def wishes(self) -> list[tuple[str, float]]:
        """What pages want to see inside."""
        with self.run._changed:
            return self.run._pace.wanted()

    def has_questions(self) -> bool:
        with self.run._changed:
            return bool(self.run._questions)

    def answer(self) -> None:
        self.run._answer()

    def refuse(self, error: Exception) -> None:
        self.run._questions.refuse(error)

    def show(self, arms: list[Arm], images: Images) -> None:
        """What questions are answered with."""
        self.run._arms, self.run._data = arms, images

    @property
    def gives_way(self) -> bool:
        """Whether it is paused and others wait: it needs no place."""
        run = self.run
        with run._changed:
            return run.status == "paused" and run._orders.pauses and run._line.is_crowded and not run._orders.stop


def ordered(run: Run, orders: Orders) -> None:
    run._orders = orders


def left(run: Run) -> Orders:
    return replace(run._orders)


def obey(run: Run, change: Change) -> None:
    """Its lock is held."""
    run._orders.take(change)
    run._touch()
