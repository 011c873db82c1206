"""One time for everything: a step that is held on Train is the step of all pages, and of the strip below the curves."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go

pytestmark = pytest.mark.browser

LOOKS = [0, 1, 2, 5, 10, 20]  # of 20 steps
STRIP = "[data-part=strip]"


def strip_is_at(page: Page, step: int) -> None:
    page.locator(f"{STRIP}[data-step='{step}']").wait_for()
    title = "document.querySelector('[data-part=stripSpread]').layout.title.text"
    assert f"at step {step}" in page.evaluate(title).replace("<br>", " ")


def point_at(page: Page, step: int) -> tuple[float, float]:
    """Where that step is in the chart of the accuracy, on the screen."""
    x = page.evaluate(
        "step => { const e = document.querySelector('[data-part=accuracy]'), a = e._fullLayout.xaxis;"
        " return e.getBoundingClientRect().left + a._offset + a.d2p(step); }",
        step,
    )
    box = page.locator("[data-part=accuracy] .nsewdrag").bounding_box()
    return x, box["y"] + 0.4 * box["height"]


@pytest.mark.slow
def test_the_pointer_leads_the_cursor_a_press_holds_it_and_all_pages_go_to_that_step(ended: Page) -> None:
    when = ended.locator("[data-part=when]")
    strip_is_at(ended, LOOKS[-1])
    expect(when).to_have_text("At the end")
    ended.mouse.move(*point_at(ended, 7))
    strip_is_at(ended, 5)  # the look before
    expect(when).to_have_text("At the end")
    ended.mouse.move(5, 5)
    strip_is_at(ended, LOOKS[-1])
    ended.mouse.click(*point_at(ended, 13))
    expect(when).to_have_text("Held at step 13")
    strip_is_at(ended, 10)
    for name in ("Gradients", "Activations", "Parameters"):
        go(ended, name)
        ended.locator(f".ns-{name.lower()}[data-step='10']").wait_for()
        expect(when).to_have_text("Held at step 13")
    go(ended, "Cube")
    expect(ended.locator(".cube [data-part=origin]").first).to_contain_text("step 10,")
    expect(when).to_have_text("Held at step 13")
    expect(ended.locator(".cube [data-part=instead]").first).to_contain_text("these are of step 10, the last before it")
    go(ended, "Train")
    strip_is_at(ended, 10)
    expect(when).to_have_text("Held at step 13")
    for key, step in (("ArrowLeft", 5), ("ArrowRight", 10), ("Home", 0), ("End", 20)):
        ended.keyboard.press(key)
        strip_is_at(ended, step)
    expect(when).to_have_text("At the end")


@pytest.mark.slow
def test_the_arrows_move_the_cursor_on_every_page_that_shows_it(ended: Page) -> None:
    when = ended.locator("[data-part=when]")
    strip_is_at(ended, LOOKS[-1])
    for name in ("Gradients", "Activations", "Parameters"):
        go(ended, name)
        ended.locator(f".ns-{name.lower()}[data-step='20']").wait_for()
        for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 20)):
            ended.keyboard.press(key)
            ended.locator(f".ns-{name.lower()}[data-step='{step}']").wait_for()
        expect(when).to_have_text("At the end")
    go(ended, "Cube")
    expect(when).to_have_text("At the end")
    for key, said in (("Home", "Held at step 0"), ("ArrowRight", "Held at step 1"), ("ArrowLeft", "Held at step 0")):
        ended.keyboard.press(key)
        expect(when).to_have_text(said)
    walk = ended.locator(".cube [data-part=walk]").first
    walk.click()
    ended.locator(".cube [data-go=name]").first.wait_for()
    ended.mouse.click(5, 5)  # whatever has the focus, an open walk has the arrows
    ended.keyboard.press("ArrowRight")
    expect(when).to_have_text("Held at step 0")
    said = ended.locator(".cube figure .guide").first
    expect(said).to_contain_text("Its family")
    ended.get_by_role("slider", name="Step of the run").press("ArrowRight")  # which keeps its own
    expect(when).to_have_text("Held at step 1")
    expect(said).to_contain_text("Its family")
    ended.mouse.click(5, 5)
    ended.keyboard.press("End")  # no step of the walk's
    expect(when).to_have_text("At the end")
    walk.click()


def test_the_arrows_that_are_typed_into_a_field_move_no_cursor_and_a_double_click_holds_none(ended: Page) -> None:
    when = ended.locator("[data-part=when]")
    strip_is_at(ended, LOOKS[-1])
    field = ended.get_by_test_id("stSidebar").get_by_label("Learning rate", exact=True)
    field.press("ArrowLeft")
    field.press("Home")
    field.blur()
    ended.mouse.dblclick(*point_at(ended, 7), delay=400)  # the page hears of the second click late
    ended.mouse.move(5, 5)
    strip_is_at(ended, LOOKS[-1])
    expect(when).to_have_text("At the end")
