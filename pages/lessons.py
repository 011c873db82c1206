"""Lessons: predict, run, and see whether the prediction holds in that run, and why."""

from pathlib import Path

import streamlit as st

from pages.parts import live, session

st.html(Path(__file__).parent.parent / "assets" / "lessons" / "lessons.css")
live.lessons(session.view())
