"""Every number that the check of a step with a demonstration may name: it is no run's, but one of its readings.

READ  by name, as MEASURES are
"""

from __future__ import annotations

from collections.abc import Callable

from core.language.message import Message
from core.lessons.evidence import Evidence
from core.lessons.measures import DIFFERENCE, FACTOR, Measure, Where
from core.lessons.units import digits, percent


def _of_no_run(evidence: Evidence, arm: str, where: Where) -> float | None:
    return None


def _by_demonstration(title: Message, scale: str, told: Callable[[float], str]) -> Measure:
    return Measure(title, _of_no_run, scale, told, shown=True)


READ = {
    "largest_change": _by_demonstration(Message("Largest change of a result"), DIFFERENCE, digits),
    "largest_result": _by_demonstration(Message("Largest result, without its sign"), DIFFERENCE, digits),
    "distance": _by_demonstration(Message("Largest difference from nn.BatchNorm1d"), FACTOR, digits),
    "shrinking": _by_demonstration(Message("Largest difference between two ways"), FACTOR, digits),
    "correlation_left": _by_demonstration(Message("What is left of the largest correlation"), DIFFERENCE, percent),
    "same_answers": _by_demonstration(Message("Test images that get the same answer"), DIFFERENCE, percent),
}
