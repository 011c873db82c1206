"""What a page will need of assets/ is said with the page itself, so that the browser fetches it while Streamlit starts.

Without that a browser hears of a page's script when Streamlit has run the page, and of those which that one imports
when it is there, and so on: four trips one after the other, after everything else. Streamlit's own scripts come first;
plotly.js, as large as all others together, comes last.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from core.web.assets import ASSETS, assets_address, plotly_address
from core.web.base import start_of

# the last part of a page's address: the script that draws it
SCRIPTS = {
    "": "train/live.js",
    "train": "train/live.js",
    "activations": "inside/activations.js",
    "gradients": "inside/gradients.js",
    "parameters": "inside/parameters.js",
    "cube": "cube/cube.js",
    "lessons": "lessons/lessons.js",
    "lab": "lab/lab.js",
    "runs": "runs/runs.js",
    "reference": "reference/reference.js",
}
ON_EVERY_PAGE = ("shared/on_every_page.js", "shared/language.js")
FETCHES_PLOTLY = "shared/plotly.js"  # pages that begin with it will ask for the library
DRAWING = {"train/live.js": "train/charts.js"}  # what a page imports once there is something to draw

IMPORTED = re.compile(r'^(?:import|export)\b[^;"]*"(\.[^"]+)"', re.MULTILINE)


class Preloading:
    """ASGI middleware: a page's document gets a Link header that names its scripts (HTML, link type modulepreload)."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self.start = start_of(base) + "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what is answered to it gains a header if it is a page."""
        page = scope["path"].removeprefix(self.start) if scope["type"] == "http" else None

        async def send_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("Link", link(str(page)))
            await send(message)

        await self.app(scope, receive, send_on if page in SCRIPTS else send)


@functools.cache
def link(page: str) -> str:
    """The header's value: addresses relative to the page's, as the page itself asks for them."""
    names = needed(SCRIPTS[page], *ON_EVERY_PAGE)
    if page_draws := DRAWING.get(SCRIPTS[page]):
        names += [name for name in needed(page_draws) if name not in names]
    links = [f"<{assets_address()}/{name}>; rel=modulepreload; fetchpriority=low" for name in names]
    if FETCHES_PLOTLY in names:
        links.append(f"<{plotly_address()}>; rel=preload; as=script; fetchpriority=low")
    return ", ".join(links)


def needed(*scripts: str) -> list[str]:
    """The scripts, and all that they import, by their names in assets/."""
    names = list(scripts)
    for name in names:  # grows while it is walked
        text = (ASSETS / name).read_text(encoding="utf-8")
        paths = (posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in IMPORTED.findall(text))
        names += [path for path in dict.fromkeys(paths) if path not in names]
    return names
