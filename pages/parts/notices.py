"""What was not understood in the link, on the pages whose browser element does not say it."""

from __future__ import annotations

import streamlit as st


def say(notices: tuple[str, ...]) -> None:
    for notice in notices:
        st.warning(notice, icon=":material/link_off:")
