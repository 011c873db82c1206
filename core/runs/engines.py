"""Which engine computes: this machine's, or the Ray cluster that NORMSCOPE_RAY names.

begin_engine  one of them
"""

from __future__ import annotations

from collections.abc import Iterable

from core.experiment import environment
from core.runs.answers import Work
from core.runs.engine import Engine
from core.runs.local_engine import LIMIT_SECONDS, LocalEngine
from core.runs.ray_engine import RayEngine


def begin_engine(
    work: Work, places: int, preload: Iterable[str] = (), limit: float = LIMIT_SECONDS, niceness: int = 0
) -> Engine:
    """All but `work` and `limit` is for this machine's: a cluster has the places that it has. Raises EngineError."""
    if address := environment.ray():
        return RayEngine(work, address, limit)
    return LocalEngine(work, places, preload, limit, niceness)
