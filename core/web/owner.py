"""Whose browser it is: a secret that it keeps in a cookie, given to it with the first page.

Whoever has it owns what it started: in another tab, after a reload, after the server was started anew. No script and no
link ever has it. A browser without cookies owns its runs as long as its page is open.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.runs.owner import new_key
from core.web.base import start_of

OWNER_COOKIE = "normscope_owner"
A_YEAR = 365 * 24 * 3600  # from the last visit, whether or not the browser had the page already
CONDITIONS = (b"if-none-match", b"if-modified-since")


class Owning:
    """ASGI middleware: a browser that comes without the cookie gets one with the page, and keeps it from then on.

    Who has none is sent the whole page: “not modified” (304) would leave it with the one from before, and none.
    """

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self.path = start_of(base) or "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what is answered to it gains a header if it is a page."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        key = Request(scope).cookies.get(OWNER_COOKIE, "")
        if not key:
            key = new_key()
            asked = [each for each in scope["headers"] if each[0].lower() not in CONDITIONS]
            scope = {**scope, "headers": asked}

        async def send_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and (_is_page(message) or _is_known_page(scope, message)):
                MutableHeaders(scope=message).append("Set-Cookie", self._cookie(scope, key))
            await send(message)

        await self.app(scope, receive, send_on)

    def _cookie(self, scope: Scope, key: str) -> str:
        carrier = Response()
        carrier.set_cookie(
            OWNER_COOKIE,
            key,
            max_age=A_YEAR,
            path=self.path,
            secure=scope["scheme"] == "https",
            httponly=True,
            samesite="lax",
        )
        return carrier.headers["set-cookie"]


def _is_page(message: MutableMapping[str, Any]) -> bool:
    is_html = MutableHeaders(scope=message).get("content-type", "").startswith("text/html")
    return message["status"] == 200 and is_html


def _is_known_page(scope: Scope, message: MutableMapping[str, Any]) -> bool:
    """“Not modified” says nothing of a type; what a browser opens as a page, it asks for as one."""
    return message["status"] == 304 and "text/html" in Headers(scope=scope).get("accept", "")
