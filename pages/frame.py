"""The frame around every page: the look, the sidebar that configures the next experiment, the list of pages."""

from pathlib import Path

import streamlit as st

from pages.parts import controls, session

ASSETS = Path(__file__).parent.parent / "assets"

st.set_page_config(page_title="NormScope", page_icon=str(ASSETS / "logo.svg"), layout="wide")
st.logo(str(ASSETS / "wordmark.svg"), size="large", icon_image=str(ASSETS / "logo.svg"))
st.html(ASSETS / "style.css")

page = st.navigation([st.Page("train.py", title="Train", icon=":material/show_chart:", url_path="train", default=True)])

session.open_link()
with st.sidebar:
    controls.experiment_form()
session.write_link()
page.run()
