"""How often the server may be asked: far more often than the pages ask, and no more than one process can answer.

Allowance  so many a second for each of any number of askers, after a burst
Limiting   what is asked beyond that is answered with 429 and when to ask again

First comes what one browser asks of one run. An address is many browsers, in a school all of them: what it may ask is
above what five hundred watchers do. An opened connection that stays is a session of Streamlit's, which costs more.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.language.languages import ENGLISH, QUERY_KEY, understood
from core.language.speech import _, speaking
from core.runs.journal import note
from core.web.base import start_of
from core.web.owner import OWNER_COOKIE

FORGET_AT = 10_000  # askers, before those who have used nothing up are looked for

COSTLY = re.compile(
    r"/api/(import$|metrics$|experiment\.|lab/(plan$|[^/]+/export/)|"
    r"runs/[^/]+/(export/|experiment\.|results)|lessons/[^/]+/[^/]+/)"
)
OF_A_RUN = re.compile(r"/api/runs/([^/]+)/")
OWNER = re.compile(rf"(?:^|;)\s*{OWNER_COOKIE}=([^;]+)".encode())
FORWARDED = b"x-forwarded-for"

Headers = Mapping[bytes, bytes]


class Allowance:
    """`rate` a second for each asker, and `burst` at once; kept as the time at which all that was asked is paid for."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._each, self._ahead, self._clock = 1 / rate, burst / rate, clock
        self._paid: dict[object, float] = {}
        self._forget_at = FORGET_AT

    def __len__(self) -> int:
        return len(self._paid)

    def wait_of(self, asker: object) -> float:
        """0 if `asker` may, which is then noted; else how many seconds until they may."""
        now = self._clock()
        paid = max(self._paid.get(asker, now), now) + self._each
        if paid - now > self._ahead + 1e-9:
            return paid - now - self._ahead
        self._paid[asker] = paid
        if len(self._paid) > self._forget_at:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        self._paid = {asker: paid for asker, paid in self._paid.items() if paid > now}
        self._forget_at = max(FORGET_AT, 2 * len(self._paid))


class Limiting:
    """ASGI middleware: who asks too often is told so, and for how long.

    `proxied`: an operator has named the proxy; `names`: the log has the addresses of who is refused.
    """

    def __init__(self, app: ASGIApp, base: str = "", proxied: bool = False, names: bool = False) -> None:
        self.app, self.proxied, self.names = app, proxied, names
        self.start = start_of(base)
        self.by_run = Allowance(rate=60, burst=300)  # a page asks up to 10 times a second, and there may be several
        self.costly = Allowance(rate=20, burst=100)  # an open program follows its run
        self.by_address = Allowance(rate=5_000, burst=10_000)
        self.sessions = Allowance(rate=50, burst=1_000)
        self.lines = Allowance(rate=1 / 60, burst=1)  # of the log, for each who is refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        wait = self._wait(scope) if scope["type"] in ("http", "websocket") else 0.0
        if not wait:
            return await self.app(scope, receive, send)
        self._note(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013})  # try again later; Streamlit's page does
        else:
            await _refusal(scope, math.ceil(wait))(scope, receive, send)

    def _wait(self, scope: Scope) -> float:
        headers = dict(scope["headers"])  # read once: every request comes by here
        address = self._address(scope, headers)
        if scope["type"] == "websocket":
            return self.sessions.wait_of(address)
        path, browser = scope["path"].removeprefix(self.start), _browser(scope, headers)
        if COSTLY.match(path) and (wait := self.costly.wait_of(browser or address)):
            return wait
        if browser is None or not path.startswith("/api/"):
            return self.by_address.wait_of(address)
        found = OF_A_RUN.match(path)
        return self.by_run.wait_of((browser, found[1] if found else "")) or self.by_address.wait_of(address)

    def _note(self, scope: Scope) -> None:
        """Once a minute for each address."""
        address = self._address(scope, dict(scope["headers"]))
        if not self.lines.wait_of(address):
            note("refused: asked too often%s", f" by {address}" if self.names else "")

    def _address(self, scope: Scope, headers: Headers) -> object:
        """A proxy that nobody has named may pass on whatever address a visitor makes up: all of these are one."""
        if FORWARDED in headers and not self.proxied:
            return "somebody behind a proxy"
        return scope["client"][0] if scope.get("client") else ""


def _browser(scope: Scope, headers: Headers) -> object:
    """Its cookie; of one that sends none, as in another site's frame, the connection, unless that is a proxy's."""
    if owner := OWNER.search(headers.get(b"cookie", b"")):
        return owner[1]
    return None if FORWARDED in headers else scope.get("client")


def _refusal(scope: Scope, seconds: int) -> Response:
    language = understood(QueryParams(scope["query_string"]).get(QUERY_KEY)) or ENGLISH
    with speaking(language):
        said = _("This browser asks more often than the server answers. It goes on in {n} s.", n=seconds)
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    return Response(json.dumps({"error": said}), 429, headers, "application/json")
