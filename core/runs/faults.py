"""Why a run has failed that an exception has ended."""

from __future__ import annotations

from core.language.message import Message
from core.language.unforeseen import unforeseen
from core.training.failures import out_of_memory
from core.words.endings import OUT_OF_MEMORY

SHUT_DOWN = Message("The server was shut down while it ran.")


def of_error(error: Exception) -> Message | str:
    """What may be done, or what has happened in few words."""
    return OUT_OF_MEMORY if out_of_memory(error) else unforeseen(error)
