"""The engine of this machine: worker processes, so that neither Python's lock nor a point's crash reaches who asks.

LocalEngine  an Engine; its workers are forked from a server that has imported what they need

A worker has one point at a time, and its parent knows which: whoever dies or hangs takes no other point along.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from core.language.message import Message, Plural
from core.runs.answers import Work, answered, read, too_long
from core.runs.engine import ATTEMPTS, Outcome, Task
from core.runs.processes import begun

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
LIMIT_SECONDS = 3600.0  # a point
ENDING_SECONDS = 5.0  # for a worker that was told to end


class Worker:
    """One process, and the task that it has."""

    def __init__(self, work: Work, niceness: int) -> None:
        self.pipe, self.process = begun(METHOD, _serve, work, niceness)
        self.task: Task | None = None
        self.since = 0.0

    def take(self, task: Task) -> None:
        task.attempts += 1
        self.task, self.since = task, time.monotonic()
        self.pipe.send(task.point)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since

    def end(self) -> int | None:
        """Kill it; returns its exit code."""
        self.process.kill()
        self.process.join(ENDING_SECONDS)
        self.pipe.close()
        return self.process.exitcode


class LocalEngine:
    """`places` worker processes, each begun when there is a point for it; `preload` are modules for all of them.

    With `niceness` they leave the processors to whoever wants them, as far as the system does so.
    """

    def __init__(
        self,
        work: Work,
        places: int,
        preload: Iterable[str] = (),
        limit: float = LIMIT_SECONDS,
        niceness: int = 0,
    ) -> None:
        self.places, self._limit = places, limit
        self._begin = partial(Worker, work, niceness)
        self._waiting: deque[Task] = deque()
        self._workers: list[Worker] = []
        if METHOD == "forkserver":
            multiprocessing.get_context(METHOD).set_forkserver_preload([work.__module__, *preload])

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def submit(self, key: str, point: Mapping[str, Any]) -> None:
        self._waiting.append(Task(key, point))

    def poll(self, seconds: float) -> list[Outcome]:
        self._hand_out()
        busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
        overdue = min((self._limit - worker.seconds for worker in busy.values()), default=seconds)
        ready = wait(list(busy), max(0.0, min(seconds, overdue)))
        found = [self._answered(busy[pipe]) for pipe in busy if pipe in ready]
        found += [self._hanging(worker) for worker in busy.values() if worker.task and worker.seconds > self._limit]
        self._hand_out()
        return [outcome for outcome in found if outcome is not None]

    def close(self) -> None:
        self._waiting.clear()
        while self._workers:
            self._workers.pop().end()

    def _hand_out(self) -> None:
        while self._waiting:
            worker = self._free()
            if worker is None:
                return
            task = self._waiting.popleft()
            try:
                worker.take(task)
            except OSError:  # it has died since its last point; that was no attempt at this one
                task.attempts, worker.task = task.attempts - 1, None
                self._waiting.appendleft(task)
                self._dismiss(worker)

    def _free(self) -> Worker | None:
        idle = [worker for worker in self._workers if worker.task is None]
        if not idle and len(self._workers) < self.places:
            idle = [self._begin()]
            self._workers += idle
        return idle[0] if idle else None

    def _dismiss(self, worker: Worker) -> int | None:
        self._workers.remove(worker)
        return worker.end()

    def _answered(self, worker: Worker) -> Outcome | None:
        """What it says of its point; None where it has died and the point is to be run again."""
        task, seconds = worker.task, worker.seconds
        assert task is not None
        try:
            found, why = worker.pipe.recv()
        except (EOFError, OSError):
            return self._died(worker, task, seconds)
        worker.task = None
        return Outcome(task.key, found, read(why), task.attempts, seconds)

    def _died(self, worker: Worker, task: Task, seconds: float) -> Outcome | None:
        worker.process.join(ENDING_SECONDS)  # else its exit code would be that of being killed here
        code = self._dismiss(worker)
        if task.attempts < ATTEMPTS:
            self._waiting.appendleft(task)
            return None
        return Outcome(task.key, None, _ended(code, task.attempts), task.attempts, seconds)

    def _hanging(self, worker: Worker) -> Outcome:
        task, seconds = worker.task, worker.seconds
        assert task is not None
        self._dismiss(worker)
        return Outcome(task.key, None, too_long(self._limit), task.attempts, seconds)


def _ended(code: int | None, attempts: int) -> Message:
    how = "?" if code is None else signal.Signals(-code).name if code < 0 else str(code)
    if code == -signal.SIGKILL:
        return Plural(
            "Its process was killed {n} time (SIGKILL), as the system does when memory runs out.",
            "Its process was killed {n} times (SIGKILL), as the system does when memory runs out.",
            attempts,
        )
    return Plural(
        "Its process ended {n} time without a word ({how}).",
        "Its process ended {n} times without a word ({how}).",
        attempts,
        {"how": how},
    )


def _serve(pipe: Connection, work: Work, niceness: int) -> None:
    """A worker's whole life: points in, findings out, until nobody asks any more."""
    if hasattr(os, "nice"):
        os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asked
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # by which multiprocessing ends it, at the latest
    while True:
        try:
            point = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(answered(work, point))
        except OSError:
            return
