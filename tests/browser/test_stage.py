"""The stage for a class: curves that fill a low screen, keys, and arms that the teacher reveals one by one."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import TINY, go, hear, start, status

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCREEN = {"width": 1280, "height": 720}
LINK = "/?data=digits&examples=160&batch=32&epochs=1&lr=0.5&seed=3&arms=none,bn:dropout=0.37,ln:dropout=0.39"
SEEN = ("none", "bn:dropout=0.37", "ln:dropout=0.39")
ARMS = "[...document.querySelectorAll('.ns-arm')].map(e => e.dataset.arm).join()"
PLOTS = "[...document.querySelectorAll('.ns-charts .ns-chart')].map(e => e._fullLayout?._size.h ?? 0)"
# What the words of the hidden arms and their button lie on.
COVERED = """(() => {
  const [veil, ...others] = ["[data-part=veil]", ".ns-share, .ns-big, .ns-name, .ns-verdict, .ns-charts"].flatMap(
    (css) => [...document.querySelectorAll(css)]).map((e) => [e.className, e.getBoundingClientRect()]);
  const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return others.filter(([, box]) => box.width && meets(box, veil[1])).map(([name]) => name);
})()"""
PAGES = {
    "Train": ".ns-train [data-part=verdict]:not(:empty)",
    "Activations": ".ns-activations [data-part=spread] .annotation-text",
    "Gradients": ".ns-gradients [data-part=depth] .main-svg",
    "Parameters": ".ns-parameters [data-part=lacks]:not(:empty)",
    "Cube": ".cube output",
    "Runs": ".ns-runs table",
}


@pytest.fixture
def stage(new_page) -> Page:
    page = new_page(LINK)
    page.set_viewport_size(SCREEN)
    page.locator("[data-projector]").click()
    return page


def shows(page: Page, count: int) -> None:
    """Wait until the page has the cards of the first so many arms."""
    page.wait_for_function(f"{ARMS} === '{','.join(SEEN[:count])}'")


def test_a_teacher_reveals_arm_after_arm_and_who_watches_on_another_page_sees_it_then(
    stage: Page, another_browser: Page
) -> None:
    stage.keyboard.press("h")
    expect(stage.locator("[data-part=hides]")).to_have_attribute("aria-pressed", "true")  # though there is no run yet
    start(stage)
    status(stage, "finished")
    shows(stage, 1)
    expect(stage.locator("[data-part=veiled]")).to_have_text("2 more arms are not shown yet.")
    assert not [
        word for word in ("dropout=0.37", "LayerNorm", "BatchNorm") if word in stage.locator(".ns-train").inner_html()
    ]
    student = another_browser
    student.goto(stage.url.replace("/?", "/gradients?"))
    student.locator(".ns-pill").first.wait_for()
    expect(student.locator(".ns-pill")).to_have_count(1)
    student.wait_for_function("document.querySelector('.ns-inside').dataset.shows === 'look'")
    assert "dropout=0.37" not in student.content()
    stage.keyboard.press("v")
    shows(stage, 2)
    expect(student.locator(".ns-pill")).to_have_count(2)
    stage.keyboard.press("v")
    shows(stage, 3)
    student.wait_for_function("[...document.querySelectorAll('.ns-chart')].some(e => e.data?.length >= 3)")
    stage.wait_for_function(f"{PLOTS}.every(pixels => pixels >= 0.55 * {SCREEN['height']})")
    expect(stage.locator("[data-part=veil]")).to_be_hidden()


FAINT = "(document.querySelector('[data-part=loss]').data ?? []).filter(({ opacity }) => opacity === 0.3)"


def test_what_an_earlier_run_measured_of_an_arm_is_not_drawn_while_that_arm_is_hidden(stage: Page) -> None:
    stage.keyboard.press("h")
    start(stage)
    status(stage, "finished")
    for count in (2, 3):
        stage.keyboard.press("v")
        shows(stage, count)
    stage.keyboard.press("b")  # the same once more, on the same weights
    shows(stage, 1)
    status(stage, "finished")
    stage.wait_for_function(f"{FAINT}.length && {FAINT}.length <= 2")  # the first arm's training and tests
    stage.keyboard.press("v")
    shows(stage, 2)
    stage.wait_for_function(f"{FAINT}.length > 2 && {FAINT}.length <= 4")
    stage.keyboard.press("v")
    shows(stage, 3)
    stage.wait_for_function(f"{FAINT}.length > 4")


SIX = ("none", "bn", "ln", "in", "gn", "rms")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_curves_are_most_of_a_low_screen_however_many_arms_are_hidden(new_page, language: str) -> None:
    page = new_page(f"{TINY}&arms={','.join(SIX)}&lang={language}")
    page.set_viewport_size(SCREEN)
    page.locator("[data-projector]").click()
    page.keyboard.press("h")
    page.locator(".ns-huge").click()
    status(page, "finished")
    for count in range(1, len(SIX) + 1):
        page.wait_for_function(f"{ARMS} === '{','.join(SIX[:count])}'")
        page.wait_for_function(f"{PLOTS}.every(pixels => pixels >= 0.55 * {SCREEN['height']})")
        if count < len(SIX):
            assert page.evaluate(COVERED) == []
        page.keyboard.press("v")


def test_the_keys_of_the_stage_open_the_pages_tell_themselves_and_leave_a_field_alone(stage: Page) -> None:
    stage.keyboard.press("?")
    help_ = stage.locator(".ns-help")
    expect(help_).to_be_visible()
    stage.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    go_by_key(stage, "Reference")
    field = stage.locator(".ns-reference [type=search]")
    field.click()
    field.press_sequentially("12?bhvp")
    assert field.input_value() == "12?bhvp"
    expect(help_).to_be_hidden()
    field.blur()
    stage.keyboard.press("1")
    stage.locator(".ns-train").wait_for()
    expect(stage.locator(".ns-stage [aria-current=page]")).to_have_text("Train")


def test_space_on_a_button_of_the_cube_presses_that_one(stage: Page) -> None:
    """Within a shadow: the document hears of its host alone."""
    go_by_key(stage, "Cube")
    families = stage.locator(".cube [data-part=families]")
    families.focus()
    stage.keyboard.press(" ")
    expect(families).to_have_attribute("aria-pressed", "true")


def test_on_the_cube_the_time_and_the_walk_are_on_a_low_screen_with_the_pictures(stage: Page) -> None:
    start(stage)
    status(stage, "finished")
    go_by_key(stage, "Cube")
    on_screen(stage, ".cube [data-part=when]", ".cube figure", ".cube [data-part=slider]")
    picture = stage.locator(".cube canvas").first.bounding_box()
    assert picture["height"] > 0.55 * SCREEN["height"]
    stage.locator(".cube [data-part=walk]").click()
    stage.locator(".cube [data-go=end]").wait_for()
    on_screen(stage, ".cube [data-part=when]", ".cube figure", ".cube .walk")


def go_by_key(page: Page, name: str) -> None:
    names = page.locator(".ns-stage [data-page]").all_text_contents()
    page.keyboard.press(str(names.index(name) + 1))


def on_screen(page: Page, *parts: str) -> None:
    # a picture takes some frames until it has its height
    for part in parts:
        found = page.locator(part).first
        found.wait_for()
        ends = "e => { const { top, bottom } = e.getBoundingClientRect(); return top >= 46 && bottom <= innerHeight; }"
        page.wait_for_function(ends, arg=found.element_handle())


def test_a_hidden_arm_is_in_nothing_of_any_page_of_who_watches(stage: Page, another_browser: Page) -> None:
    stage.keyboard.press("h")
    start(stage)
    status(stage, "finished")
    another_browser.goto(stage.url)
    for name, drawn in PAGES.items():
        go(another_browser, name)
        another_browser.locator(drawn).first.wait_for()
        hear(another_browser)
        text = another_browser.content()
        assert not [word for word in ("dropout=0.37", "dropout=0.39") if word in text], name


@pytest.mark.parametrize("name", PAGES)
def test_a_revealed_arm_comes_to_the_page_that_somebody_watches(stage: Page, another_browser: Page, name: str) -> None:
    stage.keyboard.press("h")
    start(stage)
    status(stage, "finished")
    another_browser.goto(stage.url)
    go(another_browser, name)
    page = another_browser.locator("[data-testid=stMain]")
    page.locator(PAGES[name]).first.wait_for()
    for arm, word in (("bn", "dropout=0.37"), ("ln", "dropout=0.39")):
        expect(page).not_to_contain_text(word)
        stage.keyboard.press("v")
        expect(page.locator(f"[data-arm='{arm}:{word}'], :text('{arm}:{word}')").first).to_be_attached()
