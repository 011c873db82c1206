"""The thread of a run whose mini-batches are made elsewhere: it tells here what is told there, and orders there.

Following  from a run's turn to its end, however many hosts it takes
Hosting    what a host is asked through
HostLost   where there is none any more
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from core.data.files import DataError
from core.language.message import Message
from core.runs.again import Again
from core.runs.asking import NothingToSee
from core.runs.clock import Clock
from core.runs.gallery import Gallery
from core.runs.host import Begun, News
from core.runs.kept_looks import loaded
from core.runs.looks import SOURCES
from core.runs.mirror import Ending, Mirror
from core.runs.origin import differences
from core.runs.run import Run
from core.runs.unkept import Captured
from core.store.networks import networks_from
from core.store.recording import Origin
from core.store.run_file import Checkpoint, Look
from core.training.checkpoint import State
from core.training.records import Record, RunNoted
from core.training.trainer import RunStopped

ATTEMPTS = 3  # hosts that are lost one after the other at the same checkpoint
NEWS_SECONDS = 0.25  # that a host waits for something to tell
ANSWER_SECONDS = 6.0

GOES_ON = Message(
    "The worker that made this run’s mini-batches was lost; the run goes on elsewhere from its last checkpoint, step "
    "{step:,}."
)
NO_MORE = Message(
    "The worker that made this run’s mini-batches was lost {n} times at the same place, as happens when memory runs "
    "out or a machine leaves the cluster."
)
NOT_IN_TIME = Message("The networks did not answer in time; they may wait for the device.")


class HostLost(Exception):
    """Its worker, its machine, or the way to it."""


class Hosting(Protocol):
    """One host; what fails in a future is HostLost, or what the host has raised."""

    def order(self, content: bytes) -> Future[None]: ...
    def news(self, content: bytes) -> Future[bytes]: ...
    def networks(self) -> Future[bytes]: ...
    def close(self) -> None: ...


class Following:
    """`host` begins one, with a Begun. On `run`'s own thread."""

    def __init__(self, run: Run, gallery: Gallery, host: Callable[[bytes], Hosting]) -> None:
        self._run, self._gallery, self._begin = run, gallery, host
        self._mirror = Mirror(run)
        self._checkpoint: Checkpoint | None = run.again.checkpoint
        self._seen = set[tuple[int, str]]()  # step and source of looks since then
        self._seconds = run.clock.seconds
        self._origin: Origin | None = None
        self._step = self._hosts = self._lost = 0

    def to_the_end(self) -> Ending:
        """The status that the run is to end with, and why. Raises RunStopped, and what a host or its beginning does."""
        while True:
            self._mirror.turn()
            try:
                if (ending := self._followed()) is not None:
                    return ending
            except HostLost:
                self._lost += 1
                if self._lost >= ATTEMPTS:
                    raise RunStopped("interrupted", replace(NO_MORE, values={"n": ATTEMPTS})) from None
                told = replace(GOES_ON, values={"step": self._kept_step})
                self._run.publish(RunNoted(self._run.snapshot().step, told))

    def _followed(self) -> Ending | None:
        """By one host; None where that is given up since the run is paused, and others wait."""
        host = self._begin(pickle.dumps(self._begun()))
        try:
            return self._follow(host)
        finally:
            host.close()

    def _begun(self) -> Begun:
        run, orders = self._run, self._mirror.begin(max(0, self._step - self._kept_step) if self._hosts else 0)
        again = self._again() if self._hosts else run.again
        self._hosts += 1
        clock = Clock(self._seconds, self._kept_step)
        return Begun(run.id, run.config, run.asked, list(run.history), again, clock, orders)

    def _again(self) -> Again:
        """What is known already of what follows the last checkpoint."""
        run, since = self._run, self._kept_step
        records = [record for record in run.history if getattr(record, "step", 0) >= since]
        before = ((look.step, look.source) for source in SOURCES for look in run.inside.since(0, source))
        return Again(self._checkpoint, records, {look for look in (*before, *self._seen) if look[0] >= since})

    @property
    def _kept_step(self) -> int:
        return self._checkpoint.step if self._checkpoint is not None else 0

    def _follow(self, host: Hosting) -> Ending | None:
        mirror, is_up = self._mirror, False
        news = self._ask(host)
        while True:
            change = mirror.wait(news, is_up)
            if change is not None:
                host.order(pickle.dumps(change))
            if news.done():
                ending = self._hear(pickle.loads(news.result()))
                if ending is not None:
                    return ending
                is_up, news = True, self._ask(host)
            if mirror.has_questions():
                self._answer(host)
            if mirror.gives_way:
                with suppress(TimeoutError):
                    self._remember(host.networks().result(ANSWER_SECONDS))
                return None

    def _ask(self, host: Hosting) -> Future[bytes]:
        news = host.news(pickle.dumps((self._mirror.wishes(), NEWS_SECONDS)))
        news.add_done_callback(self._mirror.wake)
        return news

    # --- what has come -------------------------------------------------------------------------------------------

    def _hear(self, news: News) -> Ending | None:
        self._compare(news.origin)
        self._step = news.step
        self._mirror.stand(news)
        for step, content in news.networks.items():
            self._run.snapshots.put(step, networks_from(content))
        checkpoint = news.captured
        if checkpoint is not None:
            self._tell(
                [record for number, record in news.records if number <= checkpoint.record],
                [look for look in news.looks if look.sequence <= checkpoint.look],
            )
            self._keep(checkpoint)
        ending = self._tell(
            [record for number, record in news.records if checkpoint is None or number > checkpoint.record],
            [look for look in news.looks if checkpoint is None or look.sequence > checkpoint.look],
        )
        if news.ended:
            self._remember(news.ended)
        return ending

    def _tell(self, records: list[Record], looks: list[Look]) -> Ending | None:
        ending = None
        for look in looks:
            self._seen.add((look.seen.step, look.seen.source))
            self._run.publish(look.seen)
        for record in records:
            ending = self._mirror.tell(record) or ending
        return ending

    def _keep(self, checkpoint: Checkpoint) -> None:
        """What came before it is not to be measured again; the numbers are those of here."""
        run = self._run
        self._checkpoint = replace(checkpoint, record=run.history.latest, look=run.inside.latest)
        self._seen = {look for look in self._seen if look[0] >= checkpoint.step}
        self._seconds, self._lost = run.clock.seconds, 0
        state = State.from_bytes(checkpoint.content)
        run.unkept.put(Captured(checkpoint.step, run.history.latest, run.inside.latest, state))

    def _compare(self, origin: Origin) -> None:
        """Tell what differs where another host goes on."""
        before, self._origin = self._origin, origin
        said = differences(before, origin) if before is not None and before != origin else ""
        if said:
            self._run.publish(RunNoted(self._run.snapshot().step, said))

    # --- questions -------------------------------------------------------------------------------------------------

    def _answer(self, host: Hosting) -> None:
        """With the networks of now, which are brought here; each question is a function of those and the images."""
        try:
            self._show(host.networks().result(ANSWER_SECONDS))
        except DataError as error:
            self._mirror.refuse(error)
        except TimeoutError:
            self._mirror.refuse(NothingToSee(NOT_IN_TIME))
        self._mirror.answer()

    def _remember(self, content: bytes) -> None:
        """The host's last networks, for who asks later; where the images are not here nobody can be answered."""
        with suppress(DataError):
            self._show(content)

    def _show(self, content: bytes) -> None:
        """Raises DataError where this machine does not have the images."""
        if not content:
            return
        images = self._gallery.images_of(self._run.config.data)
        arms = loaded(self._run.config, networks_from(content), images.train_images.device)
        self._mirror.show(arms, images)
