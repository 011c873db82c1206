"""Who makes the mini-batches of live runs instead of this process, if anybody does.

elsewhere  as the environment says
"""

from __future__ import annotations

from collections.abc import Callable

from core.experiment import environment
from core.language.message import Message
from core.runs.gallery import Gallery
from core.runs.line import Line
from core.runs.run import Run

Elsewhere = Callable[[Run], tuple[str, Message | str]]  # has them made, and says how the run is to end


def elsewhere(line: Line, gallery: Gallery) -> Elsewhere | None:
    """Not before a run needs it is there any connection. Raises ConfigError."""
    address = environment.ray()
    if not address:
        return None
    from core.runs.ray_runs import RayRuns  # here: most servers have no cluster

    return RayRuns(address, environment.slots(), line, gallery)
