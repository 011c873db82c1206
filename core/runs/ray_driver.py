"""The process that Ray calls the driver. The page's own must not be it: where a cluster goes away, Ray ends its driver.

drive     that process's whole life: connects, takes points from the pipe, puts outcomes into it
driving   the same with other work: it connects, and leaves as it must
ended_by  what is said of an exception that has ended it
Driver    the points that are on the cluster
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from core.experiment.environment import PROJECT
from core.language.message import Message, Plural
from core.runs.answers import NO_MEMORY, read, said, too_long
from core.runs.engine import ATTEMPTS, EngineError, Outcome, Task
from core.runs.ray_cluster import BROKEN, LOST, connect, cores, told
from core.runs.ray_work import served

LISTEN_SECONDS = 0.05  # to the cluster, and then to the pipe
IDLE_SECONDS = 1.0
MOST_NOISE = 20_000  # bytes


def drive(pipe: Connection, work: str, address: str, limit: float) -> None:
    """Until nobody asks any more; `work` is the name of a function, module:function.

    Says how many places there are, then Outcomes; or at any time, and at last, an EngineError.
    """

    def go(ray: Any) -> None:
        pipe.send(cores(ray, address))
        Driver(pipe, ray, work, limit).run()

    driving(pipe, address, work, go)


def driving(pipe: Connection, address: str, work: str, go: Callable[[Any], None]) -> None:
    """`go` with the module ray, connected; the cluster gets the package of `work`. What fails is put into `pipe`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asked
    with suppress(EOFError, OSError), _aside() as noise:  # nobody asks any more
        try:
            go(connect(address, _packages(work), noise))
        except EngineError as error:
            pipe.send(error)
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - what Ray raises where the cluster has gone is not one kind
            pipe.send(ended_by(error, address))
            os._exit(1)  # at a usual end Ray would first look for the cluster again, for a minute


def ended_by(error: Exception, address: str) -> EngineError:
    """A line of Ray's has raised it where the cluster has gone; one of our own has a fault. The log gets all of it."""
    *_, innermost = traceback.extract_tb(error.__traceback__)
    is_own = Path(innermost.filename).is_relative_to(PROJECT / "core")
    ending = told(BROKEN if is_own else LOST, address=address)
    ending.add_note("".join(traceback.format_exception(error)))
    return ending


@contextmanager
def _aside() -> Iterator[Callable[[], str]]:
    """What Ray, and its parts that are not Python, write to stdout and stderr would get between the words of who asks.

    Yields what that was, as far as it is the latest.
    """
    with tempfile.TemporaryFile() as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)

        def written() -> str:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_NOISE))
            return file.read().decode(errors="replace")

        yield written


def _packages(work: str) -> list[Path]:
    """Those that the work is in and needs."""
    return [PROJECT / name for name in sorted({"core", work.partition(".")[0]})]


class Driver:
    """A point is one task of Ray's, which needs a core; this process counts the attempts, not Ray."""

    def __init__(self, pipe: Connection, ray: Any, work: str, limit: float) -> None:
        self._pipe, self._ray, self._work, self._limit = pipe, ray, work, limit
        self._served = ray.remote(num_cpus=1, max_retries=0)(served)
        self._tasks: dict[Any, tuple[Task, float]] = {}

    def run(self) -> None:
        """Raises EOFError or BrokenPipeError once nobody asks any more, and what is under way is cancelled."""
        try:
            while True:
                while self._pipe.poll(0 if self._tasks else IDLE_SECONDS):
                    self._begin(Task(*self._pipe.recv()))
                if self._tasks:
                    ready, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=LISTEN_SECONDS)
                    for each in ready:
                        self._ended(each)
        except (EOFError, BrokenPipeError):
            self._cancel()
            raise

    def _begin(self, task: Task) -> None:
        task.attempts += 1
        self._tasks[self._served.remote(self._work, task.point, self._limit)] = task, time.monotonic()

    def _ended(self, each: Any) -> None:
        task, since = self._tasks.pop(each)
        seconds = time.monotonic() - since
        errors = self._ray.exceptions
        try:
            found, why, seconds = self._ray.get(each)
            self._pipe.send(Outcome(task.key, found, read(why), task.attempts, seconds))
        except (errors.RayTaskError, errors.RuntimeEnvSetupError) as error:  # it never came to the work
            self._pipe.send(Outcome(task.key, None, read(said(error)), task.attempts, seconds))
        except errors.LocalRayletDiedError:
            raise  # not the point's worker: what this process itself belongs to
        except errors.RayError as error:
            self._lost(task, error, seconds)

    def _lost(self, task: Task, error: Exception, seconds: float) -> None:
        """Its worker, or the machine of this, is not there any more; or the machine did not let it go on."""
        is_over = seconds > self._limit  # its clock has ended it, since Python could not
        if task.attempts < ATTEMPTS and not is_over:
            self._begin(task)
            return
        out = isinstance(error, self._ray.exceptions.OutOfMemoryError)
        why = too_long(self._limit) if is_over else NO_MEMORY if out else _gone(task.attempts)
        self._pipe.send(Outcome(task.key, None, why, task.attempts, seconds))

    def _cancel(self) -> None:
        with suppress(Exception):  # of a cluster that has gone there is nothing to cancel
            for each in self._tasks:
                self._ray.cancel(each, force=True)
            self._ray.shutdown()


def _gone(attempts: int) -> Message:
    return Plural(
        "Its worker was lost {n} time, as happens when memory runs out or a machine leaves the cluster.",
        "Its worker was lost {n} times, as happens when memory runs out or a machine leaves the cluster.",
        attempts,
    )
