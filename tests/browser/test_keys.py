"""Space steers a run wherever a click has left the focus; fields, and what was reached by Tab, keep it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go, status

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IS_ON = "e => e.ariaPressed === 'true' || e.parentElement.open === true"
OTHERS = ("[data-kind=batch]", ".ns-foot summary")


@pytest.fixture
def steering(live: Page) -> Page:
    """The Train page of a run under way, with all lines and arms."""
    go(live, "Train")
    return live


@pytest.mark.parametrize("clicked", [".ns-arm[data-arm=bn]", *OTHERS])
def test_space_pauses_and_resumes_after_something_else_was_clicked(steering: Page, clicked: str) -> None:
    button = steering.locator(clicked)
    before = button.evaluate(IS_ON)
    for reached, is_on in (("paused", not before), ("running", before)):
        button.click()
        steering.keyboard.press(" ")
        status(steering, reached)
        assert button.evaluate(IS_ON) == is_on  # it has heard of the click alone


def test_who_comes_to_a_chip_by_tab_switches_it_with_space_and_the_run_goes_on(steering: Page) -> None:
    chip = steering.locator("[data-kind=batch]")
    steering.locator("[data-kind=test]").focus()
    steering.keyboard.press("Tab")
    expect(chip).to_be_focused()
    for pressed in ("false", "true"):
        steering.keyboard.press(" ")
        expect(chip).to_have_attribute("aria-pressed", pressed)
    expect(steering.locator("[data-part=pause]")).to_have_attribute("data-now", "pause")  # nobody has paused


def test_a_space_that_is_typed_into_a_field_is_a_space(steering: Page) -> None:
    rate = steering.locator("[data-part=rate]")
    rate.click()
    rate.press("End")
    steering.keyboard.press(" ")
    assert rate.input_value().endswith(" ")
    expect(steering.locator("[data-part=pause]")).to_have_attribute("data-now", "pause")
    rate.press("Backspace")  # else leaving the field would order a learning rate
    rate.blur()
