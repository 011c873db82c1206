"""Two languages on the real page: whose it is at first, one press to the other, and what a press leaves as it is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.train_page import TINY, go, settle, status

LINK = TINY + "&arms=none,bn&init=default"
NAMES = {"en": "Train", "zh": "训练"}
SEEN = "[document.querySelector('.ns-train').dataset.run, document.querySelector('.ns-train').dataset.step]"


@pytest.fixture(scope="module")
def page(chinese: BrowserContext, server: str) -> Iterator[Page]:
    """That visitor's tab, with a run that has ended; the tests leave it in Chinese, on the Train page."""
    errors: list[object] = []
    page = chinese.new_page()
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(server + LINK)
    page.get_by_role("button", name="开始训练").click()
    status(page, "finished")
    yield page
    page.close()
    assert not errors


def press(page: Page, language: str) -> None:
    """Wait until all of the page speaks it."""
    page.get_by_role("button", name={"en": "English", "zh": "中文"}[language], exact=True).click()
    page.get_by_role("link", name=NAMES[language]).wait_for()
    page.locator(".ns-train [data-part=start]", has_text={"en": "Start", "zh": "开始"}[language]).wait_for()
    page.wait_for_function("document.querySelector('.ns-train').dataset.status === 'finished'")
    settle(page)


def is_seen_again(page: Page, before: list[str | None]) -> None:
    """A page written anew knows at once how the run stands, and its step when the server has answered."""
    page.wait_for_function(f"before => {SEEN}.join() === before", arg=",".join(before))


def test_a_chinese_browser_gets_chinese_with_chinese_characters(page: Page) -> None:
    expect(page.locator(".ns-train [data-part=status]")).to_have_text("已完成")
    expect(page.get_by_role("spinbutton", name="训练图像数")).to_have_value("64")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert "lang=" not in page.url  # nobody has chosen it: who gets the link has a language of their own


def test_a_press_changes_the_words_and_leaves_the_run_the_form_and_the_charts(page: Page) -> None:
    before = [page.locator(".ns-train").get_attribute("data-run"), "2"]  # both its steps
    is_seen_again(page, before)
    press(page, "en")
    expect(page.locator(".ns-train [data-part=status]")).to_have_text("Finished")
    expect(page.get_by_role("spinbutton", name="Training images")).to_have_value("64")
    is_seen_again(page, before)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "lang=en" in page.url
    page.wait_for_function("document.querySelector('.ns-train [data-part=accuracy]')?.data?.length > 0")
    press(page, "zh")
    is_seen_again(page, before)
    assert "lang=zh" in page.url


@pytest.mark.slow
def test_a_list_shows_what_is_chosen_in_the_language_of_the_page(page: Page) -> None:
    chosen = page.locator(".st-key-init input")
    expect(chosen).to_have_value("PyTorch默认")
    press(page, "en")
    expect(chosen).to_have_value("PyTorch’s default")
    press(page, "zh")
    expect(chosen).to_have_value("PyTorch默认")


@pytest.mark.slow
def test_what_was_chosen_stays_over_other_pages_and_for_the_next_visit(
    page: Page, chinese: BrowserContext, server: str
) -> None:
    press(page, "en")
    page.get_by_role("link", name="Gradients").click()
    page.locator(".ns-inside").wait_for()
    assert "lang=en" in page.url
    later = chinese.new_page()
    later.goto(server)
    later.get_by_role("button", name="Start training").wait_for()
    assert later.evaluate("document.documentElement.lang") == "en"
    later.close()
    go(page, "Train")
    press(page, "zh")
