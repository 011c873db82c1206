"""An arm that cannot learn any more, as every page says it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.train_page import finish, go

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DEAD = "/?data=digits&examples=320&batch=32&epochs=2&lr=5&act=relu&seed=3&arms=none"


def test_train_activations_gradients_and_parameters_say_which_layer_is_dead_and_that_no_gradient_is_left(
    new_page,
) -> None:
    page = new_page(DEAD)
    finish(page)
    dead = re.compile(
        r"Dead at step 20, 0 for all 64 images: [\w ]+ of No normalization\. "
        "Gradient exactly 0 at step 20: every layer of No normalization"
    )
    expect(page.locator("[data-part=reasons]")).to_contain_text(dead)
    for name in ("Activations", "Parameters", "Gradients"):
        go(page, name)
        expect(page.locator("[data-part=says]")).to_contain_text(dead)
        if name == "Activations":
            expect(page.locator(".ns-inactive td").first).to_be_visible()
            assert page.locator(".ns-inactive").evaluate("e => e.scrollWidth <= e.clientWidth")  # 100.0 % has its room
    expect(page.locator("[data-ratio=none] b")).to_have_text("0 / 0")
    expect(page.locator("[data-part=zeros]")).to_have_text(
        "Exactly 0, which has no place on a log axis: No normalization: every layer."
    )
    page.locator("[data-metric=zero_share]").click()
    expect(page.locator("[data-part=zeros]")).to_have_text("")
