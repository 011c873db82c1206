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
from core.lessons import catalog, recorded
from core.lessons.catalog import NoSuchLesson
from core.runs import hidden
from core.runs.asking import QueueFull
from core.runs.library import library
from core.runs.manager import AnyRun, manager
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.runs.shown import shown
from core.store.troubles import NoSuchRun, StoreError
from core.training.records import RunReplaced
from core.words.settings import LABELS
from pages.parts import attending, session, sweeping
from pages.parts.controls import read_config
from pages.parts.visitor import Visitor

Order = dict[str, Any]  # {"number": …, "do": …, "run": the one in view, …}

REFUSALS = (ConfigError, NoSuchLesson, QueueFull, NotTheOwner, StoreError)


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
    if order["do"] not in WHATEVER_IS_IN_VIEW and _is_late(here, order):
        return
    here.notices = here.notices if order["do"] in BY_THEMSELVES else []
    try:
        _ACTIONS[order["do"]](here, order)
        if order["do"] in _BRINGING:
            attending.moved_on(here)
    except REFUSALS as error:
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
    if not (_is_late(here, order) and config == here.begun) and not _is_running(here, config):
        _begin(here, config, order, shares=True)


def _restart(here: Visitor, order: Order) -> None:
    if here.run is not None and (config := session.told_of(here.run)).arms:
        _begin(here, config, order, shares=session.shows_recorded())  # a class that meets the same one presses at once


def _renew(here: Visitor, order: Order) -> None:
    if here.run is not None and (now := session.told_of(here.run)).arms:
        before = now.seed
        config = replace(now, seed=(before + 1) % 2**32)
        _begin(here, config, order)
        if session.read_form().get("seed") == before:
            session.set_value("seed", config.seed)


def _begin(here: Visitor, config: ExperimentConfig, order: Order, shares: bool = False) -> None:
    replaces = here.run if _is_under_way(here) else None
    if shares and not order.get("hides"):  # whose arms are hidden is a teacher's
        run = manager().shared.start(config, replaces, here.key)
    else:
        run = manager().submit(config, replaces=replaces, key=here.key, hides=bool(order.get("hides")))
    here.begun = config
    here.show(run)
    if manager().shared.has(run):
        here.notices = [SHARED]


def _study(here: Visitor, order: Order) -> None:
    """Begin one experiment of a lesson's step, or open it as it was recorded; the form says the same from then on.

    Whose arms are hidden on the stage begins it: of a recorded one all are shown.
    """
    slug, number, which = order["lesson"], order["step"], order["which"]
    config = catalog.step(slug, number).experiments[which]
    found = None if order.get("own") or order.get("hides") else _recorded(here, slug, int(number), which)
    if found is not None:
        here.open(found)
    else:
        _begin(here, config, order, shares=True)
    session.fill_form(config)
    if here.run is not None:
        here.studied[f"{slug}/{number}/{which}"] = {"run": here.run.id, "order": order["number"]}


def _recorded(here: Visitor, slug: str, number: int, which: int) -> AnyRun | None:
    """What comes with NormScope, where a run of one's own would stand in line."""
    noted = recorded.note(slug, number, which)
    if noted is None or not manager().is_busy_for(here.run if _is_under_way(here) else None):
        return None
    return manager().find(noted.id)


def _is_running(here: Visitor, config: ExperimentConfig) -> bool:
    is_theirs = _is_under_way(here) or (manager().shared.has(here.run) and not here.run.ended and not here.follows)
    return here.run is not None and config in (here.run.asked, here.run.config) and is_theirs


def _is_under_way(here: Visitor) -> bool:
    return here.run is not None and not here.run.ended and here.run.is_owned_by(here.key)


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
        getattr(here.run, _STEERING[order["do"]])(here.key)


def _change_rate(here: Visitor, order: Order) -> None:
    if here.run is not None:
        rate = read_number(order["value"], Message("The learning rate"), "learning_rate", float)
        here.run.change_learning_rate(here.key, rate)


def _hide(here: Visitor, order: Order) -> None:
    if here.run is not None:
        _HIDING[order["do"]](manager().settled(here.run.id) or here.run, here.key)


def _take_own(here: Visitor, order: Order) -> None:
    """Of a run that belongs to nobody one of their own, from where it stands, with the order that they gave to that."""
    if here.run is None or not manager().shared.has(here.run) or not isinstance(here.run, Run):
        return
    then = order["with"]
    if then == "rate":
        rate = read_number(order["value"], Message("The learning rate"), "learning_rate", float)
        own = manager().shared.branch(here.run, here.key, lambda run: run.change_learning_rate(here.key, rate))
    else:
        own = manager().shared.branch(here.run, here.key, lambda run: getattr(run, _STEERING[then])(here.key))
    here.show(own)


def _lead_on(here: Visitor, order: Order) -> None:
    """From a run in whose place others were begun to the newest of these."""
    run = _found(order["id"])
    while (followed := _next_of(run)) is not None:
        run = followed
    here.open(run)


def _next_of(run: AnyRun) -> AnyRun | None:
    ids = [record.next for record in run.history if isinstance(record, RunReplaced)]
    return manager().find(ids[-1]) if ids else None


def _drop(here: Visitor, order: Order) -> None:
    here.earlier = [run for run in here.earlier if run.id != order["id"]]


# --- the runs that are kept: an order names its own -------------------------------------------------------------------


def _open(here: Visitor, order: Order) -> None:
    run = _found(order["id"])
    here.open(run)
    session.fill_form(shown(run).config)


def _revive(here: Visitor, order: Order) -> None:
    here.open(manager().resume(order["id"], here.key))


def _refill(here: Visitor, order: Order) -> None:
    session.fill_form(shown(_found(order["id"])).config)
    here.notices = [REFILLED]


def _draw_faint(here: Visitor, order: Order) -> None:
    for run_id in order["ids"]:
        if here.run is None or here.run.id != run_id:
            here.draw_faint(_found(run_id))


def _rename(here: Visitor, order: Order) -> None:
    library().rename(order["id"], order["name"], here.key)


def _pin(here: Visitor, order: Order) -> None:
    library().pin(order["id"], order["do"] == "pin", here.key)


def _delete(here: Visitor, order: Order) -> None:
    _each(here, order, library().delete)


def _undelete(here: Visitor, order: Order) -> None:
    _each(here, order, library().undelete)


def _put_aside(here: Visitor, order: Order) -> None:
    values = {"name": library().put_aside(order["id"], here.key).name}
    here.notices = [Message("The damaged run is put aside; who operates this server finds it as {name}.", values)]


def _each(here: Visitor, order: Order, do: Callable[[str, str], None]) -> None:
    """With all of the order's runs: one that is refused keeps no other."""
    for run_id in order["ids"]:
        try:
            do(run_id, here.key)
        except REFUSALS as error:
            here.notices.append(error.args[0])


def _found(run_id: str) -> AnyRun:
    run = manager().find(run_id)
    if run is None:
        raise NoSuchRun(manager().problem(run_id) or NOT_HERE)
    return run


NOT_HERE = Message("This run is not here any more; it may have been deleted, or newer runs needed its room.")
SHARED = Message(
    "Somebody else had just started the same: you watch it together. It belongs to nobody; who pauses or changes it "
    "gets a run of their own from there."
)
REFILLED = Message("The form has the settings of that run now. Change what you like; Start begins a new run.")

_HIDING = {"hide": hidden.hide, "reveal": hidden.reveal, "show": hidden.show}
_STEERING = {"pause": "pause", "resume": "resume", "step": "step_once", "stop": "stop"}
_OF_THE_LIST: dict[str, Callable[[Visitor, Order], None]] = {
    "open": _open,
    "revive": _revive,
    "refill": _refill,
    "ghosts": _draw_faint,
    "rename": _rename,
    "pin": _pin,
    "unpin": _pin,
    "delete": _delete,
    "undelete": _undelete,
    "aside": _put_aside,
}
BY_THEMSELVES = {"point", "follow"}  # what nobody pressed leaves what is said as it is
WHATEVER_IS_IN_VIEW = {"start", "study", "lead-on", *_OF_THE_LIST, *attending.ACTIONS, *sweeping.ACTIONS}
_BRINGING = {"start", "study", "restart", "renew", "own", "open", "revive", "lead-on"}
_ACTIONS: dict[str, Callable[[Visitor, Order], None]] = dict.fromkeys(_STEERING, _steer) | {
    "start": _start,
    "study": _study,
    "restart": _restart,
    "renew": _renew,
    "rate": _change_rate,
    "hide": _hide,
    "reveal": _hide,
    "show": _hide,
    "drop": _drop,
    "own": _take_own,
    "lead-on": _lead_on,
    **attending.ACTIONS,
    **sweeping.ACTIONS,
    **_OF_THE_LIST,
}
