"""app.py with faults in it, for tests/test_soak.py: PLANTED says which, and each is one that a server may have.

memory, threads, files  something of each is kept for every tab that comes
failing                 every tenth question for a run's points is a 500
"""

from __future__ import annotations

import os
import threading
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import FRAME, before
from core.web.routes import lifespan

FAULTS = os.environ.get("PLANTED", "").split()
EVERY = 10

_kept: list[Any] = []
_never = threading.Event()


class Planted:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.asked = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            _keep()
        if scope["type"] == "http" and scope["path"].endswith("/points"):
            self.asked += 1
            if "failing" in FAULTS and self.asked % EVERY == 0:
                return await Response("planted", 500)(scope, receive, send)
        await self.app(scope, receive, send)


def _keep() -> None:
    if "memory" in FAULTS:
        _kept.append(os.urandom(4_000_000))
    if "threads" in FAULTS:
        threading.Thread(target=_never.wait, daemon=True).start()
    if "files" in FAULTS:
        _kept.append(open(os.devnull))  # noqa: SIM115 # it is what is planted


app = st.App(FRAME, middleware=[Middleware(Planted), *before], lifespan=lifespan)
