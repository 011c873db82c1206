"""The Activations page as a visitor uses it: follow, scrub back, zoom, change the axis, look at one image."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import TINY, finish, go, press, status

pytestmark = pytest.mark.browser

COLUMN = "document.querySelector('[data-column=before] .ns-chart')"


@pytest.fixture
def watching(live: Page) -> Page:
    """A run under way, seen on the Activations page; tests leave it followed live."""
    go(live, "Activations")
    wait_for_looks(live, 1)
    return live


@pytest.fixture
def looking(tab_of_ended: Page) -> Page:
    """A run that has ended, seen on the Activations page, on the fixed images and with the shared axis."""
    tab_of_ended.bring_to_front()
    go(tab_of_ended, "Activations")
    wait_for_looks(tab_of_ended, 1)
    return tab_of_ended


def run_and_look(page: Page) -> None:
    """Finish the run that the link describes, then go to the page."""
    finish(page)
    go(page, "Activations")
    wait_for_looks(page, 1)


def wait_for_looks(page: Page, count: int) -> None:
    page.wait_for_function("n => Number(document.querySelector('.ns-activations')?.dataset.looks) >= n", arg=count)


def step(page: Page) -> int:
    return int(page.locator(".ns-activations").get_attribute("data-step") or 0)


def looks(page: Page) -> int:
    return int(page.locator(".ns-activations").get_attribute("data-looks") or 0)


def x_range(page: Page) -> list[float]:
    return page.evaluate(f"{COLUMN}._fullLayout.xaxis.range")


def test_the_spreads_on_the_chart_are_those_of_the_route(looking: Page) -> None:
    looking.wait_for_function("document.querySelector('.ns-activations').dataset.step === '20'")
    run = re.search(r"run=([\w-]+)", looking.url)[1]
    found = looking.evaluate(f"fetch('/api/runs/{run}/inside?view=activations&since=0').then(r => r.json())")["looks"]
    stages = [found[-1]["arms"]["bn"][layer]["stages"]["activated"] for layer in ("conv1", "conv2", "fc1", "fc2")]
    drawn = looking.evaluate(
        "document.querySelector('[data-part=spread]').data.filter(t => t.name === 'bn').map(t => Array.from(t.y))"
    )
    assert drawn == [[stage["std"] for stage in stages], [stage["unit_std"] for stage in stages]]


@pytest.mark.slow
def test_the_axis_is_the_panels_own_or_shared_and_the_counts_name_its_ends(looking: Page) -> None:
    ranges = "[...document.querySelectorAll('[data-column] .ns-chart')].map(c => String(c._fullLayout?.xaxis.range))"
    axes = f"new Set({ranges}.slice(0, 3)).size === 1 && new Set({ranges}).size === 2"  # sigmoid's 0 to 1 is its own
    looking.wait_for_function(axes)
    expect(looking.locator("[data-column=before] .ns-counts")).to_contain_text("below −5")
    looking.locator("[data-range=panel]").click()
    looking.wait_for_function(f"new Set({ranges}).size === 4")
    looking.locator("[data-range=all]").click()
    looking.wait_for_function(axes)
    expect(looking.locator("[data-column=activated] .ns-counts")).to_contain_text("NaN")
    looking.locator("[data-layer=conv1]").click()
    expect(looking.locator("[data-part=stagesTitle]")).to_contain_text("conv1")
    expect(looking.locator("[data-part=says]")).to_contain_text("a unit of conv1 after the activation varies by")
    expect(looking.locator("[data-part=stagesNote]")).to_contain_text("No normalization: no norm here")


def test_one_image_goes_through_all_networks_and_each_says_what_it_sees(looking: Page) -> None:
    looking.get_by_text("One test image through all networks").click()
    expect(looking.locator("[data-maps]")).to_have_count(3)
    expect(looking.locator("[data-maps=bn] canvas")).to_have_count(6)
    expect(looking.locator("[data-maps=bn]")).to_contain_text(re.compile(r"[✓✗] .+ % sure"))
    looking.get_by_label("layer of the maps").select_option("conv2")
    expect(looking.locator("[data-maps=bn] canvas")).to_have_count(16)
    looking.get_by_label("test image").fill("99999")
    looking.get_by_label("test image").press("Enter")
    expect(looking.locator("[data-part=mapsState]")).to_contain_text("images 0 to 359; got 99999")
    expect(looking.locator("[data-maps]")).to_have_count(0)  # what was there is of another image


@pytest.mark.slow
def test_a_projector_has_large_type_in_the_charts_here_too(looking: Page) -> None:
    size = "document.querySelector('[data-part=spread]')._fullLayout.font.size"
    looking.wait_for_function(f"{size} === 14")
    looking.locator("[data-projector]").click()
    looking.wait_for_function(f"{size} === 20")
    expect(looking.get_by_test_id("stSidebar")).to_be_hidden()
    looking.locator("[data-projector]").click()
    looking.wait_for_function(f"{size} === 14")


@pytest.mark.slow
def test_an_arm_that_diverged_leaves_the_others_their_axis_over_the_run(diverged: Page) -> None:
    go(diverged, "Activations")
    wait_for_looks(diverged, 1)
    expect(diverged.locator(".ns-pill").last).to_contain_text("diverged at step")
    diverged.wait_for_function("document.querySelectorAll('[data-part=bands] .ns-chart').length === 4")
    high = diverged.locator("[data-part=bands] .ns-chart").first.evaluate("c => c._fullLayout.yaxis.range[1]")
    assert 0 < high < 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Activations", "Gradients"])
def test_a_run_that_failed_says_so_and_why_and_names_the_arm_that_is_lost(failed: Page, name: str) -> None:
    go(failed, name)
    panel = failed.locator(f".ns-{name.lower()}")
    expect(panel.locator("[data-part=status]")).to_have_text("Failed")
    expect(panel.locator("[data-part=notices]")).to_contain_text("Every arm's loss stopped being a finite")
    expect(panel.locator(".ns-pill[data-arm=none]")).to_contain_text(re.compile(r"✕ diverged at step \d"))


@pytest.mark.slow
@pytest.mark.parametrize("path", ["activations", "gradients", "parameters"])
def test_what_is_wrong_in_the_link_is_said_here_too(new_page, path: str) -> None:
    page = new_page(f"/{path}?lr=-1&foo=2")
    expect(page.locator(".ns-notices p")).to_have_count(2)
    expect(page.locator(".ns-notices")).to_contain_text("“foo” in the link was ignored")
    expect(page.locator(".ns-notices")).to_contain_text("“lr=-1” in the link was ignored")


@pytest.mark.slow
def test_the_numbers_at_the_ends_are_apart_within_the_chart_and_have_two_digits(six: Page) -> None:
    go(six, "Activations")
    wait_for_looks(six, 1)
    boxes = """() => {
        const chart = document.querySelector("[data-part=spread]"), right = chart.getBoundingClientRect().right;
        const labels = [...chart.querySelectorAll(".annotation-text")].slice(2);
        return labels.map((e) => [e.textContent, e.getBoundingClientRect()]).map(([text, box]) =>
            [text, box.top, box.bottom, box.right - right]);
    }"""
    six.wait_for_function(f"({boxes})().length === 6")
    labels = sorted(six.evaluate(boxes), key=lambda label: label[1])
    for text, _, _, beyond in labels:
        assert beyond <= 0, text
        assert re.fullmatch(r"\w+ (0\.0*[1-9]\d|[1-9]\.\d|[1-9]\.\d·10⁻\S+)", text)
    for (upper, _, bottom, _), (lower, top, _, _) in pairwise(labels):
        assert bottom <= top + 1, f"{upper} over {lower}"


@pytest.mark.slow
def test_a_log_axis_has_at_least_three_numbers(new_page) -> None:
    page = new_page(TINY + "&arms=bn&act=relu&init=he")
    run_and_look(page)
    ticks = "document.querySelectorAll('[data-part={}] .ytick text').length >= 3"
    page.wait_for_function(ticks.format("spread"))
    page.get_by_role("link", name="Gradients").click()
    page.wait_for_function(ticks.format("depth"))


@pytest.mark.slow
def test_a_panel_without_values_says_why_and_no_share_is_above_all(new_page) -> None:
    page = new_page(TINY + "&arms=none")
    run_and_look(page)
    expect(page.locator("[data-column=normalized]")).to_contain_text("no norm here")
    assert not page.evaluate("document.querySelector('[data-column=normalized] .ns-chart')._fullLayout.yaxis.visible")
    page.locator("[data-layer=fc3]").click()
    page.locator("[data-column=activated]").scroll_into_view_if_needed()
    expect(page.locator("[data-column=activated]")).to_contain_text("the last layerhas no activation")
    tops = """[...document.querySelectorAll("[data-column] .ns-chart")].map((e) => e._fullLayout.yaxis)
        .filter((axis) => axis.visible).map((axis) => axis.range[1])"""
    assert all(top <= 1.01 for top in page.evaluate(tops))


def test_the_spreads_arrive_live_at_a_step_that_advances(watching: Page) -> None:
    before = step(watching)
    watching.wait_for_function("at => Number(document.querySelector('.ns-activations').dataset.step) > at", arg=before)
    names = watching.evaluate("document.querySelector('[data-part=spread]').data.map(t => t.name)")
    assert names == ["none", "none", "bn", "bn", "ln", "ln"]
    expect(watching.locator("[data-part=inactive]")).to_contain_text("saturated: outside [0.05, 0.95]")
    expect(watching.locator("[data-part=says]")).to_contain_text(
        "From image to image a unit of fc2 after the activation varies by"
    )


@pytest.mark.slow
def test_scrubbing_back_shows_the_earlier_step_until_live_is_followed_again(watching: Page) -> None:
    wait_for_looks(watching, 4)
    slider = watching.locator("[data-part=slider]")
    slider.focus()
    slider.press("Home")
    watching.wait_for_function("document.querySelector('.ns-activations').dataset.step === '0'")
    expect(watching.locator("[data-part=stagesTitle]")).to_have_text("Four stages of fc2 at step 0")
    expect(watching.locator("[data-part=live]")).to_have_attribute("aria-pressed", "false")
    wait_for_looks(watching, looks(watching) + 2)
    assert step(watching) == 0
    watching.get_by_role("button", name="follow live").click()
    watching.wait_for_function("Number(document.querySelector('.ns-activations').dataset.step) > 0")


@pytest.mark.slow
def test_a_chart_below_the_fold_is_drawn_when_it_is_seen_or_printed_and_not_before(watching: Page) -> None:
    drift = "document.querySelector('[data-part=drift]')"
    drawn, up_to_date = f"{drift}.data[0].x.length", f"{drift}.data[0].x.length >= {looks(watching) + 4}"
    watching.wait_for_function(f"{drift}.outOfSight")
    before = watching.evaluate(drawn)
    wait_for_looks(watching, looks(watching) + 2)
    assert watching.evaluate(drawn) == before
    watching.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    watching.wait_for_function(f"{drawn} > {before}")
    watching.locator("[data-part=drift]").scroll_into_view_if_needed()
    watching.wait_for_function(up_to_date)  # and on, look by look
    watching.locator("[data-part=spread]").scroll_into_view_if_needed()


@pytest.mark.slow
def test_zoom_survives_three_looks(watching: Page, zoom) -> None:
    watching.wait_for_function(f"{COLUMN}.data?.length === 3")
    watching.locator("[data-column=before]").scroll_into_view_if_needed()
    whole = x_range(watching)
    box = watching.locator("[data-column=before] .nsewdrag").bounding_box()
    width = f"(([low, high]) => high - low)({COLUMN}._fullLayout.xaxis.range)"
    zoom(watching, box, f"{width} < {(whole[1] - whole[0]) / 2}")
    zoomed = x_range(watching)
    wait_for_looks(watching, looks(watching) + 3)
    assert x_range(watching) == zoomed


@pytest.mark.slow
def test_a_paused_run_is_called_paused(live: Page) -> None:
    go(live, "Train")
    press(live, "pause")
    status(live, "paused")
    go(live, "Activations")
    expect(live.locator(".ns-activations [data-part=status]")).to_have_text("Paused")
