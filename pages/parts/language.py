"""The page's language: who speaks it, and the button that changes it.

speak_here   in a script's run, or in a callback, before anything is said
fragment     st.fragment that speaks it, too: Streamlit runs a fragment alone, without the frame
switch       the button to the other language
for_scripts  what a browser element is told of it, and LOADER, which has it spoken before the element's script begins
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.language.languages import ENGLISH, LANGUAGES
from core.language.speech import speak, speaking, spoken
from core.web.assets import assets_address
from pages.parts import session

# Inline scripts travel with every message, so this one only fetches the real ones, which the browser keeps.
LOADER = """
export default async function (component) {
  const { assets, script, language, chosen } = component.data;
  const load = (name) => import(new URL(`${assets}/${name}`, document.baseURI).href);
  const [{ mount }, { speak }] = await Promise.all([load(script), load("shared/language.js")]);
  await speak(language, chosen);
  return mount(component);
}
"""


def speak_here() -> None:
    """Say all that this script run says in the visitor's language."""
    speak(session.language())


def fragment(show: Callable[..., None], **how: Any) -> Callable[..., None]:
    """`show` as a fragment of the page; `how` is st.fragment's."""

    @functools.wraps(show)
    def told(*args: Any, **more: Any) -> None:
        with speaking(session.language()):
            show(*args, **more)

    return st.fragment(told, **how)


def switch() -> None:
    """A press keeps the run, the form and the page: the script runs again, in the other language."""
    (other,) = LANGUAGES.keys() - {spoken()}
    st.button(LANGUAGES[other], key="language", type="tertiary", on_click=session.choose_language, args=(other,))


def for_scripts(script: str) -> dict[str, Any]:
    """What LOADER needs to begin the script of this name in assets/."""
    return {
        "assets": assets_address(),
        "script": f"{script}.js",
        "language": spoken(),
        "chosen": session.has_chosen_language(),
    }


def key_here(key: str) -> str:
    """Of an element that is to be made anew in another language, since its script has written the words already."""
    return key if spoken() == ENGLISH else f"{key}-{spoken()}"
