"""Two runs of the same settings in one tab: the ghost of the first, and what a page keeps of a visitor's choices."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.train_page import answer_no_more, finish, go, hear, press

pytestmark = pytest.mark.browser

TWICE = "/?data=digits&examples=320&batch=32&epochs=2&lr=0.5"
LINES = """part => {
    const of = (trace) => [trace.line.color, trace.line.dash, [...trace.x], [...trace.y]];
    const lines = document.querySelector(`[data-part=${part}]`).data;
    const [ghost, live] = [(t) => t.opacity === 0.3, (t) => / (train|test)$/.test(t.name)];
    return [lines.filter(ghost).map(of), lines.filter(live).map(of)];
}"""
GHOST = "document.querySelector('[data-part=depth]')?.data?.filter(t => t.opacity < 0.5).length"


@pytest.fixture(scope="module")
def tab_of_two(lasting_page) -> Page:
    page = lasting_page(TWICE)
    finish(page)
    first = page.locator(".ns-train").get_attribute("data-run")
    press(page, "restart")
    page.wait_for_function("run => document.querySelector('.ns-train').dataset.run !== run", arg=first)
    page.locator(".ns-train[data-status=finished]").wait_for()
    return page


@pytest.fixture
def two(tab_of_two: Page) -> Page:
    """A visitor whose second run, a repetition of the first, has ended; on the Train page, with nothing chosen yet."""
    tab_of_two.bring_to_front()
    go(tab_of_two, "Train")
    return tab_of_two


def wait_for_all_points(page: Page) -> None:
    page.wait_for_function(
        """() => ["loss", "accuracy"].every(part => {
            const lines = document.querySelector(`[data-part=${part}]`)?.data ?? [];
            const hasEnded = t => t.name === "bn test" && t.x.at(-1) === 20;
            return lines.filter(t => t.opacity === 0.3).length === 6 && lines.some(hasEnded);
        })"""
    )


@pytest.mark.slow
@pytest.mark.parametrize("points", ["9", "101", "1"])
def test_the_ghost_of_a_run_with_the_same_settings_lies_exactly_on_the_live_curves(two: Page, points: str) -> None:
    two.locator("[data-part=smooth]").select_option(points)
    two.wait_for_function(
        "on => document.querySelector('[data-part=loss]')?.data?.some(t => t.line.width === 1) === on",
        arg=points != "1",
    )
    wait_for_all_points(two)
    for part in ("loss", "accuracy"):
        ghost, live = two.evaluate(LINES, part)
        assert len(ghost) == 6
        assert ghost == live


@pytest.mark.slow
def test_a_ghost_whose_answer_was_lost_comes_though_the_run_in_view_has_ended(two: Page) -> None:
    ghost = two.locator("[data-part=ghostList] button").first.get_attribute("data-id")
    lost: list[Route] = []

    def lose(question: Route) -> None:
        lost.append(question)
        if len(lost) == 1:
            question.abort()
        else:
            question.fallback()

    two.route(f"**/api/runs/{ghost}/points?*", lose)
    two.reload()
    wait_for_all_points(two)
    assert len(lost) == 2
    answer_no_more(two)


@pytest.mark.slow
def test_a_ghost_of_the_layer_before_that_comes_late_is_not_taken(two: Page) -> None:
    go(two, "Parameters")
    held: list[Route] = []
    two.wait_for_function("document.querySelector('.ns-parameters')?.dataset.shows === 'look'")
    ghost = two.locator("[data-part=ghost] option").last.get_attribute("value")
    two.route(f"**/{ghost}/inside?*layer=conv1*", lambda route: held.append(route))
    two.locator("[data-part=ghost]").select_option(ghost)
    two.locator("[data-layer=conv2]").click()
    bars = "document.querySelector('[data-part=gamma]').data.filter(t => t.opacity === 0.3).map(t => t.y.length)"
    two.wait_for_function(f"String({bars}) === '16,16'")
    assert len(held) == 1
    held[0].continue_()
    two.unroute_all(behavior="wait")
    hear(two)
    assert two.evaluate(bars) == [16, 16]
    two.locator("[data-part=ghost]").select_option(index=0)
    two.locator("[data-layer=conv1]").click()


@pytest.mark.slow
def test_ghosts_and_what_was_chosen_to_be_seen_stay_over_other_pages_and_a_reload(two: Page) -> None:
    for choice in ("[data-x=epoch]", "[data-log]", "[data-kind=batch]", ".ns-arm[data-arm=ln]"):
        two.locator(choice).click()
    two.locator("[data-part=smooth]").select_option("31")
    go(two, "Gradients")
    two.locator("[data-metric=rms]").click()
    two.locator("[data-part=ghost]").select_option(index=1)
    two.wait_for_function(f"{GHOST} === 2")  # ln is hidden here, too
    expect(two.locator("[data-part=ghostSays]")).to_have_text("at step 20")
    two.reload()
    two.wait_for_function(f"{GHOST} === 2")
    expect(two.locator("[data-metric=rms]")).to_have_attribute("aria-pressed", "true")
    go(two, "Train")
    expect(two.locator("[data-part=ghostList] li")).to_contain_text("Run 1: none, bn, ln")
    two.wait_for_function(
        "document.querySelector('[data-part=loss]')?._fullLayout?.xaxis.title.text === 'epoch'"
        " && document.querySelector('[data-part=loss]')._fullLayout.yaxis.type === 'linear'"
        " && document.querySelector('[data-part=loss]').data.filter(t => t.opacity === 0.3).length === 4"
    )
    lit = "all => all.filter(e => e.ariaPressed === 'true').map(e => e.dataset.x ?? e.dataset.kind)"
    assert two.locator("[data-x], [data-kind]").evaluate_all(lit) == ["epoch", "train", "test"]
    assert two.locator("[data-part=smooth]").input_value() == "31"
    expect(two.locator(".ns-arm[data-arm=ln]")).to_have_attribute("aria-pressed", "false")
    press(two, "drop")
    expect(two.locator("[data-part=ghosts]")).to_be_hidden()
    go(two, "Gradients")
    two.wait_for_function("document.querySelector('.ns-gradients')?.dataset.shows === 'look'")
    assert two.evaluate(GHOST) == 0
    assert two.locator("[data-part=ghost] option").count() == 1


@pytest.mark.slow
def test_until_a_new_runs_first_points_have_come_the_curves_of_the_one_before_are_not_to_be_seen(two: Page) -> None:
    held: list[Route] = []
    go(two, "Train")
    two.locator(".ns-charts").wait_for(state="attached")
    charts = "document.querySelector('.ns-charts').checkVisibility({visibilityProperty: true})"
    two.wait_for_function(charts)
    two.route("**/points?since=0", lambda route: held.append(route))
    press(two, "restart")
    two.wait_for_function(f"!{charts}")
    two.wait_for_function("document.querySelector('.ns-charts').checkVisibility()")  # their room is kept
    while held:
        held.pop().continue_()
    two.unroute_all(behavior="wait")
    two.wait_for_function(charts)
