"""The “?” of a chart in both languages: what it says, how it opens and closes, and where it leads."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go

NAME = {"en": "What is this?", "zh": "这是什么？"}
MAGNITUDE = {"en": "Gradient magnitude", "zh": "梯度的大小"}
COMPUTED = {"en": "How it is computed", "zh": "如何计算"}
MORE = {"en": "More in Reference", "zh": "在“参考”页中查看全文"}
NOT = {"en": "What not to conclude", "zh": "不能得出什么"}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_charts_question_mark_says_what_is_drawn_and_leads_to_all_of_it(ended: Page, new_page, language: str) -> None:
    run = ended.locator(".ns-train").get_attribute("data-run")
    page = new_page(f"/gradients?run={run}&lang={language}")
    page.locator("[data-part=depth]").get_by_role("button", name=NAME[language]).click()
    answer = page.get_by_role("dialog")
    for heading in (MAGNITUDE, COMPUTED):
        expect(answer.get_by_role("heading", name=heading[language])).to_be_visible()
    answer.get_by_role("link", name=MORE[language]).click()
    term = page.locator(".ns-reference #gradient-magnitude")
    expect(term.get_by_role("heading", name=MAGNITUDE[language])).to_be_in_viewport()
    expect(term.get_by_role("heading", name=NOT[language])).to_be_attached()
    assert {f"run={run}", "term=gradient-magnitude"} <= set(page.url.partition("?")[2].split("&"))


def test_a_question_mark_opens_and_closes_by_keys_and_presses_and_is_of_what_is_drawn(ended: Page) -> None:
    go(ended, "Gradients")
    ended.locator(".ns-gradients[data-shows=look]").wait_for()
    button = ended.locator(".ns-gradients [data-part=depth] > .ns-what")
    answer = ended.get_by_role("dialog")
    button.focus()
    ended.keyboard.press("Enter")
    expect(answer.get_by_role("heading", name="Gradient magnitude")).to_be_visible()
    ended.keyboard.press("Escape")
    expect(answer).to_be_hidden()
    expect(button).to_be_focused()
    ended.locator("[data-metric=update_ratio]").click()
    button.click()
    expect(answer.get_by_role("heading", name="Update / weight")).to_be_visible()
    button.click()
    expect(answer).to_be_hidden()
    ended.locator("[data-metric=mean_abs]").click()


@pytest.mark.slow
def test_from_reference_the_way_back_is_to_the_same_run(ended: Page) -> None:
    go(ended, "Reference")
    ended.locator("#ns-glossary").get_by_role("link", name="小批量统计量").click()
    expect(ended.locator("#batch-statistics h3")).to_be_in_viewport()
    assert "term=batch-statistics" in ended.url
    go(ended, "Gradients")
    ended.locator(".ns-gradients[data-shows=look]").wait_for()
    assert "term=" not in ended.url


def test_a_word_that_no_term_is_called_leads_to_the_texts_that_have_it(ended: Page) -> None:
    go(ended, "Reference")
    search = ended.locator(".ns-reference [type=search]")
    search.fill("Dampening")
    expect(ended.locator("#ns-glossary tbody tr:visible")).to_have_count(1)
    expect(ended.locator(".ns-reference [role=status]")).to_have_text(
        "No term is called “Dampening”; these speak of it."
    )
    expect(ended.locator("#momentum-of-sgd")).to_be_visible()
    expect(ended.locator("#running-statistics")).to_be_hidden()
    search.fill("a<b")
    expect(ended.locator(".ns-reference [role=status]")).to_have_text("No term has “a<b” in its name or its text.")
    search.fill("")
    expect(ended.locator("#running-statistics")).to_be_visible()
