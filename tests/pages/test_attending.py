"""A class and a shared run, as several browsers have them: what each sees, and what each may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.experiment.arm import parse_arm
from core.experiment.links import to_query
from core.runs.hidden import hide
from core.runs.manager import RunManager
from core.runs.run import Run
from core.web.owner import OWNER_COOKIE
from pages.parts import cube_view
from tests.pages.test_orders import ENDLESS, element, run_of, send, told
from tests.pages.visits import FRAME, open_frame

ADDRESS = "http://lab.example.edu:8501/"

pytestmark = pytest.mark.usefixtures("small_digits")


@pytest.fixture(autouse=True)
def no_run_is_left_behind(manager: RunManager) -> Iterator[None]:
    yield
    manager.shutdown(20)


@pytest.fixture
def visit(cookies: dict[str, str]) -> Callable[..., AppTest]:
    """visit("a browser", **link): the Train page in that browser."""

    def opened(browser: str, **link: str) -> AppTest:
        cookies[OWNER_COOKIE] = f"the secret of {browser}"
        return open_frame(**link)

    return opened


def in_view(app: AppTest) -> dict[str, str]:
    return {"run": told(app)["run"]}


def teach(app: AppTest) -> str:
    """Start a run, and a class that follows it; its id."""
    send(app, {"do": "start"})
    send(app, {"do": "class", "address": ADDRESS} | in_view(app))
    return str(told(app)["class"]["id"])


def hear(app: AppTest) -> AppTest:
    """What the browser does when a poll has told it that the class is elsewhere."""
    send(app, {"do": "follow"} | in_view(app))
    return app


def pills(app: AppTest) -> list[str]:
    return [each.label for each in app.button if each.key in ("leave_class", "join_class")]


# --- a class ---------------------------------------------------------------------------------------------------------


def test_two_students_follow_their_teacher_over_a_rerun(visit: Callable[..., AppTest], manager: RunManager) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    students = [visit(f"student {i}", **{"class": class_id}) for i in range(2)]
    first = told(teacher)["run"]
    assert [told(student)["run"] for student in students] == [first, first]
    assert b'"watching":2' in manager.classes.told(class_id)
    send(teacher, {"do": "renew"} | in_view(teacher))
    for student in students:
        page = told(hear(student))
        assert page["run"] == told(teacher)["run"] != first
        assert not page["mine"]
        assert page["follows"]
        assert student.query_params["class"] == class_id


def test_who_follows_cannot_steer(visit: Callable[..., AppTest], manager: RunManager) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    student = visit("student", **{"class": teach(teacher)})
    for order in ("pause", "stop", "step"):
        send(student, {"do": order} | in_view(student))
    assert run_of(teacher, manager).snapshot().asked == ""
    send(
        student,
        {"do": "end-class"},
        {"do": "lead", "leads": True},
        {"do": "class", "address": ADDRESS} | in_view(student),
    )
    assert told(teacher)["class"]["leads"] is False
    assert told(student)["class"] is None
    assert "Only who started" in told(student)["notices"][0]


def test_arms_that_the_teacher_hides_after_the_end_leave_the_cube_of_who_follows(
    visit: Callable[..., AppTest], manager: RunManager, monkeypatch: pytest.MonkeyPatch, until: Callable[..., None]
) -> None:
    teacher = visit("teacher", **to_query(replace(ENDLESS, arms=(parse_arm("none"), parse_arm("bn")))))
    student = visit("student", **{"class": teach(teacher)})
    run = run_of(teacher, manager)
    until(lambda: run.snapshot().step > 2)  # with networks
    run.stop(run.key)
    manager.join(run, 60)
    fragment = cube_view.language.fragment

    def by_the_clock(show: Callable[..., None], **how: Any) -> Callable[..., None]:
        """The picture is asked for again and again; before that, here at once, the teacher hides."""
        if show is cube_view._live:
            hide(run, run.key)
        return fragment(show, **how)

    monkeypatch.setattr(cube_view.language, "fragment", by_the_clock)
    student.switch_page(str(FRAME.parent / "cube.py")).run()
    assert arms_of(student) == [run.config.arms[0].name, "worked example"]


def arms_of(app: AppTest) -> list[str]:
    """The networks that the cube offers."""
    return next(list(group.options) for group in app.get("button_group") if group.key.startswith("cube_network"))


def test_the_form_of_who_follows_goes_along_until_they_change_it(visit: Callable[..., AppTest]) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    left_alone, changed = visit("one", **{"class": class_id}), visit("two", **{"class": class_id})
    changed.number_input(key="learning_rate").set_value(0.77).run()
    teacher.number_input(key="learning_rate").set_value(0.2)
    send(teacher, {"do": "start"} | in_view(teacher))
    assert hear(left_alone).number_input(key="learning_rate").value == 0.2
    assert hear(changed).number_input(key="learning_rate").value == 0.77


def test_the_form_of_who_follows_and_of_who_leaves_has_the_arms_that_are_shown(
    visit: Callable[..., AppTest],
) -> None:
    teacher = visit("teacher", **to_query(replace(ENDLESS, arms=(parse_arm("none"), parse_arm("gn2:dropout=0.37")))))
    student = visit("student", **{"class": teach(teacher)})
    send(teacher, {"do": "restart", "hides": True} | in_view(teacher))
    assert hear(student).multiselect(key="arms").value == ["none"]
    student.button(key="leave_class").click().run()
    assert student.multiselect(key="arms").value == ["none"]
    assert "dropout=0.37" not in str(dict(student.query_params))  # the run before had the arm in view


def test_a_student_leaves_with_one_press_and_comes_back_with_one(visit: Callable[..., AppTest]) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    student = visit("student", **{"class": class_id})
    assert pills(student) == ["Leave and run my own"]
    student.button(key="leave_class").click().run()
    assert "class" not in student.query_params
    send(teacher, {"do": "renew"} | in_view(teacher))
    before = told(student)["run"]
    assert told(hear(student))["run"] == before
    assert pills(student) == ["Back to the class"]
    student.button(key="join_class").click().run()
    assert told(student)["run"] == told(teacher)["run"]
    assert student.query_params["class"] == class_id


def test_who_starts_an_experiment_of_their_own_has_left_the_class_which_stays_with_its_teacher(
    visit: Callable[..., AppTest], manager: RunManager
) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    student = visit("student", **{"class": class_id})
    send(student, {"do": "start"} | in_view(student))
    assert told(student)["mine"]
    assert told(student)["run"] != told(teacher)["run"]
    assert told(teacher)["mine"]
    found = manager.classes.find(class_id)
    assert found is not None
    assert found.run == told(teacher)["run"]
    assert b'"watching":0' in manager.classes.told(class_id)


def test_who_follows_and_goes_on_to_the_teachers_next_run_by_hand_still_follows(visit: Callable[..., AppTest]) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    student = visit("student", **{"class": class_id})
    first = told(teacher)["run"]
    send(teacher, {"do": "renew"} | in_view(teacher))
    send(student, {"do": "lead-on", "id": first} | in_view(student))  # pressed before a poll had told of the next run
    assert told(student)["run"] == told(teacher)["run"] != first
    assert told(student)["follows"]
    send(teacher, {"do": "renew"} | in_view(teacher))
    assert told(hear(student))["run"] == told(teacher)["run"]


def test_who_follows_a_class_that_ends_is_told_and_keeps_its_last_run(visit: Callable[..., AppTest]) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    student = visit("student", **{"class": teach(teacher)})
    send(teacher, {"do": "end-class"})
    assert told(teacher)["class"] is None
    page = told(hear(student))
    assert page["notices"] == [
        "The class has ended. Its last run stays in view; Start, on the Train page, begins one of your own."
    ]
    assert page["run"] == told(teacher)["run"]
    assert not page["follows"]


def test_a_link_of_no_class_says_so_and_offers_train(visit: Callable[..., AppTest]) -> None:
    page = told(visit("student", **{"class": "never was"}))
    assert page["run"] == ""
    (said,) = page["notices"]
    assert said.startswith("There is no such class here")
    assert "Start, on the Train page" in said


def test_the_teacher_who_comes_back_teaches_the_same_class_on(
    visit: Callable[..., AppTest], manager: RunManager
) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    student = visit("student", **{"class": class_id})
    again = visit("teacher", **{"class": class_id})
    assert told(again)["mine"]
    assert not told(again)["follows"]
    assert told(again)["class"]["id"] == class_id
    assert b'"watching":1' in manager.classes.told(class_id)  # who teaches does not follow
    send(again, {"do": "renew"} | in_view(again))
    assert told(hear(student))["run"] == told(again)["run"]


def test_the_link_is_the_address_that_the_teachers_browser_has_and_no_secret(visit: Callable[..., AppTest]) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    assert told(teacher)["class"]["link"] == f"{ADDRESS}?class={class_id}"
    assert told(teacher)["class"]["code"].startswith("<svg")
    send(teacher, {"do": "class", "address": "javascript:alert(1)//"} | in_view(teacher))
    assert told(teacher)["class"]["link"] == ""
    assert "the secret of" not in element(teacher, "training").proto.json + element(teacher, "orders").proto.json


def test_who_follows_is_on_the_teachers_page_with_the_form_as_it_was(visit: Callable[..., AppTest]) -> None:
    teacher = visit("teacher", **to_query(ENDLESS))
    class_id = teach(teacher)
    student = visit("student", **{"class": class_id})
    student.number_input(key="learning_rate").set_value(0.77).run()
    send(teacher, {"do": "lead", "leads": True})
    teacher.switch_page("gradients.py").run()
    hear(student)
    assert element(student, "gradients")
    assert student.number_input(key="learning_rate").value == 0.77
    student.switch_page("train.py").run()
    assert element(student, "training")  # until the teacher turns the next time, they go where they like


# --- a shared run ----------------------------------------------------------------------------------------------------


def test_who_presses_start_on_the_same_settings_shares_the_run(
    visit: Callable[..., AppTest], manager: RunManager
) -> None:
    one, other = visit("one", **to_query(ENDLESS)), visit("other", **to_query(ENDLESS))
    send(one, {"do": "start"})
    send(other, {"do": "start"})
    assert told(one)["run"] == told(other)["run"]
    assert told(other)["notices"][0].startswith("Somebody else had just started the same")
    assert len(manager.active()) == 1
    send(other, {"do": "start"} | in_view(other))  # once more
    assert told(other)["run"] == told(one)["run"]
    assert told(other)["ghosts"] == []


@pytest.mark.parametrize(
    ("order", "of_own"),
    [
        ({"with": "pause"}, lambda run: run.snapshot().status == "paused" or run.snapshot().asked == "pause"),
        ({"with": "rate", "value": "0.33"}, lambda run: run.snapshot().learning_rate == 0.33),
    ],
)
def test_who_pauses_or_changes_it_gets_a_run_of_their_own(
    visit: Callable[..., AppTest], manager: RunManager, order: dict[str, Any], of_own: Callable[[Run], bool]
) -> None:
    one, other = visit("one", **to_query(ENDLESS)), visit("other", **to_query(ENDLESS))
    send(one, {"do": "start"})
    send(other, {"do": "start"})
    shared = run_of(one, manager)
    send(other, {"do": "own"} | order | in_view(other))
    own = run_of(other, manager)
    assert own is not shared
    assert told(other)["mine"]
    assert of_own(own)
    assert shared.snapshot().asked == ""
    assert shared.snapshot().learning_rate == ENDLESS.learning_rate


def test_nobody_gets_their_own_of_what_is_somebodys(visit: Callable[..., AppTest], manager: RunManager) -> None:
    owner = visit("owner", **to_query(ENDLESS))
    send(owner, {"do": "start"})
    watcher = visit("watcher", run=told(owner)["run"])
    send(watcher, {"do": "own", "with": "pause"} | in_view(watcher))
    assert told(watcher)["run"] == told(owner)["run"]
    assert len(manager.active()) == 1


def test_who_watches_a_run_that_was_replaced_is_led_to_the_newest_with_one_press(visit: Callable[..., AppTest]) -> None:
    owner = visit("owner", **to_query(ENDLESS))
    send(owner, {"do": "start"})
    first = told(owner)["run"]
    watcher = visit("watcher", run=first)
    for seed in (1, 2):
        owner.number_input(key="seed").set_value(seed)
        send(owner, {"do": "start"} | in_view(owner))
    send(watcher, {"do": "lead-on", "id": first} | in_view(watcher))
    assert told(watcher)["run"] == told(owner)["run"] != first
    assert not told(watcher)["mine"]


def test_a_run_of_other_settings_stands_in_line(visit: Callable[..., AppTest], manager: RunManager) -> None:
    one, other = visit("one", **to_query(ENDLESS)), visit("other", **to_query(replace(ENDLESS, seed=9)))
    send(one, {"do": "start"})
    send(other, {"do": "start"})
    assert len(manager.active()) == 2
