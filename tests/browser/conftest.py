"""The real page in a real browser: one server and one chromium for all tests, a fresh visitor for each."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FloatRect, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.train_page import LONG, ONE_DIVERGES, SHORT, TINY, finish, go, press, start, status

GOING_ON = ", ".join(f"[data-status={status}]" for status in ("queued", "preparing", "running", "paused"))
RUNNING, PAUSED = ".ns[data-status=running]", ".ns[data-status=paused]"
PROJECT = Path(__file__).parents[2]
expect.set_options(timeout=40_000)  # two busy cores
# Without these, chromium calls home at every start.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Each visit would compile all scripts again, for seconds, if not one process kept them for all tabs, and would still
# parse them in the background, if they were not simply looked up when they have come.
# Driven, it would read a script again wherever that throws: bench/browser.py.
COMPILED_ONCE = [
    "--process-per-site",
    "--disable-features=ScriptStreaming,BackgroundResourceFetch",
    "--js-flags=--no-enable-lazy-source-positions",
]


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> str:
        """The address, once it is answered."""
        _wait_until_healthy(f"{self.address}/_stcore/health", self.process, self.log)
        return self.address


@pytest.fixture(scope="session")
def starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may not be up yet."""
    with serving(tmp_path_factory.mktemp("server"), _free_port()) as starting:
        yield starting


@contextmanager
def serving(folder: Path, port: int = 0, **more: str) -> Iterator[Server]:
    """A server without data, whose proxy refuses, so that nothing can be downloaded; it may not be up yet.

    `more` are further variables of its environment. Those of tests' own have one port, one after the other: a browser
    compiles the scripts of each address anew, for seconds.
    """
    port = port or _own_port()
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment = os.environ | nowhere | {"NORMSCOPE_DATA": str(folder), "NORMSCOPE_GRACE_SECONDS": "5"} | more
    command = [sys.executable, "-m", "tests.browser.paced", "run", "app.py", "--server.port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
        try:
            yield Server(process, port, folder / "log")
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def server(starting: Server, chromium: Browser) -> str:
    """The page's address. The browser comes up meanwhile."""
    return starting.wait()


@cache
def _own_port() -> int:
    return _free_port()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the server did not come up: {log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, from PATH."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *COMPILED_ONCE])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def visitors(server: str, chromium: Browser) -> Iterator[BrowserContext]:
    """One cache for all visitors, and no animations, which without a GPU take half a core."""
    size = {"width": 1440, "height": 900}
    context = chromium.new_context(viewport=size, reduced_motion="reduce", locale="en-US")
    context.set_default_timeout(40_000)
    context.new_page().goto(f"{server}/_stcore/health")  # with no tab left, the process would end
    yield context
    context.close()


@pytest.fixture(scope="session")
def chinese(server: str, chromium: Browser) -> Iterator[BrowserContext]:
    """The browser of a visitor who prefers Chinese."""
    size = {"width": 1440, "height": 900}
    context = chromium.new_context(viewport=size, reduced_motion="reduce", locale="zh-CN")
    context.set_default_timeout(40_000)
    yield context
    context.close()


@pytest.fixture
def zoom():
    """zoom(page, box, zoomed): see _zoom."""
    return _zoom


def _zoom(page: Page, box: FloatRect, zoomed: str) -> None:
    """Drag in a chart once, and wait until the expression `zoomed` holds."""
    page.mouse.move(box["x"] + 50, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 120, steps=5)
    page.mouse.up()
    page.wait_for_function(zoomed)


@pytest.fixture
def new_page(visitors: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    """Opens pages as separate visitors: new_page("/?lr=0.1").

    A page's own errors fail the test, and so does what its Content-Security-Policy refuses.
    """
    with _visits(visitors, server) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def browsers_of_others(chromium: Browser) -> Iterator[list[BrowserContext]]:
    """As many as were needed so far. All tests share them: each compiles the page's scripts for itself, for seconds.

    The first tab of each stays open, without which its process would end.
    """
    made: list[BrowserContext] = []
    yield made
    for context in made:
        context.close()


@pytest.fixture
def others(browsers_of_others: list[BrowserContext], server: str, chromium: Browser) -> Callable[[int], BrowserContext]:
    """others(2) is the browser of a third person: neither the server nor their browser knows anything of them."""

    def numbered(place: int) -> BrowserContext:
        while place >= len(browsers_of_others):
            size = {"width": 1440, "height": 900}
            context = chromium.new_context(viewport=size, reduced_motion="reduce", locale="en-US")
            context.set_default_timeout(40_000)
            context.new_page().goto(f"{server}/_stcore/health")
            browsers_of_others.append(context)
        context = browsers_of_others[place]
        context.clear_cookies()
        context.pages[0].evaluate("localStorage.clear()")
        return context

    return numbered


@pytest.fixture
def another_browser(others: Callable[[int], BrowserContext]) -> Iterator[Page]:
    """A page of somebody else: nothing of the visitors' is kept there."""
    page = others(0).new_page()
    yield page
    page.close()


@pytest.fixture
def own_browser(another_browser: Page) -> Iterator[Page]:
    """The same, for a server of the test's own, under whose cookies it comes back; its errors fail the test."""
    errors: list[str] = []
    _note_errors(another_browser, errors)
    yield another_browser
    another_browser.evaluate("localStorage.clear()")  # the next test's server has this one's address
    assert errors == []


@pytest.fixture(scope="session")
def lasting_page(visitors: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    """As new_page, for pages that many tests share; their errors fail the last test."""
    with _visits(visitors, server) as open_page:
        yield open_page


@contextmanager
def _visits(visitors: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []
    errors: list[str] = []

    def open_page(path: str = "/", color_scheme: str = "light") -> Page:
        page = visitors.new_page()
        pages.append(page)
        page.emulate_media(color_scheme=color_scheme)
        _note_errors(page, errors)
        page.goto(server + path)
        return page

    yield open_page
    for page in pages:
        if not page.is_closed():
            page.bring_to_front()  # a tab behind another one gets no frames
            _stop_run(page)
            page.close()
    assert not errors


def _note_errors(page: Page, errors: list[str]) -> None:
    """The page's own, and what the policy refuses it."""

    def note_refusal(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(error.stack))
    page.on("console", note_refusal)


def _stop_run(page: Page) -> None:
    """Stop what still runs: it would go on for the grace period, and the next test's run would wait in line."""
    if not page.locator(GOING_ON).count():
        return
    go(page, "Train")
    page.locator("button[data-do=stop]").first.wait_for()
    if page.locator("button[data-do=stop]").first.is_enabled():
        with suppress(PlaywrightTimeout):  # it may have ended by itself meanwhile, which disables the button
            page.locator("button[data-do=stop]").first.click(timeout=10_000)
        page.locator(GOING_ON).first.wait_for(state="detached")


@pytest.fixture(scope="session")
def tab_of_ended(lasting_page: Callable[..., Page]) -> Page:
    """A visitor whose run of SHORT has ended: one tab for all tests, which leave it so, on any page."""
    page = lasting_page(SHORT)
    finish(page)
    return page


@pytest.fixture
def ended(tab_of_ended: Page) -> Page:
    """The visitor whose run of SHORT has ended, on the Train page."""
    return _with_curves(tab_of_ended)


@pytest.fixture(scope="session")
def tab_of_failed(lasting_page: Callable[..., Page]) -> Page:
    page = lasting_page("/?data=digits&examples=320&batch=32&epochs=2&lr=1000000000&arms=none&act=relu")
    start(page)
    status(page, "failed")
    return page


@pytest.fixture
def failed(tab_of_failed: Page) -> Page:
    """A visitor whose run has failed: its only network's numbers are not finite any more."""
    tab_of_failed.bring_to_front()
    return tab_of_failed


@pytest.fixture(scope="session")
def tab_of_diverged(lasting_page: Callable[..., Page]) -> Page:
    page = lasting_page(ONE_DIVERGES)
    finish(page)
    return page


@pytest.fixture
def diverged(tab_of_diverged: Page) -> Page:
    """A visitor whose run of four arms has ended, the last of which diverged, on the Train page."""
    return _with_curves(tab_of_diverged)


@pytest.fixture(scope="session")
def tab_of_six(lasting_page: Callable[..., Page]) -> Page:
    page = lasting_page(TINY + "&arms=none,bn,ln,in,gn,rms")
    finish(page)
    return page


@pytest.fixture
def six(tab_of_six: Page) -> Page:
    """A visitor whose run of six arms has ended, on the Train page."""
    return _with_curves(tab_of_six)


def _with_curves(page: Page) -> Page:
    page.bring_to_front()
    go(page, "Train")
    page.wait_for_function("document.querySelector('.ns-train [data-part=accuracy]')?._fullLayout")
    return page


@pytest.fixture(scope="session")
def tab_of_live(lasting_page: Callable[..., Page]) -> Page:
    return lasting_page(LONG)


@pytest.fixture(scope="module")
def live_for_a_file(tab_of_live: Page) -> Iterator[Page]:
    yield tab_of_live
    tab_of_live.bring_to_front()
    if tab_of_live.locator(RUNNING).count():  # the runs of the next file would wait in line
        go(tab_of_live, "Train")
        press(tab_of_live, "pause")
        status(tab_of_live, "paused")


@pytest.fixture
def live(live_for_a_file: Page, server: str) -> Page:
    """A visitor whose run of LONG is under way: one tab for all tests, on any page."""
    page = live_for_a_file
    page.bring_to_front()
    if page.locator(PAUSED).count():
        go(page, "Train")
        press(page, "pause")  # the button resumes then
        status(page, "running")
    elif not page.locator(RUNNING).count():
        page.goto(server + LONG)
        start(page)
    return page
