"""One browser session, as a record: which runs it has in view, what its form was given, which class it follows.

Visitor  what the session's state holds
Set      a value that was put into the form
View     what the page Train shows
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.runs.manager import AnyRun, manager
from core.runs.recorded_run import RecordedRun
from core.runs.shown import AnyRun as ShownRun

KEPT_GHOSTS = 4
KEPT_SETS = 100  # several presets

GONE = Message(
    "The run that was in view is not here any more: {why}. The form is as it was; Start, on the Train page, begins a "
    "run."
)
KEPT_ONCE = Message(
    "it was deleted, newer runs needed its room (NORMSCOPE_KEEP says how much there is; pinned runs stay), or it could "
    "not be kept and the server was started anew"
)
IN_MEMORY = Message("this server has runs in memory only, and was started anew, or newer runs needed its room")


def gone(said: Message) -> Message:
    """`said` with why."""
    return replace(said, values={"why": IN_MEMORY if manager().shelf is None else KEPT_ONCE})


@dataclass(frozen=True)
class Set:
    """A value that was put into a field of the form here, not by the visitor, and what the field had before."""

    setting: str
    before: Any
    value: Any


@dataclass
class Visitor:
    """One browser session, with `run` in view; `key` is the browser's, of which this is one session."""

    key: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    run: AnyRun | None = None
    earlier: list[AnyRun] = field(default_factory=list)
    behind: list[AnyRun] = field(default_factory=list)  # their own that are under way while they look at another one
    config: ExperimentConfig | None = None
    problem: str = ""
    notices: list[Message | str] = field(default_factory=list)
    opened: dict[str, str] | None = None  # the link of the first visit
    language: str = ""
    links_language: bool = False  # the link says it
    chose_language: bool = False  # by a press
    meant: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by setting: what its texts mean
    picked: dict[str, Message] = field(default_factory=dict)  # by field: what was chosen, in any language
    is_new: bool = False  # their browser has no runs yet
    begun: ExperimentConfig | None = None  # the last one, as it was ordered: without data it may run on other ones
    numbers: dict[str, int] = field(default_factory=dict)  # by run, in the order in which they came into view
    before_digits: dict[str, Any] | None = None  # while the form is on the digits: what it had before
    heard: int = 0  # the last order
    studied: dict[str, dict[str, Any]] = field(default_factory=dict)  # by lesson, step and experiment: run and order
    follows: str = ""  # the class, whose teacher decides what is in view
    left: str = ""  # the class that they have left, to go back to
    turned: int = 0  # how often its teacher had turned the page when they did last
    sweep: str = ""  # that they have begun last
    led_to: str = ""  # the run that they were led to last
    page: str | None = None  # the one they are on
    held: dict[str, Any] = field(default_factory=dict)  # the form, until the browser has been told of it
    told: int = 0  # by so many scripts that came to their end
    address: str = ""  # of the page Train in their browser
    sets: int = 0  # how many values were put into the form here
    last_sets: deque[Set] = field(default_factory=lambda: deque(maxlen=KEPT_SETS))

    def show(self, run: AnyRun) -> None:
        """Bring `run`, which has just begun, into view; the one before becomes a ghost if it has anything to show."""
        if self.run is not None:
            self.run.leave(self.id)
            if self.run.snapshot().step > 0 and not isinstance(self.run, RecordedRun):
                self.draw_faint(self.run)
        self._look_at(run)

    def open(self, run: AnyRun) -> None:
        """Bring `run`, an older one, into view. One of their own that is under way goes on while they are here."""
        if self.run is not None and self.run.id != run.id:
            if self.run.ended or not self.run.is_owned_by(self.key):
                self.run.leave(self.id)
            else:
                self.behind.append(self.run)
        self._look_at(run)

    def _look_at(self, run: AnyRun) -> None:
        run.join(self.id)
        if not isinstance(run, RecordedRun):
            self.is_new = False
            self.numbers.setdefault(run.id, len(self.numbers) + 1)
        self.run = run
        self.behind = [each for each in self.behind if each.id != run.id]

    def draw_faint(self, run: AnyRun) -> None:
        """As a ghost, behind the run in view."""
        self.earlier = [*(each for each in self.earlier if each.id != run.id), run][-KEPT_GHOSTS:]
        self.numbers.setdefault(run.id, len(self.numbers) + 1)

    def let_go(self) -> None:
        """Take what the server does not know any more out of view, and say so; what has ended needs nobody."""
        if self.run is not None:
            self.run = manager().find(self.run.id)  # another object, once it is read from the shelf, or goes on
            self.notices = [gone(GONE)] if self.run is None else self.notices
        found = {run.id: manager().find(run.id) for run in self.earlier}
        self.notices += [_ghost_is_gone(self.numbers[run_id]) for run_id, run in found.items() if run is None]
        self.earlier = [run for run in found.values() if run is not None]
        for run in [each for each in self.behind if each.ended]:
            run.leave(self.id)
            self.behind.remove(run)


def _ghost_is_gone(number: int) -> Message:
    return Message("Run {number} is not here any more; it is no longer drawn.", {"number": number})


@dataclass(frozen=True)
class View:
    """What the train page shows: no arm that is hidden.

    `mine` says that this browser may steer, `is_new` that it has no runs yet.
    """

    run: ShownRun | None
    mine: bool
    earlier: tuple[ShownRun, ...]
    config: ExperimentConfig | None
    problem: str
    notices: tuple[str, ...]
    numbers: dict[str, int]
    is_new: bool
