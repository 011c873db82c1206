"""Where the points of a sweep are computed: one small interface. local_engine needs nothing installed.

Engine       takes points, gives outcomes
Outcome      what became of one
EngineError  there is no engine, or not any more
Task         a point that one of them has taken
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.language.message import Message


class EngineError(Exception):
    """Its Message says what is the matter, and what to do."""


@dataclass(slots=True)
class Task:
    """`attempts` so far."""

    key: str
    point: Mapping[str, Any]
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the point `key`: what was `found`, JSON values, or why there is nothing; `seconds` of its last attempt."""

    key: str
    found: dict[str, Any] | None
    why: Message | str = ""
    attempts: int = 1
    seconds: float = 0.0


class Engine(Protocol):
    """Does the same work, a pure function of JSON values, for each point, as many at once as it has `places`.

    A worker that ends without a word has its point run again, at most ATTEMPTS times in all; a point that raises an
    exception, or that takes longer than the engine's limit, has failed. The other points go on in either case. The
    order of outcomes is not that of the points; each point has exactly one. An engine that cannot begin, or that is
    lost with all its workers, raises EngineError; what it has told by then holds.
    """

    places: int

    def submit(self, key: str, point: Mapping[str, Any]) -> None:
        """Have it done when there is a place."""

    def poll(self, seconds: float) -> list[Outcome]:
        """What has come to an end; waits for it, but no longer than `seconds`."""

    def close(self) -> None:
        """End all workers at once, whatever they are doing; nothing is left of the points under way."""


ATTEMPTS = 3
