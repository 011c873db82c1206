"""The Runs page in a browser, from an empty store: compare, rename, delete, undo; and after a server was killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import serving
from tests.browser.train_page import LONG, TINY, finish, go, press, start, status

pytestmark = pytest.mark.browser

LINES = """() => document.querySelector('.ns-runs [data-part=chart]').data
    .map(({ name, line, opacity }) => [name, line.dash, line.color, opacity])"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keeping")


def keeping(home: Path, port: int = 0):
    """A server that keeps its runs."""
    return serving(home, port, NORMSCOPE_STORE="on", NORMSCOPE_HOME=str(home / "runs"))


@pytest.fixture
def page(own_browser: Page) -> Page:
    return own_browser


def rows(page: Page) -> Locator:
    return page.locator(".ns-table tbody tr")


def press_in_menu(row: Locator, item: str) -> None:
    row.locator("summary").click()
    row.get_by_role("button", name=item, exact=True).click()


@pytest.mark.slow
def test_from_an_empty_list_to_a_comparison_a_name_and_a_deletion_that_is_undone(home: Path, page: Page) -> None:
    with keeping(home) as server:
        address = server.wait()
        page.goto(f"{address}/runs{TINY[1:]}&lr=0.5")
        expect(page.get_by_role("heading", name="Your runs will be here.")).to_be_visible()
        page.locator(".ns-runs").get_by_role("button", name="Start training").click()
        status(page, "finished")
        page.goto(f"{address}{TINY}&lr=0.05")
        finish(page)
        go(page, "Runs")
        expect(rows(page)).to_have_count(2)
        compare(page)
        name_delete_and_undo(page)
        take_away(page)
        read_code(page)
        bring_in(page)
        page.reload()
        expect(rows(page).filter(has_text="<b>慢一点</b>")).to_have_count(1)
        rows(page).last.locator(".ns-title button").click()
        status(page, "finished")
        assert "lr=0.5" in page.url


def compare(page: Page) -> None:
    for tick in page.locator("[data-tick]").all():
        tick.click()
        expect(tick).to_be_focused()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".ns-verdicts li").first).to_contain_text("Changed: lr 0.5 → 0.05.")
    page.wait_for_function("document.querySelector('.ns-runs [data-part=chart]')?.data?.length === 6")
    lines = page.evaluate(LINES)
    assert {name for name, *_ in lines} == {f"{arm} {run}" for arm in ("none", "bn", "ln") for run in "AB"}
    assert {(name[-1], dash) for name, dash, *_ in lines} == {("A", "solid"), ("B", "dash")}
    assert len({color for name, _, color, _ in lines}) == 3  # an arm's, in both runs
    page.locator("[data-front]").last.click()
    expect(page.locator("[data-front]").last).to_be_focused()
    page.wait_for_function("document.querySelector('.ns-runs [data-part=chart]').data.some(t => t.opacity < 1)")
    assert [name[-1] for name, *_, opacity in page.evaluate(LINES) if opacity == 1] == ["B"] * 3
    page.get_by_role("button", name="All runs").click()
    page.locator("[data-do=untick]").click()


def name_delete_and_undo(page: Page) -> None:
    newest = rows(page).first
    press_in_menu(newest, "Rename")
    page.keyboard.type("<b>慢一点</b>")
    page.keyboard.press("Enter")
    expect(newest.locator(".ns-title button")).to_have_text("<b>慢一点</b>")
    press_in_menu(newest, "Delete")
    expect(rows(page)).to_have_count(1)
    undo = page.locator(".ns-undo")
    expect(undo).to_contain_text("Deleted: <b>慢一点</b>.")
    undo.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(2)


def take_away(page: Page) -> None:
    with page.expect_download() as awaited:
        press_in_menu(rows(page).last, "JSON")
    path = Path(awaited.value.path())
    assert awaited.value.suggested_filename.endswith("-results.json")
    assert json.loads(path.read_text())["config"]["learning_rate"] == 0.5


def read_code(page: Page) -> None:
    press_in_menu(rows(page).last, "Code")
    expect(page.locator(".ns-runs .ns-code pre")).to_contain_text("LEARNING_RATE = 0.5")
    page.locator(".ns-runs .ns-code summary").click()


def bring_in(page: Page) -> None:
    """The older run is saved as a bundle, deleted, and comes back as a file: to the same pages, read-only."""
    before = drawn(page, rows(page).last)
    go(page, "Runs")
    with page.expect_download() as awaited:
        press_in_menu(rows(page).last, "Bundle")
    path = Path(awaited.value.path())
    press_in_menu(rows(page).last, "Delete")
    expect(rows(page)).to_have_count(1)
    page.locator("[data-part=file]").set_input_files({"name": "a.zip", "mimeType": "application/zip", "buffer": b"no"})
    expect(page.locator(".ns-notices")).to_contain_text("a.zip was not imported.")
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Import a bundle").click()
    choosing.value.set_files(path)
    expect(rows(page)).to_have_count(2)
    imported = rows(page).filter(has_text="imported")
    expect(imported.locator("[data-tick]")).to_be_checked()
    assert drawn(page, imported) == before
    for what in ("pause", "step", "stop"):  # there is nothing left to steer
        expect(page.locator(f".ns-train button[data-do={what}]").first).to_be_disabled()
    expect(page.locator("[data-part=rate]")).to_be_disabled()
    go(page, "Gradients")
    page.wait_for_function("Number(document.querySelector('.ns-inside')?.dataset.looks) > 0")
    go(page, "Runs")


CURVES = """() => ['loss', 'accuracy'].flatMap((part) => (document.querySelector(`[data-part=${part}]`)?.data ?? [])
    .filter(({ opacity }) => opacity !== 0.3).map(({ name, x, y }) => [part, name ?? '', [...x], [...y]]))"""


def drawn(page: Page, row: Locator) -> list[Any]:
    """The run's curves on Train; of other runs, faint ones, none."""
    run = row.get_attribute("data-id")
    row.locator(".ns-title button").click()
    page.wait_for_function("run => document.querySelector('.ns-train')?.dataset.run === run", arg=run)
    status(page, "finished")
    page.wait_for_function(f"({CURVES})().filter(([part]) => part === 'accuracy').length > 5")
    found: list[Any] = page.evaluate(CURVES)
    return found


@pytest.mark.slow
def test_after_a_kill_the_run_is_listed_as_interrupted_and_goes_on(tmp_path: Path, page: Page) -> None:
    with keeping(tmp_path) as server:
        page.goto(server.wait() + LONG)
        start(page)
        run = page.locator(".ns-train").get_attribute("data-run")
        page.wait_for_function("Number(document.querySelector('.ns-train').dataset.step) > 20")
        port = server.port
        server.process.kill()
        server.process.wait()
    with keeping(tmp_path, port) as server:
        server.wait()
        status(page, "interrupted")  # the page has been open all the time
        expect(page.get_by_role("button", name="Resume")).to_be_enabled()
        go(page, "Runs")
        row = rows(page).filter(has_text="Interrupted")
        expect(row).to_have_count(1)
        assert row.get_attribute("data-id") == run
        press_in_menu(row, "Resume")
        status(page, "running")
        assert page.locator(".ns-train").get_attribute("data-run") == run
        page.locator("button[data-do=stop]").click()
        status(page, "stopped")
        resume_on_train(page)


GHOSTS = """() => (document.querySelector('[data-part=loss]')?.data ?? []).filter(({ opacity }) => opacity === 0.3)
    .map(({ line, x, y }) => [line.color, line.dash, [...x], [...y]])"""


@pytest.mark.slow
def test_after_a_restart_of_the_server_a_browsers_ghosts_and_its_list_are_there_again(
    tmp_path: Path, page: Page
) -> None:
    """The server is killed; the page stays open, is then loaded anew, and what its browser owned is its own."""
    with keeping(tmp_path) as server:
        page.goto(server.wait() + TINY)
        finish(page)
        first = page.locator(".ns-train").get_attribute("data-run")
        press(page, "restart")
        page.wait_for_function("run => document.querySelector('.ns-train').dataset.run !== run", arg=first)
        status(page, "finished")
        page.wait_for_function(f"({GHOSTS})().length === 6")
        drawn, named = page.evaluate(GHOSTS), page.locator("[data-part=ghostList] li").inner_text()
        second = page.locator(".ns-train").get_attribute("data-run")
        go(page, "Runs")
        expect(rows(page)).to_have_count(2)
        page.wait_for_function("run => location.search.includes(run)", arg=second)  # what a new session is told
        listed = [row.get_attribute("data-id") for row in rows(page).all()]
        assert listed == [second, first]
        port = server.port
        server.process.kill()
        server.process.wait()
    with keeping(tmp_path, port) as server:
        server.wait()
        expect(page.get_by_test_id("stSidebarNavLink").first).to_be_visible()
        go(page, "Train")  # the page has been open all the time, and is then opened anew
        for again in (lambda: None, page.reload):
            again()
            expect(page.locator("[data-part=ghostList] li")).to_have_text(named)
            page.wait_for_function(f"({GHOSTS})().length === 6")
            assert page.evaluate(GHOSTS) == drawn
            assert page.locator(".ns-train").get_attribute("data-run") == second
        go(page, "Runs")
        expect(rows(page)).to_have_count(2)
        assert [row.get_attribute("data-id") for row in rows(page).all()] == listed
        expect(rows(page).first).to_contain_text("this browser")
        press_in_menu(rows(page).last, "Rename")
        page.keyboard.type("still mine")
        page.keyboard.press("Enter")
        page.reload()
        expect(rows(page).last.locator(".ns-title button")).to_have_text("still mine")


def resume_on_train(page: Page) -> None:
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_enabled()
    resume.click()
    status(page, "running")
    page.locator("button[data-do=stop]").click()
    status(page, "stopped")


def test_where_no_runs_are_kept_those_in_memory_are_listed_and_the_page_says_so(ended: Page) -> None:
    go(ended, "Runs")
    expect(ended.locator(".ns-notices")).to_contain_text("NORMSCOPE_STORE=off")
    here = ended.evaluate("new URLSearchParams(location.search).get('run')")
    row = rows(ended).and_(ended.locator(f"[data-id='{here}']"))
    expect(row).to_contain_text("Finished")
    row.locator("summary").click()
    assert row.locator("details button").all_inner_texts() == [
        "Open",
        "Code",
        "Restart with changes",
        "Draw as an earlier run",
    ]
    expect(ended.get_by_role("button", name="Import a bundle")).to_be_disabled()
