"""What a lesson orders: its step's experiments, one after another, or one that was recorded where it would wait."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.experiment.links import to_query
from core.lessons import catalog, recorded
from core.lessons.catalog import NoSuchLesson
from core.lessons.lesson import Step
from core.lessons.recorded import Note
from core.runs.manager import RunManager
from tests.core.lessons.plain import CONFIG, check, step
from tests.core.store.recorded import recorded as recording_of
from tests.pages.test_orders import ENDLESS, NONE, SMALL, send, told
from tests.pages.visits import open_frame

pytestmark = pytest.mark.usefixtures("small_digits")

STUDY = {"do": "study", "lesson": "a-lesson", "step": "1", "which": 0, "own": False}
FIRST = replace(CONFIG, examples=64, batch_size=16, epochs=1)
ITS_RECORDING = Note("recorded-a-lesson-1-1", 0.0, "Some CPU", "2.15.0", {})


@pytest.fixture(autouse=True)
def no_run_is_left_behind(manager: RunManager) -> Iterator[None]:
    yield
    manager.shutdown(20)


@pytest.fixture(autouse=True)
def lesson(monkeypatch: pytest.MonkeyPatch, manager: RunManager) -> None:
    """One of one step with two experiments, of which the first was recorded."""
    two: Step = step(check(), experiments=(FIRST, replace(FIRST, seed=7)))

    def found(slug: str, number: str) -> Step:
        if (slug, number) != ("a-lesson", "1"):
            raise NoSuchLesson("There is none.")
        return two

    monkeypatch.setattr(catalog, "step", found)
    monkeypatch.setattr(recorded, "note", lambda slug, number, which: ITS_RECORDING if which == 0 else None)
    manager.comes_with(ITS_RECORDING.id, lambda: replace(recording_of(SMALL), id=ITS_RECORDING.id))


def studied(app: AppTest) -> dict[str, Any]:
    """What the page Lessons would be told."""
    return dict(app.session_state["visitor"].studied)


def in_view(app: AppTest) -> str:
    return str(told(app)["run"])


def test_a_step_runs_its_experiments_one_after_another_and_the_form_says_the_same(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, STUDY)
    first = manager.find(in_view(app))
    assert first is not None
    assert first.asked == FIRST
    assert told(app, "orders")["form"] == to_query(FIRST)
    manager.join(first, 60)
    send(app, STUDY | {"which": 1, "run": first.id})
    second = manager.find(in_view(app))
    assert second is not None
    assert second.asked == replace(FIRST, seed=7)
    assert studied(app) == {
        "a-lesson/1/0": {"run": first.id, "order": 1},
        "a-lesson/1/1": {"run": second.id, "order": 2},
    }


@pytest.mark.slow
def test_a_step_is_run_whatever_run_is_in_view_and_each_time_anew(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, STUDY)
    before = studied(app)["a-lesson/1/0"]
    manager.join(manager.find(before["run"]), 60)
    send(app, STUDY | {"run": "of before a reload"})
    after = studied(app)["a-lesson/1/0"]
    assert after["run"] != before["run"]
    assert after["order"] == before["order"] + 1


def test_where_it_would_stand_in_line_the_recorded_run_is_opened_and_none_begun(manager: RunManager) -> None:
    others = manager.submit(ENDLESS)
    app = open_frame(**to_query(SMALL))
    send(app, STUDY)
    assert in_view(app) == ITS_RECORDING.id
    assert studied(app) == {"a-lesson/1/0": {"run": ITS_RECORDING.id, "order": 1}}
    assert manager.active() == [others]
    send(app, STUDY)  # once more, which the page must notice though the run is the same
    assert studied(app) == {"a-lesson/1/0": {"run": ITS_RECORDING.id, "order": 2}}


def test_on_a_stage_that_hides_arms_a_lesson_begins_its_own_run_and_hides_them(manager: RunManager) -> None:
    manager.submit(ENDLESS)  # the recorded one, of which all arms are shown, would be opened
    app = open_frame(**to_query(SMALL))
    send(app, STUDY | {"hides": True})
    own = manager.find(in_view(app))
    assert own is not None
    assert own.asked == FIRST
    assert own.hidden == tuple(arm.name for arm in FIRST.arms[1:]) != ()


def test_who_wants_their_own_stands_in_line(manager: RunManager) -> None:
    manager.submit(ENDLESS)
    app = open_frame(**to_query(SMALL))
    send(app, STUDY | {"own": True})
    own = manager.find(in_view(app))
    assert own is not None
    assert (own.asked, own.status) == (FIRST, "queued")


@pytest.mark.slow
def test_an_experiment_that_nobody_has_recorded_stands_in_line(manager: RunManager) -> None:
    manager.submit(ENDLESS)
    app = open_frame(**to_query(SMALL))
    send(app, STUDY | {"which": 1})
    own = manager.find(in_view(app))
    assert own is not None
    assert own.asked == replace(FIRST, seed=7)


def test_nobody_waits_for_a_run_that_is_paused_nor_for_their_own_that_is_stopped_for_it(
    manager: RunManager, until
) -> None:
    paused = manager.submit(ENDLESS)
    paused.join("a watcher")
    until(lambda: paused.status == "running")
    paused.pause(paused.key)
    until(lambda: paused.status == "paused")
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    own = manager.find(in_view(app))
    assert own is not None
    send(app, STUDY | {"run": own.id})
    assert manager.find(in_view(app)).asked == FIRST  # type: ignore[union-attr]
    until(lambda: own.status == "stopped")


@pytest.mark.slow
def test_ones_own_run_goes_on_while_a_recorded_one_is_shown(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    own = in_view(app)
    manager.submit(replace(ENDLESS, arms=NONE, seed=9))
    send(app, STUDY | {"run": own})
    assert in_view(app) == ITS_RECORDING.id
    assert manager.find(own) in manager.active()


def test_a_lesson_that_is_not_there_begins_nothing_and_says_so(manager: RunManager) -> None:
    app = open_frame(**to_query(SMALL))
    send(app, STUDY | {"lesson": "nothing"})
    assert told(app)["notices"] == ["There is none."]
    assert manager.active() == []
