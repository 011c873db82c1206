"""The Code panel below the curves: what it shows is what the server gives, and it moves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOXES = "[...document.querySelectorAll('.ns-train .ns-chart')].map(e => JSON.stringify(e.getBoundingClientRect()))"


@pytest.fixture
def opened(ended: Page) -> Iterator[Page]:
    """The panel, opened below a run that has ended; closed again for the tests after."""
    ended.locator("[data-part=code] summary").click()
    expect(ended.locator("[data-part=codeText]")).to_contain_text("What NormScope measured")
    yield ended
    ended.locator("[data-code=run]").click()
    ended.locator("[data-part=code] summary").click()


def shown(page: Page) -> str:
    return page.locator("[data-part=codeText]").text_content() or ""


def served(page: Page, part: str) -> str:
    with urlopen(str(page.locator(f"[data-part={part}]").evaluate("link => link.href"))) as answer:
        return str(answer.read().decode())


def test_it_shows_the_program_of_the_run_in_view_and_of_the_sidebars_settings(opened: Page) -> None:
    assert shown(opened) == served(opened, "codeScript")
    assert "SEED = 2, 3" in shown(opened)
    opened.locator("[data-code=form]").click()
    expect(opened.locator("[data-part=codeText]")).not_to_contain_text("What NormScope measured")
    assert shown(opened) == served(opened, "codeScript")
    assert '"cell_type": "code"' in served(opened, "codeNotebook")


def test_what_is_copied_is_the_program(opened: Page) -> None:
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.locator("[data-part=codeCopy]").click()
    expect(opened.locator("[data-part=codeSays]")).to_have_text("Copied.")
    assert opened.evaluate("navigator.clipboard.readText()") == shown(opened)


def test_opened_it_covers_nothing_and_closed_it_takes_no_second_screen(opened: Page) -> None:
    opened.set_viewport_size({"width": 1440, "height": 1000})  # in which all else is, reasons below the verdict too
    opened.locator("[data-part=code] summary").click()
    opened.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    main = "(e => e.scrollHeight - e.clientHeight)(document.querySelector('[data-testid=stMain]'))"
    assert opened.evaluate(main) == 0
    before = opened.evaluate(BOXES)
    opened.locator("[data-part=code] summary").click()
    opened.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    assert opened.evaluate(BOXES) == before
    opened.locator(".ns-foot summary").click()
    opened.set_viewport_size({"width": 1440, "height": 600})  # lower than all of it is
    foot = "document.querySelector('.ns-train .ns-foot').getBoundingClientRect().bottom"
    top = "document.querySelector('.ns-code').getBoundingClientRect().top"
    assert opened.evaluate(f"{top} >= {foot}")
    assert opened.evaluate(main) > 200
    opened.locator(".ns-foot summary").click()
    opened.set_viewport_size({"width": 1440, "height": 900})
