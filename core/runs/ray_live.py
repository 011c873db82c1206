"""The process that is Ray's driver for live runs: what the page asks of their actors goes through it.

live        that process's whole life
LiveDriver  the actors of a cluster
share       of how many cores, or cards, each run has
"""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from typing import Any

from core.runs.ray_cluster import cores
from core.runs.ray_driver import driving
from core.runs.ray_host import GROUPS, host_class

BEGIN, CLOSE = "begin", "close"
DONE, LOST, FAILED = "done", "lost", "failed"


def live(pipe: Connection, address: str, slots: int) -> None:
    """Says how many places there are, then answers; `slots` is 0 where the cluster says how many."""

    def go(ray: Any) -> None:
        found, cards = cores(ray, address), int(ray.cluster_resources().get("GPU", 0))
        places = slots or cards or found
        pipe.send(places)
        LiveDriver(pipe, ray, {"num_cpus": share(found, places), "num_gpus": share(cards, places)}).run()

    driving(pipe, address, "core", go)


def share(count: int, places: int) -> float:
    """Of `count` cores or cards, a place's: one at most, and a fraction that fits into one as often as it must."""
    return 1 / -(-places // count) if count else 0


class LiveDriver:
    """Takes (number, host, what, arguments) from the pipe, and puts (number, how it went, answer) into it."""

    def __init__(self, pipe: Connection, ray: Any, needs: dict[str, float]) -> None:
        self._pipe, self._ray, self._answering = pipe, ray, threading.Lock()
        self._actor = ray.remote(max_restarts=0, concurrency_groups=GROUPS, **needs)(host_class(ray))
        self._actors: dict[int, Any] = {}

    def run(self) -> None:
        """Raises EOFError once nobody asks any more; the actors end with this process."""
        while True:
            number, host, what, arguments = self._pipe.recv()
            if what == BEGIN:
                self._actors[host] = self._actor.remote(*arguments)
            elif what == CLOSE:
                self._close(host)
            else:
                self._ask(number, host, what, arguments)

    def _ask(self, number: int, host: int, what: str, arguments: tuple[bytes, ...]) -> None:
        asked = getattr(self._actors[host], what).remote(*arguments)
        asked.future().add_done_callback(lambda answer: self._answer(number, answer))

    def _close(self, host: int) -> None:
        self._ray.kill(self._actors.pop(host))

    def _answer(self, number: int, answer: Any) -> None:
        error, errors = answer.exception(), self._ray.exceptions
        if error is None:
            said = DONE, answer.result()
        elif isinstance(error, errors.RayTaskError) or not isinstance(error, errors.RayError | ConnectionError):
            said = FAILED, str(error)
        else:  # through ray:// a cluster that has gone is a ConnectionError
            said = LOST, str(error)
        with self._answering:
            self._pipe.send((number, *said))
