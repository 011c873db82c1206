"""The runs that come with lessons are the lessons', as they are now, and give the answers that runs of one's own do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.lessons import catalog, recorded
from core.lessons.check import Check
from core.lessons.checks import outcome
from core.lessons.evidence import of_recording
from core.lessons.lesson import Lesson, Pointer
from core.lessons.measures import Where
from core.store.codec import record_text
from core.store.recording import Recording
from core.training.records import NetworksSeen
from tests.core.lessons.plain import check, step
from tests.core.store.recorded import recorded as recording_of
from tests.core.store.test_shelf import CONFIG

SLUG = "a-lesson"
ANSWERS = {"bias gradients": {"images": 64, "arms": {"bn": {"fc1": 1e-7}}}}
ASKS = check(measure="test_accuracy")
MOST_BYTES = 3_000_000  # of what every copy of the repository has


def lesson(**changed: Any) -> Lesson:
    """Of one step that runs CONFIG, or CONFIG with other settings."""
    made = step(ASKS)
    object.__setattr__(made, "experiments", (replace(CONFIG, **changed),))  # whatever its check would say to it
    return Lesson(SLUG, 1, 1.0, (made,))


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recording_of(CONFIG)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recording: Recording) -> Callable[[Lesson], None]:
    """The recording lies beside its lesson; to be called with the lesson as it is now."""
    (tmp_path / SLUG).mkdir()
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    recorded._read.cache_clear()
    without = replace(recording, network_steps=())
    recorded.write(SLUG, 1, 0, without, ANSWERS)

    def now(found: Lesson) -> None:
        monkeypatch.setattr(catalog, "lessons", lambda: (found,))
        monkeypatch.setattr(catalog, "lesson", lambda slug: found)

    return now


def test_what_is_written_is_read_again_with_its_looks_and_answers(written, recording: Recording) -> None:
    written(lesson())
    ((run_id, read),) = recorded.runs()
    noted = recorded.note(SLUG, 1, 0)
    assert noted is not None
    assert noted.id == run_id == read().id == "recorded-a-lesson-1-1"
    assert (noted.when, noted.processor) == (recording.origin.started.timestamp(), recording.origin.processor)
    evidence = recorded.evidence(read(), noted)
    assert evidence == replace(of_recording(recording), answers=ANSWERS)
    assert evidence.records == recording.records
    assert [look.steps for look in evidence.looks] == [(look.step, look.step) for look in recording.looks()]


def test_a_recording_is_no_more_the_lessons_once_its_settings_have_changed_and_that_is_said(written) -> None:
    written(lesson(learning_rate=0.25))
    assert recorded.note(SLUG, 1, 0) is None
    assert list(recorded.faults()) == [
        "a-lesson/recorded/1-1.json: the lesson was changed since; run `python -m bench.lessons a-lesson --record`"
    ]


def test_a_recording_from_before_a_setting_was_there_is_the_lessons_as_long_as_that_has_its_usual_value(
    written, tmp_path: Path
) -> None:
    written(lesson())
    path = tmp_path / SLUG / "recorded" / "1-1.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    del found["experiment"]["momentum"]
    path.write_text(json.dumps(found), encoding="utf-8")
    recorded._read.cache_clear()
    assert recorded.note(SLUG, 1, 0) is not None
    written(lesson(momentum=0.5))
    path.write_text(json.dumps(found), encoding="utf-8")
    recorded._read.cache_clear()
    assert recorded.note(SLUG, 1, 0) is None


def test_a_recording_whose_networks_were_not_asked_what_the_check_asks_now_is_none(
    written, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = lesson()
    object.__setattr__(changed.steps[0], "check", check(measure="recalibrated_accuracy"))
    written(changed)
    assert recorded.note(SLUG, 1, 0) is None


def test_an_experiment_that_was_not_recorded_has_none(written) -> None:
    written(lesson())
    object.__setattr__(catalog.lessons()[0].steps[0], "experiments", (CONFIG, replace(CONFIG, seed=5)))
    assert recorded.note(SLUG, 1, 0) is not None
    assert recorded.note(SLUG, 1, 1) is None
    assert list(recorded.faults()) == []


def test_of_a_recording_those_looks_are_kept_that_its_step_shows(recording: Recording) -> None:
    look = next(iter(recording.looks()))
    whole = replace(recording, looks=lambda: [replace(look, step=at) for at in (0, 1, 2, 4, 5)])

    def kept(asked: Check = ASKS, **changed: Any) -> list[int]:
        return [each.step for each in recorded.thinned(step(asked, **changed), whole).looks()]

    elsewhere = (Pointer("gradients", "conv1", 1),)
    assert kept(pointers=(Pointer("cube"),)) == [5]
    assert kept(pointers=elsewhere) == [1, 5], "the last one too"
    assert kept(check(measure="unit_spread", where=Where("fc1", 2), margin=2.0), pointers=elsewhere) == [1, 2, 5]
    assert kept(chart="gradient", chart_at=2, pointers=elsewhere) == [1, 2, 5]
    drift = check(measure="drift", where=Where("conv1", 2), margin=2.0)
    ahead = (Pointer("activations", "conv1", 2),)
    assert kept(drift, chart="drift", chart_at=2, pointers=ahead) == [1, 2, 4, 5], "a drift is since the look before"


def test_where_a_step_leads_to_train_those_looks_are_kept_that_train_reads_reasons_from(recording: Recording) -> None:
    look = next(iter(recording.looks()))
    gradient = next(iter(recording.looks())).arms["bn"].layers[0].gradient

    def at(number: int) -> NetworksSeen:
        """The arm bn takes its largest step at the fourth look, and the others leave before the thirteenth."""
        moved = replace(gradient, update_ratio=0.5 if number == 3 else 0.1)
        layers = [replace(layer, gradient=moved) for layer in look.arms["bn"].layers]
        arms = {"bn": replace(look.arms["bn"], layers=layers)}
        return replace(look, step=number, arms=arms if number > 11 else look.arms | arms)

    whole = replace(recording, looks=lambda: [at(number) for number in range(15)])
    kept = recorded.thinned(step(ASKS, pointers=(Pointer("train"),)), whole).looks()
    assert [each.step for each in kept] == [0, 3, 11, 14], "the others move alike all the time: their first is kept"


def test_a_look_that_comes_with_a_lesson_has_few_digits_and_says_the_same(recording: Recording) -> None:
    *_, whole = recording.looks()
    *_, short = recorded.thinned(step(ASKS), recording).looks()
    assert len(record_text(short)) < 0.75 * len(record_text(whole))
    for arm in whole.arms:
        for before, after in zip(whole.arms[arm].layers, short.arms[arm].layers, strict=True):
            assert after.gradient.mean_abs == pytest.approx(before.gradient.mean_abs, rel=1e-4)
            assert after.before.percentiles == pytest.approx(before.before.percentiles, rel=1e-4)


def test_no_lesson_has_changed_since_its_runs_were_recorded() -> None:
    assert list(recorded.faults()) == []


def test_every_experiment_of_every_lesson_was_recorded_as_it_is_now() -> None:
    missing = [
        f"python -m bench.lessons {each.slug} --step {number} --record"
        for each in catalog.lessons()
        for number, asked in enumerate(each.steps, 1)
        for which in range(len(asked.experiments))
        if recorded.note(each.slug, number, which) is None
    ]
    assert missing == []


def test_the_recorded_runs_of_all_lessons_take_little_room() -> None:
    assert sum(path.stat().st_size for path in catalog.FOLDER.glob("*/recorded/*")) < MOST_BYTES


@pytest.mark.slow
def test_every_recorded_run_can_be_read_and_belongs_to_a_note_that_says_its_settings() -> None:
    for run_id, read in recorded.runs():
        noted = json.loads((catalog.FOLDER / _place(run_id)).read_text(encoding="utf-8"))
        assert recorded.from_query(noted["experiment"]) == (read().config, [])
        assert read().id == run_id


@pytest.mark.slow
def test_every_recorded_run_has_its_last_look() -> None:
    for run_id, read in recorded.runs():
        *_, last = read().looks()
        assert last.step == read().config.total_steps, run_id


def _place(run_id: str) -> str:
    slug, number, which = run_id.removeprefix("recorded-").rsplit("-", 2)
    return f"{slug}/recorded/{number}-{which}.json"


@pytest.mark.slow
@pytest.mark.parametrize("slug", [each.slug for each in catalog.lessons()])
def test_the_recorded_runs_of_a_lesson_give_the_answers_that_its_texts_explain(slug: str) -> None:
    reads = dict(recorded.runs())
    for number, asked in enumerate(catalog.lesson(slug).steps, 1):
        notes = [recorded.note(slug, number, which) for which in range(len(asked.experiments))]
        evidence = [recorded.evidence(reads[noted.id](), noted) for noted in notes if noted is not None]
        if evidence:  # a demonstration has no runs
            found = outcome(asked, evidence).answer
            assert found == asked.explains or (asked.slider and isinstance(found, float)), f"step {number}: {found}"
