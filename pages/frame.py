"""The frame around every page: the look, the sidebar that configures the next experiment, the list of pages."""

from pathlib import Path

import streamlit as st

from core.runs.manager import manager
from pages.parts import controls, live, orders, session

ASSETS = Path(__file__).parent.parent / "assets"

st.set_page_config(page_title="NormScope", page_icon=str(ASSETS / "logo.svg"), layout="wide")
st.logo(str(ASSETS / "wordmark.svg"), size="large", icon_image=str(ASSETS / "logo.svg"))
st.html(ASSETS / "style.css")

page = st.navigation(
    [
        st.Page("train.py", title="Train", icon=":material/show_chart:", default=True),
        st.Page("activations.py", title="Activations", icon=":material/bar_chart:"),
        st.Page("gradients.py", title="Gradients", icon=":material/stairs:"),
        st.Page("parameters.py", title="Parameters", icon=":material/tune:"),
        st.Page("cube.py", title="Cube", icon=":material/deployed_code:"),
    ]
)

session.open_link()
with st.sidebar:
    controls.experiment_form()
session.write_link()
with st.sidebar:
    live.hear_orders(orders.carry_out)
page.run()
manager().get_ready()
