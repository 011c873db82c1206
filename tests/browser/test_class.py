"""A class and a shared run in real browsers: a teacher, two students and a telephone's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.train_page import LONG, TINY, go, hear, press, start, status

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # several browsers each

TEACHER, STUDENT, PHONE = {"width": 1280, "height": 720}, {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def browser(others: Callable[[int], BrowserContext], server: str) -> Iterator[Callable[..., Page]]:
    """browser(): a page of somebody else each time."""
    pages: list[Page] = []

    def opened(size: dict[str, int] = STUDENT, path: str = "") -> Page:
        pages.append(others(len(pages)).new_page())
        pages[-1].set_viewport_size(size)
        pages[-1].goto(path if path.startswith("http") else server + path)
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


def run_in_view(page: Page) -> str:
    return str(page.locator(".ns-train").get_attribute("data-run"))


def start_and_pause(page: Page) -> None:
    """What is shown does not move, and three browsers have the processor."""
    start(page)
    press(page, "pause")
    status(page, "paused")


def follows(page: Page, run: str) -> None:
    page.locator(f".ns-train[data-run='{run}']").wait_for()


def make_link(teacher: Page) -> str:
    teacher.locator("[data-part=class]").click()
    expect(teacher.locator(".ns-class svg")).to_be_visible()
    return str(teacher.locator("[data-part=classLink]").text_content())


def ended_class(browser: Callable[..., Page]) -> tuple[Page, str]:
    """The teacher's page, and the link to their class: the run in view has ended."""
    teacher = browser(TEACHER, TINY)
    start(teacher)
    status(teacher, "finished")
    link = make_link(teacher)
    teacher.locator("[data-shut]").click()
    return teacher, link


def test_a_class_follows_its_teacher_over_a_rerun_to_another_page_and_to_a_step(browser: Callable[..., Page]) -> None:
    teacher = browser(TEACHER, LONG)
    start_and_pause(teacher)
    link = make_link(teacher)
    code = teacher.locator(".ns-code-of").bounding_box()
    assert code is not None
    assert code["height"] >= 0.6 * TEACHER["height"]  # it is read from the last row
    student, phone = browser(STUDENT, link), browser(PHONE, link)
    first = run_in_view(teacher)
    for each in (student, phone):
        follows(each, first)
        expect(each.locator("button[data-do=pause]")).to_be_disabled()
    expect(teacher.locator("[data-part=classCount]")).to_have_text("2 follow it now.")
    teacher.locator("[data-part=classLeads]").check()
    teacher.locator("[data-shut]").click()

    press(teacher, "renew")
    teacher.wait_for_function("run => document.querySelector('.ns-train').dataset.run !== run", arg=first)
    second = run_in_view(teacher)
    status(teacher, "running")
    teacher.wait_for_function("Number(document.querySelector('.ns-train').dataset.step) >= 5")  # with a second look
    press(teacher, "pause")
    for each in (student, phone):
        follows(each, second)

    go(teacher, "Gradients")
    teacher.locator(".ns-inside[data-shows=look]").wait_for()
    for each in (student, phone):
        each.locator(".ns-inside[data-shows=look]").wait_for()
    expect(teacher.locator("[data-part=slider]")).to_be_enabled()
    teacher.locator("[data-part=slider]").focus()
    teacher.keyboard.press("Home")
    held = "Held at step 0"
    expect(teacher.locator("[data-part=when]")).to_have_text(held)
    for each in (student, phone):
        expect(each.locator("[data-part=when]")).to_have_text(held)

    phone.get_by_role("button", name="Leave and run my own").click()
    expect(phone.get_by_text("You have left the class.")).to_be_visible()
    expect(student.get_by_text("You follow a class.")).to_be_visible()

    teacher.reload()  # the owner returns
    go(teacher, "Train")
    expect(teacher.locator("[data-part=class]")).to_have_text("Class: 1")
    teacher.locator("[data-part=class]").click()
    teacher.locator("[data-end]").click()
    expect(student.get_by_text("The class has ended.")).to_be_visible()
    expect(browser(STUDENT, link).get_by_text("There is no such class here")).to_be_visible()
    press(teacher, "stop")


def test_arms_that_are_hidden_after_the_runs_end_are_hidden_from_who_follows_too_and_revealed_again(
    browser: Callable[..., Page],
) -> None:
    teacher, link = ended_class(browser)
    student = browser(STUDENT, link)
    arms = student.locator(".ns-arms .ns-arm")
    expect(arms).to_have_count(3)
    teacher.locator("button[data-projector]").first.click()
    for key, count in (("h", 1), ("v", 2)):
        teacher.keyboard.press(key)
        expect(arms).to_have_count(count)
    student.goto(link.replace("?", "gradients?"))
    pills = student.locator(".ns-inside .ns-pill")
    expect(pills).to_have_count(2)
    for key, count in (("v", 3), ("h", 3), ("h", 1)):  # all are shown, and so is the next run; then hidden once more
        teacher.keyboard.press(key)
        expect(pills).to_have_count(count)


def test_who_follows_hears_of_it_even_where_the_runs_end_comes_to_the_page_before_the_class(
    browser: Callable[..., Page],
) -> None:
    teacher, link = ended_class(browser)
    student = browser(STUDENT)
    held: list[Route] = []
    student.route("**/on_every_page.js*", lambda route: held.append(route))
    student.goto(link)
    arms = student.locator(".ns-arms .ns-arm")
    expect(arms).to_have_count(3)
    student.wait_for_timeout(1500)  # all that it asks for by itself has come
    assert held
    for each in held:
        each.continue_()
    expect(student.get_by_text("You follow a class.")).to_be_visible()
    teacher.locator("button[data-projector]").first.click()
    teacher.keyboard.press("h")
    expect(arms).to_have_count(1)


@pytest.mark.parametrize("path", ["", "gradients"])
def test_who_has_left_and_comes_back_hears_of_arms_that_are_hidden_then(
    browser: Callable[..., Page], path: str
) -> None:
    teacher, link = ended_class(browser)
    student = browser(STUDENT, link.replace("?", f"{path}?"))
    arms = student.locator(".ns-arms .ns-arm, .ns-inside .ns-pill")
    expect(arms).to_have_count(3)
    student.get_by_role("button", name="Leave and run my own").click()
    expect(student.get_by_text("You have left the class.")).to_be_visible()
    student.wait_for_timeout(2500)  # it asks for the last time
    with student.expect_request("**/api/runs/**"):
        student.get_by_role("button", name="Back to the class").click()
    expect(student.get_by_text("You follow a class.")).to_be_visible()
    teacher.locator("button[data-projector]").first.click()
    teacher.keyboard.press("h")
    expect(arms).to_have_count(1)


def test_on_a_telephone_that_it_follows_a_class_lies_over_no_control_of_the_cube(browser: Callable[..., Page]) -> None:
    teacher = browser(TEACHER, TINY)
    start(teacher)
    address, query = make_link(teacher).split("?")
    phone = browser(PHONE, f"{address}cube?{query}")
    line = phone.locator(".st-key-attending")
    expect(line).to_be_visible()
    bar, below = phone.locator(".cube .bar").first.bounding_box(), line.bounding_box()
    assert bar is not None
    assert below is not None
    assert bar["y"] + bar["height"] <= below["y"]
    assert below["y"] + below["height"] <= PHONE["height"]


def test_two_who_press_start_share_a_run_and_who_pauses_gets_their_own(browser: Callable[..., Page]) -> None:
    one, other = browser(STUDENT, LONG), browser(STUDENT, LONG)
    start(one)
    start(other)
    shared = run_in_view(one)
    assert run_in_view(other) == shared
    for each in (one, other):
        expect(each.get_by_text("You share this run")).to_be_visible()
        expect(each.locator("button[data-do=stop]")).to_be_disabled()
    press(other, "pause")
    expect(other.get_by_role("alertdialog")).to_be_visible()
    assert other.locator(".ns-train").get_attribute("data-status") == "running"  # nothing was done yet
    other.get_by_role("button", name="Take a run of my own from here").click()
    other.wait_for_function("run => document.querySelector('.ns-train').dataset.run !== run", arg=shared)
    status(other, "paused")
    press(other, "stop")
    assert run_in_view(one) == shared
    expect(one.locator(".ns-train[data-status=running]")).to_be_visible()


def test_no_key_acts_on_the_run_behind_the_class_link(browser: Callable[..., Page]) -> None:
    teacher = browser(TEACHER, f"{LONG}&seed=11")
    start(teacher)
    make_link(teacher)
    teacher.locator(".ns-class h2").click()
    for key in (" ", ".", "ArrowLeft", "Home"):
        teacher.keyboard.press(key)
    hear(teacher)
    expect(teacher.locator(".ns-class")).to_be_visible()
    assert teacher.locator(".ns-train").get_attribute("data-status") == "running"
    assert teacher.locator("[data-part=when]").text_content() == "Live"
    teacher.locator("[data-shut]").click()
    teacher.keyboard.press(" ")
    status(teacher, "paused")
    press(teacher, "stop")


SHOWN = {"Train": ".ns-train", "Gradients": ".ns-inside[data-step]", "Cube": ".cube canvas"}


@pytest.mark.parametrize("name", SHOWN)
def test_who_watches_a_run_that_was_replaced_is_led_on(browser: Callable[..., Page], name: str) -> None:
    seed = 7 + list(SHOWN).index(name)  # those before would be shared
    owner = browser(STUDENT, f"{LONG}&seed={seed}")
    start(owner)
    first = run_in_view(owner)
    watcher = browser(STUDENT, f"/?run={first}")
    follows(watcher, first)
    go(watcher, name)
    watcher.locator(SHOWN[name]).first.wait_for()
    press(owner, "renew")
    watcher.get_by_role("button", name="Watch that one").click()
    owner.wait_for_function("run => document.querySelector('.ns-train').dataset.run !== run", arg=first)
    go(watcher, "Train")
    follows(watcher, run_in_view(owner))
    press(owner, "stop")


@pytest.mark.parametrize("page", ["", "gradients", "cube", "lessons", "lab", "runs", "reference"])
def test_the_link_of_an_unknown_class_says_so_and_offers_train(new_page: Callable[..., Page], page: str) -> None:
    opened = new_page(f"/{page}?class=over")
    said = opened.get_by_test_id("stMain").get_by_text("There is no such class here")
    expect(said.first).to_contain_text("Start, on the Train page, begins a run of your own.")
