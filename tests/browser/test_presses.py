"""What a press does, however quick, however often, and whatever the server says to it."""

import json
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from core.experiment.fitting import DIGITS
from tests.browser.conftest import Server, serving
from tests.browser.train_page import ARRIVED, LONG, answer_no_more, hear, press, settle, status

pytestmark = pytest.mark.browser


def field(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stSidebar").get_by_label(name, exact=True)


def press_at_once(page: Page, button: Locator, times: int = 1) -> None:
    """Clicks of no length, as a finger's tap is: nothing waits for anything in between."""
    box = button.bounding_box()
    for _ in range(times):
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def run_of(page: Page) -> str:
    return page.wait_for_function("document.querySelector('.ns-train').dataset.run").json_value()


def another_run(page: Page, before: str) -> str:
    page.wait_for_function("run => ![run, ''].includes(document.querySelector('.ns-train').dataset.run)", arg=before)
    return run_of(page)


def started(server: str, run: str) -> dict:
    """What the run was started with."""
    with urlopen(f"{server}/api/runs/{run}/results.json") as answer:
        return json.load(answer)["config"]


def place(server: str, run: str) -> int:
    """How many runs are before it in the line."""
    with urlopen(f"{server}/api/runs/{run}/points") as answer:
        return json.load(answer)["state"]["place"]


def active(server: str) -> int:
    with urlopen(f"{server}/api/health") as answer:
        return json.load(answer)["active_runs"]


def test_start_takes_what_was_typed_a_moment_ago_and_begins_one_run(new_page, server: str) -> None:
    page = new_page(LONG)
    page.locator("button.ns-huge").wait_for()
    settle(page)
    before = active(server)
    field(page, "Epochs").fill("150")
    press_at_once(page, page.locator("button.ns-huge"), times=3)
    run = run_of(page)
    assert started(server, run)["epochs"] == 150
    assert place(server, run) <= before


@pytest.mark.slow
def test_start_takes_what_is_still_being_typed_when_no_click_takes_the_focus(live: Page, server: str) -> None:
    run = run_of(live)
    field(live, "Epochs").fill("160")
    live.locator("button[data-do=start]").first.evaluate("button => button.click()")
    assert started(server, another_run(live, run))["epochs"] == 160


@pytest.mark.slow
def test_start_takes_an_arm_that_was_typed_without_enter(live: Page, server: str) -> None:
    run = run_of(live)
    live.locator(".st-key-arms input").click()
    live.keyboard.type("gn1")
    press_at_once(live, live.locator("button[data-do=start]").first)
    assert started(server, another_run(live, run))["arms"][-1] == "gn1"


@pytest.mark.slow
def test_a_number_that_its_field_refuses_starts_nothing_and_the_rule_is_said(new_page) -> None:
    page = new_page(LONG)
    field(page, "Epochs").fill("99999999999999999999")
    press_at_once(page, page.locator("button.ns-huge"))
    expect(page.locator("[data-part=notices]")).to_contain_text("A run has 1 to 1,000 epochs")
    assert page.locator(".ns-train").get_attribute("data-run") == ""


@pytest.mark.slow
def test_start_right_after_a_preset_takes_the_preset(new_page, server: str) -> None:
    page = new_page(LONG)
    page.locator("button.ns-huge").wait_for()
    settle(page)
    press_at_once(page, page.get_by_test_id("stSidebar").get_by_role("button", name="Book, en"))
    press_at_once(page, page.locator("button.ns-huge"))
    run = started(server, run_of(page))  # on the digits, where there are no other images; of LONG it would be 8
    assert run["batch_size"] == {"fashion-mnist": 128, "digits": DIGITS["batch_size"]}[run["data"]]


def test_any_number_of_clicks_on_rerun_is_one_run_and_nobody_waits_for_the_others(live: Page, server: str) -> None:
    run = run_of(live)
    press_at_once(live, live.locator("button[data-do=restart]"), times=4)
    assert place(server, another_run(live, run)) <= 1  # the one before may still be in its last mini-batch
    status(live, "running")


@pytest.mark.slow
def test_a_double_click_pauses_and_each_click_on_step_is_a_step(live: Page) -> None:
    press_at_once(live, live.locator("button[data-do=pause]"), times=2)
    status(live, "paused")
    at = int(live.locator(".ns-train").get_attribute("data-step"))
    press_at_once(live, live.locator("button[data-do=step]"), times=3)
    live.wait_for_function("at => Number(document.querySelector('.ns-train').dataset.step) === at", arg=at + 3)
    status(live, "paused")


@pytest.mark.slow
def test_a_learning_rate_typed_a_moment_before_another_order_is_taken_first(live: Page) -> None:
    live.locator("[data-part=rate]").fill("0.07")
    live.locator("button[data-do=pause]").evaluate("button => button.click()")
    status(live, "paused")
    press(live, "step")
    expect(live.locator("[data-part=origin]")).to_contain_text("→ 0.07 from step")


@pytest.mark.slow
def test_the_link_of_a_run_has_its_settings_and_a_reload_keeps_the_sidebar_s(live: Page, new_page, server: str) -> None:
    learned = started(server, run_of(live))["learning_rate"]
    field(live, "Learning rate").fill("0.0625")
    field(live, "Learning rate").press("Enter")
    expect(live.locator("[data-part=next]")).to_contain_text("learning rate 0.0625")
    other = new_page(live.url.removeprefix(server))
    expect(field(other, "Learning rate")).to_have_value(f"{learned:g}")
    other.close()
    live.bring_to_front()
    live.reload()
    expect(field(live, "Learning rate")).to_have_value("0.0625")


@pytest.mark.slow
def test_the_server_s_no_is_no_lost_line(live: Page) -> None:
    no = {"error": "This run is not known here; it may have been forgotten.", "gone": True}
    live.route("**/points?*", lambda asked: asked.fulfill(status=404, json=no))
    expect(live.locator("[data-part=status]")).to_have_text("Gone")
    expect(live.locator("button[data-do=start]").first).to_be_enabled()
    expect(live.locator("[data-part=results]")).to_be_hidden()
    answer_no_more(live)
    live.reload()
    status(live, "running", "stopped")  # meanwhile nobody has watched it, for longer than a server waits


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("own")) as own:
        yield own


@pytest.mark.slow
def test_after_a_restart_every_page_says_that_the_run_is_gone_and_start_works(
    own_server: Server, own_browser: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page, other = own_browser, own_browser.context.new_page()
    page.goto(own_server.wait() + LONG)
    page.locator("button.ns-huge").click()
    run = run_of(page)
    other.goto(page.url.replace("/?", "/cube?"))
    other.locator(".st-key-cube_picture").wait_for()
    own_server.process.terminate()
    own_server.process.wait(20)
    with serving(tmp_path_factory.mktemp("again"), own_server.port) as again:
        again.wait()
        expect(other.get_by_text("The run in the link is not here any more")).to_be_visible()
        page.bring_to_front()
        expect(page.locator("[data-part=status]")).to_have_text("Gone")
        expect(page.locator("[data-part=notices]")).to_contain_text("not here any more")
        press(page, "start")
        assert started(again.address, another_run(page, run))["epochs"] == 200
        status(page, "running")
        other.close()


PYTHON_HAS_SPOKEN = "sessionStorage.getItem('normscope-form')"
AT_ONCE = """name => {
    const [link] = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")]
        .filter(({ textContent }) => textContent.includes(name));
    link.click();
    for (const wait of [0, 5, 20, 60]) setTimeout(() => document.dispatchEvent(new Event("normscope-gone")), wait);
}"""


def test_an_order_that_is_due_as_a_pages_link_is_pressed_does_not_take_the_press_back(new_page) -> None:
    """As after a restart of the server, when every page that is open asks for its run."""
    page = new_page()
    page.wait_for_function(PYTHON_HAS_SPOKEN)
    settle(page)
    for name in ("Runs", "Train", "Runs"):
        page.evaluate(AT_ONCE, name)
        page.wait_for_function(ARRIVED, arg=name)
        hear(page)
        settle(page)
        assert page.evaluate(ARRIVED, name)


JUST_BEFORE = """async name => {
    const [link] = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")]
        .filter(({ textContent }) => textContent.includes(name));
    document.dispatchEvent(new Event("normscope-gone"));
    for (let i = 0; i < 50; i++) await null; // Streamlit has the order, and will send it in its next task
    link.click();
}"""


def test_an_order_that_streamlit_has_not_sent_when_a_pages_link_is_pressed_does_not_take_the_press_back(
    new_page,
) -> None:
    page = new_page()
    page.wait_for_function(PYTHON_HAS_SPOKEN)
    settle(page)
    page.evaluate(JUST_BEFORE, "Runs")
    page.wait_for_function(ARRIVED, arg="Runs")
    hear(page)
    settle(page)
    assert page.evaluate(ARRIVED, "Runs")
