"""The runs of a shelf that could not be read, and why: so that a list names them, and does not try each time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.store.card import stamp
from core.store.lock import is_held
from core.store.run_file import LOCK
from core.store.troubles import Damaged, NotBegun, StoreError, no_such_run

AGAIN_SECONDS = 10.0  # after a failure: what stood in the way may be gone, such as a right that was missing


class Failures:
    """None is tried again soon, as long as nobody writes its file anew, and a damaged one not at all."""

    def __init__(self) -> None:
        self._found: dict[Path, tuple[object, float, StoreError]] = {}

    def of(self, path: Path) -> StoreError | None:
        as_of, since, error = self._found.get(path, (None, 0.0, None))
        lasts = isinstance(error, Damaged) or time.monotonic() - since < AGAIN_SECONDS
        return error if lasts and as_of == stamp(path) else None

    def keep(self, path: Path, error: StoreError) -> None:
        self._found[path] = stamp(path), time.monotonic(), error

    @contextmanager
    def noted(self, path: Path) -> Iterator[None]:
        """What is found to be damaged inside, is kept; a run that is just being begun is not there yet."""
        try:
            yield
        except NotBegun as error:
            if is_held(path.with_name(LOCK)):
                raise no_such_run(path.parent.name, path.parents[2]) from error
            raise
        except Damaged as error:
            self.keep(path, error)
            raise
