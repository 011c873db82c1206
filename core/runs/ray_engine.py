"""The engine of a Ray cluster: its points are computed wherever there is a core.

RayEngine  an Engine; a process of its own has the connection, so that neither Ray nor its end reaches who asks
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from core.runs.answers import Work
from core.runs.engine import EngineError, Outcome
from core.runs.local_engine import ENDING_SECONDS, LIMIT_SECONDS
from core.runs.processes import begun
from core.runs.ray_cluster import LOST, SILENT, told
from core.runs.ray_driver import drive

log = logging.getLogger(__name__)
CONNECT_SECONDS = 90.0


class RayEngine:
    """`address` as NORMSCOPE_RAY has it. Raises EngineError where there is no such cluster, or it cannot be used."""

    def __init__(self, work: Work, address: str, limit: float = LIMIT_SECONDS) -> None:
        self._address, self._is_closed = address, False
        # Not forked from the workers' server: that one has imported PyTorch, and the first engine decides what.
        self._pipe, self._process = begun("spawn", drive, f"{work.__module__}:{work.__qualname__}", address, limit)
        try:
            self.places = self._connected()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def submit(self, key: str, point: Mapping[str, Any]) -> None:
        try:
            self._pipe.send((key, point))
        except OSError as error:
            raise told(LOST, address=self._address) from error

    def poll(self, seconds: float) -> list[Outcome]:
        if self._is_closed:
            return []
        found: list[Outcome] = []
        until = time.monotonic() + seconds
        while self._pipe.poll(0.0 if found else max(0.0, until - time.monotonic())):
            found.append(self._received())
        return found

    def close(self) -> None:
        """The driver sees the end of the pipe, has the cluster end what it is at, and ends."""
        if self._is_closed:
            return
        self._is_closed = True
        self._pipe.close()
        self._process.join(ENDING_SECONDS)
        self._process.kill()
        self._process.join(ENDING_SECONDS)

    def _connected(self) -> int:
        if not self._pipe.poll(CONNECT_SECONDS):
            raise told(SILENT, address=self._address, seconds=CONNECT_SECONDS)
        places: int = self._received()
        return places

    def _received(self) -> Any:
        """Raises EngineError where the driver says so, or says nothing any more."""
        try:
            said = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise told(LOST, address=self._address) from error
        if isinstance(said, EngineError):
            for note in getattr(said, "__notes__", ()):
                log.warning("why there is no connection to Ray\n%s", note)
            raise said
        return said
