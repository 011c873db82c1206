"""An answer that a browser has already is not sent again: it asks with the tag that came with it."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

KEPT = "private, no-cache"  # the browser keeps it, and asks whether it is still the same


def unless_known(request: Request, body: bytes) -> Response:
    """JSON with its tag; 304 without content to who has just that."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": KEPT, "ETag": tag}
    if tag in _known(request):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _known(request: Request) -> list[str]:
    """The tags that it names; a proxy that compresses an answer makes its tag a weak one."""
    named = request.headers.get("if-none-match", "").split(",")
    return [each.strip().removeprefix("W/") for each in named]
