"""How a browser comes into a class: by its link, at the first visit or when it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.language.message import Message
from core.runs.manager import manager

if TYPE_CHECKING:
    from pages.parts.visitor import Visitor

NO_CLASS = Message(
    "There is no such class here: its teacher has ended it, or the link is not whole. Start, on the Train page, begins "
    "a run of your own."
)


def enter(here: Visitor, class_id: str) -> Message | str:
    """Follow a class, or say that there is none; its teacher's own browser only sees what it shows."""
    found = manager().classes.find(class_id)
    if found is None:
        return NO_CLASS
    here.led_to = found.run
    if found != manager().classes.of(here.key):
        here.follows, here.turned = class_id, -1
        manager().classes.join(class_id, here.id)
    return ""
