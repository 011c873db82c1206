"""The cube's picture in a frame of a course's page: shown to the sites that are named, refused to all others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A course's page with the picture in it, at "http://{}:PORT/": the server knows localhost, not 127.0.0.1."""
    folder = tmp_path_factory.mktemp("course")
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    port = site.server_address[1]
    with serving(tmp_path_factory.mktemp("server"), NORMSCOPE_EMBED_SITES=f"http://localhost:{port}") as starting:
        picture = f"{starting.wait()}/cube?picture=cube&embed=true"
        page = f"<!doctype html><p>Lecture 7</p><iframe width=1200 height=800 src='{picture}'></iframe>"
        Path(folder, "index.html").write_text(page)
        yield f"http://{{}}:{port}/"
    site.shutdown()
    site.server_close()


def test_a_site_that_is_named_shows_the_picture_and_a_key_picks_a_cell(another_browser: Page, lecture: str) -> None:
    another_browser.goto(lecture.format("localhost"))
    picture = another_browser.frame_locator("iframe")
    told = picture.locator(".cube [data-part=text]").first
    expect(told).to_contain_text("BatchNorm, cell")
    expect(picture.get_by_test_id("stSidebar")).to_be_hidden()
    before = told.inner_text()
    picture.locator(".cube canvas").first.press("ArrowUp")
    expect(told).not_to_have_text(before)


def test_another_site_is_shown_nothing(another_browser: Page, lecture: str) -> None:
    with another_browser.expect_console_message(lambda said: "frame-ancestors" in said.text):
        another_browser.goto(lecture.format("127.0.0.1"))
    expect(another_browser.get_by_text("Lecture 7")).to_be_visible()
    assert another_browser.frames[1].url.startswith("chrome-error:")
