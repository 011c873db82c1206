"""An answer goes out no faster than it is read, and who reads nothing is given up.

A server that is handed a whole answer keeps all of it until it is read, which may be never: a visitor who opens many
connections and reads from none would fill its memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from core.runs.journal import note

PIECE = 64 << 10  # bytes: as much as asyncio keeps of a connection's before it has the sender wait
PATIENCE_SECONDS = 60.0  # for a piece: 1 kB/s


class Pacing:
    """ASGI middleware, around all that makes an answer larger or smaller: sent in pieces, each once there is room."""

    def __init__(self, app: ASGIApp, patience: float = PATIENCE_SECONDS) -> None:
        self.app, self.patience = app, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; one whose answer is not read ends, and the server closes its connection."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        is_given_up = False

        async def send_on(message: MutableMapping[str, Any]) -> None:
            nonlocal is_given_up
            for piece in _pieces(message):
                try:
                    async with asyncio.timeout(self.patience):
                        await send(piece)
                except TimeoutError:
                    is_given_up = True
                    raise

        try:
            await self.app(scope, receive, send_on)
        except Exception:
            if not is_given_up:
                raise
            note("given up: a visitor who does not read the answer")


def _pieces(message: MutableMapping[str, Any]) -> list[MutableMapping[str, Any]]:
    body = message.get("body", b"")
    if len(body) <= PIECE:
        return [message]
    starts, more = range(0, len(body), PIECE), message.get("more_body", False)
    return [
        {**message, "body": body[start : start + PIECE], "more_body": more or start != starts[-1]} for start in starts
    ]
