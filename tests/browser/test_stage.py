"""The stage for a class: curves that fill a low screen, keys, and arms that the teacher reveals one by one."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go, start, status

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCREEN = {"width": 1280, "height": 720}
LINK = "/?data=digits&examples=160&batch=32&epochs=1&lr=0.5&seed=3&arms=none,bn:dropout=0.37,ln:dropout=0.39"
SEEN = ("none", "bn:dropout=0.37", "ln:dropout=0.39")
ARMS = "[...document.querySelectorAll('.ns-arm')].map(e => e.dataset.arm).join()"
PLOTS = "[...document.querySelectorAll('.ns-charts .ns-chart')].map(e => e._fullLayout?._size.h ?? 0)"
PAGES = ("Train", "Activations", "Gradients", "Parameters", "Cube", "Runs")


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
    start(stage)
    status(stage, "finished")
    shows(stage, 1)
    expect(stage.locator("[data-part=veiled]")).to_have_text("2 more arms train unseen.")
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


def test_the_keys_of_the_stage_open_the_pages_tell_themselves_and_leave_a_field_alone(stage: Page) -> None:
    stage.keyboard.press("?")
    help_ = stage.locator(".ns-help")
    expect(help_).to_be_visible()
    stage.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    names = stage.locator(".ns-stage [data-page]").all_text_contents()
    stage.keyboard.press(str(names.index("Reference") + 1))
    field = stage.locator(".ns-reference [type=search]")
    field.click()
    field.press_sequentially("12?bhvp")
    assert field.input_value() == "12?bhvp"
    expect(help_).to_be_hidden()
    field.blur()
    stage.keyboard.press("1")
    stage.locator(".ns-train").wait_for()
    expect(stage.locator(".ns-stage [aria-current=page]")).to_have_text("Train")


def test_a_hidden_arm_is_in_nothing_of_any_page_of_who_watches(stage: Page, another_browser: Page) -> None:
    stage.keyboard.press("h")
    start(stage)
    status(stage, "finished")
    another_browser.goto(stage.url)
    for name in PAGES:
        go(another_browser, name)
        another_browser.wait_for_timeout(2500)  # whatever comes late
        text = another_browser.content()
        assert not [word for word in ("dropout=0.37", "dropout=0.39") if word in text], name
