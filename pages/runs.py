"""All runs of this browser: named, compared, gone on with, thrown away."""

from pathlib import Path

import streamlit as st

from pages.parts import live, session

st.html(Path(__file__).parent.parent / "assets" / "runs" / "runs.css")
live.runs(session.view())
