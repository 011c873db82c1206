"""Runs on the shelf: written while they are executed, found and asked when they are not, taken up where they stood."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.data.files import DataError
from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError
from core.experiment.schedule import shown_rate
from core.runs import gallery, keeping, kept_looks, questions, unkept
from core.runs.archive import AT_HAND
from core.runs.clock import Clock
from core.runs.kept_looks import KeptLooks, spread
from core.runs.kept_run import KeptRun
from core.runs.library import Library
from core.runs.line import Line
from core.runs.manager import RunManager
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.runs.shown import shown
from core.store.card import Begun, Cards
from core.store.run_file import RunFile
from core.store.shelf import Shelf
from core.store.troubles import InUse, StoreError
from core.training import records
from core.training.records import LearningRateChanged, NetworksSeen, Record, RunNoted, StatusChanged
from core.training.trainer import train
from core.web import api
from core.web.owner import OWNER_COOKIE
from core.web.routes import routes
from core.words.reasons import reasons
from tests.core.store.recorded import ORIGIN

ARMS = (parse_arm("bn:dropout=0.3"),)
CONFIG = ExperimentConfig(data="digits", examples=200, batch_size=20, epochs=2, arms=ARMS, momentum=0.9)
ENDLESS = replace(CONFIG, epochs=1000)
PATIENCE_SECONDS = 60
ME = "a secret"


@pytest.fixture(autouse=True)
def _small(small_digits: object) -> None:
    """All runs here are on 300 digits."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.writer.BATCH_SECONDS", 0.01)
    monkeypatch.setattr("core.runs.kept_run.LIVE_SECONDS", 0.0)
    monkeypatch.setattr("core.runs.kept_run.ENDED_SECONDS", 0.0)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, 10**9)


@pytest.fixture
def after_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[Run], object]], None]:
    """after_step(7, order): the first run that has done its step 7 gets the order before the next, on any machine."""

    def arrange(step: int, order: Callable[[Run], object]) -> None:
        begin, orders = Run.begin_step, [order]

        def begin_step(run: Run, at: int) -> float | None:
            if at == step + 1 and orders:
                orders.pop()(run)
            return begin(run, at)

        monkeypatch.setattr(Run, "begin_step", begin_step)

    return arrange


def stop(run: Run) -> None:
    """An order for after_step."""
    run.stop(run.key)


@pytest.fixture
def server(shelf: Shelf) -> Iterator[Callable[[], RunManager]]:
    """A server that has just been started, and then another one; the one before is told to end."""
    started: list[RunManager] = []

    def start() -> RunManager:
        for each in started:
            each.shutdown(PATIENCE_SECONDS)
        started.append(RunManager(device=torch.device("cpu"), grace=60, shelf=shelf))
        return started[-1]

    yield start
    for each in started:
        each.shutdown(PATIENCE_SECONDS)


def to_its_end(manager: RunManager, run: Run) -> Run:
    """Until all of it is on the shelf."""
    manager.join(run, PATIENCE_SECONDS)
    assert manager.writer is not None
    manager.writer.wait_for(run, PATIENCE_SECONDS)
    assert manager.writer.has_all_of(run)
    return run


def measured(facts: object) -> list[str]:
    """Without the clock, and without how the run stood."""
    timed = records.TrainMeasured | records.TestMeasured
    apart = StatusChanged | RunNoted
    return [
        repr(replace(each, seconds={}) if isinstance(each, timed) else each)
        for each in facts
        if not isinstance(each, apart)
    ]


def told(facts: Iterable[Record]) -> list[Record]:
    """With notes as visitors read them: what is kept has no path of this machine."""
    return [replace(each, said=str(each.said)) if isinstance(each, RunNoted) else each for each in facts]


@pytest.fixture(scope="module")
def uninterrupted(small_images: Images) -> list[str]:
    """What CONFIG measures if nothing comes between."""
    facts: list[Record] = []
    train(CONFIG, small_images, facts.append)
    return measured(facts)


# --- written ---------------------------------------------------------------------------------------------------------


def test_what_was_executed_is_on_the_shelf_record_by_record(server, shelf) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    kept = shelf.recording(run.id)
    assert kept.records == tuple(run.history)
    assert (kept.config, kept.asked, kept.status, kept.origin.by) == (CONFIG, CONFIG, "finished", "page")
    assert [look.step for look in kept.looks()] == [look.step for look in run.inside.since(0, "fixed")]
    assert list(kept.network_steps) == run.snapshots.steps
    for arm in run._arms:
        mine, its = arm.model.state_dict(), kept.networks(CONFIG.total_steps)[arm.name]
        assert all(mine[name].equal(its[name]) for name in mine)
    card = shelf.card(run.id)
    assert (card.status, card.step, card.owned_by(ME), card.owned_by("guess")) == ("finished", 20, True, False)
    assert card.accuracies == next(r for r in reversed(kept.records) if isinstance(r, records.TestMeasured)).accuracy


def test_a_run_that_has_a_presets_settings_has_its_name(server, shelf, until) -> None:
    run = server().submit(ExperimentConfig(data="fashion-mnist"))
    until(lambda: shelf.knows(run.id) and shelf.cards())
    assert shelf.cards()[0].name == "First look"
    run.stop(run.key)


def test_a_checkpoint_comes_every_few_seconds_and_where_a_run_pauses(
    server, shelf, until, after_step, monkeypatch
) -> None:
    monkeypatch.setattr(unkept, "CHECKPOINT_SECONDS", 1e9)
    seen = []

    def pause(run: Run) -> None:  # between two mini-batches; one within a test keeps what the last five seconds did
        until(lambda: shelf.cards() and shelf.read(run.id).checkpoint())
        seen.append(shelf.read(run.id).checkpoint().step)
        run.pause(run.key)

    after_step(4, pause)
    run = server().submit(ENDLESS)
    until(lambda: run.status == "paused")
    assert (seen, run.snapshot().step) == ([0], 4)
    until(lambda: shelf.read(run.id).checkpoint().step == run.snapshot().step)
    monkeypatch.setattr(unkept, "CHECKPOINT_SECONDS", 0)
    run.resume(run.key)
    until(lambda: shelf.read(run.id).checkpoint().step > 5)


def test_a_run_that_has_finished_keeps_no_state_to_go_on_from_and_one_file(server, shelf) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG))
    assert shelf.read(run.id).checkpoint() is None
    assert {path.name for path in shelf.folder(run.id).iterdir()} == {"run.sqlite", "lock", "card.json"}


# --- found again -----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    return TestClient(Starlette(routes=routes))


def answers(client: TestClient, monkeypatch: pytest.MonkeyPatch, manager: RunManager, run_id: str) -> dict[str, object]:
    """All that a browser can ask of a run."""
    monkeypatch.setattr("core.web.api.manager", lambda: manager)
    monkeypatch.setattr("core.web.points.manager", lambda: manager)
    found = {}
    for path in (
        "points?since=0",
        "points?since=9&lang=zh",
        "results.json",
        *(f"inside?view={view}" for view in ("gradients", "activations", "parameters")),
        "inside?view=gradients&source=batch",
        "inside/2",
        "ask/maps?layer=conv1&image=3",
        "ask/maps?layer=conv1&image=3&step=5",
        "ask/noise?layer=fc1",
        "ask/recalibration",
    ):
        answer = client.get(f"/api/runs/{run_id}/{path}")
        assert answer.status_code == 200, answer.text
        found[path] = answer.json()
    return found


def test_after_a_restart_an_ended_run_answers_as_it_did(server, client, monkeypatch) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    with monkeypatch.context() as patch:
        patch.setattr(manager, "executed", lambda run_id: run)
        before = answers(client, monkeypatch, manager, run.id)
    manager = server()
    assert isinstance(manager.find(run.id), KeptRun)
    assert answers(client, monkeypatch, manager, run.id) == before


def test_after_a_restart_a_browser_has_its_list_and_the_lines_of_its_earlier_run_again(
    server, shelf, client, monkeypatch
) -> None:
    """What the page asks for, with the ids that its browser knows; the page itself is in tests/browser."""
    manager, short = server(), replace(CONFIG, epochs=1, examples=60)
    mine, earlier = (to_its_end(manager, manager.submit(short, key=ME)) for _ in range(2))
    others = to_its_end(manager, manager.submit(short, key="another's"))

    def answers_to(manager: RunManager) -> list[object]:
        monkeypatch.setattr("core.web.api.manager", lambda: manager)
        monkeypatch.setattr("core.web.points.manager", lambda: manager)
        monkeypatch.setattr("core.web.listing.library", lambda: Library(manager.shelf, unkept=manager.unkept))
        client.cookies.set(OWNER_COOKIE, ME)
        paths = (f"?known={mine.id}", *(f"/{run.id}/points?since=0" for run in (mine, earlier)))
        return [client.get(f"/api/runs{path}").json() for path in paths]

    before = answers_to(manager)
    monkeypatch.setattr(shelf, "_written", Cards())  # what a process remembers is gone with it
    manager = server()
    after = answers_to(manager)
    assert after == before
    assert [(run["id"], run["mine"]) for run in after[0]["runs"]] == [(earlier.id, True), (mine.id, True)]
    assert others.id not in str(after[0])
    Library(manager.shelf).rename(earlier.id, "still mine", ME)


def test_no_file_of_a_kept_run_is_opened_where_the_server_answers_everybody(server, client, monkeypatch) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    read, opened = RunFile.read, []

    def watched(folder: Path, checked: bool = True) -> RunFile:
        opened.append(asyncio._get_running_loop() is not None)
        return read(folder, checked)

    monkeypatch.setattr(RunFile, "read", watched)
    answers(client, monkeypatch, server(), run.id)
    assert opened
    assert not any(opened)


def test_who_asks_a_kept_run_for_what_it_does_not_have_is_told(server, shelf, monkeypatch) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG))
    kept = server().find(run.id)
    noise = partial(questions.noise, layer="conv1")
    with pytest.raises(LookupError, match="The networks were kept at steps 0, 1, 2, 5, 10, 20; got step 3"):
        kept.ask(noise, 3).result()
    monkeypatch.setattr(gallery, "is_missing", lambda name, root: True)
    with pytest.raises(DataError, match="python -m core data fetch --data digits"):
        server().find(run.id).ask(noise).result()
    with pytest.raises(NotTheOwner, match="steered where it was started"):
        kept.pause(ME)


def test_memory_holds_a_few_runs_however_many_there_are(server, shelf) -> None:
    manager, quick = server(), replace(CONFIG, epochs=1, examples=20)
    ids = [to_its_end(manager, manager.submit(quick)).id for _ in range(AT_HAND + 3)]
    assert len(manager._runs) == 1  # they are forgotten when another begins
    assert manager.seconds_for(replace(quick, seed=9)) is None  # a run of one step says nothing
    assert all(manager.find(run_id).snapshot().step == 1 for run_id in ids)
    assert manager._archive is not None
    assert len(manager._archive._at_hand) == AT_HAND
    assert manager.find("nobody") is None


def test_what_cannot_be_read_is_not_found_and_why_is_known(server, shelf) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(replace(CONFIG, epochs=1)))
    manager = server()
    (shelf.folder(run.id) / "run.sqlite").write_bytes(b"nothing of ours" * 1000)
    assert manager.find(run.id) is None
    assert "is damaged" in str(manager.problem(run.id))


def damage(shelf: Shelf, run_id: str, table: str) -> None:
    """The longest row of a kept run, as when a bit of it is another one on the disk."""
    with closing(sqlite3.connect(shelf.folder(run_id) / "run.sqlite")) as file, file:
        longest = f"(SELECT max(length(body)) FROM {table})"
        file.execute(f"UPDATE {table} SET body = CAST(body || x'00' AS BLOB) WHERE length(body) = {longest}")


def test_a_damaged_look_takes_neither_curves_nor_the_other_looks_away_and_is_told(server, shelf) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(replace(CONFIG, epochs=1)))
    whole = server().find(run.id)
    _, looks = whole.seen_inside(0, "fixed")
    assert not api.notes(whole)
    damage(shelf, run.id, "looks")
    kept = server().find(run.id)
    assert kept.snapshot().news
    assert kept.inside.evidence is not None
    latest, sound = kept.seen_inside(0, "fixed")
    assert len(sound) == len(looks) - 1
    assert {look.sequence for look in sound} < {look.sequence for look in looks}
    assert kept.seen_inside(latest, "fixed") == (latest, [])
    (said,) = api.notes(shown(kept))
    assert said.startswith("1 look of this run is damaged in its file and left out here")


def test_of_very_many_looks_the_first_the_last_and_others_evenly_spread_are_drawn() -> None:
    assert spread(list(range(100)), 160) == list(range(100))
    drawn = spread(list(range(1000)), 160)
    assert (len(drawn), drawn[:9], drawn[-1]) == (160, [*range(8), 13], 999)
    assert {b - a for a, b in pairwise(drawn[8:])} == {6, 7}


def as_another_process_has_it(shelf: Shelf, run: Run, until: Callable[..., None]) -> KeptRun:
    """As soon as it is on the shelf, with a checkpoint."""
    other = RunManager(device=torch.device("cpu"), shelf=shelf)
    until(lambda: other.find(run.id) is not None and other.find(run.id).snapshots.steps)
    return other.find(run.id)


def kept(shelf: Shelf, status: str) -> RunFile:
    """A run that another process has under way, as long as the file is open."""
    file = shelf.create("a", Begun(CONFIG, CONFIG, ORIGIN))
    file.write([(1, StatusChanged(status, 0))])
    return file


# --- seen from another process ---------------------------------------------------------------------------------------


def test_a_run_that_could_not_be_read_for_a_while_is_as_it_was_afterwards(shelf, monkeypatch) -> None:
    file = kept(shelf, "running")
    run = KeptRun(shelf, "a", Mock())
    assert run.status == "running"
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "read", Mock(side_effect=StoreError("busy")))
        lost = run.version
        assert (run.status, run.version) == ("interrupted", lost)
    assert run.status == "running"
    assert run.version != lost
    file.close()


@pytest.mark.parametrize("what", ["results.json", "experiment.py", "points?since=0"])
def test_what_is_taken_of_a_run_of_another_process_has_all_until_now_though_nobody_watched(
    shelf, server, client, monkeypatch, what: str
) -> None:
    file, manager = kept(shelf, "running"), server()
    monkeypatch.setattr("core.web.api.manager", lambda: manager)
    monkeypatch.setattr("core.web.points.manager", lambda: manager)
    before = client.get(f"/api/runs/a/{what}").text
    accuracy, of = {ARMS[0].name: 0.4321}, {ARMS[0].name: 1.5}
    file.write(
        [
            (2, records.TrainingStarted("CPU", "digits", 200, 10, 20, 10, 20, ())),
            (3, records.TrainMeasured(10, 1.0, 1, of, accuracy, of, {ARMS[0].name: 20})),
            (4, records.TestMeasured(10, 1.0, 10, True, of, accuracy, of, accuracy, of)),
            (5, records.EpochFinished(10, 1, of, accuracy)),
        ]
    )
    after = client.get(f"/api/runs/a/{what}").text
    assert ("0.4321" in before or "43.2" in before, "0.4321" in after or "43.2" in after) == (False, True)
    file.close()


def test_a_run_of_another_process_is_followed_and_its_looks_come_as_often_as_a_page_wants(
    server, shelf, until, monkeypatch
) -> None:
    monkeypatch.setattr("core.runs.run.is_look", lambda step, total: step == 0)
    run = server().submit(ENDLESS)
    elsewhere = as_another_process_has_it(shelf, run, until)
    until(lambda: elsewhere.status == "running")
    assert not elsewhere.ended
    looks = len(elsewhere.seen_inside(0, "fixed")[1])
    until(lambda: len(elsewhere.seen_inside(0, "fixed")[1]) >= looks + 3)
    latest = elsewhere.snapshot().latest
    until(lambda: elsewhere.snapshot(latest).news)
    assert elsewhere.snapshot().news == run.history.since(0)[: elsewhere.snapshot().latest]
    assert elsewhere.ask(partial(questions.noise, layer="conv1")).result()["arms"].keys() == {"bn:dropout=0.3"}
    assert 0 <= elsewhere.shown_step() <= run.snapshot().step
    run.stop(run.key)
    until(lambda: elsewhere.ended)
    assert (elsewhere.status, elsewhere.snapshot().step) == ("stopped", run.snapshot().step)


def test_a_run_that_somebody_watches_elsewhere_is_not_left_alone(server, shelf, until, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr("core.runs.watchers.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr("core.runs.wishes.WISH_SECONDS", 0.0)
    monkeypatch.setattr("core.runs.wishes.WANTED_SECONDS", 1.0)
    manager = server()
    run = manager.submit(ENDLESS)
    elsewhere = as_another_process_has_it(shelf, run, until)
    for _ in range(3):
        now[0] += 50  # of the 60 seconds after which nobody is there
        until(lambda: elsewhere.seen() or run.watchers._last_seen == now[0])
    assert not run.ended
    until(lambda: now.__setitem__(0, now[0] + 61) or run.ended)
    manager.join(run, PATIENCE_SECONDS)
    assert run.status == "stopped"


# --- taken up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "seconds"),
    [(7, 1e9), (10, 0), *(pytest.param(*each, marks=pytest.mark.slow) for each in ((1, 1e9), (17, 0)))],
)
def test_a_stopped_run_goes_on_as_if_it_had_never_been(
    server, shelf, after_step, monkeypatch, uninterrupted, step, seconds
) -> None:
    monkeypatch.setattr(unkept, "CHECKPOINT_SECONDS", seconds)
    after_step(step, stop)
    manager = server()
    run = manager.submit(CONFIG, key=ME)
    before = list(to_its_end(manager, run).history)
    assert (run.status, run.snapshot().step) == ("stopped", step)
    again = to_its_end(manager, manager.resume(run.id, ME))
    assert again.id == run.id
    assert list(again.history)[: len(before)] == before  # sequence numbers never go back
    assert again.status == "finished"
    assert measured(again.history) == uninterrupted
    assert shelf.recording(run.id).records == tuple(again.history)
    steps = [look.step for look in shelf.recording(run.id).looks()]
    assert steps == [0, 1, 2, 5, 10, 20]
    assert shelf.card(run.id).seconds > 0


def test_a_run_that_was_stopped_soon_and_goes_on_again_is_not_told_to_stand_as_it_did_then(
    server, shelf, after_step
) -> None:
    """What is told is written once for each version of a run: one that came again would be told what was then."""
    manager = server()
    after_step(3, stop)
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    for step in (4, 5, 6):
        before = run.version
        after_step(step, stop)
        run = manager.resume(run.id, ME)
        assert run.version > before
        to_its_end(manager, run)


def test_a_kept_run_of_more_than_a_run_may_take_does_not_go_on_until_it_may(server, shelf, after_step) -> None:
    """As one of another server, or of before the operator had set a limit."""
    after_step(6, stop)
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    manager.most_work = CONFIG.work - 1
    with pytest.raises(ConfigError, match=f"this one takes {CONFIG.work:,}"):
        manager.resume(run.id, ME)
    assert shelf.card(run.id).status == "stopped"
    manager.most_work = None
    assert to_its_end(manager, manager.resume(run.id, ME)).status == "finished"


def killed(manager: RunManager, run: Run) -> None:
    """What kill -9 leaves behind: a file that nobody writes, and whose run has not ended."""
    writer = manager.writer
    assert writer is not None
    writer._closing.set()
    writer._thread.join()
    run.stop(run.key)


@pytest.mark.parametrize("keeps_state", [True, False])
def test_a_killed_run_says_so_after_the_next_start_and_goes_on(
    server, shelf, after_step, monkeypatch, uninterrupted, keeps_state
) -> None:
    if not keeps_state:
        monkeypatch.setattr(unkept.Unkept, "capture", lambda *rest, **more: None)
    manager = server()
    after_step(6, partial(killed, manager))
    run = manager.submit(CONFIG, key=ME)
    manager.join(run, PATIENCE_SECONDS)
    assert shelf.card(run.id).status == "interrupted"
    manager = server()
    seen = manager.find(run.id)
    assert (seen.status, seen.ended) == ("interrupted", True)
    end = shelf.recording(run.id).records[-1]
    assert isinstance(end, StatusChanged)
    assert (end.status, seen.snapshot().news[-1][1]) == ("interrupted", end)
    again = to_its_end(manager, manager.resume(run.id, ME))
    assert measured(again.history) == uninterrupted


def test_a_learning_rate_that_was_changed_after_the_checkpoint_is_changed_again(
    server, after_step, monkeypatch
) -> None:
    monkeypatch.setattr(unkept, "CHECKPOINT_SECONDS", 1e9)
    manager = server()
    after_step(5, lambda run: run.change_learning_rate(ME, 0.01))
    with monkeypatch.context() as patch:
        forget = partial(patch.setattr, unkept.Unkept, "capture", lambda *rest, **more: None)
        after_step(8, lambda run: (forget(), stop(run)))  # as if killed
        run = to_its_end(manager, manager.submit(replace(CONFIG, epochs=4), key=ME))
    (changed,) = [record for record in run.history if isinstance(record, LearningRateChanged)]
    after_step(3, lambda run: run.change_learning_rate(ME, 0.3))  # while it does again what it has told: comes after
    again = to_its_end(manager, manager.resume(run.id, ME))
    first, second = [record for record in again.history if isinstance(record, LearningRateChanged)]
    assert (first, second.old, second.new) == (changed, 0.01, 0.3)
    assert second.step > again.again.until >= first.step
    known = [record for record in again.history if getattr(record, "step", 0) <= again.again.until]
    assert len(set(measured(known))) == len(measured(known))


def test_a_run_with_decay_and_a_schedule_goes_on_bit_for_bit_and_is_told_as_it_was(server, after_step, shelf) -> None:
    config = replace(CONFIG, weight_decay=0.01, schedule="cosine")
    manager = server()
    whole = to_its_end(manager, manager.submit(config, key=ME))
    after_step(9, stop)
    run = to_its_end(manager, manager.submit(config, key=ME))
    kept = KeptRun(shelf, run.id, manager.gallery)
    assert (
        kept.snapshot().learning_rate == run.snapshot().learning_rate == shown_rate(config, run.snapshot().step) < 0.1
    )
    manager = server()
    again = to_its_end(manager, manager.resume(run.id, ME))
    assert measured(again.history) == measured(whole.history)


def test_a_run_that_was_resumed_can_be_resumed_again(server, until, uninterrupted) -> None:
    manager = server()
    run = manager.submit(CONFIG, key=ME)
    for _ in range(3):
        run.step_once(ME)  # and so it pauses, however fast the machine is
        until(lambda run=run: run.status == "paused")
        run.stop(ME)
        to_its_end(manager, run)
        manager = server()
        run = manager.resume(run.id, ME)
    to_its_end(manager, run)
    assert measured(run.history) == uninterrupted


def test_only_its_owner_has_a_run_go_on_and_only_one_that_can(server, after_step) -> None:
    manager = server()
    after_step(2, stop)
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    for secret in ("", "guess", "\ud800"):
        with pytest.raises(NotTheOwner, match="Only who started this run"):
            server().resume(run.id, secret)
    manager = server()
    again = to_its_end(manager, manager.resume(run.id, ME))
    assert again.status == "finished"
    with pytest.raises(StoreError, match="this one has come to its end"):
        manager.resume(run.id, ME)
    with pytest.raises(StoreError, match="No run “nobody”"):
        manager.resume("nobody", ME)


def test_a_run_that_another_process_has_under_way_goes_on_there(server, shelf, until) -> None:
    run = server().submit(ENDLESS, key=ME)
    until(lambda: shelf.knows(run.id) and shelf.cards())
    elsewhere = RunManager(device=torch.device("cpu"), shelf=shelf)
    with pytest.raises(StoreError, match="under way in another process"):
        elsewhere.resume(run.id, ME)
    with pytest.raises(InUse):
        shelf.write_to(run.id)


def test_a_run_that_ended_here_and_goes_on_elsewhere_is_seen_to_go_on(server, shelf, until) -> None:
    manager = server()
    run = manager.submit(ENDLESS, key=ME)
    until(lambda: run.snapshot().step > 2)
    run.stop(ME)
    to_its_end(manager, run)
    assert manager.find(run.id).status == "stopped"
    elsewhere = RunManager(device=torch.device("cpu"), grace=60, shelf=shelf)
    again = elsewhere.resume(run.id, ME)
    until(lambda: manager.find(run.id).status == "running")
    elsewhere.shutdown(PATIENCE_SECONDS)
    assert again.status == manager.find(run.id).status == "interrupted"


def test_a_run_that_goes_on_and_ends_at_once_is_not_answered_for_as_it_stood_before(
    server, after_step, until, monkeypatch
) -> None:
    """A browser that is told of an end asks no more: the page stayed at "Interrupted" after Resume and Stop."""
    elsewhere = server()
    run = elsewhere.submit(ENDLESS, key=ME)
    until(lambda: run.snapshot().step > 3)
    elsewhere.shutdown(PATIENCE_SECONDS)
    manager = server()
    monkeypatch.setattr("core.runs.kept_run.ENDED_SECONDS", 1e9)
    assert manager.find(run.id).status == "interrupted"
    again = manager.resume(run.id, ME)
    until(lambda: again.status == "running")
    again.stop(ME)
    to_its_end(manager, again)
    assert isinstance(manager.find(run.id), KeptRun)
    assert manager.find(run.id).status == "stopped"


def test_a_paused_run_is_resumed_where_it_is(server, until) -> None:
    manager = server()
    run = manager.submit(ENDLESS, key=ME)
    run.pause(ME)
    until(lambda: run.status == "paused")
    assert manager.resume(run.id, ME) is run
    until(lambda: run.status == "running")


def test_who_goes_on_with_another_pytorch_or_processor_is_told(server, after_step, monkeypatch) -> None:
    manager = server()
    after_step(2, stop)
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))
    monkeypatch.setattr(torch, "__version__", "9.9.0+cpu")
    monkeypatch.setattr("core.data.device.processor", lambda: "Abacus")
    again = to_its_end(manager, manager.resume(run.id, ME))
    (note,) = [str(record.said) for record in again.history if isinstance(record, RunNoted)]
    assert "and is continued with PyTorch 9.9.0" in note
    assert "is continued on Abacus" in note


def test_without_its_images_a_run_waits_for_them(server, shelf, after_step, monkeypatch) -> None:
    manager = server()
    after_step(2, stop)
    run = to_its_end(manager, manager.submit(CONFIG, key=ME))

    def gone(name: str, *rest: object) -> object:
        raise DataError("It is not here.")

    manager = server()
    monkeypatch.setattr(gallery, "load", gone)
    again = to_its_end(manager, manager.resume(run.id, ME))
    assert (again.status, shelf.card(run.id).resumable) == ("interrupted", True)


# --- the server's end ------------------------------------------------------------------------------------------------


def test_a_server_that_ends_keeps_its_runs_where_they_are(server, shelf, until, after_step, uninterrupted) -> None:
    manager, waits = server(), threading.Event()
    after_step(5, lambda run: (waits.set(), until(lambda: run.snapshot().asked == "stop")))
    run, waiting = manager.submit(CONFIG, key=ME), manager.submit(CONFIG, key=ME)
    assert waits.wait(PATIENCE_SECONDS)
    manager.shutdown(PATIENCE_SECONDS)
    assert [shelf.card(each.id).status for each in (run, waiting)] == ["interrupted"] * 2
    assert shelf.read(run.id).checkpoint().step == run.snapshot().step == 5
    assert "shut down" in str(shelf.card(run.id).message)
    manager = server()
    for each in (run, waiting):
        again = to_its_end(manager, manager.resume(each.id, ME))
        assert measured(again.history) == uninterrupted


# --- where nothing can be kept ---------------------------------------------------------------------------------------


def notes(run: Run) -> list[str]:
    return [str(record.said) for record in run.history if isinstance(record, RunNoted)]


def test_where_no_file_can_be_made_the_run_goes_on_in_memory_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    manager = RunManager(device=torch.device("cpu"), grace=60, shelf=Shelf(tmp_path / "file", 0))
    run = manager.submit(CONFIG)
    manager.join(run, PATIENCE_SECONDS)
    manager.shutdown(PATIENCE_SECONDS)
    assert run.status == "finished"
    (note,) = notes(run)
    assert note.startswith("This run is not being kept; it is in memory only. Runs are kept in a folder that can be")
    assert manager.find(run.id) is run


def test_on_a_disk_that_fills_up_training_goes_on_and_all_is_written_once_there_is_room(
    server, shelf, until, monkeypatch
) -> None:
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 0.0)
    manager = server()
    run = manager.submit(ENDLESS)
    until(lambda: run.snapshot().step > 5)
    file = manager.writer._keepings[run.id]._file
    file._connection.execute("PRAGMA max_page_count = 1")  # as many as there are
    until(lambda: notes(run))
    assert "is full. Free some space there" in notes(run)[0]
    step, kept = run.snapshot().step, shelf.read(run.id).last_record()
    until(lambda: run.snapshot().step > step + 5)
    assert (run.status, shelf.read(run.id).last_record()) == ("running", kept)
    file._connection.execute("PRAGMA max_page_count = 1000000")
    run.stop(run.key)
    to_its_end(manager, run)
    assert told(shelf.recording(run.id).records) == told(run.history)
    assert len(notes(run)) == 1


def test_a_run_whose_last_card_cannot_be_written_is_kept_all_the_same(shelf, monkeypatch) -> None:
    run = Run(CONFIG, Line(), 60.0)
    each = keeping.Keeping(shelf, run, lambda: Begun(CONFIG, CONFIG, ORIGIN))
    run.end("finished")
    cards = Mock(side_effect=[None, None, StoreError("full")])
    monkeypatch.setattr(keeping, "write_card", cards)
    each.go_on()
    assert (cards.call_count, each.over, notes(run)) == (3, True, [])


def test_of_a_run_that_was_just_taken_up_nobody_knows_how_long_a_step_takes() -> None:
    clock = Clock(before=12.0, first=100)
    assert clock.per_step(140) is None
    clock.halt()
    assert clock.per_step(140) > 0


def test_without_a_store_runs_are_remembered_as_before(manager: RunManager) -> None:
    assert manager.shelf is None
    assert manager.problem("any") == ""
    with pytest.raises(StoreError, match="NORMSCOPE_STORE is off"):
        manager.resume("any", ME)


def test_a_run_that_is_kept_has_the_same_reasons_as_it_had_while_it_was_executed(
    server: Callable[[], RunManager], shelf: Shelf
) -> None:
    arms = (parse_arm("bn"), parse_arm("none:lr=1e7"))
    config = replace(CONFIG, arms=arms, activation="relu", init="he", momentum=0.0)
    manager = server()
    run = to_its_end(manager, manager.submit(config))
    inside = KeptLooks(shelf.read(run.id, checked=False).folder, config)
    executed, kept = (reasons(config, run.history, each.evidence) for each in (run.inside, inside))
    assert kept == executed
    ended = next(reason for reason in kept if reason.arms == ("none:lr=1e+07",) and reason.page == "activations")
    assert ended.step < config.total_steps, "the last look that it was in"


def test_when_a_run_ends_before_many_watchers_why_it_stands_where_it_stands_is_found_once(
    server: Callable[[], RunManager], shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = server()
    run = to_its_end(manager, manager.submit(CONFIG))
    inside = KeptLooks(shelf.read(run.id, checked=False).folder, CONFIG)
    asked: list[RunFile] = []
    found = kept_looks._telling

    def telling(file: RunFile) -> Iterator[NetworksSeen]:
        asked.append(file)
        return found(file)

    monkeypatch.setattr(kept_looks, "_telling", telling)
    with ThreadPoolExecutor(16) as watchers:
        told = list(watchers.map(lambda _: inside.evidence, range(64)))
    assert len(asked) == 1
    assert all(each is told[0] for each in told)
