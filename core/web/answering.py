"""What is beside the pages is answered before Streamlit is asked: nothing here is for its middleware to do.

A run has one lock of Python's with those who watch it, so that each microsecond of an answer is one that the run waits.
Streamlit checks an address for files outside its folders, reads a session, and compresses whatever has 500 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from core.web.base import start_of
from core.web.routes import FOLDERS, routes_below

# An update of a run's is half of that. zlib lets go of Python's lock, which the run then has for a while.
WORTH_COMPRESSING = 8 << 10  # bytes
LEVEL = 6


class Answering:
    """ASGI middleware: addresses in FOLDERS, below the server's base path, go to the routes, all others on."""

    def __init__(self, app: ASGIApp, base: str = "", routes: Sequence[BaseRoute] = ()) -> None:
        self.app = app
        self._folders = re.compile(rf"{re.escape(start_of(base))}({'|'.join(FOLDERS)})(?:/|$)")
        routed = ExceptionMiddleware(Router(list(routes) or routes_below(base)))
        self._routed = GZipMiddleware(routed, minimum_size=WORTH_COMPRESSING, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        is_here = scope["type"] == "http" and self._folders.match(scope["path"])
        await (self._routed if is_here else self.app)(scope, receive, send)
