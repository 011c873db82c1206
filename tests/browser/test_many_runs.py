"""The Runs page with a thousand runs: at once, on a telephone, and by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.store import copied
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.store.card import Begun, Card, fingerprint
from core.store.shelf import Shelf
from core.training.records import StatusChanged
from core.web.owner import OWNER_COOKIE
from tests.browser.conftest import serving
from tests.core.store.recorded import ORIGIN

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RUNS, PAGE, SECRET = 1000, 50, "the secret of the browser that started them"
ARMS = tuple(map(parse_arm, ("none", "bn", "ln", "bn:book:dropout=0.5")))
DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server with all of them, the last begun first."""
    folder = tmp_path_factory.mktemp("many")
    _keep(Shelf(folder / "runs", 10**12))
    with serving(folder, NORMSCOPE_STORE="on", NORMSCOPE_HOME=str(folder / "runs")) as server:
        yield server.wait()


def _keep(shelf: Shelf) -> None:
    config = ExperimentConfig(data="digits", examples=320, batch_size=32, epochs=1, arms=ARMS)
    file = shelf.create("first", Begun(config, config, ORIGIN, fingerprint(SECRET)))
    file.write([(1, StatusChanged("finished", 10))])
    file.close(ended=True)
    card = replace(shelf.card("first"), status="finished", accuracies={arm.name: 0.5 for arm in ARMS})
    for number in range(RUNS):
        copied(shelf, _like(card, number), shelf, f"run-{number}")
    shelf.delete("first")


def _like(card: Card, number: int) -> Card:
    """Each with a name, a minute after the one before; every tenth was stopped, every second has another rate."""
    started = card.origin.started + timedelta(minutes=number)
    config = replace(card.config, learning_rate=(0.1, 0.5)[number % 2])
    how = {"status": "stopped", "step": 5} if number % 10 == 0 else {}
    origin = replace(card.origin, started=started)
    return replace(card, name=f"many-{number:03}", config=config, origin=origin, **how)


@pytest.fixture
def page(own_browser: Page, address: str) -> Iterator[Page]:
    """On Runs, with the list."""
    own_browser.context.add_cookies([{"name": OWNER_COOKIE, "value": SECRET, "url": address}])
    own_browser.goto(f"{address}/runs")
    expect(rows(own_browser)).to_have_count(PAGE)
    yield own_browser
    own_browser.set_viewport_size(DESK)


def rows(page: Page) -> Locator:
    return page.locator(".ns-table tbody tr")


def test_a_thousand_runs_are_listed_searched_filtered_sorted_and_turned_over(page: Page) -> None:
    count, where = page.locator("[data-part=count]"), page.locator("[data-part=where]")
    expect(count).to_have_text("1,000 runs")
    expect(where).to_have_text("1 to 50 of 1,000")
    expect(rows(page).first).to_contain_text("many-999")
    page.get_by_role("button", name="Older page").click()
    expect(where).to_have_text("51 to 100 of 1,000")
    expect(rows(page).first).to_contain_text("many-949")
    page.get_by_role("searchbox").fill("many-777")
    expect(rows(page)).to_have_count(1)
    expect(count).to_have_text("1 of 1,000 runs")
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Status", exact=True).select_option("stopped")
    expect(count).to_have_text("100 of 1,000 runs")
    expect(rows(page).first).to_contain_text("many-990")
    page.locator("[data-sort=when]").click()
    expect(rows(page).first).to_contain_text("many-000")
    page.get_by_role("searchbox").fill("none such")
    expect(page.get_by_text("No run is like that.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(count).to_have_text("1,000 runs")


# Of each column with words: where those of its head begin, how far down they end, and where a row's cell begins.
HEADS = """() => [...document.querySelectorAll('.ns-table thead th')].filter((th) => th.innerText.trim()).map((th) => {
  const words = document.createRange();
  words.selectNodeContents(th.querySelector('button')?.firstChild ?? th);
  const { left, bottom } = words.getBoundingClientRect();
  return [left, bottom, document.querySelector('.ns-table tbody tr').cells[th.cellIndex].getBoundingClientRect().left];
})"""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_over_the_columns_stand_on_one_line_each_where_its_column_begins(page: Page, language: str) -> None:
    page.goto(f"{page.url.split('?')[0]}?lang={language}")
    expect(rows(page)).to_have_count(PAGE)
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        heads = page.evaluate(HEADS)
        assert len(heads) == 7
        assert max(abs(left - column) for left, _, column in heads) < 1
        assert max(bottom for _, bottom, _ in heads) - min(bottom for _, bottom, _ in heads) < 1


# What is seen of the page's own and is not within the screen, by its words; what scrolls by itself may be wider.
OUTSIDE = """() => [...document.querySelectorAll('.ns-runs *')]
    .filter((e) => e.checkVisibility() && !e.closest('.ns-sideways, .ns-chart'))
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([, { width, left, right }]) => width && (left < 0 || right > innerWidth))
    .map(([e]) => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`)"""
WIDER = "document.scrollingElement.scrollWidth - innerWidth"


def nothing_sticks_out(page: Page) -> None:
    assert page.evaluate("innerWidth") == TELEPHONE["width"]
    assert (page.evaluate(OUTSIDE), page.evaluate(WIDER)) == ([], 0)


def test_on_a_telephone_nothing_sticks_out_and_a_run_is_renamed_pinned_deleted_and_compared(page: Page) -> None:
    page.set_viewport_size(TELEPHONE)
    row = page.locator("[data-id=run-999]")
    expect(page.locator(".ns-narrow")).to_be_visible()  # in place of the table's head
    nothing_sticks_out(page)
    _press(page, row, "Rename")
    page.keyboard.type("一次有相当长的名称的运行 with a name that is rather long for so small a screen as this one")
    page.keyboard.press("Enter")
    expect(row.locator(".ns-title button")).to_contain_text("一次有相当长的名称的运行 with a name that is")
    _press(page, row, "Pin")
    expect(row.locator(".ns-pin")).to_have_text("pinned")
    nothing_sticks_out(page)
    _press(page, rows(page).last, "Delete")
    expect(page.locator(".ns-undo")).to_contain_text("Deleted: many-950.")
    nothing_sticks_out(page)
    page.locator(".ns-undo").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-part=count]")).to_have_text("1,000 runs")
    for tick in page.locator("[data-tick]").all()[:2]:
        tick.click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".ns-numbers").first).to_be_visible()
    nothing_sticks_out(page)
    page.get_by_role("button", name="All runs").click()


def _press(page: Page, row: Locator, item: str) -> None:
    """In the row's menu, which is on the screen as a whole: a press that does not arrive fails."""
    row.locator("summary").click()
    expect(row.locator("details > div")).to_be_visible()
    nothing_sticks_out(page)
    row.get_by_role("button", name=item, exact=True).click()


def test_by_the_keyboard_alone_runs_are_found_named_pinned_deleted_restored_and_compared(page: Page) -> None:
    row = page.locator("[data-id=run-123]")
    _tab_to(page, "[data-part=search]")
    page.keyboard.type("many-12")
    expect(rows(page)).to_have_count(10)
    _choose(page, "run-123", "rename")
    page.keyboard.type("by hand, many-123")
    page.keyboard.press("Enter")
    expect(row.locator(".ns-title button")).to_have_text("by hand, many-123")
    expect(row.locator(".ns-title button")).to_be_focused()
    _choose(page, "run-123", "pin")
    expect(row.locator(".ns-pin")).to_have_text("pinned")
    expect(row.locator("summary")).to_be_focused()  # one goes on from where one was
    _choose(page, "run-123", "delete")
    expect(page.locator(".ns-undo button").first).to_be_focused()
    expect(rows(page)).to_have_count(9)
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(10)
    expect(row.locator(".ns-title button")).to_be_focused()
    for run in ("run-123", "run-129"):
        _tab_to(page, f"[data-id={run}] [data-tick]")
        page.keyboard.press("Space")
    _tab_to(page, "[data-do=compare]", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".ns-numbers").first).to_be_visible()
    _tab_to(page, "[data-do=list]")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(10)


def _choose(page: Page, run: str, what: str) -> None:
    """In the run's menu, which Escape would close."""
    _tab_to(page, f"[data-id={run}] summary")
    page.keyboard.press("Enter")
    _tab_to(page, f"[data-id={run}] [data-do={what}]")
    page.keyboard.press("Enter")


def _tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """By the key alone, from wherever the focus is."""
    for _ in range(200):
        if page.evaluate("(selector) => Boolean(document.activeElement?.matches(selector))", selector):
            return
        page.keyboard.press(key)
    pytest.fail(f"{selector} is not reached by {key}")
