"""The entry point: `streamlit run app.py` serves the pages and, beside them, the routes that feed the charts."""

import streamlit as st

from core.api import lifespan, routes

app = st.App("pages/frame.py", routes=routes, lifespan=lifespan)
