"""core.runs.library: what a browser sees is its own and what it knows, and it changes its own alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import Mock

import pytest
import torch

from core.runs.library import Library
from core.runs.line import Line
from core.runs.manager import RunManager
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.store import card as card_module
from core.store import shelf as shelf_module
from core.store.card import CARD, fingerprint
from core.store.run_file import FILE, RunFile
from core.store.shelf import Shelf
from core.store.troubles import InUse, NoSuchRun, StoreError, no_access
from tests.core.store.test_shelf import CONFIG, keep

MINE, OTHERS = "my secret", "another one's secret"

Doing = Callable[[Library, str, str], object]
DOINGS: list[Doing] = [
    lambda library, run_id, key: library.rename(run_id, "new", key),
    lambda library, run_id, key: library.pin(run_id, True, key),
    lambda library, run_id, key: library.delete(run_id, key),
]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """With a run of mine, one of somebody else's, and one of the command line, the newest."""
    shelf = Shelf(tmp_path, 10**9)
    keep(shelf, "mine", 0, owner=fingerprint(MINE))
    keep(shelf, "others", 1, owner=fingerprint(OTHERS))
    keep(shelf, "lines", 2)
    return Library(shelf)


def listed(library: Library, key: str, *known: str) -> list[str]:
    return [card.id for card in library.listed(key, known).cards]


# --- who sees what -------------------------------------------------------------------------------------------------


def test_a_browser_sees_its_own_runs_and_those_whose_ids_it_knows(library: Library) -> None:
    assert listed(library, MINE) == ["mine"]
    assert listed(library, MINE, "others", "mine", "nowhere") == ["others", "mine"]
    assert listed(library, OTHERS) == ["others"]


@pytest.mark.parametrize("key", ["", "guessed", fingerprint(MINE)])
def test_who_has_no_secret_sees_nothing(library: Library, key: str) -> None:
    assert listed(library, key) == []


def test_on_a_shared_server_everybody_sees_all_and_changes_their_own(library: Library) -> None:
    shared = Library(library.shelf, shared=True)
    assert listed(shared, "") == listed(shared, MINE) == ["lines", "others", "mine"]
    with pytest.raises(NotTheOwner):
        shared.delete("others", MINE)


def test_what_all_runs_take_is_told_whoever_asks(library: Library) -> None:
    whole = library.listed("", [])
    assert whole.used == sum(card.bytes for card in library.shelf.cards()) > 0
    assert whole.limit == 10**9


def test_a_damaged_run_counts_against_the_limit_and_is_told_with_the_others(library: Library) -> None:
    file = library.shelf.home / "runs" / "mine" / "run.sqlite"
    file.write_bytes(b"nothing of ours" * 10**5)
    (file.parent / "card.json").unlink()
    whole = library.listed("", [])
    assert "mine" not in {card.id for card in library.shelf.cards()}
    assert 15 * 10**5 < whole.used <= library.shelf.used()


def test_a_run_that_cannot_be_read_is_told_to_who_knows_it_alone(library: Library) -> None:
    folder = library.shelf.home / "runs" / "mine"
    (folder / FILE).write_bytes(b"nothing of ours" * 1000)
    (folder / CARD).unlink()
    assert library.listed(MINE).broken == {}
    broken = library.listed(MINE, ["mine"]).broken
    assert list(broken) == ["mine"]
    assert "damaged" in str(broken["mine"])
    assert list(Library(library.shelf, shared=True).listed("").broken) == ["mine"]


def damage(library: Library, run_id: str, with_card: bool = True) -> None:
    """The second half of its file is overwritten; what is said of the run in the first stays."""
    folder = library.shelf.home / "runs" / run_id
    content = (folder / FILE).read_bytes()
    half = len(content) // 2
    (folder / FILE).write_bytes(content[:half] + b"x" * half)
    if not with_card:
        (folder / CARD).unlink()


@pytest.mark.parametrize("with_card", [True, False])
def test_its_owner_and_nobody_else_puts_a_damaged_run_aside(library: Library, with_card: bool) -> None:
    for run_id in ("mine", "others", "lines"):
        damage(library, run_id, with_card)
        with pytest.raises(StoreError, match=r"damaged|cannot be read"):
            library.shelf.recording(run_id)
    seen = library.listed(MINE, ["others", "lines"])
    assert (sorted(seen.broken), seen.removable) == (["lines", "mine", "others"], {"mine"})
    shared = Library(library.shelf, shared=True).listed(MINE)
    assert (sorted(shared.broken), shared.removable) == (["lines", "mine", "others"], {"mine"})
    for run_id, why in (("others", "Only who started"), ("lines", "on the command line")):
        with pytest.raises(NotTheOwner, match=why):
            library.put_aside(run_id, MINE)
    where = library.put_aside("mine", MINE)
    assert (where / FILE).exists()
    assert list(library.listed(MINE).broken) == listed(library, MINE) == []


def test_where_nothing_says_any_more_whose_a_run_is_who_knows_it_puts_it_aside(library: Library) -> None:
    folder = library.shelf.home / "runs" / "others"
    (folder / FILE).write_bytes(b"nothing of ours" * 1000)
    (folder / CARD).unlink()
    assert library.listed(MINE).broken == {}
    assert library.listed(MINE, ["others"]).removable == {"others"}
    assert (library.put_aside("others", MINE) / FILE).exists()


def test_what_is_sound_or_only_out_of_reach_is_not_put_aside(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="nothing was found to be wrong"):
        library.put_aside("mine", MINE)
    with pytest.raises(NoSuchRun):
        library.put_aside("nowhere", MINE)
    folder = library.shelf.home / "runs" / "mine"
    (folder / CARD).unlink()
    monkeypatch.setattr(RunFile, "read", Mock(side_effect=no_access(folder, "Permission denied")))
    assert (list(library.listed(MINE).broken), library.listed(MINE).removable) == (["mine"], frozenset())
    with pytest.raises(StoreError, match="Give this user the right to"):
        library.put_aside("mine", MINE)


def test_a_run_in_memory_is_listed_for_who_started_it_and_says_how_it_stands(library: Library, manager) -> None:
    run = manager.submit(replace(CONFIG, examples=64, batch_size=32), key=MINE)
    run.join("a watcher")
    manager.join(run, 60)
    here = Library(None, unkept=manager.unkept)
    (card,) = here.listed(MINE).cards
    assert (card.id, card.status, card.step, here.listed(MINE).kept) == (run.id, "finished", 2, frozenset())
    assert card.accuracies is not None
    assert card.accuracies.keys() == {"none", "bn"}
    assert card.seconds == run.clock.seconds > 0
    assert listed(here, OTHERS) == []
    for do in DOINGS:
        with pytest.raises(NoSuchRun, match="NORMSCOPE_STORE=off"):
            do(here, run.id, MINE)
    both = Library(library.shelf, unkept=manager.unkept)
    assert listed(both, MINE) == [run.id, "mine"]  # by when they were started


def test_what_the_store_has_or_had_is_not_in_memory_alone(tmp_path: Path, small_digits, until) -> None:
    manager = RunManager(device=torch.device("cpu"), shelf=Shelf(tmp_path, 10**9))
    library = Library(manager.shelf, unkept=manager.unkept)
    run = manager.submit(replace(CONFIG, examples=64, batch_size=32), key=MINE)
    run.join("a watcher")
    until(lambda: [card.status for card in manager.shelf.cards()] == ["finished"])
    assert (listed(library, MINE), manager.unkept()) == ([run.id], [])
    until(lambda: not manager.shelf.is_written(run.id))
    library.delete(run.id, MINE)
    assert listed(library, MINE) == []
    manager.shutdown(60)


# --- who changes what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", DOINGS)
@pytest.mark.parametrize("key", [OTHERS, "", fingerprint(MINE)])
def test_only_the_owner_changes_a_run(library: Library, do: Doing, key: str) -> None:
    before = library.shelf.card("mine")
    with pytest.raises(NotTheOwner, match="Only who started a run can name, pin"):
        do(library, "mine", key)
    assert library.shelf.card("mine") == before


@pytest.mark.parametrize("do", DOINGS)
@pytest.mark.parametrize("key", [MINE, ""])
def test_a_run_of_the_command_line_is_changed_there(library: Library, do: Doing, key: str) -> None:
    with pytest.raises(NotTheOwner, match="started on the command line"):
        do(library, "lines", key)


@pytest.mark.parametrize("do", DOINGS)
@pytest.mark.parametrize("run_id", ["nowhere", "../mine", "", "mine/../others"])
def test_a_run_that_is_not_there_is_said_not_to_be(library: Library, do: Doing, run_id: str) -> None:
    with pytest.raises(NoSuchRun):
        do(library, run_id, MINE)


def test_its_owner_names_and_pins_it(library: Library) -> None:
    library.rename("mine", "慢一点 🐢", MINE)
    library.pin("mine", True, MINE)
    (card,) = library.listed(MINE).cards
    assert (card.name, card.pinned) == ("慢一点 🐢", True)
    library.pin("mine", False, MINE)
    assert not library.listed(MINE).cards[0].pinned


@pytest.mark.parametrize("name", ["a 👩‍👩‍👧 b", "تجربة ۱", "کتاب\u200cها", "<b>&amp;", "ﷺ" * 80, ""])
def test_any_name_that_can_be_read_is_one(library: Library, name: str) -> None:
    library.rename("mine", name, MINE)
    assert library.shelf.card("mine").name == name


@pytest.mark.parametrize("name", ["x" * 81, "a\0b", "a\u202eb", "\ud800"])
def test_a_name_that_cannot_is_refused_and_the_old_one_stays(library: Library, name: str) -> None:
    library.rename("mine", "before", MINE)
    with pytest.raises(StoreError, match="up to 80 letters"):
        library.rename("mine", name, MINE)
    assert library.shelf.card("mine").name == "before"


def test_a_deleted_run_is_taken_back_by_its_owner_alone(library: Library) -> None:
    library.delete("mine", MINE)
    assert listed(library, MINE, "mine") == []
    with pytest.raises(NotTheOwner):
        library.undelete("mine", OTHERS)
    assert listed(library, MINE) == []
    library.undelete("mine", MINE)
    assert listed(library, MINE) == ["mine"]
    with pytest.raises(NoSuchRun):
        library.undelete("mine", MINE)


def test_a_run_under_way_is_not_deleted(library: Library) -> None:
    file = library.shelf.write_to("mine")
    card = library.shelf.card("mine")
    shelf_module.write_card(file.folder, shelf_module.replace(card, status="running"))
    with pytest.raises(InUse, match="under way cannot be deleted"):
        library.delete("mine", MINE)
    file.close()
    assert library.shelf.knows("mine")


# --- a thousand ------------------------------------------------------------------------------------------------------


def test_cards_that_were_not_written_anew_are_not_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path, 10**9)
    keep(shelf, "first", owner=fingerprint(MINE))
    original = shelf.home / "runs" / "first"
    for number in range(30):
        folder = shelf.home / "runs" / f"run{number}"
        folder.mkdir()
        (folder / FILE).touch()
        (folder / CARD).write_text((original / CARD).read_text().replace('"id":"first"', f'"id":"run{number}"'))
    read, opened = [], []
    really = card_module.read_card
    monkeypatch.setattr(card_module, "read_card", lambda folder: (read.append(folder.name), really(folder))[1])
    monkeypatch.setattr(RunFile, "read", lambda *_: opened.append(1))
    library = Library(shelf)
    assert len(listed(library, MINE)) == len(read) == 31
    read.clear()
    assert len(listed(library, MINE)) == 31
    assert read == []
    library.rename("run7", "new", MINE)
    read.clear()
    assert [card.name for card in library.listed(MINE).cards if card.id == "run7"] == ["new"]
    assert (read, opened) == (["run7"], [])


# --- whether a browser has any ---------------------------------------------------------------------------------------


def test_a_browser_has_a_run_once_it_has_started_one_and_not_by_knowing_anothers(library: Library) -> None:
    assert library.has_run_of(MINE)
    assert library.has_run_of(OTHERS)
    assert not library.has_run_of("a third one's")
    assert not library.has_run_of("")


def test_a_folder_that_cannot_be_read_keeps_no_first_page_from_opening(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(library.shelf, "cards", refused)
    assert not library.has_run_of(MINE)


# --- folders that cannot be looked into ------------------------------------------------------------------------------


@pytest.fixture
def closed() -> Iterator[Callable[[Path], None]]:
    """closed(folder): nobody may look into it, nor this process, until the test ends."""
    shut: list[Path] = []

    def shut_off(folder: Path) -> None:
        shut.append(folder)
        folder.chmod(0)
        if os.geteuid() == 0:  # root may look everywhere
            os.seteuid(65534)

    yield shut_off
    if os.geteuid() != os.getuid():
        os.seteuid(os.getuid())
    for folder in shut:
        folder.chmod(0o700)


@pytest.fixture
def open_to_all() -> Iterator[Library]:
    """With runs of mine, in a folder that every user can read."""
    with TemporaryDirectory() as home:
        shelf = Shelf(Path(home), 10**9)
        for minutes, name in enumerate(("one", "two")):
            keep(shelf, name, minutes, owner=fingerprint(MINE))
        for folder in (Path(home), *Path(home).rglob("*")):
            folder.chmod(0o755)
        yield Library(shelf)


def test_a_run_whose_folder_nobody_may_look_into_is_told_of_and_the_others_are_listed(
    open_to_all: Library, closed: Callable[[Path], None]
) -> None:
    closed(open_to_all.shelf.folder("one"))
    found = open_to_all.listed(MINE, ["one"])
    assert [card.id for card in found.cards] == ["two"]
    assert "cannot be" in str(found.broken["one"])
    assert not found.removable
    with pytest.raises(StoreError, match="Permission denied"):
        open_to_all.shelf.card("one")


def test_where_the_folder_of_all_runs_cannot_be_read_those_in_memory_are_listed_and_it_is_told_why(
    open_to_all: Library, closed: Callable[[Path], None]
) -> None:
    run = Run(CONFIG, Line(), 60.0, MINE)
    library = Library(open_to_all.shelf, unkept=lambda: [run])
    closed(library.shelf.home / "runs")
    found = library.listed(MINE)
    assert [card.id for card in found.cards] == [run.id]
    assert (found.kept, found.broken, found.limit) == (frozenset(), {}, 0)
    assert "only those in memory. Runs are kept in a folder that can be read" in str(found.problem)


def test_a_run_that_was_being_kept_is_in_memory_alone_once_its_folder_cannot_be_read(
    manager: RunManager, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file")
    manager.shelf = Shelf(tmp_path / "home", 10**9)
    manager.writer = Mock(has_begun=lambda run: True)
    run = manager.submit(replace(CONFIG, epochs=100), key=MINE)
    assert manager.unkept() == [run]
    assert listed(Library(manager.shelf, unkept=manager.unkept), MINE) == [run.id]
    run.stop(MINE)
