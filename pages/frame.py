"""The frame around every page: the language, the look, the sidebar that configures the next experiment, the pages."""

from pathlib import Path

import streamlit as st

from core.cube.networks import Networks
from core.language.speech import _
from core.runs.manager import manager
from pages.parts import attending, controls, cube_view, language, live, notices, orders, session, welcome

ASSETS = Path(__file__).parent.parent / "assets"

language.speak_here()
alone = session.shows_picture_alone()
st.set_page_config(page_title="NormScope", page_icon=str(ASSETS / "logo.svg"), layout="wide")
if not alone:
    st.logo(str(ASSETS / "wordmark.svg"), size="large", icon_image=str(ASSETS / "logo.svg"))
st.html(ASSETS / "style.css")
st.html(ASSETS / "stage.css")
st.html(ASSETS / "shared" / "class.css")
st.html(ASSETS / "shared" / "terms.css")

pages = [
    st.Page("train.py", title=_("Train"), icon=":material/show_chart:", default=True),
    st.Page("activations.py", title=_("Activations"), icon=":material/bar_chart:"),
    st.Page("gradients.py", title=_("Gradients"), icon=":material/stairs:"),
    st.Page("parameters.py", title=_("Parameters"), icon=":material/tune:"),
    st.Page("cube.py", title=_("Cube"), icon=":material/deployed_code:"),
    st.Page("lessons.py", title=_("Lessons"), icon=":material/school:"),
    st.Page("lab.py", title=_("Lab"), icon=":material/science:"),
    st.Page("runs.py", title=_("Runs"), icon=":material/list_alt:"),
    st.Page("reference.py", title=_("Reference"), icon=":material/menu_book:"),
]
page = st.navigation(pages, position="hidden" if alone else "sidebar")

session.open_link()
if alone:
    notices.say(session.view().notices)
    cube_view.show_alone(Networks(session.view().run))
    st.stop()
with st.sidebar:
    language.switch()
    controls.experiment_form()
session.write_link()
turned = attending.turn(page.url_path)  # before the browser hears what it is to know of its class
with st.sidebar:
    live.hear_orders(page.url_path, orders.carry_out)
if turned is not None:
    session.turn_to(next(each for each in pages if each.url_path == turned))
welcome.greet(session.view(), page.url_path)
page.run()
attending.strip()
session.drawn()
manager().get_ready()
