"""A chromium that is driven and timed by its own clock, frame by frame. Needs requirements-dev.txt's Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome")
# As in tests/browser: without these, chromium calls home at every start. There is no GPU: pixels are the CPU's work.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Who drives a browser has it note where each error was thrown, and V8 then reads the whole script a second time to find
# out: half a second for plotly.js, which throws and catches five while it is evaluated. It costs no visitor anything.
WHERE_KNOWN = "--js-flags=--no-enable-lazy-source-positions"
SIZE = {"width": 1440, "height": 900}
PATIENCE_MS = 60_000

# firstFrame(condition) looks once a frame; when the condition holds it waits for the next frame, by when that one has
# been drawn, and gives the time since the page's navigation began in ms. released() is when a mouse button last was.
FRAMES = """
window.firstFrame = (condition) => new Promise((done) => {
  const look = () => requestAnimationFrame(condition() ? () => done(performance.now()) : look);
  requestAnimationFrame(look);
});
let lastRelease = NaN;
window.addEventListener("pointerup", (event) => (lastRelease = event.timeStamp), true);
window.released = () => lastRelease;
"""


class NoBrowser(RuntimeError):
    """Why a page cannot be measured here."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The chromium on PATH; raises NoBrowser, which says what is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("Playwright is not installed: pip install -r requirements-dev.txt") from error
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise NoBrowser("There is no chromium on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, WHERE_KNOWN])
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, *scripts: str) -> Iterator[BrowserContext]:
    """A visitor with an empty cache; FRAMES and `scripts` run in each page before its own."""
    context = browser.new_context(viewport=SIZE, locale="en-US", bypass_csp=True)  # Playwright evaluates text
    context.set_default_timeout(PATIENCE_MS)
    for script in (FRAMES, *scripts):
        context.add_init_script(script)
    try:
        yield context
    finally:
        context.close()
