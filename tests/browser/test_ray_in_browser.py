"""The page over a Ray cluster of two machines: a live run is an actor that is steered and looked into as any other run,
and the points of a sweep come from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serving
from tests.browser.train_page import LONG, go, press, start, status
from tests.core.runs.conftest import cluster

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

STEP = "Number(document.querySelector('.ns-train').dataset.step)"
CURVE = "document.querySelector('[data-part=loss]').data?.find(({ name }) => name === 'bn train')?.x.length"
CELLS = "document.querySelector('.ns-lab [data-part=map]')?.data?.[0].z.flat().filter((z) => z !== null).length"
SWEEP = "/lab?data=digits&examples=300&batch=30&epochs=1&arms=none,bn&vary=lr=0.1,1&seeds=1"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a page on a cluster; the machines join while its server starts."""
    store = {"NORMSCOPE_STORE": "on", "NORMSCOPE_HOME": str(tmp_path / "home")}
    with cluster(tmp_path / "ray") as machines, serving(tmp_path, NORMSCOPE_RAY=machines.address, **store) as server:
        machines.join()
        machines.join()
        yield server.wait()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    errors: list[str] = []
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce", locale="en-US")
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(60_000)
    yield page
    page.close()
    assert errors == []


def statuses(address: str, run: str) -> list[str]:
    with urlopen(f"{address}/api/runs/{run}/points?since=0", timeout=10) as answer:
        return [each["status"] for each in json.load(answer)["records"] if each["kind"] == "status"]


def test_a_run_is_started_steered_looked_into_and_stopped_and_a_sweep_comes(served: str, page: Page) -> None:
    page.goto(served + LONG)
    start(page)
    page.wait_for_function(f"{CURVE} >= 3")
    press(page, "pause")
    status(page, "paused")
    paused_at = page.evaluate(STEP)
    press(page, "step")
    page.wait_for_function(f"{STEP} === {paused_at + 1}")
    status(page, "paused")
    go(page, "Cube")
    expect(page.locator(".cube [data-part=origin]").first).to_contain_text(f"step {paused_at + 1:,}")
    go(page, "Train")
    press(page, "pause")  # the button resumes then
    status(page, "running")
    page.wait_for_function(f"{STEP} > {paused_at + 1}")
    run = page.url.partition("run=")[2].partition("&")[0]
    press(page, "stop")
    status(page, "stopped")
    told = statuses(served, run)
    assert told == ["queued", "preparing", "running", "paused", "running", "paused", "running", "stopped"]

    page.goto(served + SWEEP)
    page.locator(".ns-lab").get_by_role("button", name="Start").click()
    expect(page.locator(".ns-lab")).to_have_attribute("data-status", "finished", timeout=120_000)
    page.wait_for_function(f"{CELLS} === 4")
