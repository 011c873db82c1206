"""What the visitor orders: start, steer, compare. Each order is carried out once, on what the form and the page showed.

The browser (assets/shared/orders.js) sends an order with the form's values in the same message, tells which run was in
view, and sends it again until it has been heard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.experiment.config import ExperimentConfig
from core.experiment.links import DEFAULT, from_query
from core.experiment.rules import ConfigError, read_number
from core.language.message import Message
from core.runs.asking import QueueFull
from core.runs.manager import manager
from core.runs.run import NotTheOwner
from core.words.settings import LABELS
from pages.parts import session
from pages.parts.controls import read_config
from pages.parts.session import Visitor

Order = dict[str, Any]  # {"number": …, "do": …, "run": the one in view, "key": its key, …}


def carry_out(message: dict[str, Any]) -> None:
    """Carry out those of the message's orders that have not been heard before. What is refused becomes a notice."""
    here = session.visitor()
    session.set_again(message["seen"])
    for order in message["orders"]:
        if order["number"] > here.heard:
            here.heard = order["number"]
            _carry_out(here, order)


def _carry_out(here: Visitor, order: Order) -> None:
    if order["do"] == "look":
        return  # the page is written anew, which is all that is wanted
    if order["do"] == "fill":
        session.fill_again(from_query(order["form"])[0])
        return
    if _is_late(here, order) and order["do"] != "start":
        return
    here.notices = []
    try:
        _ACTIONS[order["do"]](here, order)
    except (ConfigError, QueueFull, NotTheOwner) as error:
        here.notices = [error.args[0]]  # a message: it is told when the page is drawn


def _is_late(here: Visitor, order: Order) -> bool:
    """Whether it was ordered with another run in view than there is, as by a second click."""
    return here.run is not None and order["run"] != here.run.id


# --- the next run -----------------------------------------------------------------------------------------------------


def _start(here: Visitor, order: Order) -> None:
    config = _shown(order)
    if order.get("weights") == "same" and here.run is not None:
        config = replace(config, seed=here.run.config.seed)
        session.set_value("seed", config.seed)
    if not (_is_late(here, order) and config == here.begun) and not _is_running(here, config, order):
        _begin(here, config, order)


def _restart(here: Visitor, order: Order) -> None:
    if here.run is not None:
        _begin(here, here.run.config, order)


def _renew(here: Visitor, order: Order) -> None:
    if here.run is not None:
        before = here.run.config.seed
        config = replace(here.run.config, seed=(before + 1) % 2**32)
        _begin(here, config, order)
        if session.read_form().get("seed") == before:
            session.set_value("seed", config.seed)


def _begin(here: Visitor, config: ExperimentConfig, order: Order) -> None:
    run = manager().submit(config, replaces=here.run if _is_under_way(here, order) else None)
    here.begun = config
    here.owned.add(run.id)
    here.show(run)


def _is_running(here: Visitor, config: ExperimentConfig, order: Order) -> bool:
    return here.run is not None and config in (here.run.asked, here.run.config) and _is_under_way(here, order)


def _is_under_way(here: Visitor, order: Order) -> bool:
    return here.run is not None and not here.run.ended and here.owns(here.run, order["key"])


def _shown(order: Order) -> ExperimentConfig:
    """What the form showed: its values and, as text, what was typed but not taken by the field yet."""
    values = session.read_form()
    for setting, text in order.get("typed", {}).items():
        if setting == "arms":
            values["arms"] = [*values["arms"], text]
        elif setting in values:
            values[setting] = read_number(text, LABELS[setting], setting, type(getattr(DEFAULT, setting)))
    config = read_config(values)
    if "arms" in order.get("typed", {}):
        session.set_value("arms", values["arms"])
    return config


# --- the run in view --------------------------------------------------------------------------------------------------


def _steer(here: Visitor, order: Order) -> None:
    if here.run is not None:
        getattr(here.run, _STEERING[order["do"]])(order["key"])


def _change_rate(here: Visitor, order: Order) -> None:
    if here.run is not None:
        rate = read_number(order["value"], Message("The learning rate"), "learning_rate", float)
        here.run.change_learning_rate(order["key"], rate)


def _drop(here: Visitor, order: Order) -> None:
    here.earlier = [run for run in here.earlier if run.id != order["id"]]


_STEERING = {"pause": "pause", "resume": "resume", "step": "step_once", "stop": "stop"}
_ACTIONS: dict[str, Callable[[Visitor, Order], None]] = dict.fromkeys(_STEERING, _steer) | {
    "start": _start,
    "restart": _restart,
    "renew": _renew,
    "rate": _change_rate,
    "drop": _drop,
}
