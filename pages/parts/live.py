"""The browser elements: this side hands over what to watch, the scripts of assets/ do the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.experiment.config import ExperimentConfig
from core.experiment.links import QUERY_KEYS, to_query
from core.runs.run import Run
from core.training.records import LearningRateChanged
from core.words.settings import told
from pages.parts import language, session
from pages.parts.controls import INIT_NAMES
from pages.parts.session import View

ORDERS = "orders"
MOST_CHANGES = 3  # more than that are counted instead of named


def hear_orders(carry_out: Callable[[dict[str, Any]], None]) -> None:
    """Put the element on the page, unseen, by which all orders come: each goes to `carry_out`."""

    def heard() -> None:
        language.speak_here()
        carry_out(session.answer(ORDERS)["sent"])

    data = session.for_orders() | language.for_scripts("shared/orders")
    _element(ORDERS)(key=ORDERS, data=data, on_sent_change=heard)


def training(view: View) -> None:
    """Draw the bar, the arms and the curves of the run in view."""
    differing = _differing(view.run, view.config) if view.run and view.config else []
    data = _data("train/live", view) | {
        "arms": _arms(view.config) if view.config else [],
        "status": view.run.status if view.run else "",
        "changed": _changes(differing, view.config) if view.config else "",
        "weights": _can_have_its_weights(differing),
        "seed": view.run.config.seed if view.run else 0,
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


def _element(name: str) -> Callable[..., Any]:
    return st.components.v2.component(f"normscope_{name}", html="<div></div>", js=language.LOADER, isolate_styles=False)


def _data(script: str, view: View) -> dict[str, Any]:
    return language.for_scripts(script) | {
        "run": view.run.id if view.run else "",
        "key": view.key,
        "label": _label(view.run) if view.run else "",
        "rate": f"{view.run.config.learning_rate:g}" if view.run else "",
        "settings": _settings(view.run.config) if view.run else "",
        "link": urlencode(to_query(view.run.config) | {"run": view.run.id}, safe=",:/") if view.run else "",
        "ghosts": [{"id": run.id, "label": _label(run)} for run in view.earlier],
    }


def _arms(config: ExperimentConfig) -> list[dict[str, str]]:
    return [{"name": arm.name, "title": str(arm.title), "norm": arm.main_norm} for arm in config.arms]


def _label(run: Run) -> str:
    """What tells the run from the visitor's others; the tab numbers them, since it outlives the session."""
    config = run.config
    arms = ", ".join(arm.name for arm in config.arms)
    init = [f"{INIT_NAMES[config.init]} weights"] * (config.init != ExperimentConfig().init)
    training = [_rate(run), f"batch {config.batch_size}", *_unusual(config), *_length(config)]
    return " · ".join([arms, config.activation, *init, *training]).replace("-", "−")


def _settings(config: ExperimentConfig) -> str:
    """What the run learns with, less what its records say (data, batch, epochs, lr) and what is as usual."""
    network = [config.activation, f"{INIT_NAMES[config.init]} weights", *_unusual(config)]
    return " · ".join([*network, f"seed {config.seed}"]).replace("-", "−")


def _rate(run: Run) -> str:
    """The learning rate at the start, and the last one where it was changed since."""
    changes = [record for record in run.history if isinstance(record, LearningRateChanged)]
    since = f" → {changes[-1].new:g} from step {changes[-1].step:,}" if changes else ""
    return f"lr {run.config.learning_rate:g}{' → …' * (len(changes) > 1)}{since}"


def _unusual(config: ExperimentConfig) -> list[str]:
    usual = ExperimentConfig()
    names = ("depth", "pool", "dropout", "optimizer", "momentum")
    return [f"{name} {getattr(config, name)}" for name in names if getattr(config, name) != getattr(usual, name)]


def _length(config: ExperimentConfig) -> list[str]:
    return [f"{config.epochs} epoch{'s' * (config.epochs != 1)}", f"seed {config.seed}"]


def _differing(run: Run, chosen: ExperimentConfig) -> list[str]:
    """What the sidebar says otherwise than the shown run, or than what it was to be before it lacked data."""
    before, now = to_query(run.asked if run.asked.data == chosen.data else run.config), to_query(chosen)
    return [key for key in now if now[key] != before[key]]


def _changes(differing: list[str], chosen: ExperimentConfig) -> str:
    """What the sidebar says that the shown run does not have; empty when nothing."""
    changes = [told(QUERY_KEYS[key], chosen) for key in differing]
    return ", ".join(changes) if len(changes) <= MOST_CHANGES else f"{len(changes)} other settings"


def _can_have_its_weights(differing: list[str]) -> bool:
    """Whether the sidebar's experiment can start from the shown run's weights, and be another one than that."""
    return bool(set(differing) - {"seed"}) and not {"init", "depth"} & set(differing)
