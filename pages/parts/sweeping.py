"""What is ordered of a sweep: begun with a link, then known by its id. Whoever began it may steer it.

ACTIONS  by the order's name
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from core.lab.laboratory import laboratory
from pages.parts.visitor import Visitor


def _begin(here: Visitor, order: dict[str, Any]) -> None:
    begun = laboratory().begin(dict(parse_qsl(order["link"], keep_blank_values=True)), here.key)
    if here.sweep:
        laboratory().leave(here.sweep, here.id)
    here.sweep = begun.id
    begun.join(here.id)


def _wish(here: Visitor, order: dict[str, Any]) -> None:
    laboratory().wish(order["id"], _WISHES[order["do"]], here.key)


_WISHES = {
    "sweep-pause": "pause",
    "sweep-resume": "resume",
    "sweep-cancel": "cancel",
    "sweep-pin": "pin",
    "sweep-unpin": "unpin",
}
ACTIONS: dict[str, Callable[[Visitor, dict[str, Any]], None]] = {"sweep": _begin, **dict.fromkeys(_WISHES, _wish)}
