"""What a browser may do with an answer: headers that every answer has, and the Content-Security-Policy of a page.

The policy names all that a page loads and runs, so that what somebody else's text might smuggle in is neither. It names
who may frame a page, too: laid over with another site's buttons, a visitor would press what is not seen. None may but
those that NORMSCOPE_EMBED_SITES names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import MutableMapping, Sequence
from html.parser import HTMLParser
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

# A run's id is its only guard and stands in the page's address: no other site is told of it.
ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
OF_A_PAGE = [
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]


class Guarding:
    """ASGI middleware: every answer has its headers; a document runs `inline` scripts, and `sites` may frame it."""

    def __init__(self, app: ASGIApp, sites: Sequence[str] = (), inline: Sequence[str] = ()) -> None:
        self.app = app
        self.of_a_page = [*ALWAYS, *OF_A_PAGE, (b"content-security-policy", policy(sites, inline).encode())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what is answered, whatever its status, gains the headers."""

        async def send_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))  # beside a policy that is there both hold
                message["headers"] = headers + (self.of_a_page if _is_document(headers) else ALWAYS)
            await send(message)

        await self.app(scope, receive, send_on if scope["type"] == "http" else send)


def policy(sites: Sequence[str], inline: Sequence[str]) -> str:
    """What the pages were driven with in a browser: all else is refused."""
    scripts = " ".join(f"'{each}'" for each in inline)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {scripts}".rstrip(),  # blob: Streamlit's components
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",  # blob: a chart that is saved
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "base-uri 'self'",
            "form-action 'self'",
            " ".join(["frame-ancestors", *(sites or ["'none'"])]),
        ]
    )


def inline_scripts(document: str) -> list[str]:
    """The hashes of the scripts that a document has in itself, as a policy names them."""
    found = _Inline()
    found.feed(document)
    return [f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}" for text in found.texts]


class _Inline(HTMLParser):
    """Gathers the texts of <script> without src."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag == "script" and "src" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._within:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._within = False


def _is_document(headers: list[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:  # which ASGI has in small letters
        if name == b"content-type":
            return value.startswith(b"text/html")
    return False
