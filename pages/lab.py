"""The lab: many experiments with one question, what they found, and how sure that is."""

from pathlib import Path

import streamlit as st

from pages.parts import live, session

st.html(Path(__file__).parent.parent / "assets" / "lab" / "lab.css")
live.lab(session.view())
