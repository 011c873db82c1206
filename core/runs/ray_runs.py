"""Live runs on a Ray cluster: each an actor, as many at once as there are places.

RayRuns  has a run's mini-batches made there, and says how it has ended
"""

from __future__ import annotations

import itertools
import logging
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from core.runs.engine import EngineError
from core.runs.following import Following, HostLost
from core.runs.gallery import Gallery
from core.runs.line import Line
from core.runs.local_engine import ENDING_SECONDS
from core.runs.mirror import Ending
from core.runs.processes import begun
from core.runs.ray_cluster import LOST as LOST_CLUSTER
from core.runs.ray_cluster import SILENT, told
from core.runs.ray_engine import CONNECT_SECONDS
from core.runs.ray_live import BEGIN, CLOSE, DONE, LOST, live
from core.runs.run import Run
from core.training.trainer import RunStopped

log = logging.getLogger(__name__)


class RayRuns:
    """`address` as NORMSCOPE_RAY has it; without `slots` the cluster says how many. Connects when first needed."""

    def __init__(self, address: str, slots: int | None, line: Line, gallery: Gallery) -> None:
        self._address, self._slots, self._line, self._gallery = address, slots, line, gallery
        self._connecting = threading.Lock()
        self._link: Link | None = None

    def __call__(self, run: Run) -> Ending:
        """On the run's own thread. Raises RunStopped: without a cluster it is interrupted, to go on another time."""
        try:
            self._linked()  # which tells how many places there are
            return Following(run, self._gallery, lambda content: self._linked().begin(content)).to_the_end()
        except EngineError as error:
            raise RunStopped("interrupted", error.args[0]) from error

    def _linked(self) -> Link:
        """Raises EngineError."""
        with self._connecting:
            if self._link is None or self._link.is_over:
                self._link = Link(self._address, self._slots or 0)
                with self._line.changed:
                    self._line.places = self._link.places
                    self._line.changed.notify_all()
            return self._link

    def close(self) -> None:
        """The actors end, too."""
        with self._connecting:
            if self._link is not None:
                self._link.close()


class Link:
    """The way to the driver's process, and through it to the actors. Raises EngineError where there is none."""

    def __init__(self, address: str, slots: int) -> None:
        self._pipe, self._process = begun("spawn", live, address, slots)
        self._sending, self._numbers = threading.Lock(), itertools.count()
        self._asked: dict[int, Future[Any]] = {}
        self.is_over = False
        try:
            self.places = self._connected(address)
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._listen, name="ray", daemon=True).start()

    def begin(self, content: bytes) -> RayHosting:
        """Raises HostLost."""
        host = next(self._numbers)
        self.send(host, host, BEGIN, content)
        return RayHosting(self, host)

    def send(self, number: int, host: int, what: str, *arguments: bytes) -> None:
        try:
            with self._sending:
                self._pipe.send((number, host, what, arguments))
        except OSError as error:
            raise HostLost from error

    def ask(self, host: int, what: str, *arguments: bytes) -> Future[Any]:
        asked: Future[Any] = Future()
        number = next(self._numbers)
        self._asked[number] = asked
        try:
            self.send(number, host, what, *arguments)
        except HostLost as lost:
            self._lose(number, lost)
        if self.is_over:  # since before this was asked, perhaps: nobody would answer
            self._lose(number, HostLost())
        return asked

    def close(self) -> None:
        """The driver sees the end of the pipe, and ends."""
        self.is_over = True
        self._process.terminate()
        self._process.join(ENDING_SECONDS)
        self._process.kill()
        self._process.join(ENDING_SECONDS)

    def _connected(self, address: str) -> int:
        if not self._pipe.poll(CONNECT_SECONDS):
            raise told(SILENT, address=address, seconds=CONNECT_SECONDS)
        try:
            said = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise told(LOST_CLUSTER, address=address) from error
        if isinstance(said, EngineError):
            raise said
        places: int = said
        return places

    def _listen(self) -> None:
        """In a thread of its own, until the driver has ended."""
        with suppress(EOFError, OSError):
            while not isinstance(said := self._pipe.recv(), EngineError):
                number, how, answer = said
                self._answer(self._asked.pop(number, Future()), how, answer)
            for note in getattr(said, "__notes__", ()):
                log.warning("why there is no connection to Ray\n%s", note)
        self.is_over = True
        for number in list(self._asked):
            self._lose(number, HostLost())

    def _answer(self, asked: Future[Any], how: str, answer: Any) -> None:
        if how == DONE:
            asked.set_result(answer)
        else:
            asked.set_exception(HostLost(answer) if how == LOST else RuntimeError(answer))

    def _lose(self, number: int, lost: HostLost) -> None:
        if (asked := self._asked.pop(number, None)) is not None:
            asked.set_exception(lost)


class RayHosting:
    """One actor."""

    def __init__(self, link: Link, host: int) -> None:
        self._link, self._host = link, host

    def order(self, content: bytes) -> Future[None]:
        return self._link.ask(self._host, "order", content)

    def news(self, content: bytes) -> Future[bytes]:
        return self._link.ask(self._host, "news", content)

    def networks(self) -> Future[bytes]:
        return self._link.ask(self._host, "networks")

    def close(self) -> None:
        with suppress(HostLost):
            self._link.send(self._host, self._host, CLOSE)
