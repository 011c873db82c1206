"""The main job, as a visitor does it: start, watch, steer, compare."""

import json
import re
import time
from itertools import pairwise
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.train_page import SHORT, answer_no_more, go, press, settle, start, status

pytestmark = pytest.mark.browser

BN_IS_DRAWN = "document.querySelector('[data-part=accuracy]').data.some(t => t.name?.startsWith('bn'))"


def panel(page: Page):
    return page.locator(".ns-train")


def step(page: Page) -> int:
    return int(panel(page).get_attribute("data-step") or 0)


def wait_for_steps(page: Page) -> None:
    """Wait until the run has gone on."""
    page.wait_for_function("at => Number(document.querySelector('.ns-train').dataset.step) > at", arg=step(page))


def drawn(page: Page) -> int:
    """The sequence number of the newest record in the charts."""
    return int(panel(page).get_attribute("data-drawn") or 0)


def wait_for_draws(page: Page, count: int) -> None:
    for _ in range(count):
        before = drawn(page)
        page.wait_for_function("seq => Number(document.querySelector('.ns-train').dataset.drawn) > seq", arg=before)


def x_range(page: Page) -> list[float]:
    return page.evaluate("document.querySelector('[data-part=loss]')._fullLayout.xaxis.range")


def traces(page: Page) -> list[str]:
    found = page.evaluate("document.querySelector('[data-part=accuracy]').data.map(t => t.name).filter(Boolean)")
    return list(found)


def run_of(page: Page) -> str:
    return re.search(r"run=([\w-]+)", page.url)[1]


def test_a_newcomer_presses_start_and_the_curves_grow_to_the_end(ended: Page) -> None:
    ended.wait_for_function("document.querySelector('[data-part=accuracy]').data?.length === 7 + 3")  # 3: raw, faint
    expect(ended.locator("[data-part=verdict]")).to_contain_text("At the end, after 20 steps, on all 360 test images")
    assert traces(ended) == [
        "none train",
        "none test",
        "bn train",
        "bn test",
        "bn test, batch statistics",
        "ln train",
        "ln test",
    ]
    expect(ended.locator(".ns-arm")).to_have_count(3)
    ended.get_by_role("button", name="details").click()
    prints = set(re.findall(r"weights\s#(\w{8})", ended.locator(".ns-arms").inner_text()))
    assert len(prints) == 1, "all arms start from the same weights"
    ended.get_by_role("button", name="details").click()


def test_points_on_the_chart_are_the_points_of_the_route(ended: Page) -> None:
    records = ended.evaluate(f"fetch('/api/runs/{run_of(ended)}/points?since=0').then(r => r.json())")["records"]
    expected = [record["loss"]["bn"] for record in records if record["kind"] == "train"]
    ended.locator("[data-part=smooth]").select_option("1")
    shown = ended.wait_for_function(
        "() => { const t = document.querySelector('[data-part=loss]').data; "
        "return t.length === 7 && Array.from(t.find(t => t.name === 'bn train').y); }"
    ).json_value()
    assert shown == expected
    ended.locator("[data-part=smooth]").select_option("9")


def test_an_arm_is_hidden_and_shown_at_once(ended: Page) -> None:
    ended.wait_for_function(BN_IS_DRAWN)
    ended.locator(".ns-arm[data-arm=bn]").click()
    ended.wait_for_function(f"!{BN_IS_DRAWN}")
    ended.locator(".ns-arm[data-arm=bn]").click()
    ended.wait_for_function(BN_IS_DRAWN)


def test_the_charts_follow_a_change_of_theme_at_once(ended: Page) -> None:
    color = "document.querySelector('[data-part=loss]')._fullLayout?.font.color"
    light = ended.wait_for_function(color).json_value()
    ended.emulate_media(color_scheme="dark")
    ended.wait_for_function(f"light => {color} !== light", arg=light)
    ended.emulate_media(color_scheme="light")
    ended.wait_for_function(f"light => {color} === light", arg=light)


@pytest.mark.slow
def test_an_earlier_run_stays_as_a_ghost_until_it_is_dropped(ended: Page) -> None:
    press(ended, "renew")
    expect(ended.locator("[data-part=ghostList] li")).to_have_count(1)
    status(ended, "finished")
    expect(ended.locator("[data-part=ghostList] li")).to_contain_text("Run 1: none, bn, ln")
    expect(ended.locator("[data-part=ghostList] li")).to_contain_text("seed 3")
    assert "seed=4" in ended.url
    faint = "document.querySelector('[data-part=loss]').data.filter(t => t.opacity === 0.3).length"
    ended.wait_for_function(f"{faint} === 6")
    press(ended, "drop")
    ended.wait_for_function(f"{faint} === 0")


@pytest.mark.slow
def test_the_same_weights_give_the_same_curves(ended: Page) -> None:
    losses = "r => fetch(`/api/runs/${r}/results.json`).then(r => r.json()).then(r => r.arms.bn.epochs)"
    first = run_of(ended)
    press(ended, "restart")
    ended.wait_for_function("run => document.querySelector('.ns-train').dataset.run !== run", arg=first)
    status(ended, "finished")
    again = ended.evaluate(losses, panel(ended).get_attribute("data-run"))
    assert ended.evaluate(losses, first) == again != []


@pytest.mark.slow
def test_a_diverging_arm_is_named_with_its_layer_and_step(diverged: Page) -> None:
    expect(diverged.locator(".ns-arm[data-arm='none:lr=10000']")).to_contain_text(
        re.compile(r"step \d+: .*(conv|fc)\d.* is not finite")
    )


@pytest.fixture(scope="module")
def tab_of_a_form(lasting_page) -> Page:
    return lasting_page("/?lr=-3&bogus=1&batch=abc&epochs=2&data=digits&examples=1400")


@pytest.fixture
def form(tab_of_a_form: Page) -> Page:
    """A visitor who has come by a link with mistakes and has started nothing."""
    tab_of_a_form.bring_to_front()
    settle(tab_of_a_form)
    return tab_of_a_form


def test_a_link_with_mistakes_is_reported_and_never_obeyed(form: Page) -> None:
    page = form
    notices = page.locator("[data-part=notices]")
    expect(notices).to_contain_text("bogus")
    expect(notices).to_contain_text("finite number above 0")
    expect(notices).to_contain_text("batch=abc")
    page.wait_for_function("location.href.includes('lr=0.1') && location.href.includes('epochs=2')")


def test_bad_input_in_the_form_says_the_rule_and_loses_nothing(form: Page) -> None:
    page = form
    field = page.get_by_test_id("stSidebar").get_by_label("Batch size", exact=True)
    field.fill("1")
    field.press("Enter")
    expect(page.locator("[data-part=notices]")).to_contain_text("A batch of 1 has no spread")
    expect(page.locator("button[data-do=start]").first).to_be_disabled()
    settle(page)
    field.fill("")
    field.press("Enter")
    expect(page.locator("[data-part=notices]")).to_contain_text("Batch size is empty.")
    settle(page)
    field.fill("64")
    field.press("Enter")
    expect(page.locator("button[data-do=start]").first).to_be_enabled()
    assert "examples=1400" in page.url


def test_a_comma_typed_into_a_field_of_the_form_is_a_decimal_sign_or_a_thousands_mark(form: Page) -> None:
    page = form
    page.locator(".ns-train").wait_for()
    for label, typed, setting in (("Learning rate", "0,3", "lr=0.3"), ("Training images", "1,000", "examples=1000")):
        page.get_by_test_id("stSidebar").get_by_label(label, exact=True).press("Control+A")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.wait_for_function("setting => location.search.includes(setting)", arg=setting)
        settle(page)


def test_paused_means_that_no_step_is_done_until_step_or_resume(live: Page) -> None:
    press(live, "pause")
    status(live, "paused")
    at = step(live)
    live.wait_for_timeout(1500)
    assert step(live) == at
    press(live, "step")
    live.wait_for_function("at => Number(document.querySelector('.ns-train').dataset.step) === at + 1", arg=at)
    status(live, "paused")
    live.keyboard.press(".")  # with the focus where the click has left it
    live.wait_for_function("at => Number(document.querySelector('.ns-train').dataset.step) === at + 2", arg=at)
    status(live, "paused")
    press(live, "pause")
    status(live, "running")
    wait_for_steps(live)


@pytest.mark.slow
def test_zoom_survives_updates_and_a_double_click_ends_it(live: Page, zoom) -> None:
    wait_for_draws(live, 2)
    box = live.locator("[data-part=loss] .nsewdrag").bounding_box()
    zoom(live, box, "document.querySelector('[data-part=loss]')._fullLayout.xaxis.range[0] > 0.1")
    zoomed = x_range(live)
    wait_for_draws(live, 3)
    assert x_range(live) == zoomed
    live.mouse.dblclick(box["x"] + 60, box["y"] + 60)
    live.wait_for_function("document.querySelector('[data-part=loss]')._fullLayout.xaxis.range[0] === 0")


def test_a_new_learning_rate_is_marked_on_the_curves(live: Page) -> None:
    live.locator("[data-part=rate]").fill("0.02")
    live.locator("[data-part=rate]").press("Enter")
    mark = "document.querySelector('[data-part=loss]')._fullLayout?.annotations?.some(a => a.text === 'lr 0.1 → 0.02')"
    live.wait_for_function(mark)
    expect(live.locator("[data-part=origin]")).to_contain_text(re.compile(r"lr 0\.1 → 0\.02 from step \d"))


@pytest.mark.slow
def test_a_learning_rate_that_is_none_is_refused_with_the_rule(live: Page) -> None:
    in_force = live.locator("[data-part=rate]").input_value()
    live.locator("[data-part=rate]").fill("-1")
    live.locator("[data-part=rate]").press("Enter")
    expect(live.locator("[data-part=notices]")).to_contain_text("finite number above 0; got -1")
    expect(live.locator("[data-part=rate]")).to_have_value(in_force)  # before the next is typed
    live.locator("[data-part=rate]").fill("much")
    live.locator("[data-part=rate]").press("Enter")
    expect(live.locator("[data-part=notices]")).to_contain_text("must be a number; got “much”")
    expect(live.locator("[data-part=rate]")).to_have_value(in_force)
    live.locator("[data-part=rate]").fill("")
    live.locator("[data-part=rate]").press("Enter")
    expect(live.locator("[data-part=rate]")).to_have_value(in_force)  # still with the focus
    status(live, "running")


@pytest.mark.slow
def test_who_follows_a_link_watches_and_cannot_steer(live: Page, another_browser: Page) -> None:
    watcher = another_browser
    watcher.goto(live.url)
    status(watcher, "running")
    expect(watcher.locator("[data-part=watching]")).to_be_visible()
    expect(watcher.locator("button[data-do=pause]")).to_be_disabled()
    expect(watcher.locator("button[data-do=stop]")).to_be_disabled()


def as_if_many_watched(page: Page, apart_ms: int) -> None:
    def told(question: Route) -> None:
        answer = question.fetch()
        said = answer.json()
        said["state"]["apart_ms"] = apart_ms
        question.fulfill(response=answer, json=said)

    page.route("**/points?*", told)


@pytest.mark.slow
def test_who_watches_asks_as_seldom_as_the_server_says(live: Page, another_browser: Page) -> None:
    watcher, apart_ms = another_browser, 2000
    as_if_many_watched(watcher, apart_ms)
    watcher.goto(live.url)
    status(watcher, "running")
    asked = "performance.getEntriesByType('resource').filter(e => e.name.includes('/points')).map(e => e.startTime)"
    watcher.wait_for_function(f"{asked}.length > 2")
    least = min(later - earlier for earlier, later in pairwise(watcher.evaluate(asked)))
    assert least >= 0.95 * apart_ms  # a busy browser sends some of them later than it was told to, the next one not
    answer_no_more(watcher)


@pytest.mark.slow
def test_who_steers_need_not(live: Page) -> None:
    go(live, "Train")
    as_if_many_watched(live, 600_000)
    for _ in range(3):  # the first may have been told already
        wait_for_steps(live)
    answer_no_more(live)


@pytest.mark.slow
def test_another_tab_of_the_same_browser_can_steer(live: Page, new_page, server: str) -> None:
    tab = new_page(live.url.removeprefix(server))
    status(tab, "running")
    press(tab, "stop")
    status(live, "stopped")


@pytest.mark.slow
def test_coming_back_to_a_run_its_status_is_there_before_the_server_has_answered(live: Page) -> None:
    go(live, "Gradients")
    live.route("**/points?*", lambda question: None)
    go(live, "Train")
    live.locator(".ns-train[data-status=running]").wait_for()
    expect(live.locator("[data-part=status]")).to_have_text("Running")
    live.unroute("**/points?*")  # which lets those that were held go on
    wait_for_steps(live)


def test_touching_every_widget_leaves_the_run_alone(live: Page) -> None:
    run = run_of(live)
    sidebar = live.get_by_test_id("stSidebar")
    for name in ("Training images", "Batch size", "Learning rate", "Epochs"):
        sidebar.get_by_label(name, exact=True).fill("7")
        sidebar.get_by_label(name, exact=True).press("Enter")
        settle(live)
    sidebar.get_by_text("relu", exact=True).click()
    settle(live)
    sidebar.get_by_role("button", name="Book, zh").click()
    expect(live.locator("[data-part=next]")).to_contain_text("other settings")
    assert f"run={run}" in live.url
    wait_for_steps(live)
    expect(live.locator("[data-do=start]").first).to_contain_text("Start new settings")


@pytest.mark.slow
def test_a_run_ends_when_its_last_viewer_has_left(live: Page, server: str, until) -> None:
    def status_of_run() -> str:  # asking for points would count as watching
        time.sleep(0.2)
        with urlopen(f"{server}/api/runs/{run}/results.json") as answer:
            return json.load(answer)["status"]

    run = run_of(live)
    assert status_of_run() == "running"
    live.goto("about:blank")
    until(lambda: status_of_run() == "stopped")


def test_a_reload_keeps_the_run_and_the_right_to_steer_it(live: Page) -> None:
    live.reload()
    status(live, "running")
    press(live, "stop")
    status(live, "stopped")


@pytest.mark.slow
def test_a_second_visitor_waits_with_a_place_in_line_and_disturbs_nobody(live: Page, new_page) -> None:
    second = new_page(SHORT)
    second.get_by_role("button", name="Start training").click()
    status(second, "queued")
    in_line = re.compile(r"^1 ahead of you( · about [\d.]+ \w+ to wait)?$")
    expect(second.locator("[data-part=where]")).to_have_text(in_line)
    live.bring_to_front()
    wait_for_steps(live)
    press(live, "stop")
    second.bring_to_front()
    status(second, "running", "finished")


@pytest.mark.slow
def test_without_data_the_page_trains_on_digits_and_says_so_how_to_get_the_rest_and_in_the_address(new_page) -> None:
    page = new_page("/?data=fashion-mnist&examples=64&arms=bn")
    early = []

    def before_its_settings(route: Route) -> None:
        """The first answer that tells of it is as between the record and the run's new settings."""
        told = route.fetch().json()
        if not early and any(record["kind"] == "data-replaced" for record in told["records"]):
            early.append(told["state"].update(data="fashion-mnist"))
        route.fulfill(json=told)

    page.route("**/points?*", before_its_settings)
    start(page)
    page.wait_for_url(re.compile(r"\?data=digits&examples=64&batch=64&.*&run="))
    assert early
    answer_no_more(page)
    status(page, "finished")
    notices = page.locator("[data-part=notices]")
    expect(notices).to_contain_text("Training on the built-in digits instead")
    expect(notices).to_contain_text("epochs 6 instead of 3")
    why = notices.get_by_text("python -m core data fetch")
    expect(why).to_be_hidden()  # it is long, and not for a class
    notices.locator("summary").click()
    expect(why).to_be_visible()
    origin = page.locator("[data-part=origin]")
    expect(origin).to_contain_text("built-in digits, 64 images · batch 64 · 6 epochs · lr 0.1")
    page.reload()
    page.locator(".ns[data-status]").wait_for()
    expect(page.locator("[data-part=next]")).to_be_hidden()  # the form is as it was: nothing new to start
