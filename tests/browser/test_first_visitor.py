"""Who opens the page for the first time: a finished run to be scrubbed, and one button to run it oneself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go, status

pytestmark = pytest.mark.browser


def test_a_first_visitor_scrubs_the_recorded_run_and_then_runs_their_own(another_browser: Page, server: str) -> None:
    page, recorded = another_browser, another_browser.locator(".ns-recorded")
    page.goto(server)
    expect(recorded).to_contain_text("It is not running here.")
    page.wait_for_function("document.querySelector('.ns-train')?.dataset.drawn > 200")
    expect(page.locator(".ns-ways li")).to_have_count(3)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_function("document.activeElement.closest('.st-key-arms')")
    go(page, "Gradients")
    page.wait_for_function("document.querySelector('.ns-inside [data-part=slider]')?.max > 20")
    expect(page.locator(".ns-inside .ns-status")).to_contain_text("Recorded")
    recorded.get_by_role("button", name="Run it yourself").click()
    expect(recorded).to_have_count(0)
    go(page, "Train")
    status(page, "preparing", "running")
    assert "recorded" not in page.url
    expect(page.locator(".ns-ghosts")).to_be_hidden()
    page.locator("button[data-do=stop]").click()
    status(page, "stopped")
    page.goto(server)  # who has a run of their own is not shown another
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    expect(recorded).to_have_count(0)


@pytest.mark.slow
def test_on_a_low_screen_and_on_its_stage_curves_and_strip_of_the_recorded_run_are_seen_together(
    another_browser: Page, server: str
) -> None:
    page = another_browser
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(server)
    page.wait_for_function("document.querySelector('[data-part=strip]')?.dataset.step")
    bottoms = "[...document.querySelectorAll('.ns-train .ns-chart')].map(e => e.getBoundingClientRect().bottom)"
    lowest = f"Math.max(...{bottoms})"
    page.wait_for_function(f"{lowest} <= 720")
    expect(page.locator(".ns-recorded")).to_be_visible()
    page.locator("[data-projector]").click()
    page.wait_for_function(f"{lowest} <= 720")
    expect(page.locator(".ns-recorded")).to_be_hidden()  # the bar of the stage lies there
    expect(page.locator(".ns-train .ns-status")).to_contain_text("Recorded")
