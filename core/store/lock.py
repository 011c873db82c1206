"""Who writes a run: one process at a time, which the system knows the end of, however it ends."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

from core.store.troubles import in_use, told

PATIENCE = 0.3  # seconds: so long a look whether it is held may stand in the way


class Lock:
    """Held from its making to `free`. Raises InUse, or StoreError where no lock can be had."""

    def __init__(self, path: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        try:
            self._file: IO[bytes] = path.open("ab")
            while not _taken(self._file, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    self._file.close()
                    raise in_use(path)
                time.sleep(PATIENCE / 30)
        except OSError as error:
            raise told(error, path) from error

    def free(self) -> None:
        self._file.close()


def is_held(path: Path) -> bool:
    """Whether a process that is alive, this one maybe, writes the run."""
    try:
        with path.open("rb") as file:
            return not _taken(file, fcntl.LOCK_SH)
    except OSError:
        return False


def _taken(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
