"""The pages that look inside: what is lit is what is shown, or the page says that there is nothing of it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.train_page import answer_no_more, go, hear, press, status

pytestmark = pytest.mark.browser


def pages(*names: str):
    """A test for each of these pages; they share their base, so the first stands for all where time is short."""
    first, *others = names
    return pytest.mark.parametrize("name", [first, *(pytest.param(name, marks=pytest.mark.slow) for name in others)])


SHOWS = "document.querySelector('.ns-inside')?.dataset.shows"
CHARTS = (
    "[...document.querySelectorAll('.ns-inside .ns-chart')].filter(e => e.checkVisibility({visibilityProperty: true}))"
)


@pytest.fixture
def looking(ended: Page) -> Iterator[Callable[[str], Page]]:
    """looking("Gradients") opens that page of the run that has ended; whatever its scripts throw fails the test."""
    errors: list[str] = []

    def note(error: Exception) -> None:
        errors.append(str(error))

    def look(name: str) -> Page:
        go(ended, name)
        shows(ended, "look")
        return ended

    ended.on("pageerror", note)
    yield look
    ended.remove_listener("pageerror", note)
    ended.unroute_all()
    ended.locator("[data-source=fixed]").click()  # which stays from here on
    shows(ended, "look")
    assert not errors


def shows(page: Page, what: str) -> None:
    page.wait_for_function(f"what => {SHOWS} === what", arg=what)


def source(page: Page, name: str) -> None:
    page.locator(f"[data-source={name}]").click()
    expect(page.locator(f"[data-source={name}]")).to_have_attribute("aria-pressed", "true")


@pytest.mark.slow
@pages("Activations", "Gradients", "Parameters")
def test_of_a_run_that_ended_unwatched_no_training_batch_is_shown_and_the_page_says_so(
    looking: Callable[[str], Page], name: str
) -> None:
    page = looking(name)
    assert page.evaluate(f"{CHARTS}.length") > 0
    source(page, "batch")
    expect(page.locator("[data-part=nothing]")).to_have_text(
        "No training batch was looked at while this run went on, and none can be now. Choose the fixed images."
    )
    assert page.evaluate(f"{CHARTS}.length") == 0
    assert page.locator("[data-part=says]").inner_text() == page.locator("[data-part=step]").inner_text() == ""
    source(page, "fixed")
    shows(page, "look")
    expect(page.locator("[data-part=step]")).to_have_text("step 20")
    expect(page.locator("[data-part=nothing]")).to_have_text("")
    assert page.evaluate(f"{CHARTS}.length") > 0


@pytest.mark.slow
@pages("Parameters", "Gradients", "Activations")
def test_until_the_other_images_looks_have_come_the_charts_are_not_to_be_seen(
    looking: Callable[[str], Page], name: str
) -> None:
    page = looking(name)
    held: list[Route] = []
    page.route("**/inside?*source=batch*", lambda route: held.append(route))
    source(page, "batch")
    page.wait_for_function(f"{CHARTS}.length === 0")
    assert page.evaluate(SHOWS) == "waiting"
    source(page, "fixed")
    shows(page, "look")
    for route in held:  # a late answer, to a question that nobody asks any more
        route.fulfill(json={"latest": 9, "status": "finished", "kept": [], "looks": [], "asked": "", "place": 0,
                            "message": "", "replaced": None, "diverged": {}})  # fmt: skip
    hear(page)
    assert page.evaluate(SHOWS) == "look"
    expect(page.locator("[data-part=step]")).to_have_text("step 20")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Activations", "Gradients"])
def test_other_images_that_are_chosen_while_a_look_is_being_drawn_are_no_error(
    looking: Callable[[str], Page], name: str
) -> None:
    page = looking(name)
    source(page, "batch")
    shows(page, "nothing")
    held: list[Route] = []
    page.route(re.compile(r"/inside/\d+$"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"/inside/\d+$")):
        source(page, "fixed")
    source(page, "batch")
    shows(page, "nothing")
    while held:
        held.pop().continue_()
    page.unroute_all(behavior="wait")
    hear(page)
    assert page.evaluate(SHOWS) == "nothing"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Gradients", "Activations"])
def test_histograms_that_are_not_kept_any_more_leave_those_of_no_other_step(
    looking: Callable[[str], Page], name: str
) -> None:
    page = looking(name)
    page.route(re.compile(r"/inside/\d+$"), lambda route: route.fulfill(status=404, json={"error": "merged"}))
    page.locator("[data-part=slider]").focus()
    page.keyboard.press("Home")
    note = {"Activations": "stagesNote", "Gradients": "histogramNotes"}[name]
    expect(page.locator(f"[data-part={note}]")).to_contain_text("not kept any more")
    histograms = "[...document.querySelectorAll('[data-column] .ns-chart, [data-part=histogram]')].filter(e => e.data)"
    page.wait_for_function(f"{histograms}.every(e => e.data.length === 0)")
    page.locator("[data-part=live]").click()
    answer_no_more(page)


@pytest.mark.slow
def test_with_every_arm_switched_off_no_arm_is_drawn(looking: Callable[[str], Page]) -> None:
    page = looking("Gradients")
    for pill in page.locator(".ns-pill").all():
        pill.click()
    page.wait_for_function("document.querySelector('[data-part=depth]').data.length === 0")
    page.wait_for_function("document.querySelector('[data-part=histogram]').data.length === 0")
    expect(page.locator("[data-part=heats] figure").locator("visible=true")).to_have_count(0)
    expect(page.locator("[data-ratio]")).to_have_count(0)
    for pill in page.locator(".ns-pill").all():
        pill.click()
    page.wait_for_function("document.querySelector('[data-part=depth]').data.length === 3")


@pytest.mark.slow
def test_of_a_paused_run_the_page_says_when_a_training_batch_will_come(live: Page) -> None:
    press(live, "pause")
    status(live, "paused")
    go(live, "Gradients")
    source(live, "batch")
    expect(live.locator("[data-part=nothing]")).to_contain_text("The run is paused")
    go(live, "Train")
    press(live, "pause")
    status(live, "running")
    go(live, "Gradients")
    expect(live.locator("[data-source=batch]")).to_have_attribute("aria-pressed", "true")
    shows(live, "look")
    source(live, "fixed")
