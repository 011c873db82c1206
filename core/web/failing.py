"""What nobody foresaw is answered, too: 500 in JSON, with a number by which the log has where it came from."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.language.languages import ENGLISH, QUERY_KEY, understood
from core.language.speech import _, speaking
from core.web.base import start_of
from core.web.metrics import route_of

log = logging.getLogger(__name__)


class Failing:
    """ASGI middleware, within those that give an answer its headers; who asks is told nothing of the error itself."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self.start = start_of(base)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what fails in the midst of an answer can only be cut off, by the server."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        has_begun = False

        async def send_on(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except Exception:
            if has_begun:
                raise
            number = secrets.token_hex(3)
            log.exception("error %s in an answer of %s", number, route_of(scope["path"].removeprefix(self.start)))
            await _answer(scope, number)(scope, receive, send)


def _answer(scope: Scope, number: str) -> Response:
    language = understood(QueryParams(scope["query_string"]).get(QUERY_KEY)) or ENGLISH
    with speaking(language):
        said = _("This is a fault of NormScope’s, not of yours. Try again; the server’s log has it as {n}.", n=number)
    content = json.dumps({"error": said, "number": number})
    return Response(content, 500, {"Cache-Control": "no-store"}, "application/json")
