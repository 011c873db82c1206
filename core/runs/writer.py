"""The thread that writes the runs of this process to the shelf, off the training's path, a batch at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.runs.keeping import Keeping
from core.runs.run import Run
from core.store.card import Begun
from core.store.run_file import RunFile
from core.store.shelf import Shelf

BATCH_SECONDS = 0.2  # apart: so much may be lost when the process is killed


class Writer:
    """Its thread begins with the first run, and sleeps while there is none."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._lock = threading.Lock()
        self._keepings: dict[str, Keeping] = {}
        self._work_to_do, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    def keep(self, run: Run, begun: Callable[[], Begun], file: RunFile | None = None) -> None:
        """Write `run` from now on, until it has ended; `file` is the one that it goes on in."""
        with self._lock:
            self._keepings[run.id] = Keeping(self.shelf, run, begun, file)
            self._work_to_do.set()
            if self._thread.ident is None:
                self._thread.start()

    def has_all_of(self, run: Run) -> bool:
        """Whether the run has ended and all of it is on the shelf."""
        keeping = self._keepings.get(run.id)
        return run.ended and (keeping is None or keeping.over)

    def has_begun(self, run: Run) -> bool:
        """Whether the shelf has the run, or had it until it was deleted there."""
        keeping = self._keepings.get(run.id)
        return run.ended if keeping is None else keeping.begun

    def unwritten(self) -> int:
        """How many records of all runs are not on the disk yet."""
        with self._lock:
            return sum(keeping.unwritten for keeping in self._keepings.values())

    def wait_for(self, run: Run, timeout: float) -> None:
        """Return when all of a run that has ended is on the shelf, or cannot be put there in time."""
        deadline = time.monotonic() + timeout
        while not self.has_all_of(run) and time.monotonic() < deadline:
            time.sleep(BATCH_SECONDS / 20)

    def close(self, timeout: float) -> None:
        """Write what there is, and end."""
        self._closing.set()
        self._work_to_do.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        while not self._closing.is_set():
            self._work_to_do.wait()
            self._write()
            self._closing.wait(BATCH_SECONDS)
        self._write()
        for keeping in self._keepings.values():
            keeping.close()

    def _write(self) -> None:
        with self._lock:
            keepings = list(self._keepings.values())
        for keeping in keepings:
            keeping.go_on()
            if keeping.over:
                self._drop(keeping)

    def _drop(self, keeping: Keeping) -> None:
        with self._lock:
            if self._keepings.get(keeping.run.id) is keeping:
                del self._keepings[keeping.run.id]
            if not self._keepings and not self._closing.is_set():
                self._work_to_do.clear()
