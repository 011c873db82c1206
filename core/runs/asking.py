"""Questions to the networks of a run, waiting to be answered between two mini-batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from core.data.images import Images
from core.language.message import Message
from core.runs.snapshots import Snapshots
from core.training.arms import Arm

Answer = TypeVar("Answer")
Question = Callable[[list[Arm], Images], Answer]
MAX_QUESTIONS = 8


class QueueFull(RuntimeError):
    """Too many experiments, or questions, wait already."""


class NothingToSee(RuntimeError):
    """The run has no networks yet."""


class Questions:
    """A bounded line of questions. Whoever answers must be the only one to use the networks meanwhile."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Future[Any], Question[Any], int | None]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def ask(self, question: Question[Answer], step: int | None) -> Future[Answer]:
        """Queue a question about the networks of now, or of a kept step. Raises QueueFull."""
        if len(self._waiting) >= MAX_QUESTIONS:
            raise QueueFull(Message("Many questions to these networks wait already; ask again in a moment."))
        asked: Future[Answer] = Future()
        self._waiting.append((asked, question, step))
        return asked

    def refuse(self, error: Exception) -> None:
        """Tell all that wait why there is no answer."""
        while self._waiting:
            self._waiting.popleft()[0].set_exception(error)

    def answer(self, arms: list[Arm], data: Images | None, snapshots: Snapshots) -> None:
        """Answer all that wait; what goes wrong goes to whoever asked."""
        while self._waiting:
            asked, question, step = self._waiting.popleft()
            try:
                if data is None:
                    raise NothingToSee(Message("The networks are not built yet; ask again when the run has started."))
                asked.set_result(question(arms if step is None else snapshots.arms(step, arms), data))
            except Exception as error:  # noqa: BLE001 - it goes to whoever asked
                asked.set_exception(error)
