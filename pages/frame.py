"""The frame around every page: the language, the look, the sidebar that configures the next experiment, the pages."""

from pathlib import Path

import streamlit as st

from core.language.speech import _
from core.runs.manager import manager
from pages.parts import controls, language, live, orders, session

ASSETS = Path(__file__).parent.parent / "assets"

language.speak_here()
st.set_page_config(page_title="NormScope", page_icon=str(ASSETS / "logo.svg"), layout="wide")
st.logo(str(ASSETS / "wordmark.svg"), size="large", icon_image=str(ASSETS / "logo.svg"))
st.html(ASSETS / "style.css")

page = st.navigation(
    [
        st.Page("train.py", title=_("Train"), icon=":material/show_chart:", default=True),
        st.Page("activations.py", title=_("Activations"), icon=":material/bar_chart:"),
        st.Page("gradients.py", title=_("Gradients"), icon=":material/stairs:"),
        st.Page("parameters.py", title=_("Parameters"), icon=":material/tune:"),
        st.Page("cube.py", title=_("Cube"), icon=":material/deployed_code:"),
    ]
)

session.open_link()
with st.sidebar:
    language.switch()
    controls.experiment_form()
session.write_link()
with st.sidebar:
    live.hear_orders(orders.carry_out)
page.run()
manager().get_ready()
