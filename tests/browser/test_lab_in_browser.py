"""The lab in a browser: from a ready-made question to the map, to a cell's run; cancelled, and gone on with later."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import serving
from tests.browser.train_page import status

pytestmark = pytest.mark.browser

SMALL = "/lab?data=digits&examples=300&batch=30&epochs=1&arms=none,bn"
BOTH_LEARN = "&act=relu&init=he"
CELLS = "document.querySelector('.ns-lab [data-part=map]')?.data?.[0].z.flat().filter((z) => z !== null).length"


@pytest.fixture
def page(own_browser: Page) -> Page:
    return own_browser


def saved(page: Page, lab: Locator, button: str) -> tuple[str, bytes]:
    """The name and the content of what a button gives."""
    with page.expect_download() as download:
        lab.get_by_role("button", name=button, exact=True).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(400)  # two servers, and 21 runs by one worker
def test_from_a_question_to_the_map_and_a_cells_run_and_after_a_restart_only_the_missing(
    tmp_path: Path, page: Page
) -> None:
    lab = page.locator(".ns-lab")
    store = {"NORMSCOPE_STORE": "on", "NORMSCOPE_HOME": str(tmp_path / "home")}
    with serving(tmp_path, **store) as server:
        page.goto(server.wait() + SMALL)
        lab.get_by_label("Its values, with commas between them").first.fill("0.1, x")
        lab.get_by_role("button", name="See what it takes").click()
        alert = lab.get_by_role("alert")
        expect(alert).to_have_text("Learning rate: It must be a number; got “x”. Write it like 0.1.")
        lab.get_by_label("Its values, with commas between them").first.fill("0.1")
        lab.get_by_label("seeds").fill("")
        lab.get_by_role("button", name="See what it takes").click()
        expect(alert).to_have_text("Seeds: It is empty and must be a whole number. Write it like 20.")
        lab.get_by_role("button", name="Learning-rate ladder").click()
        expect(lab.locator("[data-part=where]")).to_contain_text("0 of 21 runs")
        lab.get_by_role("button", name="Start").click()
        page.wait_for_function(f"{CELLS} >= 2")
        lab.get_by_role("button", name="Cancel").click()
        expect(lab).to_have_attribute("data-status", "cancelled")
        done = int(lab.locator("[data-part=where]").inner_text().split()[0])
        assert 1 <= done < 21
        expect(lab.get_by_role("button", name="Resume")).to_have_text(f"▶ Resume: {21 - done} missing")
        port = server.port
    with serving(tmp_path, port, **store) as server:
        page.goto(server.wait() + "/lab")  # the tab has the sweep open still
        expect(lab.locator("[data-part=where]")).to_contain_text(f"{done} of 21 runs")
        lab.get_by_role("button", name="Resume").click()
        expect(lab).to_have_attribute("data-status", "finished", timeout=240_000)
        page.wait_for_function(f"{CELLS} === 14")
        name, image = saved(page, lab, "Save as PNG")
        assert name.startswith("normscope-lab-fate-")
        assert Image.open(BytesIO(image)).width >= 2 * 640
        name, report = saved(page, lab, "Report")
        assert (name.endswith(".html"), report[:15]) == (True, b"<!doctype html>")
        lab.locator("[data-part=tools]").get_by_role("button", name="What is this?").click()
        expect(page.get_by_role("dialog").get_by_role("heading", name="Learns, survives, fails")).to_be_visible()
        page.keyboard.press("Escape")
        page.locator(".ns-lab .nsewdrag").first.click(position={"x": 30, "y": 12})
        expect(lab.locator(".ns-cells section")).to_have_count(1)
        lab.locator("[data-part=table] button").last.click()
        expect(lab.locator(".ns-cells section")).to_have_count(2)
        expect(lab.get_by_role("button", name="Compare these 2 runs")).to_be_visible()
        lab.locator(".ns-runs-of button").first.click()
        status(page, "finished")
        assert "lr=0.01" in page.url


@pytest.mark.slow
@pytest.mark.timeout(400)  # 7 and 5 runs by one worker
def test_which_norm_is_one_press_for_both_parts_and_either_can_be_looked_at(tmp_path: Path, page: Page) -> None:
    lab = page.locator(".ns-lab")
    with serving(tmp_path) as server:
        page.goto(server.wait() + SMALL + BOTH_LEARN)
        lab.get_by_role("button", name="Which norm, fairly").click()
        expect(lab.locator("[data-part=where]")).to_contain_text("0 of 12 runs")
        lab.get_by_role("button", name="Start").click()
        expect(lab).to_have_attribute("data-status", "finished", timeout=240_000)
        expect(lab.locator("[data-part=where]")).to_contain_text("12 of 12 runs")
        rows = lab.locator("[data-part=table] tbody tr")
        expect(rows).to_have_count(2)  # what it is asked for is in view
        expect(rows.first.locator("th")).to_contain_text("none:lr=")
        expect(lab.locator("[data-part=mapBox]")).to_be_hidden()
        expect(lab.locator("[data-part=said]")).to_contain_text("Processor time of a training step")
        expect(lab.locator("[data-part=said]")).to_contain_text("No normalization (lr ")
        lab.get_by_role("button", name="the rates", exact=True).click()
        expect(rows).to_have_count(14)
        expect(lab.locator("[data-part=mapBox]")).to_be_visible()
        expect(lab.get_by_role("button", name="5 other seeds with each")).to_have_attribute("aria-pressed", "false")
        expect(lab.get_by_role("button", name="Then:")).to_have_count(0)
        expect(lab.locator("[data-part=said]")).to_contain_text("the largest rate at which it learned")
        expect(lab.locator("[data-part=said]")).not_to_contain_text("over 5 seeds")
        page.goto(page.evaluate("location.href"))
        expect(lab.locator("[data-part=heading]")).to_contain_text("1 seed · 5 other seeds with")
        assert "vary=" in page.evaluate("location.href")
