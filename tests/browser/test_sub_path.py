"""The page below a path of the server, as behind a department's proxy: all that it loads and asks is below it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PROJECT, _wait_until_healthy
from tests.browser.train_page import finish, go

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LINK = "?data=digits&examples=320&batch=32&epochs=1&lr=0.5"


@pytest.fixture(scope="module")
def norm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server below /norm."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = os.environ | {"STREAMLIT_SERVER_BASE_URL_PATH": "norm"}  # as Compose says it
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}/norm/_stcore/health", process, folder / "log")
            yield f"http://127.0.0.1:{port}/norm"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    size = {"width": 1440, "height": 900}
    context = chromium.new_context(viewport=size, locale="en-US", bypass_csp=True)  # Playwright evaluates text
    context.set_default_timeout(40_000)
    context.new_page()  # with no tab left, its process would end, and what it has compiled
    yield context
    context.close()


@pytest.fixture
def visit(visitor: BrowserContext, norm: str) -> Iterator[Page]:
    """A visitor's tab; all it asked for must have been below /norm, and there."""
    page = visitor.new_page()
    asked, errors = [], []
    # Streamlit's inline scripts are blobs, which no server is asked for.
    page.on("response", lambda got: got.url.startswith("http") and asked.append((got.status, urlsplit(got.url).path)))
    page.on("pageerror", lambda error: errors.append(error.stack))
    yield page
    page.close()
    assert errors == []
    assert [path for _, path in asked if not path.startswith("/norm")] == []
    ours = [(status, path) for status, path in asked if "/_stcore/" not in path]  # by which Streamlit finds its path
    assert [(status, path) for status, path in ours if status >= 400] == []
    assert any(path.startswith("/norm/assets/") for _, path in asked)
    assert any(path.startswith("/norm/api/runs/") for _, path in asked)


@pytest.mark.parametrize("start", [LINK, f"/{LINK}"], ids=["without a slash", "with one"])
def test_a_run_is_started_watched_and_looked_into(visit: Page, norm: str, start: str) -> None:
    visit.goto(norm + start)
    finish(visit)
    visit.wait_for_function("document.querySelector('.ns-train [data-part=accuracy]')?._fullLayout")
    address = visit.locator("a[data-part=results]").get_attribute("href")
    assert urlsplit(address).path.startswith("/norm/api/runs/")
    assert json.loads(visit.request.get(address).text())["status"] == "finished"
    for name in ("Activations", "Gradients", "Parameters"):
        go(visit, name)
        visit.wait_for_function("document.querySelector('.js-plotly-plot')?._fullLayout")
        assert urlsplit(visit.url).path == f"/norm/{name.lower()}"
    go(visit, "Cube")
    expect(visit.locator("canvas").first).to_be_visible()
    link = visit.url.replace("/cube", "/gradients")
    visit.goto(link)  # as a class does with a link that it was sent
    visit.wait_for_function("document.querySelector('.js-plotly-plot')?._fullLayout")
