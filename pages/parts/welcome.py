"""What a first visitor meets above a page: that the run in view was recorded, and three ways in."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.exports.formats import FORMATS
from core.exports.recorded import RUN_ID
from core.language.languages import QUERY_KEY as LANGUAGE_KEY
from core.language.speech import spoken
from core.runs.recorded_run import RecordedRun
from pages.parts import live, session
from pages.parts.visitor import View

TRAIN, PAGES = "", ("", "activations", "gradients", "parameters", "cube")  # those that show the run in view
LEARN = "lessons"  # where the way “Learn” leads
STYLE = Path(__file__).parents[2] / "assets" / "shared" / "welcome.css"


def greet(view: View, page: str) -> None:
    """Above the page at this address, where a recorded run is in view."""
    if page not in PAGES or not isinstance(view.run, RecordedRun):
        return
    st.html(STYLE)
    origin = view.run.recording.origin
    live.welcome(
        {
            "run": view.run.id,
            "recorded": {
                "isFirstLook": view.run.id == RUN_ID,
                "when": origin.started.timestamp(),
                "processor": origin.processor,
                "torch": origin.torch,
            },
            "formats": list(FORMATS),
            "learn": _address(LEARN) if view.is_new and page == TRAIN else "",
        }
    )


def _address(page: str) -> str:
    """In the language of here: a link in the visitor's own page opens another session."""
    return f"{page}?{LANGUAGE_KEY}={spoken()}" if session.links_language() else page
