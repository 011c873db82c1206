"""A page whose charts cannot be drawn yet: plotly.js, which draws them, is on its way, or did not come."""

from fnmatch import fnmatch

import pytest
from playwright.sync_api import Page, Route, expect

from core.web.assets import assets_address
from tests.browser.train_page import LONG, answer_no_more, go, start

pytestmark = pytest.mark.browser

PLOTLY = "**/vendor/plotly.min.js*"
LATE = ".ns-late"
NOT_HERE = "No charts yet: plotly.js, which draws them, did not come from the server."
# Each arm has the loss of a mini-batch: its first point.
POINTS = "[...document.querySelectorAll('.ns-arm [data-figure=loss]')].map(e => e.textContent)"
STEP = "Number(document.querySelector('.ns').dataset.step)"
SHOWN_STEP = "document.querySelector('.ns-inside [data-part=step]')?.textContent"


def moves_on(page: Page, what: str) -> None:
    """Wait until it has changed twice: it is followed."""
    for _ in range(2):
        page.wait_for_function(f"before => {what} && {what} !== before", arg=page.evaluate(what))


@pytest.mark.slow
def test_all_but_the_charts_goes_on_while_plotly_is_on_its_way_or_does_not_come(new_page, server: str) -> None:
    page = new_page("/_stcore/health")
    held: list[Route] = []
    page.route(PLOTLY, lambda route: held.append(route))
    page.goto(server + LONG)
    start(page)
    page.wait_for_function(f"{POINTS}.length === 3 && {POINTS}.every(text => /mini-batch(es)?\\s[\\d.]+/.test(text))")
    moves_on(page, STEP)
    expect(page.locator(LATE)).to_have_text("The charts are still loading.")
    of_this_version = f"**/plotly.min.js?v={assets_address().rpartition('/')[2]}"  # kept by the browser for a year
    assert fnmatch(held[-1].request.url, of_this_version)
    with page.expect_request(f"{of_this_version}&again=1"):
        held.pop().abort()
    expect(page.locator(LATE)).to_contain_text(NOT_HERE)
    moves_on(page, STEP)
    expect(page.locator("[data-part=status]")).to_have_text("Running")
    go(page, "Gradients")
    moves_on(page, SHOWN_STEP)
    expect(page.locator(LATE)).to_contain_text(NOT_HERE)
    held.pop().continue_()
    page.wait_for_function("document.querySelector('[data-part=depth]').data?.length === 3")
    expect(page.locator(LATE)).to_have_text("")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "activations", "gradients", "parameters"])
def test_charts_of_a_run_that_has_ended_are_drawn_once_plotly_comes(
    new_page, ended: Page, server: str, name: str
) -> None:
    run = ended.evaluate("document.querySelector('.ns-train').dataset.run")
    page = new_page("/_stcore/health")
    page.route(PLOTLY, lambda route: route.abort())
    page.goto(f"{server}/{name}?run={run}")
    expect(page.locator(LATE)).to_contain_text(NOT_HERE)
    expect(page.locator(".ns [data-part=status]")).to_have_text("Finished")
    if name:
        expect(page.locator("[data-part=step]")).to_have_text("step 20")
        expect(page.locator("[data-part=says]")).not_to_have_text("")
    else:
        expect(page.locator(".ns-arm").last).to_contain_text("test accuracy")
    answer_no_more(page)
    page.wait_for_function("[...document.querySelectorAll('.ns-chart')].some(chart => chart._fullLayout)")
    expect(page.locator(LATE)).to_have_text("")
