"""The browser elements: this side hands over what to watch, the scripts of assets/ do the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.experiment.config import CONSTANT, COSINE, ExperimentConfig
from core.experiment.links import QUERY_KEYS, to_query
from core.exports.program import CHAPTER
from core.language.languages import LANGUAGES
from core.language.lists import enumerated
from core.language.speech import _, ngettext, speaking, spoken
from core.runs.shown import AnyRun as ShownRun
from core.runs.shown import executed, is_swept
from core.training.records import LearningRateChanged
from core.words.settings import told
from pages.parts import attending, language, session
from pages.parts.controls import INIT_NAMES
from pages.parts.visitor import View

ORDERS = "orders"
MOST_CHANGES = 3  # more than that are counted instead of named


def hear_orders(page: str, carry_out: Callable[[dict[str, Any]], None]) -> None:
    """Put the element on `page`, unseen, by which all orders come: each goes to `carry_out`.

    Where the turn to another page was cut short, Streamlit knows that something has come, but not what; the browser
    sends it again.
    """

    def heard() -> None:
        language.speak_here()
        if sent := session.answer(ORDERS).get("sent"):
            carry_out(sent)

    known = session.for_orders() | {"page": page, "class": attending.attended()}
    data = known | language.for_scripts("shared/on_every_page")
    _element(ORDERS)(key=ORDERS, data=data, on_sent_change=heard)


def training(view: View) -> None:
    """Draw the bar, the arms and the curves of the run in view."""
    differing = _differing(view.run, view.config, view.mine) if view.run and view.config else []
    data = _data("train/live", view) | {
        "arms": _arms(view.config) if view.config and not view.run else [],
        "status": view.run.status if view.run else "",
        "changed": _changes(differing, view.config) if view.config else "",
        "weights": _can_have_its_weights(differing),
        "keeps": session.keeps_runs(),
        "class": attending.taught(),
        "experiment": urlencode(to_query(view.config), safe=",:/") if view.config else "",
        "chapter": CHAPTER[spoken()],
        "seed": view.run.config.seed if view.run else 0,
        "scheduled": bool(view.run) and view.run.config.schedule != CONSTANT,
        "problem": view.problem,
        "notices": list(view.notices),
    }
    _element("training")(key=language.key_here("training"), data=data)


def inside(script: str, view: View) -> None:
    """Draw a page that looks inside the networks of the run in view: gradients, activations or parameters."""
    data = _data(f"inside/{script}", view) | {
        "armList": _arms(view.run.config) if view.run else [],
        "problem": view.problem,
        "notices": list(view.notices),
    }
    _element(script)(key=language.key_here(script), data=data)


def runs(view: View) -> None:
    """Draw the list of the runs that this browser may see."""
    own = {"problem": view.problem, "notices": list(view.notices), "chapter": CHAPTER[spoken()]}
    data = _data("runs/runs", view) | own
    _element("runs")(key=language.key_here("runs"), data=data)


def lab(view: View) -> None:
    """Draw the lab, which asks the server for what it shows; `form` is what a sweep begins from."""
    form = urlencode(to_query(view.config), safe=",:/") if view.config else ""
    own = {"form": form, "problem": view.problem, "notices": list(view.notices), "sweep": session.visitor().sweep}
    _element("lab")(key=language.key_here("lab"), data=_data("lab/lab", view) | own)


def lessons(view: View) -> None:
    """Draw the page of lessons, which asks the server for them, and follows the runs that they have begun."""
    data = _data("lessons/lessons", view) | {"studied": session.studied(), "notices": list(view.notices)}
    _element("lessons")(key=language.key_here("lessons"), data=data)


def welcome(data: dict[str, Any]) -> None:
    """Draw what a first visitor meets above a page."""
    _element("welcome")(key=language.key_here("welcome"), data=data | language.for_scripts("shared/welcome"))


def reference() -> None:
    """Draw the page of terms, which asks the server for them."""
    _element("reference")(key=language.key_here("reference"), data=language.for_scripts("reference/reference"))


def _element(name: str) -> Callable[..., Any]:
    return st.components.v2.component(f"normscope_{name}", html="<div></div>", js=language.LOADER, isolate_styles=False)


def _data(script: str, view: View) -> dict[str, Any]:
    return language.for_scripts(script) | {
        "run": view.run.id if view.run else "",
        "mine": view.mine,
        "recorded": session.shows_recorded(),
        "swept": view.run is not None and is_swept(view.run),
        "follows": bool(session.visitor().follows),
        "label": _label(view.run) if view.run else "",
        "rate": f"{view.run.config.learning_rate:g}" if view.run else "",
        "settings": _settings(view.run.config) if view.run else "",
        "link": urlencode(to_query(view.run.config) | {"run": view.run.id}, safe=",:/") if view.run else "",
        "ghosts": [{"id": run.id, "label": _labels(run)} for run in view.earlier],
    }


def _arms(config: ExperimentConfig) -> list[dict[str, str]]:
    return [{"name": arm.name, "title": str(arm.title), "norm": arm.main_norm} for arm in config.arms]


def _label(run: ShownRun) -> str:
    """What tells the run from the visitor's others; the tab numbers them, since it outlives the session."""
    config = run.config
    arms = enumerated(arm.name for arm in config.arms)
    init = [_init(config)] * (config.init != ExperimentConfig().init)
    training = [_rate(run), _("batch {size}", size=config.batch_size), *_unusual(config), *_length(config)]
    return " · ".join([arms, config.activation, *init, *training]).replace("-", "−")


def _labels(run: ShownRun) -> dict[str, str]:
    """In every language: the tab remembers it over a reload, after which the session does not know the run any more."""
    labels = {}
    for each in LANGUAGES:
        with speaking(each):
            labels[each] = _label(run)
    return labels


def _settings(config: ExperimentConfig) -> str:
    """What the run learns with, less what its records say (data, batch, epochs, lr) and what is as usual."""
    network = [config.activation, _init(config), *_unusual(config)]
    return " · ".join([*network, _seed(config)]).replace("-", "−")


def _init(config: ExperimentConfig) -> str:
    return _("{init} weights", init=INIT_NAMES[config.init])


def _seed(config: ExperimentConfig) -> str:
    return _("seed {seed}", seed=config.seed)


def _rate(run: ShownRun) -> str:
    """The learning rate at the start, and the last one where it was changed since."""
    changes = [record for record in run.history if isinstance(record, LearningRateChanged)]
    since = [_("{rate} from step {step}", rate=f"{last.new:g}", step=f"{last.step:,}") for last in changes[-1:]]
    return _("lr {rates}", rates=" → ".join([f"{run.config.learning_rate:g}", *["…"] * (len(changes) > 1), *since]))


def _unusual(config: ExperimentConfig) -> list[str]:
    usual = ExperimentConfig()
    told = {
        "depth": _("depth {depth}", depth=config.depth),
        "pool": _("pool {pool}", pool=config.pool),
        "dropout": _("dropout {dropout}", dropout=config.dropout),
        "optimizer": _("optimizer {optimizer}", optimizer=config.optimizer),
        "momentum": _("momentum {momentum}", momentum=config.momentum),
        "weight_decay": _("weight decay {decay}", decay=f"{config.weight_decay:g}"),
        "schedule": _scheduled(config),
    }
    return [words for name, words in told.items() if getattr(config, name) != getattr(usual, name)]


def _scheduled(config: ExperimentConfig) -> str:
    if config.schedule == COSINE:
        return _("lr on a cosine to 0")
    values = {"factor": f"{config.step_factor:g}"}
    return ngettext("lr × {factor} every epoch", "lr × {factor} every {n} epochs", config.step_epochs, **values)


def _length(config: ExperimentConfig) -> list[str]:
    return [ngettext("{n} epoch", "{n} epochs", config.epochs), _seed(config)]


def _differing(run: ShownRun, chosen: ExperimentConfig, mine: bool) -> list[str]:
    """What the sidebar says otherwise than the shown run, or than what it was to be before it lacked data."""
    before, now = to_query(run.asked if run.asked.data == chosen.data else run.config), to_query(chosen)
    same = {"arms"} if mine and chosen.arms == executed(run).config.arms else set()  # some of them may be hidden
    return [key for key in now if now[key] != before[key] and key not in same]


def _changes(differing: list[str], chosen: ExperimentConfig) -> str:
    """What the sidebar says that the shown run does not have; empty when nothing."""
    changes = [told(QUERY_KEYS[key], chosen) for key in differing]
    return enumerated(changes) if len(changes) <= MOST_CHANGES else _("{n} other settings", n=len(changes))


def _can_have_its_weights(differing: list[str]) -> bool:
    """Whether the sidebar's experiment can start from the shown run's weights, and be another one than that."""
    return bool(set(differing) - {"seed"}) and not {"init", "depth"} & set(differing)
