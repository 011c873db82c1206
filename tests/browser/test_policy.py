"""Every page under the Content-Security-Policy that visitors have: it refuses nothing that a page needs."""

import pytest
from playwright.sync_api import Page

from tests.browser.train_page import TINY, go

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOWN = {
    "Activations": ".ns-inside .main-svg",
    "Gradients": ".ns-inside .main-svg",
    "Parameters": ".ns-inside .main-svg",
    "Cube": "canvas",
    "Lessons": ".ns-lessons",
    "Lab": ".ns-lab .ns-questions button",
    "Runs": ".ns-runs table",
    "Reference": ".ns-reference",
}


def test_no_page_needs_what_the_policy_refuses(another_browser: Page, server: str) -> None:
    page, refused = another_browser, []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.set_extra_http_headers({"x-policy": "strict"})  # as visitors have it, see paced.py
    page.goto(server + TINY)
    page.get_by_role("button", name="Start training").click()
    page.locator(".ns-train[data-status=finished]").wait_for(timeout=60_000)
    chart = page.locator(".ns-train [data-part=accuracy]")
    chart.hover()
    with page.expect_download():
        chart.locator(".modebar-btn[data-title*=Save]").first.click()
    for name, shown in SHOWN.items():
        go(page, name)
        page.locator(shown).first.wait_for()
    assert refused == []
    page.evaluate("document.body.append(Object.assign(new Image(), { src: 'http://elsewhere.test/a.png' }))")
    page.evaluate("setTimeout('1')")
    page.wait_for_timeout(500)
    assert len(refused) == 2  # so it would have been heard
