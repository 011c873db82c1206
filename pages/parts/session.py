"""What a visitor has: settings, the run in view, earlier runs. The only file that touches the session's state.

The link is the truth at the first visit; from then on the session is, and writes itself into the link: the run in view
with its settings or, before there is one, the form's. What the form holds beside a run, the browser's tab keeps.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import streamlit as st

from core.cube.viewpoint import QUERY_KEY
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import from_digits, to_digits
from core.experiment.links import from_query, to_query
from core.experiment.rules import quoted
from core.language.languages import ENGLISH, understood
from core.language.languages import QUERY_KEY as LANGUAGE_KEY
from core.language.message import Message
from core.runs.manager import manager
from core.runs.run import Run

LANGUAGE_COOKIE = "normscope_language"  # as assets/shared/language.js writes it
KEPT_GHOSTS = 4
KEPT_SETS = 100  # several presets

GONE = Message(
    "The run that was in view is not here any more: the server has been started anew, or has forgotten it. "
    "The form is as it was; Start, on the Train page, begins a run."
)
LINKED_IS_GONE = Message(
    "The run in the link is not here any more. Start, on the Train page, begins one with the settings in the form."
)


@dataclass(frozen=True)
class Set:
    """A value that was put into a field of the form here, not by the visitor, and what the field had before."""

    setting: str
    before: Any
    value: Any


@dataclass
class Visitor:
    """One browser session. `run` is in view, `mine` says that it was started here."""

    id: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    run: Run | None = None
    earlier: list[Run] = field(default_factory=list)
    config: ExperimentConfig | None = None
    problem: str = ""
    notices: list[Message | str] = field(default_factory=list)
    opened: dict[str, str] | None = None  # the link of the first visit
    language: str = ""
    links_language: bool = False  # the link says it
    chose_language: bool = False  # by a press
    meant: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by setting: what its texts mean
    picked: dict[str, Message] = field(default_factory=dict)  # by field: what was chosen, in any language
    owned: set[str] = field(default_factory=set)
    begun: ExperimentConfig | None = None  # the last one, as it was ordered: without data it may run on other ones
    numbers: dict[str, int] = field(default_factory=dict)  # by run, in the order in which they came into view
    before_digits: dict[str, Any] | None = None  # while the form is on the digits: what it had before
    heard: int = 0  # the last order
    sets: int = 0  # how many values were put into the form here
    last_sets: deque[Set] = field(default_factory=lambda: deque(maxlen=KEPT_SETS))

    def show(self, run: Run) -> None:
        """Bring `run` into view; the one before becomes a ghost if it has anything to show."""
        if self.run is not None:
            self.run.leave(self.id)
            if self.run.snapshot().step > 0:
                self.earlier = [*self.earlier, self.run][-KEPT_GHOSTS:]
        run.join(self.id)
        self.numbers.setdefault(run.id, len(self.numbers) + 1)
        self.run = run

    def owns(self, run: Run, key: str) -> bool:
        """Whether `run` was started here, or in this browser tab before a reload, as the key shows."""
        return run.id in self.owned or key == run.key

    def let_go(self) -> None:
        """Take what the server does not know any more out of view, and say so."""
        if self.run is not None and manager().find(self.run.id) is None:
            self.run, self.notices = None, [GONE]
        here = [run for run in self.earlier if manager().find(run.id)]
        self.notices += [_ghost_is_gone(self.numbers[run.id]) for run in self.earlier if run not in here]
        self.earlier = here


def _ghost_is_gone(number: int) -> Message:
    return Message("Run {number} is not here any more; it is no longer drawn.", {"number": number})


@dataclass(frozen=True)
class View:
    """What the train page shows; `key` is set when this session may steer."""

    run: Run | None
    key: str
    earlier: tuple[Run, ...]
    config: ExperimentConfig | None
    problem: str
    notices: tuple[str, ...]
    numbers: dict[str, int]


def _left(visitor: Visitor) -> None:
    if visitor.run is not None:
        visitor.run.leave(visitor.id)


@st.cache_resource(scope="session", on_release=_left, show_spinner=False)
def _connection(visitor_id: str, _visitor: Visitor) -> Visitor:
    """Lives as long as the browser's connection: releasing it is how we learn that somebody left."""
    return _visitor


def visitor() -> Visitor:
    """This session's visitor; present in its run's list of watchers again after a lost connection."""
    mine: Visitor = st.session_state.setdefault("visitor", Visitor())
    _connection(mine.id, mine)
    if mine.run is not None:
        mine.run.join(mine.id)
    return mine


def language() -> str:
    """The visitor's: the link's, else what was chosen here before, else the browser's."""
    here = visitor()
    if not here.language:
        linked = understood(st.query_params.get(LANGUAGE_KEY))
        here.links_language = linked is not None
        kept = understood(st.context.cookies.get(LANGUAGE_COOKIE))
        here.language = linked or kept or understood(st.context.locale) or ENGLISH
    return here.language


def understand(setting: str, meant: Mapping[str, str]) -> None:
    """Take a text that the field sends for what is meant by it; to be called before it is drawn."""
    visitor().meant[setting] = meant
    value = st.session_state[setting]
    if meant.get(value, value) != value:
        st.session_state[setting] = meant[value]


def choose_language(wanted: str) -> None:
    """The visitor has pressed for it: all stays as it is, in other words."""
    here = visitor()
    here.language, here.links_language, here.chose_language = wanted, True, True
    for name, value in read_form().items():  # Streamlit knows what is chosen in a list by its text in the old language
        st.session_state[name] = value


def has_chosen_language() -> bool:
    """Whether the browser is to keep it for the next visit."""
    return visitor().chose_language


def open_link() -> None:
    """At the first visit, take the settings and the run from the link; report what was not understood.

    Whoever opens the link of a run gets that run's settings, whatever else the link says.
    """
    here = visitor()
    here.let_go()
    if here.opened is not None:
        return
    asked = st.query_params.to_dict()
    here.opened = {key: value for key, value in asked.items() if key not in (QUERY_KEY, LANGUAGE_KEY)}
    params = dict(here.opened)
    run_id = params.pop("run", None)
    run = manager().find(run_id) if run_id is not None else None
    config, here.notices = (run.config, []) if run is not None else from_query(params)
    if run is not None:
        here.show(run)
    elif run_id is not None:
        here.notices.append(LINKED_IS_GONE)
    if LANGUAGE_KEY in asked and not here.links_language:
        unknown = {"language": quoted(asked[LANGUAGE_KEY])}
        here.notices.append(Message("The language {language} in the link is not known here and was ignored.", unknown))
    fill_form(config)


def link() -> dict[str, str]:
    """The link to what is in view: a run with its settings or, before there is one, what the form says."""
    here = visitor()
    config = here.run.config if here.run is not None else here.config
    return (to_query(config) if config else {}) | ({"run": here.run.id} if here.run is not None else {})


def write_link() -> None:
    """Put it into the page's address; what the form says wrong leaves the address as it is."""
    now = link()
    if not now:
        return
    if QUERY_KEY in st.query_params:  # the cube page's own part
        now[QUERY_KEY] = st.query_params[QUERY_KEY]
    if visitor().links_language:
        now[LANGUAGE_KEY] = language()
    if st.query_params.to_dict() != now:
        st.query_params.from_dict(now)


def for_orders() -> dict[str, Any]:
    """What the browser must know of this session to send orders, and to keep the form over a reload."""
    here = visitor()
    form = to_query(here.config) if here.config else None
    known = {"visitor": here.id, "heard": here.heard, "sets": here.sets}
    return known | {"opened": here.opened, "link": link(), "form": form}


def fill_form(config: ExperimentConfig) -> None:
    """Set the form's widgets to `config`; to be called before they are drawn, or from a callback."""
    for setting in fields(config):
        value = getattr(config, setting.name)
        set_value(setting.name, [arm.name for arm in value] if setting.name == "arms" else value)
    visitor().before_digits = {} if config.data == "digits" else None


def read_form() -> dict[str, Any]:
    """The values of the form's widgets, by setting."""
    values = {f.name: st.session_state[f.name] for f in fields(ExperimentConfig) if f.name in st.session_state}
    for name, meant in visitor().meant.items():
        if name in values:
            values[name] = meant.get(values[name], values[name])
    return values


def fill_again(config: ExperimentConfig) -> None:
    """Set the form to what it was in this browser tab before a reload, or before the server was started anew."""
    here = visitor()
    here.notices = [GONE if notice == LINKED_IS_GONE else notice for notice in here.notices]
    fill_form(config)


def set_value(setting: str, value: Any) -> None:
    """Set one widget of the form; to be called before it is drawn, or from a callback."""
    here = visitor()
    here.sets += 1
    here.last_sets.append(Set(setting, st.session_state.get(setting), value))
    st.session_state[setting] = value


def fit_to_data() -> None:
    """Other images were chosen: the digits take settings of their own; away from them, what was there comes back."""
    here, values = visitor(), read_form()
    changes: dict[str, Any] = {}
    if values["data"] == "digits" and here.before_digits is not None:
        return  # they have only been called otherwise, in the language of a moment ago
    if values["data"] == "digits":
        here.before_digits = {name: value for name, value in values.items() if value is not None}
        changes = to_digits(values)
    elif here.before_digits is not None:
        changes, here.before_digits = from_digits(values, here.before_digits), None
    for setting, value in changes.items():
        set_value(setting, value)


def taken_by_digits() -> dict[str, Any]:
    """The settings in whose place the form, on the digits, has theirs; empty elsewhere."""
    before = visitor().before_digits
    return {} if before is None else from_digits(read_form(), before)


def came_to_digits() -> bool:
    """Whether the form was on other images before, and not filled with digits by a link or a reload."""
    return bool(visitor().before_digits)


def set_again(seen: int) -> None:
    """Set again what was set since the browser had seen `seen` of these values: it has just sent those before."""
    here = visitor()
    unseen = here.sets - seen
    for each in list(here.last_sets)[-unseen:] if unseen > 0 else []:
        if st.session_state.get(each.setting) == each.before:
            st.session_state[each.setting] = each.value


def choose(config: ExperimentConfig | None, problem: str = "") -> None:
    """Remember what the form says: the next experiment, or why it cannot be run."""
    here = visitor()
    here.config, here.problem = config, problem


def view() -> View:
    """What is to be shown now."""
    here = visitor()
    key = here.run.key if here.run is not None and here.run.id in here.owned else ""
    notices = tuple(map(str, here.notices))
    return View(here.run, key, tuple(here.earlier), here.config, here.problem, notices, here.numbers)


def answer(key: str) -> dict[str, Any]:
    """What the browser element `key` has last reported; empty before it has."""
    return dict(st.session_state.get(key) or {})
