"""A lesson from its question to the verdict, in the real page: predict, run, see what the run says."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.train_page import LONG, go, press, start, status

LESSON = "/lessons?lesson=vanishing-gradients&step=1"
WHOLE = "/lessons?lesson=prediction-mode&step=1"
LISTED = ".ns-lessons > li:has([data-lesson=prediction-mode])"
JUDGED = ".ns-judged"


def predict(page: Page, choice: str) -> None:
    page.locator(f"input[name=predicted][value={choice}]").check()
    page.locator(".ns-predict [type=submit]").click()


def run(page: Page) -> None:
    page.locator("button[data-run]").first.click()


def begin_anew(page: Page) -> None:
    """What visitors before have predicted is forgotten; all tests of a session are one browser."""
    page.locator(".ns-lesson").wait_for()
    page.evaluate("localStorage.removeItem('normscope-lessons')")
    page.reload()


def verdict(page: Page) -> str:
    page.locator(JUDGED).wait_for()
    return page.locator(JUDGED).inner_text()


def test_a_lesson_leads_from_the_prediction_to_a_verdict_and_to_where_the_cause_is_seen(new_page) -> None:
    page = new_page(LESSON)
    expect(page.locator("button[data-run]")).to_be_disabled()
    predict(page, "bn")
    expect(page.locator("input[name=predicted][value=ln]")).to_be_disabled()
    run(page)
    said = verdict(page)
    assert page.locator(JUDGED).get_attribute("data-stands") == "wrong"
    assert "This run says otherwise." in said
    assert "What holds in it: without normalization" in said
    page.wait_for_function("document.querySelector('.ns-lesson-chart .ns-chart')?._fullData?.length === 3")
    page.locator("[data-pointer]").click()
    page.locator(".ns-inside").wait_for()
    expect(page.locator(".ns-inside .ns-when")).to_have_text("Held at step 0")
    assert re.search(r"/gradients\?", page.url)
    go(page, "Lessons")
    assert page.locator(".ns-lessons").inner_text().count("1 of 4 done") == 1


@pytest.mark.slow
def test_the_same_lesson_in_chinese(chinese: BrowserContext, server: str) -> None:
    page = chinese.new_page()
    page.goto(server + LESSON)
    predict(page, "none")
    run(page)
    assert "您的预测在这次运行中成立" in verdict(page)
    assert page.locator(JUDGED).get_attribute("data-stands") == "right"
    expect(page.locator("[data-part=verdict]")).to_contain_text("为什么")
    page.locator("[data-pointer]").click()
    page.locator(".ns-inside").wait_for()
    expect(page.locator(".ns-inside .ns-when")).to_contain_text("第0步")
    page.close()


def take_all_of(page: Page, answers: Sequence[str]) -> None:
    """A lesson from its first step to its last, each predicted as it comes out."""
    for number, answer in enumerate(answers, 1):
        page.locator(f"button[data-step='{number}']").click()
        predict(page, answer)
        run(page)
        expect(page.locator(JUDGED)).to_have_attribute("data-stands", "right")
    page.locator("[data-list]").click()


@pytest.mark.slow
def test_a_whole_lesson_in_english(new_page) -> None:
    page = new_page(WHOLE)
    begin_anew(page)
    take_all_of(page, ["batch", "up"])
    expect(page.locator(LISTED)).to_contain_text("2 of 2 done")


@pytest.mark.slow
def test_a_whole_lesson_in_chinese(chinese: BrowserContext, server: str) -> None:
    page = chinese.new_page()
    page.goto(server + WHOLE)
    begin_anew(page)
    take_all_of(page, ["batch", "up"])
    expect(page.locator(LISTED)).to_contain_text("已完成2步，共2步")
    page.close()


@pytest.mark.slow
def test_where_others_compute_the_recorded_run_is_shown_and_marked_and_can_be_run_oneself(
    new_page, chinese: BrowserContext, server: str
) -> None:
    other = chinese.new_page()
    other.goto(server + LONG)
    other.get_by_role("button", name="开始训练").click()
    status(other, "running")
    page = new_page(LESSON)
    begin_anew(page)
    predict(page, "none")
    run(page)
    assert "Right" in verdict(page)
    expect(page.locator("[data-part=recorded]")).to_contain_text("Recorded Others are computing here now.")
    page.reload()
    assert "Right" in verdict(page)
    page.locator("button[data-run=own]").click()
    expect(page.locator(".ns-experiments")).to_contain_text("Waiting")
    expect(page.locator("[data-part=recorded]")).to_have_count(0)
    press(other, "stop")
    status(other, "stopped")
    assert "Right" in verdict(page)
    other.close()


@pytest.mark.slow
def test_what_is_under_way_is_named_before_a_lesson_stops_it(new_page) -> None:
    page = new_page(LONG)
    start(page)
    go(page, "Lessons")
    page.locator("[data-lesson=vanishing-gradients]").click()
    page.locator(".ns-lesson").wait_for()
    if page.locator("button[data-anew]").count():
        page.locator("button[data-anew]").click()
    predict(page, "none")
    run(page)
    asked = page.locator("[data-part=run] [role=alert]")
    expect(asked).to_contain_text("is under way. This step would stop it.")
    page.locator("[data-part=run] button[data-leave]").click()
    expect(asked).to_have_count(0)
    run(page)
    page.locator("button[data-run=sure]").click()
    assert "Right" in verdict(page)


@pytest.mark.slow
def test_a_link_without_answers_tells_the_numbers_and_keeps_the_verdict(new_page) -> None:
    page = new_page(f"{LESSON}&answers=off")
    begin_anew(page)
    predict(page, "bn")
    run(page)
    said = verdict(page)
    assert "keeps the answer back" in said
    assert "LayerNorm" in said
    assert page.get_by_text("Each sigmoid lets through").count() == 0
    page.goto(page.url.replace("&answers=off", ""))
    assert "Wrong" in verdict(page)


@pytest.mark.slow
def test_two_tabs_show_one_step_and_one_of_them_begins_its_runs(new_page) -> None:
    one = new_page(LESSON)
    begin_anew(one)
    other = new_page(LESSON)
    other.locator(".ns-lesson").wait_for()
    one.bring_to_front()
    predict(one, "ln")
    expect(other.locator("input[name=predicted][value=ln]")).to_be_checked()
    expect(other.locator("input[name=predicted][value=ln]")).to_be_disabled()
    one.bring_to_front()
    run(one)
    assert "Wrong" in verdict(one)
    other.bring_to_front()
    assert "Wrong" in verdict(other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "says"), [("?lesson=nothing", "There is no lesson “nothing”."), (LESSON[8:-1] + "9", "got “9”")]
)
def test_a_link_to_what_is_not_there_says_so_and_leads_to_the_list(new_page, link: str, says: str) -> None:
    page = new_page(f"/lessons{link}")
    expect(page.locator(".ns-notices").first).to_contain_text(says)
    page.locator("[data-list]").click()
    page.locator("[data-lesson=vanishing-gradients]").wait_for()
