"""What a visitor has: settings, the run in view, earlier runs. The only file that touches the session's state.

The link is the truth at the first visit; from then on the session is, and writes itself into the link.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields, replace
from typing import Any

import streamlit as st

from core.cube.viewpoint import QUERY_KEY
from core.experiment.config import ExperimentConfig
from core.experiment.links import from_query, to_query
from core.experiment.rules import ConfigError, read_number
from core.runs.asking import QueueFull
from core.runs.manager import manager
from core.runs.run import NotTheOwner, Run

KEPT_GHOSTS = 4


@dataclass
class Visitor:
    """One browser session. `run` is in view, `mine` says that it was started here."""

    id: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    run: Run | None = None
    earlier: list[Run] = field(default_factory=list)
    config: ExperimentConfig | None = None
    problem: str = ""
    notices: list[str] = field(default_factory=list)
    opened: bool = False
    owned: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)  # by run, in the order in which they came into view

    def show(self, run: Run) -> None:
        """Bring `run` into view; the one before becomes a ghost if it has anything to show."""
        if self.run is not None:
            self.run.leave(self.id)
            if self.run.snapshot().step > 0:
                self.earlier = [*self.earlier, self.run][-KEPT_GHOSTS:]
        run.join(self.id)
        self.numbers.setdefault(run.id, len(self.numbers) + 1)
        self.run = run


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


def open_link() -> None:
    """At the first visit, take the settings and the run from the link; report what was not understood."""
    here = visitor()
    if here.opened:
        return
    here.opened = True
    params = st.query_params.to_dict()
    run_id = params.pop("run", None)
    params.pop(QUERY_KEY, None)
    config, here.notices = from_query(params)
    fill_form(config)
    if run_id is not None:
        _open_run(here, run_id, has_settings=bool(params))


def _open_run(here: Visitor, run_id: str, has_settings: bool) -> None:
    run = manager().find(run_id)
    if run is None:
        here.notices.append("The run in the link is not here any more; its settings are, if the link has them.")
        return
    here.show(run)
    if not has_settings:
        fill_form(run.config)


def write_link() -> None:
    """Put the whole configuration, and the run in view, into the page's address."""
    here = visitor()
    if here.config is None:
        return
    link = to_query(here.config) | ({"run": here.run.id} if here.run else {})
    if QUERY_KEY in st.query_params:  # the cube page's own part
        link[QUERY_KEY] = st.query_params[QUERY_KEY]
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def fill_form(config: ExperimentConfig) -> None:
    """Set the form's widgets to `config`; to be called before they are drawn, or from a callback."""
    for setting in fields(config):
        value = getattr(config, setting.name)
        st.session_state[setting.name] = [arm.name for arm in value] if setting.name == "arms" else value


def read_form() -> dict[str, Any]:
    """The values of the form's widgets, by setting."""
    return {f.name: st.session_state[f.name] for f in fields(ExperimentConfig) if f.name in st.session_state}


def set_value(setting: str, value: Any) -> None:
    """Set one widget of the form; to be called from a callback."""
    st.session_state[setting] = value


def choose(config: ExperimentConfig | None, problem: str = "") -> None:
    """Remember what the form says: the next experiment, or why it cannot be run."""
    here = visitor()
    here.config, here.problem = config, problem


def view() -> View:
    """What is to be shown now."""
    here = visitor()
    key = here.run.key if here.run is not None and here.run.id in here.owned else ""
    return View(here.run, key, tuple(here.earlier), here.config, here.problem, tuple(here.notices), here.numbers)


def pressed(element: str) -> dict[str, Any]:
    """The order that a browser element has just sent."""
    return dict(st.session_state[element]["action"])


def answer(key: str) -> dict[str, Any]:
    """What the browser element `key` has last reported; empty before it has."""
    return dict(st.session_state.get(key) or {})


def act(order: dict[str, Any]) -> None:
    """Do what the bar's buttons ask: {"do": ..., "key": the run's key, ...}. Problems become notices."""
    here = visitor()
    here.notices = []
    try:
        _ACTIONS[order["do"]](here, order)
    except (ConfigError, QueueFull, NotTheOwner) as error:
        here.notices = [str(error)]


def _start(here: Visitor, config: ExperimentConfig, order: dict[str, Any]) -> None:
    # The browser tab keeps the key of its run over a reload, when this session is a new one.
    mine = here.run is not None and order.get("key") == here.run.key
    run = manager().submit(config, replaces=here.run if mine else None)
    here.owned.add(run.id)
    here.show(run)


def _start_chosen(here: Visitor, order: dict[str, Any]) -> None:
    if here.config is None:
        raise ConfigError(here.problem)
    _start(here, here.config, order)


def _restart(here: Visitor, order: dict[str, Any]) -> None:
    if here.run is not None:
        _start(here, here.run.config, order)


def _renew(here: Visitor, order: dict[str, Any]) -> None:
    if here.run is not None:
        config = replace(here.run.config, seed=(here.run.config.seed + 1) % 2**32)
        st.session_state["seed"] = config.seed
        _start(here, config, order)


def _steer(here: Visitor, order: dict[str, Any]) -> None:
    if here.run is not None:
        getattr(here.run, _ORDERS[order["do"]])(str(order.get("key", "")))


def _change_rate(here: Visitor, order: dict[str, Any]) -> None:
    if here.run is not None:
        rate = read_number(str(order.get("value", "")), "The learning rate", "learning_rate", float)
        here.run.change_learning_rate(str(order.get("key", "")), rate)


def _drop(here: Visitor, order: dict[str, Any]) -> None:
    here.earlier = [run for run in here.earlier if run.id != order["id"]]


_ORDERS = {"pause": "pause", "resume": "resume", "step": "step_once", "stop": "stop"}
_ACTIONS = dict.fromkeys(_ORDERS, _steer) | {
    "start": _start_chosen,
    "restart": _restart,
    "renew": _renew,
    "rate": _change_rate,
    "drop": _drop,
}
