"""core.runs.classes: who teaches a class, who follows it, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.runs import classes as rooms
from core.runs.classes import Classes

TEACHER, OTHER = "a teacher's secret", "another secret"


@pytest.fixture
def here() -> Classes:
    """In memory alone."""
    return Classes(None)


def told(classes: Classes, class_id: str) -> dict[str, Any]:
    return dict(json.loads(classes.told(class_id)))


def test_ids_are_unguessable_and_never_the_same(here: Classes) -> None:
    ids = {here.begin("a run", f"teacher {i}").id for i in range(50)}
    assert len(ids) == 50
    assert all(len(class_id) >= 16 for class_id in ids)


def test_a_teacher_has_one_class_however_often_its_link_is_made(here: Classes) -> None:
    assert here.begin("a run", TEACHER) == here.begin("another run", TEACHER)


def test_it_follows_the_teachers_next_run_and_nobody_elses(here: Classes) -> None:
    lesson = here.begin("a run", TEACHER)
    here.show(OTHER, "somebody else's")
    assert told(here, lesson.id)["run"] == "a run"
    here.show(TEACHER, "the next one")
    assert told(here, lesson.id)["run"] == "the next one"


def test_what_is_told_of_it_has_nothing_of_the_teachers_secret(here: Classes, tmp_path: Path) -> None:
    kept = Classes(tmp_path)
    lesson = kept.begin("a run", TEACHER)
    assert set(told(kept, lesson.id)) == {"id", "run", "leads", "page", "turned", "step", "moved", "watching"}
    assert TEACHER not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))


def test_page_and_cursor_are_told_only_while_the_teacher_leads(here: Classes) -> None:
    lesson = here.begin("a run", TEACHER)
    before = told(here, lesson.id)
    here.turn(TEACHER, "cube")
    here.point(TEACHER, 7)
    assert told(here, lesson.id) == before
    here.lead(TEACHER, True, "gradients")
    here.turn(TEACHER, "cube")
    here.point(TEACHER, 7)
    here.point(OTHER, 8)
    now = told(here, lesson.id)
    assert (now["page"], now["step"]) == ("cube", 7)
    assert now["turned"] > before["turned"]
    assert now["moved"] > before["moved"]


def test_the_next_run_is_followed_live(here: Classes) -> None:
    lesson = here.begin("a run", TEACHER)
    here.lead(TEACHER, True, "")
    here.point(TEACHER, 7)
    here.show(TEACHER, "the next one")
    assert told(here, lesson.id)["step"] is None


def test_the_teacher_sees_how_many_follow_each_of_them_once(here: Classes) -> None:
    lesson = here.begin("a run", TEACHER)
    for watcher in ("one", "two", "two"):
        here.join(lesson.id, watcher)
    assert told(here, lesson.id)["watching"] == 2
    here.leave(lesson.id, "one")
    assert told(here, lesson.id)["watching"] == 1


def test_an_ended_class_and_one_that_never_was_are_told_alike(here: Classes) -> None:
    lesson = here.begin("a run", TEACHER)
    here.end(OTHER)
    assert here.find(lesson.id) is not None
    here.end(TEACHER)
    assert here.find(lesson.id) is None
    assert told(here, lesson.id) == told(here, "never was") == {"ended": True}


def test_a_class_survives_the_server_and_one_that_was_ended_does_not(tmp_path: Path) -> None:
    before = Classes(tmp_path)
    kept, ended = before.begin("a run", TEACHER), before.begin("another", OTHER)
    before.lead(TEACHER, True, "cube")
    before.show(TEACHER, "the next one")
    before.end(OTHER)
    after = Classes(tmp_path)
    assert after.of(TEACHER) == before.of(TEACHER) == after.find(kept.id)
    assert after.find(ended.id) is None


def test_a_file_that_is_none_of_ours_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    lesson = Classes(tmp_path).begin("a run", TEACHER)
    (tmp_path / "classes" / "broken.json").write_text("{")
    assert Classes(tmp_path).find(lesson.id) == lesson


def test_where_nothing_can_be_written_a_class_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "classes").write_text("a file where the folder would be")
    here = Classes(tmp_path)
    lesson = here.begin("a run", TEACHER)
    assert here.find(lesson.id) == lesson


def test_of_very_many_the_oldest_end(here: Classes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MOST_CLASSES", 3)
    begun = [here.begin("a run", f"teacher {i}").id for i in range(5)]
    assert [class_id for class_id in begun if here.find(class_id)] == begun[2:]


def test_what_hundreds_are_told_is_made_once(here: Classes) -> None:
    lesson = here.begin("a run", TEACHER)
    assert here.told(lesson.id) is here.told(lesson.id)
