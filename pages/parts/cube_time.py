"""The one time of all pages, on the cube's: the browser's tab keeps at which step it is held.

at_cursor  what is in view, at that step
time_of    what the browser's part says of it: Live, held at a step, and which networks are shown there
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.cube.networks import EXAMPLE, Networks
from core.cube.viewpoint import Viewpoint
from pages.parts import session

KEY = "normscope_cube"  # of the browser's element
AT = "at"  # what it says of the cursor: {run, step}


def at_cursor(networks: Networks, seen: Viewpoint) -> Viewpoint:
    """`seen` at the step that is held, None where the run is followed; at the link's before the browser has said so."""
    said = session.answer(KEY).get(AT) or {}
    return replace(seen, step=said["step"]) if said.get("run") == networks.run_id else seen


def time_of(networks: Networks, name: str, seen: Viewpoint) -> dict[str, Any] | None:
    """None where nothing of a run is in view: the worked example has no time."""
    waits = networks.state == "waiting"
    if not networks.run_id or (name == EXAMPLE and not waits):
        return None
    return {
        "run": networks.run_id,
        "status": networks.standing,
        "recorded": session.shows_recorded(),
        "steps": networks.steps,
        "now": networks.now,
        "step": seen.step,
        "instead": "" if waits else networks.instead_of(seen.step),
    }
