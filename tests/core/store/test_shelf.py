"""core.store.shelf: runs are listed, found, named, pinned, deleted and taken back, and stay within a limit."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.places import in_full
from core.runs.line import Line
from core.runs.run import Run
from core.store import schema
from core.store import shelf as shelf_module
from core.store.card import CARD, Begun, fingerprint, new_card, write_card
from core.store.limit import make_room
from core.store.networks import networks_bytes
from core.store.run_file import FILE, Checkpoint, Look, RunFile
from core.store.shelf import Shelf
from core.store.troubles import Full, InUse, NoSuchRun, NotBegun, StoreError
from core.training import records as facts
from core.training.records import ArmDiverged, NetworksSeen, Record, StatusChanged, TrainMeasured
from tests.core.store.recorded import ORIGIN, recorded

CONFIG = ExperimentConfig(
    data="digits", batch_size=64, epochs=1, examples=320, arms=(parse_arm("none"), parse_arm("bn"))
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, 10**9)


def in_full_words(error: Exception) -> str:
    with in_full():
        return str(error)


def begun(minutes: int = 0, **more: str) -> Begun:
    return Begun(CONFIG, CONFIG, replace(ORIGIN, started=ORIGIN.started + timedelta(minutes=minutes)), **more)


def at_test(step: int, **accuracy: float) -> Record:
    return facts.TestMeasured(step, 0.1, 10, True, accuracy, accuracy, {}, {}, accuracy)


def keep(shelf: Shelf, run_id: str, minutes: int = 0, size: int = 0, status: str = "finished", **more: str) -> None:
    """A run of five steps that has ended."""
    file = shelf.create(run_id, begun(minutes, **more))
    records = [
        StatusChanged("running", 0),
        TrainMeasured(5, 1.0, 1, {"none": 2.0, "bn": 1.0}, {}, {}, {}),
        at_test(5, none=0.25, bn=0.75),
        ArmDiverged(5, "none", "fc1", "nan"),
        StatusChanged(status, 5),
    ]
    networks = {0: os.urandom(size)} if size else {}
    file.write(list(enumerate(records, 1)), networks=networks, facts={"seconds": 2.5})
    file.close(ended=True)
    (file.folder / CARD).unlink()
    shelf.card(run_id)  # which writes it anew


# --- listed and found ------------------------------------------------------------------------------------------------


def test_a_card_says_of_what_the_run_was_and_how_it_stands(shelf: Shelf) -> None:
    keep(shelf, "a", name="First look", owner=fingerprint("secret"))
    card = shelf.card("a")
    assert (card.id, card.name, card.config, card.origin) == ("a", "First look", CONFIG, ORIGIN)
    assert (card.status, card.step, card.seconds, card.pinned) == ("finished", 5, 2.5, False)
    assert (card.accuracies, card.ended) == ({"none": 0.25, "bn": 0.75}, ("none",))
    assert card.bytes == (shelf.home / "runs" / "a" / FILE).stat().st_size
    assert [card.owned_by(secret) for secret in ("secret", "guess", "", "\ud800")] == [True, False, False, False]


def test_nobody_on_a_page_owns_what_was_begun_without_an_owner(shelf: Shelf) -> None:
    keep(shelf, "a")
    assert not shelf.card("a").owned_by("")


def test_runs_are_listed_newest_first_and_found_by_id_name_or_as_the_last(shelf: Shelf) -> None:
    for minutes, run_id in enumerate("cab"):
        keep(shelf, run_id, minutes, name="the same")
    assert [card.id for card in shelf.cards()] == ["b", "a", "c"]
    assert [shelf.find(wanted).id for wanted in ("c", "the same", "last")] == ["c", "b", "b"]
    keep(shelf, "e", 9, name="")
    for wanted in ("d", "", "../c", "runs/c", "\0"):
        with pytest.raises(NoSuchRun, match="is kept in"):
            shelf.find(wanted)


def test_the_last_is_the_one_that_was_begun_last_whatever_another_is_called(shelf: Shelf) -> None:
    for minutes, (run_id, name) in enumerate({"a": "last", "last": "", "b": ""}.items()):
        keep(shelf, run_id, minutes, name=name)
    assert [shelf.find(wanted).id for wanted in ("last", "a")] == ["b", "a"]


@pytest.mark.parametrize("run_id", ["", ".", "..", "../runs/a", "a/../a", "/etc", "a\0", "ä", "x" * 65])
def test_an_id_is_never_a_path(shelf: Shelf, run_id: str) -> None:
    keep(shelf, "a")
    for ask in (shelf.card, shelf.read, shelf.write_to, shelf.delete, shelf.undelete, shelf.move_aside, shelf.pin):
        with pytest.raises(NoSuchRun):
            ask(run_id)
    assert not shelf.knows(run_id)


def test_a_new_id_is_one_that_the_command_line_takes_for_none_of_its_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["-h234567890123456", "--34567890123456", "_234567890123456", "another"])
    monkeypatch.setattr("core.store.card.secrets.token_urlsafe", lambda _: next(drawn))
    assert Run(CONFIG, Line(), 1.0, "somebody's").id == "_234567890123456"
    assert next(drawn) == "another"


def test_an_empty_shelf_has_nothing_and_makes_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "none" / "here", 0)
    assert (shelf.cards(), shelf.broken(), shelf.used(), make_room(shelf)) == ([], {}, 0, [])
    shelf.empty_trash()
    assert list(tmp_path.iterdir()) == []


def test_a_thousand_runs_are_listed_at_once_without_opening_one(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1000):
        folder = shelf.home / "runs" / f"run-{number}"
        folder.mkdir(parents=True)
        (folder / FILE).touch()
        write_card(folder, replace(new_card(folder.name, begun(number)), status="finished", accuracies={"bn": 0.5}))
    monkeypatch.setattr(RunFile, "read", None)
    spent = time.process_time()
    cards = shelf.cards()
    assert time.process_time() - spent < 1.5  # some 0.1 s; see `python -m bench store`
    assert [card.id for card in cards] == [f"run-{number}" for number in reversed(range(1000))]


def test_a_run_of_which_only_the_card_is_left_is_none_of_those_that_can_be_opened(shelf: Shelf) -> None:
    keep(shelf, "a", owner=fingerprint("secret"))
    keep(shelf, "b")
    (shelf.folder("a") / FILE).unlink()
    assert [card.id for card in shelf.cards()] == ["b"]
    assert "run.sqlite is damaged (it is missing)" in in_full_words(shelf.broken()["a"])
    assert shelf.owner_of("a") == fingerprint("secret")
    shelf.move_aside("a")
    assert not shelf.broken()


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"id":"a"}', '{"id":"b"}'])
def test_a_lost_or_broken_card_is_made_anew(shelf: Shelf, content: str | None) -> None:
    keep(shelf, "a")
    shelf.rename("a", "mine")
    card, path = shelf.card("a"), shelf.home / "runs" / "a" / CARD
    path.unlink() if content is None else path.write_text(content)
    assert replace(shelf.cards()[0], changed=card.changed) == card
    assert json.loads(path.read_text())["id"] == "a"


def test_a_run_that_cannot_be_read_hides_no_other_and_is_put_aside_when_asked(shelf: Shelf) -> None:
    keep(shelf, "good"), keep(shelf, "bad")
    folder = shelf.home / "runs" / "bad"
    (folder / FILE).write_text("nothing of ours" * 1000)
    (folder / CARD).unlink()
    assert [card.id for card in shelf.cards()] == ["good"]
    (name, problem), *others = shelf.broken().items()
    assert (name, others) == ("bad", [])
    assert "can be put aside" in str(problem)
    assert (folder / FILE).exists()
    aside = shelf.move_aside("bad")
    assert (aside / FILE).read_text().startswith("nothing of ours")
    assert shelf.broken() == {}


def test_a_run_that_cannot_be_read_is_read_once_however_often_it_is_listed(shelf: Shelf, monkeypatch) -> None:
    keep(shelf, "bad")
    path, read, opened = shelf.home / "runs" / "bad" / FILE, RunFile.read, []
    good = path.read_bytes()
    path.write_text("nothing of ours" * 1000)
    (path.parent / CARD).unlink()
    monkeypatch.setattr(RunFile, "read", lambda folder: (opened.append(folder), read(folder))[1])
    for _ in range(3):
        assert shelf.cards() == []
        assert list(shelf.broken()) == ["bad"]
    assert len(opened) == 1
    path.write_bytes(good)
    assert [card.id for card in shelf.cards()] == ["bad"]
    assert shelf.broken() == {}


def test_of_runs_that_can_be_read_none_is_opened_to_see_what_is_broken(shelf: Shelf, monkeypatch) -> None:
    keep(shelf, "a")
    shelf.cards()
    asked = []
    monkeypatch.setattr(shelf_module, "is_held", asked.append)
    assert (shelf.broken(), asked) == ({}, [])


# --- under way, and killed -------------------------------------------------------------------------------------------


def test_a_run_under_way_is_listed_as_such_and_read_while_it_is_written(shelf: Shelf) -> None:
    file = shelf.create("a", begun())
    file.write([(1, StatusChanged("running", 0))])
    assert (shelf.card("a").status, shelf.is_written("a")) == ("queued", True)  # its writer writes the card
    assert shelf.recording("a").records == (StatusChanged("running", 0),)
    with pytest.raises(InUse):
        shelf.write_to("a")
    with pytest.raises(InUse):
        shelf.delete("a")


def test_a_run_whose_process_was_killed_is_interrupted_and_says_so_itself_once_settled(shelf: Shelf) -> None:
    file = shelf.create("a", begun())
    file.write([(1, StatusChanged("running", 0)), (2, at_test(3, bn=0.5))])
    write_card(file.folder, replace(shelf.card("a"), status="running", step=3))
    file.close()
    assert (shelf.card("a").status, shelf.cards()[0].status) == ("interrupted", "interrupted")
    for _ in range(2):
        shelf.settle("a")
        end = shelf.recording("a").records[-1]
        assert (end.status, end.step) == ("interrupted", 3)
        assert "has ended without a word" in str(end.message)
        assert len(shelf.recording("a").records) == 3
    card = shelf.card("a")
    assert (card.status, card.step, card.resumable, card.under_way) == ("interrupted", 3, True, False)


def killed(shelf: Shelf, *records: Record) -> RunFile:
    """A run whose card says no more than that it had begun, when its process was killed."""
    file = shelf.create("a", begun())
    file.write(list(enumerate([StatusChanged("running", 0), *records], 1)))
    write_card(file.folder, replace(shelf.card("a"), status="running"))
    file.close()
    return file


def test_a_run_that_was_killed_has_come_as_far_as_its_records_and_not_as_its_card(shelf: Shelf) -> None:
    train = TrainMeasured(9, 1.0, 1, {"bn": 1.0}, {}, {}, {})
    killed(shelf, at_test(7, bn=0.5), train, ArmDiverged(9, "none", "fc1", "nan"))
    for card in (*shelf.cards(), shelf.card("a")):
        assert (card.status, card.step, card.accuracies, card.ended) == ("interrupted", 9, {"bn": 0.5}, ("none",))
    shelf.rename("a", "mine")
    assert shelf.cards()[0].name == "mine"


def test_the_records_of_a_run_that_was_killed_are_read_once_however_often_it_is_listed(shelf, monkeypatch) -> None:
    killed(shelf, at_test(7, bn=0.5))
    read: list[Path] = []
    card = RunFile.card
    monkeypatch.setattr(RunFile, "card", lambda file: (read.append(file.folder), card(file))[1])
    assert [shelf.cards()[0].step for _ in range(3)] == [7, 7, 7]
    assert len(read) == 1
    with closing(shelf.write_to("a")) as file:
        file.write([(3, at_test(8, bn=0.5))])
    assert shelf.cards()[0].step == 8


def test_a_run_that_was_killed_says_so_in_what_is_read_of_it_though_nobody_wrote_it(shelf: Shelf) -> None:
    file = killed(shelf, at_test(7, bn=0.5))
    end = shelf.recording("a").records[-1]
    assert isinstance(end, StatusChanged)
    assert (end.status, end.step, shelf.recording("a").status) == ("interrupted", 7, "interrupted")
    with closing(RunFile.read(file.folder)) as kept:
        assert kept.last_record() == 2
    shelf.settle("a")
    assert shelf.recording("a").records[-1] == end


def test_a_process_that_was_killed_when_all_but_the_card_was_written_has_finished_its_run(shelf: Shelf) -> None:
    killed(shelf, at_test(7, bn=0.5), StatusChanged("finished", 7))
    assert (shelf.card("a").status, shelf.cards()[0].step, shelf.killed()) == ("finished", 7, ["a"])
    assert shelf.recording("a").records[-1] == StatusChanged("finished", 7)
    shelf.settle("a")
    assert (shelf.card("a").status, shelf.killed()) == ("finished", [])


def test_a_run_that_was_killed_and_cannot_be_read_is_listed_by_its_card(shelf: Shelf) -> None:
    file = killed(shelf, at_test(7, bn=0.5))
    file.path.write_bytes(b"no database")
    assert [(card.status, card.step) for card in shelf.cards()] == [("interrupted", 0)]


def test_a_process_that_was_killed_before_it_wrote_anything_leaves_nothing_that_stands_in_the_way(shelf: Shelf) -> None:
    folder = shelf.home / "runs" / "a"
    folder.mkdir(parents=True)
    assert (shelf.cards(), shelf.broken()) == ([], {})


def of_zero_length(path: Path) -> None:
    path.touch()


def of_somebody_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cookies (host TEXT)")


@pytest.mark.parametrize("lay", [of_zero_length, of_somebody_else])
def test_a_file_in_which_no_run_was_begun_is_said_to_have_none_and_stays_as_it_is(shelf: Shelf, lay) -> None:
    folder = shelf.home / "runs" / "a"
    folder.mkdir(parents=True)
    lay(folder / FILE)
    before = (folder / FILE).read_bytes()
    for ask in (shelf.card, shelf.read, shelf.write_to, shelf.recording):
        with pytest.raises(NotBegun, match="it has no experiment"):
            ask("a")
    assert (shelf.cards(), list(shelf.broken())) == ([], ["a"])
    assert (folder / FILE).read_bytes() == before


def test_a_run_whose_file_is_just_being_made_is_not_there_yet_and_not_damaged(shelf: Shelf, monkeypatch) -> None:
    seen, write = [], RunFile.write

    def asked_before(file: RunFile, *rest, **more) -> None:
        for ask in (shelf.card, shelf.recording):
            with pytest.raises(NoSuchRun):
                ask("a")
        seen.append((shelf.cards(), shelf.broken()))
        write(file, *rest, **more)

    monkeypatch.setattr(RunFile, "write", asked_before)
    shelf.create("a", begun())
    assert seen == [([], {})]
    assert shelf.card("a").config == CONFIG  # it is not remembered as what it was


def test_nobody_ever_sees_the_tables_of_a_new_file_half_built(shelf: Shelf, monkeypatch) -> None:
    asked, migrate = [], schema._migrate

    def asked_before(*all_of_it) -> None:
        for ask in (shelf.card, shelf.read, shelf.recording):
            with pytest.raises(NoSuchRun):
                ask("a")
        asked.append(shelf.broken())
        migrate(*all_of_it)

    monkeypatch.setattr(schema, "_migrate", asked_before)
    shelf.create("a", begun())
    assert asked == [{}]
    assert shelf.card("a").config == CONFIG


def test_a_run_that_cannot_be_begun_leaves_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "SPARE_BYTES", 1 << 62)
    with pytest.raises(Full):
        shelf.create("a", begun())
    assert list((shelf.home / "runs").iterdir()) == []


def test_nobody_else_can_read_a_folder_that_it_makes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "home", 10**9)
    shelf.create("a", begun())
    assert shelf.home.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"set NORMSCOPE_HOME to another folder"):
        Shelf(tmp_path / where, 0).create("a", begun())


# --- a recording -----------------------------------------------------------------------------------------------------


def test_a_recording_of_the_shelf_is_the_run(shelf: Shelf) -> None:
    run = recorded(CONFIG, apart=2)
    file = shelf.create(run.id, Begun(CONFIG, CONFIG, run.origin, name=run.name))
    looks = [Look(number, seen, True) for number, seen in enumerate(run.looks(), 1)]
    networks = {step: networks_bytes(run.networks(step)) for step in run.network_steps}
    file.write(list(enumerate(run.records, 1)), looks, networks)
    file.close(ended=True)
    (file.folder / CARD).unlink()
    found = shelf.recording(run.id)
    plain = ("id", "name", "config", "asked", "status", "origin", "records", "network_steps")
    assert [getattr(found, name) for name in plain] == [getattr(run, name) for name in plain]
    assert list(found.looks()) == list(run.looks()) == list(found.looks())
    assert all(isinstance(look, NetworksSeen) for look in found.looks())
    for step in run.network_steps:
        assert found.networks(step).keys() == run.networks(step).keys()
        for arm, tensors in run.networks(step).items():
            assert found.networks(step)[arm].keys() == tensors.keys()
            assert all(found.networks(step)[arm][name].equal(tensor) for name, tensor in tensors.items())
    with pytest.raises(LookupError, match="The networks were kept at steps 0, 2, 4, 5; got step 3"):
        found.networks(3)


def test_a_checkpoint_that_cannot_be_read_is_said(shelf: Shelf) -> None:
    file = shelf.create("a", begun())
    file.write(checkpoint=Checkpoint(7, 0, 0, b"no state"))
    file.close(ended=True)
    with pytest.raises(StoreError, match="cannot be read"):
        shelf.recording("a").networks(7)


# --- named, pinned, deleted ------------------------------------------------------------------------------------------


def test_a_name_is_its_owners_and_outlives_the_writers_card(shelf: Shelf) -> None:
    file = shelf.create("a", begun(name="First look"))
    shelf.rename("a", "  my \n run ")
    write_card(file.folder, replace(new_card("a", begun(name="First look")), status="running"))
    assert shelf.card("a").name == "my run"
    shelf.pin("a")
    assert (shelf.card("a").name, shelf.card("a").pinned) == ("my run", True)
    shelf.pin("a", False)
    assert not shelf.card("a").pinned
    for name in ("x" * 81, "a\0b"):
        with pytest.raises(StoreError, match="A name has up to 80 letters"):
            shelf.rename("a", name)


def test_what_is_deleted_can_be_taken_back_until_the_trash_is_emptied(shelf: Shelf) -> None:
    keep(shelf, "a"), keep(shelf, "b")
    for run_id in "ab":
        card = shelf.card(run_id)
        shelf.delete(run_id)
        assert not shelf.knows(run_id)
        with pytest.raises(NoSuchRun):
            shelf.card(run_id)
        shelf.undelete(run_id)
        assert shelf.card(run_id) == card
    shelf.delete("a")
    shelf.empty_trash()
    shelf.undelete("a")
    shelf.delete("a")
    shelf.empty_trash(0)
    with pytest.raises(NoSuchRun):
        shelf.undelete("a")
    assert [card.id for card in shelf.cards()] == ["b"]


def test_what_is_deleted_or_put_aside_never_takes_the_place_of_what_lies_there(shelf: Shelf) -> None:
    """A run can come back, as by an import or from a backup, and go once more."""
    for name in ("first", "second", "third"):
        keep(shelf, "a", name=name)
        shelf.delete("a")
    assert sorted(_names(shelf.home / "trash")) == ["first", "second", "third"]
    assert shelf.deleted_card("a").name == "third"
    shelf.undelete("a")
    assert shelf.card("a").name == "third"
    with pytest.raises(StoreError, match="is here already"):
        shelf.undelete("a")
    shelf.move_aside("a")
    shelf.undelete("a")
    shelf.move_aside("a")
    assert sorted(_names(shelf.home / "aside")) == ["second", "third"]
    assert _names(shelf.home / "trash") == ["first"]
    shelf.empty_trash(0)
    assert list((shelf.home / "trash").iterdir()) == []


def _names(where: Path) -> list[str]:
    """Of the runs that lie in a folder of the shelf's, whatever theirs are called."""
    files = [RunFile.read(folder) for folder in where.iterdir()]
    names = [file.begun().name for file in files]
    for file in files:
        file.close()
    return names


def test_a_run_under_way_is_not_put_aside_from_under_its_writer(shelf: Shelf) -> None:
    file = shelf.create("a", begun())
    with pytest.raises(InUse):
        shelf.move_aside("a")
    file.close()
    assert shelf.move_aside("a").name == "a"


def test_a_deleted_run_does_not_take_the_place_of_one_that_is_here_again(shelf: Shelf) -> None:
    keep(shelf, "a", name="deleted")
    shelf.delete("a")
    keep(shelf, "a", name="imported")
    with pytest.raises(StoreError, match="this one, a, is here already"):
        shelf.undelete("a")
    assert shelf.card("a").name == "imported"


# --- the limit -------------------------------------------------------------------------------------------------------


def test_what_was_deleted_counts_and_leaves_before_any_run(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10**9)
    for minutes, run_id in enumerate("abc", 1):
        keep(shelf, run_id, minutes, size=100_000)
    shelf.delete("b")
    shelf.limit = shelf.used() + 50_000
    assert make_room(shelf) == []
    assert list((shelf.home / "trash").iterdir()) == []
    assert {card.id for card in shelf.cards()} == {"a", "c"}


def test_a_run_that_has_just_ended_stays_however_large_it_is(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1)
    for minutes, run_id in enumerate("ab", 1):
        keep(shelf, run_id, minutes, size=100_000)
    assert make_room(shelf, besides="b") == ["a"]
    assert [card.id for card in shelf.cards()] == ["b"]


def test_the_oldest_runs_leave_that_are_neither_pinned_nor_under_way(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10**9)
    for minutes, run_id in enumerate("abcd", 1):
        keep(shelf, run_id, minutes, size=100_000)
    writing = shelf.create("e", begun(0))
    shelf.pin("a")
    assert make_room(shelf) == []
    assert shelf.used() > 400_000
    shelf.limit = shelf.used() - 50_000
    assert make_room(shelf) == ["b"]
    shelf.limit = 0
    assert make_room(shelf) == ["c", "d"]
    assert {card.id for card in shelf.cards()} == {"a", "e"}
    writing.write([(1, StatusChanged("running", 0))])
