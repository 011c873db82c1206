"""core.runs.sharing: who starts what somebody else has just started watches it with them, and nobody steers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs import sharing
from core.runs.manager import RunManager
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.store.shelf import Shelf
from core.training import records
from core.training.records import EpochFinished, RunNoted, RunReplaced, TrainMeasured

ARMS = (parse_arm("bn:dropout=0.3"),)
CONFIG = ExperimentConfig(data="digits", examples=100, batch_size=10, epochs=1, arms=ARMS, momentum=0.9)
ENDLESS = replace(CONFIG, epochs=1000)
ME, SOMEBODY, A_THIRD = "my secret", "another secret", "a third secret"
PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def _small(small_digits: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """All runs here are on 300 digits."""
    monkeypatch.setattr("core.runs.writer.BATCH_SECONDS", 0.01)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[RunManager]:
    manager = RunManager(device=torch.device("cpu"), grace=60, shelf=Shelf(tmp_path, 10**9))
    yield manager
    manager.shutdown(PATIENCE_SECONDS)


@pytest.fixture
def asked_at_step_7(monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], object]], None]) -> None:
    """The first run that has done its step 7 goes on once somebody asks its networks something."""
    begin, waiting = Run.begin_step, [True]

    def begin_step(run: Run, step: int) -> float | None:
        if step == 8 and waiting:
            waiting.clear()
            until(lambda: run._questions)
        return begin(run, step)

    monkeypatch.setattr(Run, "begin_step", begin_step)


def measured(run: Run) -> list[object]:
    """Without the clock."""
    facts = [each for each in run.history if isinstance(each, TrainMeasured | records.TestMeasured | EpochFinished)]
    return [each if isinstance(each, EpochFinished) else replace(each, seconds={}) for each in facts]


def notes(run: Run) -> list[object]:
    return [record.said for record in run.history if isinstance(record, RunNoted)]


# --- shared ----------------------------------------------------------------------------------------------------------


def test_many_who_start_the_same_share_one_run_instead_of_standing_in_line(here: RunManager) -> None:
    runs = [here.shared.start(ENDLESS, key=f"student {i}") for i in range(30)]
    assert len({run.id for run in runs}) == 1
    assert len(here.active()) == 1


def test_a_shared_run_belongs_to_nobody(here: RunManager) -> None:
    run = here.shared.start(ENDLESS, key=ME)
    assert not here.shared.has(run)
    before = run.version
    here.shared.start(ENDLESS, key=SOMEBODY)
    assert here.shared.has(run)
    assert run.version > before  # who had it is told
    for key in (ME, SOMEBODY):
        with pytest.raises(NotTheOwner):
            run.pause(key)


def test_on_the_shelf_it_belongs_to_nobody_either(here: RunManager, until: Callable[..., None]) -> None:
    run = here.shared.start(ENDLESS, key=ME)
    assert here.shelf is not None
    shelf = here.shelf
    until(lambda: here.writer is not None and here.writer.has_begun(run) and shelf.card(run.id).owned_by(ME))
    here.shared.start(ENDLESS, key=SOMEBODY)
    until(lambda: not shelf.card(run.id).owned_by(ME))
    assert not shelf.card(run.id).owned_by(SOMEBODY)
    assert shelf.card(run.id).owner  # it is not the command line's


@pytest.mark.parametrize("other", [replace(ENDLESS, seed=1), replace(ENDLESS, learning_rate=0.2)])
def test_other_settings_are_another_run(here: RunManager, other: ExperimentConfig) -> None:
    assert here.shared.start(ENDLESS, key=ME) is not here.shared.start(other, key=SOMEBODY)


def test_a_run_that_was_steered_is_its_owners_and_stays_so(here: RunManager) -> None:
    paused, faster = here.shared.start(ENDLESS, key=ME), here.shared.start(replace(ENDLESS, seed=2), key=ME)
    paused.pause(ME)
    faster.change_learning_rate(ME, 0.3)
    assert here.shared.start(ENDLESS, key=SOMEBODY) is not paused
    assert here.shared.start(replace(ENDLESS, seed=2), key=SOMEBODY) is not faster
    assert paused.is_owned_by(ME)


def test_a_schedule_that_moves_the_rate_is_nobodys_order(here: RunManager, until: Callable[..., None]) -> None:
    falling = replace(ENDLESS, schedule="cosine")
    run = here.shared.start(falling, key=ME)
    until(lambda: run.snapshot().learning_rate < falling.learning_rate)
    assert here.shared.start(falling, key=SOMEBODY) is run


def test_after_a_while_who_starts_the_same_gets_a_run_of_their_own(
    here: RunManager, monkeypatch: pytest.MonkeyPatch, until: Callable[..., None]
) -> None:
    first = here.shared.start(ENDLESS, key=ME)
    until(lambda: first.status == "running")
    monkeypatch.setattr(sharing, "SHARED_SECONDS", 0.0)
    waiting = here.shared.start(ENDLESS, key=SOMEBODY)
    assert waiting is not first
    assert here.shared.start(ENDLESS, key=A_THIRD) is waiting  # which has not begun, however long it waits


def test_a_browsers_own_second_start_is_a_second_run(here: RunManager) -> None:
    assert here.shared.start(ENDLESS, key=ME) is not here.shared.start(ENDLESS, key=ME)


def test_no_student_takes_the_teachers_run_by_starting_the_same(here: RunManager) -> None:
    run = here.shared.start(ENDLESS, key=ME)
    here.classes.begin(run.id, ME)
    assert here.shared.start(ENDLESS, key=SOMEBODY) is not run
    assert run.is_owned_by(ME)


def test_who_teaches_gets_a_run_to_steer_whatever_others_have_started(here: RunManager) -> None:
    here.classes.begin("a run", ME)
    others = here.shared.start(ENDLESS, key=SOMEBODY)
    assert here.shared.start(ENDLESS, key=ME) is not others


# --- replaced --------------------------------------------------------------------------------------------------------


def test_who_watches_a_run_that_is_replaced_is_told_by_which(here: RunManager) -> None:
    first = here.shared.start(ENDLESS, key=ME)
    second = here.submit(replace(ENDLESS, seed=1), replaces=first, key=ME)
    here.join(first, PATIENCE_SECONDS)
    kinds = [record.kind for record in first.history]
    (told,) = [record for record in first.history if isinstance(record, RunReplaced)]
    assert told.next == second.id
    assert kinds.index("replaced-by") < len(kinds) - 1  # who sees that it has stopped, sees this
    assert first.status == "stopped"


def test_who_joins_a_shared_run_leaves_one_that_says_so(here: RunManager) -> None:
    shared = here.shared.start(ENDLESS, key=SOMEBODY)
    mine = here.shared.start(replace(ENDLESS, seed=1), key=ME)
    assert here.shared.start(ENDLESS, replaces=mine, key=ME) is shared
    assert [record.next for record in mine.history if isinstance(record, RunReplaced)] == [shared.id]


# --- one's own from there --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("asked_at_step_7")
def test_a_run_of_ones_own_from_there_measures_bit_for_bit_what_the_shared_one_does(
    here: RunManager, until: Callable[..., None]
) -> None:
    shared = here.shared.start(CONFIG, key=ME)
    here.shared.start(CONFIG, key=SOMEBODY)
    until(lambda: shared.snapshot().step == 7)
    own = here.shared.branch(shared, SOMEBODY, lambda run: None)
    for run in (shared, own):
        here.join(run, PATIENCE_SECONDS)
        assert run.status == "finished"
    assert measured(own) == measured(shared)
    assert notes(own) == [sharing.FROM_THERE]
    assert own.is_owned_by(SOMEBODY)
    assert own.id != shared.id


@pytest.mark.usefixtures("asked_at_step_7")
def test_who_pauses_a_shared_run_has_their_own_paused_where_that_stood_and_the_other_goes_on(
    here: RunManager, until: Callable[..., None]
) -> None:
    shared = here.shared.start(CONFIG, key=ME)
    here.shared.start(CONFIG, key=SOMEBODY)
    until(lambda: shared.snapshot().step == 7)
    own = here.shared.branch(shared, ME, lambda run: run.pause(ME))
    until(lambda: own.status == "paused")
    assert own.snapshot().step == 7
    assert max(record.step for record in own.history if isinstance(record, TrainMeasured)) == 7
    here.join(shared, PATIENCE_SECONDS)
    assert shared.status == "finished"
    own.resume(ME)
    here.join(own, PATIENCE_SECONDS)
    assert measured(own) == measured(shared)


def test_where_no_run_is_kept_ones_own_begins_anew_and_says_so(manager: RunManager, until: Callable[..., None]) -> None:
    shared = manager.shared.start(ENDLESS, key=ME)
    manager.shared.start(ENDLESS, key=SOMEBODY)
    until(lambda: shared.snapshot().step > 0)
    own = manager.shared.branch(shared, ME, lambda run: run.change_learning_rate(ME, 0.05))
    assert notes(own) == [sharing.FROM_THE_START]
    assert own.is_owned_by(ME)
    assert own.snapshot().learning_rate == 0.05


def test_before_the_first_step_there_is_nothing_to_go_on_from_and_nothing_to_say(manager: RunManager) -> None:
    manager.submit(replace(ENDLESS, seed=1), key=A_THIRD)
    shared = manager.shared.start(CONFIG, key=ME)
    manager.shared.start(CONFIG, key=SOMEBODY)
    assert notes(manager.shared.branch(shared, ME, lambda run: run.pause(ME))) == []


def test_an_order_that_is_refused_leaves_no_run_behind(here: RunManager) -> None:
    shared = here.shared.start(ENDLESS, key=ME)
    here.shared.start(ENDLESS, key=SOMEBODY)

    def refused(run: Run) -> None:
        raise NotTheOwner("no")

    with pytest.raises(NotTheOwner):
        here.shared.branch(shared, ME, refused)
    assert here.active() == [shared]


# --- the line --------------------------------------------------------------------------------------------------------


def test_who_stands_in_line_is_told_how_long_as_soon_as_anybody_can_say(
    manager: RunManager, until: Callable[..., None]
) -> None:
    first = manager.submit(ENDLESS, key=ME)
    second, third = (manager.submit(replace(ENDLESS, seed=seed), key=ME) for seed in (1, 2))
    until(lambda: first.snapshot().step > 25)
    first.pause(ME)  # it leaves the line
    until(lambda: second.snapshot().step > 25)
    left, whole = second.snapshot().eta_seconds, manager.seconds_for(ENDLESS)
    assert left is not None
    assert whole is not None
    waits = manager.seconds_until(third)
    assert waits is not None
    assert 0 < waits < 1.5 * max(left, whole)
    assert manager.seconds_until(second) == 0  # it has the device
