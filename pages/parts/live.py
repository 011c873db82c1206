"""The browser elements: this side hands over what to watch, assets/*.js does the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.api import assets_address
from core.runs import Run
from pages.parts.session import View

KEY = "training"

# Inline scripts travel with every message, so this one only fetches the real one, which the browser keeps.
LOADER = """
export default async function (component) {
  const { mount } = await import(new URL(component.data.assets + "/live.js", document.baseURI).href);
  return mount(component);
}
"""


def training(view: View, on_action: Callable[[dict[str, Any]], None]) -> None:
    """Draw the bar, the arms and the curves of the run in view; button presses go to `on_action`."""
    element = st.components.v2.component("normscope_training", html="<div></div>", js=LOADER, isolate_styles=False)
    element(key=KEY, data=_data(view), on_action_change=lambda: on_action(st.session_state[KEY]["action"]))


def _data(view: View) -> dict[str, Any]:
    return {
        "assets": assets_address(),
        "run": view.run.id if view.run else "",
        "key": view.key,
        "label": _label(view.run) if view.run else "",
        "changed": view.run is not None and view.config is not None and view.run.config != view.config,
        "ghosts": [{"id": run.id, "label": _label(run)} for run in view.earlier],
        "arms": [{"name": arm.name, "title": arm.title} for arm in view.config.arms] if view.config else [],
        "problem": view.problem,
        "notices": list(view.notices),
    }


def _label(run: Run) -> str:
    config = run.config
    arms = ", ".join(arm.name for arm in config.arms)
    training = f"lr {config.learning_rate:g} · batch {config.batch_size} · seed {config.seed}"
    return f"{arms} · {config.activation} · {training}"
