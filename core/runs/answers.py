"""What a worker of an engine answers of a point: what was found, or why there is nothing, as JSON values.

answered  has the work done; no exception comes out of it
read      why there is nothing, as it was sent
too_long  … of a point that took longer than the limit
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from core.language.message import Message
from core.language.unforeseen import unforeseen

Work = Callable[[Mapping[str, Any]], dict[str, Any]]
Why = dict[str, Any] | str
NO_MEMORY = Message("The machine ran out of memory. Lower the batch size, or the number of points at once.")


def answered(work: Work, point: Mapping[str, Any]) -> tuple[dict[str, Any] | None, Why]:
    """What was found, and why there is nothing where it is None."""
    try:
        return work(point), ""
    except Exception as error:  # noqa: BLE001 - it is the point's outcome
        return None, said(error)


def said(error: Exception) -> Why:
    """The exception in words."""
    if _is_out_of_memory(error):
        return NO_MEMORY.to_json()
    told = unforeseen(error)
    return told.to_json() if isinstance(told, Message) else told


def read(why: Why) -> Message | str:
    return Message.from_json(why) if isinstance(why, dict) else why


def too_long(limit: float) -> Message:
    """`limit` in seconds."""
    return Message("It took longer than {limit:g} s, the limit of a point.", {"limit": limit})


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or "torch" not in sys.modules:  # work that needs no PyTorch is not to wait for it
        return isinstance(error, MemoryError)
    from core.training.failures import out_of_memory

    return out_of_memory(error)
