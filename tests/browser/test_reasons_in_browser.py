"""Why the arms stand where they stand: each reason leads to the page, the layer and the step where it is seen."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_reason_leads_to_its_layer_and_step_by_a_press_and_by_its_address(ended: Page, new_page) -> None:
    item = ended.locator("[data-part=reasons] li", has_text="its first layer gets 1/")
    expect(item).to_contain_text("No normalization has not left chance (")
    expect(item).to_be_hidden()  # on a low screen the first stands alone
    ended.get_by_role("button", name="more reason").click()
    link = item.locator("a")
    expect(link).to_have_text("→ Gradients: conv1, step 20")
    address = link.get_attribute("href")
    link.click()
    ended.locator(".ns-gradients[data-step='20']").wait_for()
    expect(ended.locator("[data-part=when]")).to_have_text("Held at step 20")
    expect(ended.locator("select[data-part=layer]")).to_have_value("conv1")
    ended.get_by_role("button", name="follow live").click()  # as the next test expects it
    expect(ended.locator("[data-part=when]")).to_have_text("At the end")
    origin = ended.evaluate("location.origin")
    another = new_page(address.removeprefix(origin).replace("look=20%2Cconv1", "look=5%2Cfc2"))
    another.locator(".ns-gradients[data-step='5']").wait_for()
    expect(another.locator("select[data-part=layer]")).to_have_value("fc2")
    assert "look=" not in another.url, "a reload leaves the visitor where they went from there"
    ended.bring_to_front()
    go(ended, "Train")
    ended.get_by_role("button", name="the first reason only").click()
    expect(item).to_be_hidden()
