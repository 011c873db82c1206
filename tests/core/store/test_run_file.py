"""core.store.run_file: what was written is there, whatever happens, and what is wrong with a file is said."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.two_processes import read_beside, writing
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.language.speech import speaking
from core.store import run_file, schema
from core.store.card import Begun
from core.store.networks import networks_from
from core.store.run_file import FILE, LOCK, Checkpoint, Look, RunFile
from core.store.troubles import Full, InUse, StoreError
from core.training.records import ArmDiverged, NetworksSeen, StatusChanged
from tests.core.store.recorded import ORIGIN

CONFIG = ExperimentConfig()
BEGUN = Begun(CONFIG, CONFIG, ORIGIN, "owner's hash", "First look")
VERSIONS = Path(__file__).with_name("versions")


def status(step: int) -> StatusChanged:
    return StatusChanged("running", step)


def seen(step: int, source: str = "fixed") -> NetworksSeen:
    return NetworksSeen(step, step / 10, source, {})


@pytest.fixture
def file(tmp_path: Path) -> RunFile:
    return RunFile.create(tmp_path, BEGUN)


# --- there and back -----------------------------------------------------------------------------------------------


def test_all_that_was_written_is_read(file: RunFile) -> None:
    records = [(1, status(1)), (2, status(2))]
    looks = [Look(1, seen(0), True), Look(2, seen(4, "batch"), False)]
    file.write(records, looks, {0: b"weights"}, Checkpoint(5, 2, 2, b"state"), {"seconds": 3.5})
    other = RunFile.read(file.folder)
    assert (other.begun(), other.seconds(), other.records()) == (BEGUN, 3.5, records)
    assert other.records(1) == records[1:]
    assert other.looks() == [(1, 0, "fixed"), (2, 4, "batch")]
    assert other.looks(1) == [(2, 4, "batch")]
    assert (other.look(2), other.look(3)) == (seen(4, "batch"), None)
    assert (other.network_steps(), other.networks(0), other.networks(5)) == ([0, 5], b"weights", None)
    assert other.network_steps(with_checkpoint=False) == [0]
    assert other.checkpoint() == Checkpoint(5, 2, 2, b"state")
    other.close()


def test_a_newer_checkpoint_takes_the_older_ones_place_and_ended_runs_need_none(file: RunFile) -> None:
    for step in (1, 2):
        file.write(checkpoint=Checkpoint(step, step, 0, b"state"))
    assert file.checkpoint() == Checkpoint(2, 2, 0, b"state")
    file.forget_checkpoint()
    assert file.checkpoint() is None


def test_a_reader_sees_what_comes_while_it_is_open(file: RunFile) -> None:
    reader = RunFile.read(file.folder)
    file.write([(1, status(1))])
    assert reader.records() == [(1, status(1))]
    file.write([(2, status(2))])
    assert reader.records(1) == [(2, status(2))]


def test_an_ended_runs_file_stands_alone_and_can_be_gone_on_with(file: RunFile) -> None:
    file.write([(1, status(1))])
    file.close(ended=True)
    assert {path.name for path in file.folder.iterdir()} == {FILE, LOCK}
    again = RunFile.write_to(file.folder)
    again.write([(2, status(2))])
    again.close()
    assert RunFile.read(file.folder).records() == [(1, status(1)), (2, status(2))]


def test_what_an_ended_run_has_forgotten_takes_no_room_on_the_disk(file: RunFile) -> None:
    file.write([(1, status(1))], checkpoint=Checkpoint(1, 1, 0, os.urandom(1 << 20)))
    file.forget_checkpoint()
    file.close(ended=True)
    again = RunFile.read(file.folder)
    assert again._one("PRAGMA freelist_count") == 0
    assert again.size() < 1 << 16
    again.close()


def test_a_run_ends_while_somebody_reads_it(file: RunFile) -> None:
    file.write([(1, status(1))])
    reader = RunFile.read(file.folder)
    rows = reader._connection.execute("SELECT * FROM records")  # in the midst of it
    file.close(ended=True)
    assert len(rows.fetchall()) == 1
    assert RunFile.read(file.folder).records() == [(1, status(1))]
    reader.close()
    again = RunFile.write_to(file.folder)
    again.write([(2, status(2))])
    assert again.last_record() == 2


def test_beyond_the_limit_every_second_look_goes_that_only_watchers_wanted(file: RunFile, monkeypatch) -> None:
    monkeypatch.setattr(run_file, "MOST_LOOK_BYTES", 0)
    file.write(looks=[Look(number, seen(number), number % 4 == 1) for number in range(1, 9)])
    assert [sequence for sequence, _, _ in file.looks()] == [1, 2, 4, 5, 7]
    file.write(looks=[Look(9, seen(9), True)])
    assert [sequence for sequence, _, _ in file.looks()] == [1, 2, 5, 7, 9]


# --- any sequence of writes, and the process killed at any moment ----------------------------------------------------


@dataclass
class Model:
    """What must be there."""

    records: list[Any] = field(default_factory=list)
    looks: list[Any] = field(default_factory=list)
    checkpoint: Any = None


ANY_RECORD = st.sampled_from([status(3), ArmDiverged(4, "bn", "fc1", Message("{n} of {all}", {"n": 2, "all": (3, 4)}))])
ANY_LOOK = st.sampled_from([seen(0), seen(5, "batch")])
BATCHES = st.tuples(st.lists(ANY_RECORD, max_size=3), st.lists(ANY_LOOK, max_size=1), st.booleans())


@settings(max_examples=12)
@given(st.lists(st.tuples(BATCHES, st.sampled_from(["written", "killed", "refused", "reopened"])), max_size=6))
def test_after_any_writes_and_any_end_all_is_there_that_was_written(steps) -> None:
    with TemporaryDirectory() as name:
        here, model = Path(name), Model()
        file = RunFile.create(_folder(here, 0), BEGUN)
        for number, ((records, looks, keeps), what) in enumerate(steps, 1):
            numbered = list(enumerate(records, len(model.records) + 1))
            seen_now = [Look(i, look, True) for i, look in enumerate(looks, len(model.looks) + 1)]
            checkpoint = Checkpoint(number, len(model.records), len(model.looks), b"x" * 5000) if keeps else None
            if what == "refused":  # in the middle of a batch
                with pytest.raises(AttributeError):
                    file.write([*numbered, (0, None)], seen_now, checkpoint=checkpoint)  # type: ignore[list-item]
            else:
                file.write(numbered, seen_now, checkpoint=checkpoint)
                model.records += numbered
                model.looks += [look.seen for look in seen_now]
                model.checkpoint = checkpoint or model.checkpoint
            if what == "killed":  # what a process that is killed leaves behind
                shutil.copytree(file.folder, here / str(number))
                file.close()
                file = RunFile.write_to(here / str(number))
            if what == "reopened":
                file.close(ended=True)
                file = RunFile.write_to(file.folder)
        reader = RunFile.read(file.folder)
        assert repr(reader.records()) == repr(model.records)
        assert repr([reader.look(sequence) for sequence, _, _ in reader.looks()]) == repr(model.looks)
        assert (reader.checkpoint(), reader.begun()) == (model.checkpoint, BEGUN)
        reader.close(), file.close()


def _folder(here: Path, number: int) -> Path:
    (here / str(number)).mkdir()
    return here / str(number)


# --- two processes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def writer(file: RunFile):
    """Another process, which writes one record after the other until it is killed."""
    file.close()
    with writing(file.folder) as process:
        yield process


def test_one_process_writes_and_another_reads_and_none_but_the_first_may_write(file: RunFile, writer) -> None:
    assert writer.stdout.readline() == "1\n"
    reader = RunFile.read(file.folder)
    latest = 0
    for _ in range(20):
        written = int(writer.stdout.readline())
        found = reader.records(latest)
        assert found == [(number, status(number)) for number in range(latest + 1, latest + len(found) + 1)]
        latest += len(found)
        assert latest >= written
    with pytest.raises(InUse, match=r"one process at a time.*Wait until that has ended"):
        RunFile.write_to(file.folder)
    writer.kill()
    told = int([str(written), *writer.stdout.read().split()][-1])
    writer.wait()
    seen_before = reader.records()
    reader.close()
    again = RunFile.write_to(file.folder)  # which may find one more, written in full and not announced to readers yet
    kept = again.records()
    assert len(kept) >= told
    assert kept[: len(seen_before)] == seen_before
    assert kept == [(number, status(number)) for number in range(1, len(kept) + 1)]
    again.write([(len(kept) + 1, status(0))])
    assert again.records() == [*kept, (len(kept) + 1, status(0))]


def test_what_another_process_reads_while_one_is_written_and_killed_is_what_was_written(file: RunFile) -> None:
    file.close()
    for number in (1, 2):  # the second goes on behind what the first has left
        beside = read_beside(file.folder, 30)
        assert beside.said >= 30 * number
        assert (beside.torn, beside.lost, beside.wrong) == (0, 0, 0)


# --- what can be wrong with a file -----------------------------------------------------------------------------------


def kept(file: RunFile) -> list[Any]:
    """Some megabytes, so that there is a middle."""
    for number in range(1, 40):
        file.write([(number, status(number))], networks={number: os.urandom(50_000)})
    records = file.records()
    file.close(ended=True)
    return records


def bytes_of(folder: Path) -> bytes:
    return (folder / FILE).read_bytes()


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite_the_middle(path: Path) -> None:
    pages = bytearray(path.read_bytes())
    for start in range(len(pages) // 3 // 4096 * 4096, len(pages), 4096):
        pages[start : start + 64] = os.urandom(64)
    path.write_bytes(pages)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": cut_in_half,
    "middle": overwrite_the_middle,
    "text": lambda path: path.write_text("No database at all.\n" * 500),
    "empty": lambda path: path.write_bytes(b""),
    "other": lambda path: (path.unlink(), sqlite3.connect(path).execute("CREATE TABLE x (y)").connection.close()),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_in_a_sentence_and_stays_as_it_is(file: RunFile, damage: str) -> None:
    kept(file)
    DAMAGES[damage](file.path)
    before = file.path.exists() and bytes_of(file.folder)
    for opened in (RunFile.read, RunFile.write_to):
        with pytest.raises(StoreError, match=r"cannot be read.*(put aside|Update NormScope)"):
            opened(file.folder).begun()
    if damage not in ("empty", "other"):  # which are brought up to date before they are found to be no run
        assert (file.path.exists() and bytes_of(file.folder)) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_with_a_file_is_told_in_chinese_throughout(file: RunFile, damage: str) -> None:
    kept(file)
    DAMAGES[damage](file.path)
    with pytest.raises(StoreError) as caught:
        RunFile.read(file.folder).begun()
    with speaking("zh"):
        said = str(caught.value.args[0]).split("SQLite的检查结果：")[0]
    assert re.findall("[A-Za-z]{2,}", said.replace("SQLite", "")) == []


# What SQLite's own check does not see: it is about how the file is built.
CHANGES: dict[str, Callable[[RunFile], object]] = {
    "facts SET value = '\"another name\"' WHERE name = 'name'": RunFile.begun,
    "records SET body = replace(body, '12', '13')": RunFile.records,
    "records SET sequence = 7": RunFile.records,
    "looks SET step = 8": lambda file: file.look(1),
    "looks SET source = 'batch'": lambda file: file.look(1),
    "looks SET body = body || x'00'": lambda file: file.look(1),
    "networks SET body = x'00'": lambda file: file.networks(4),
    "networks SET step = 5": lambda file: file.networks(5),
    "checkpoints SET body = x'00'": RunFile.checkpoint,
    "checkpoints SET record = 3": RunFile.checkpoint,
    "checkpoints SET look = 3": RunFile.checkpoint,
    "checkpoints SET checksum = checksum + 1": RunFile.checkpoint,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_row_that_is_not_as_it_was_written_is_told_as_damage(file: RunFile, change: str) -> None:
    look, checkpoint = Look(1, seen(0), True), Checkpoint(12, 1, 1, b"state")
    file.write([(1, status(12))], [look], {4: b"weights"}, checkpoint, {"name": "a name"})
    file._connection.execute(f"UPDATE {change}")
    assert schema.check(file._connection, file.path) is None
    with pytest.raises(StoreError, match=r"not as it was written.*put aside"):
        CHANGES[change](file)


@pytest.mark.parametrize("value", ["'a text'", "5", "2.5"])
def test_what_stands_in_place_of_a_look_or_of_networks_is_refused_in_a_sentence(file: RunFile, value: str) -> None:
    kept(file)
    with sqlite3.connect(file.path) as connection:
        connection.execute(f"INSERT INTO looks VALUES (1, 1, 'fixed', 1, {value}, NULL)")
        connection.execute(f"UPDATE networks SET body = {value}, checksum = NULL")
    connection.close()
    read = RunFile.read(file.folder)
    with pytest.raises(StoreError, match=r"cannot be read.*damaged.*put aside"):
        read.look(1)
    with pytest.raises(StoreError, match="cannot be read"):
        read.told_of(networks_from, read.networks(1))
    read.close()


def test_a_file_of_the_future_is_refused_with_what_to_do_and_stays_as_it_is(file: RunFile) -> None:
    kept(file)
    with sqlite3.connect(file.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = bytes_of(file.folder)
    for opened in (RunFile.read, RunFile.write_to):
        with pytest.raises(StoreError, match=r"newer NormScope: the format of its file is number 99.*Update NormScope"):
            opened(file.folder)
    assert bytes_of(file.folder) == before


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS) + 1))
def test_a_file_of_every_version_is_read_and_written_on(tmp_path: Path, version: int) -> None:
    shutil.copy(VERSIONS / f"{version}.sqlite", tmp_path / FILE)
    file = RunFile.read(tmp_path)
    assert file.begun() == BEGUN
    assert file.records() == [(1, status(1)), (2, status(2))]
    assert (file.look(1), file.networks(0)) == (seen(0), b"weights")
    assert file.checkpoint() == Checkpoint(2, 2, 1, b"state")
    file.close()
    again = RunFile.write_to(tmp_path)
    again.write([(3, status(3))])
    assert again.last_record() == 3


def test_a_migration_happens_as_a_whole_or_not_at_all(file: RunFile, monkeypatch: pytest.MonkeyPatch) -> None:
    records = kept(file)
    good, bad = (
        "ALTER TABLE looks ADD COLUMN mood TEXT",
        "CREATE TABLE moods (mood TEXT); INSERT INTO nowhere VALUES (1)",
    )
    with pytest.raises(sqlite3.OperationalError):
        schema.connect_to_write(file.path, (*schema.MIGRATIONS, good, bad))
    connection = schema.connect_to_write(file.path, (*schema.MIGRATIONS, good))
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    assert (schema.version_of(connection), "moods" in tables) == (len(schema.MIGRATIONS) + 1, False)
    assert connection.execute("SELECT count(mood), count(*) FROM looks").fetchone() == (0, 0)
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (len(records),)


def test_on_a_full_disk_what_was_written_stays_and_writing_goes_on_when_there_is_room(file: RunFile) -> None:
    file.write([(1, status(1))])
    most = file._connection.execute("PRAGMA page_count").fetchone()[0]
    file._connection.execute(f"PRAGMA max_page_count = {most}")
    with pytest.raises(Full, match=r"is full\. Free some space there, or set NORMSCOPE_HOME"):
        file.write([(2, status(2))], networks={2: bytes(200_000)})
    assert RunFile.read(file.folder).records() == [(1, status(1))]
    file._connection.execute("PRAGMA max_page_count = 1000000")
    file.write([(2, status(2))], networks={2: bytes(200_000)})
    assert RunFile.read(file.folder).records() == [(1, status(1)), (2, status(2))]


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_on_a_real_full_disk_too(small_disk: Path) -> None:
    file, written = RunFile.create(small_disk, BEGUN), 0
    with suppress(Full):
        while written < 100:
            file.write([(written + 1, status(written + 1))], networks={written: os.urandom(100_000)})
            written += 1
    assert 0 < written < 20
    reader = RunFile.read(small_disk)
    assert [number for number, _ in reader.records()] == list(range(1, written + 1))
    reader.close(), file.close()


def test_on_a_read_only_disk_a_run_is_read_and_not_written(small_disk: Path) -> None:
    file = RunFile.create(small_disk, BEGUN)
    file.write([(1, status(1))])
    file.close(ended=True)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StoreError, match=r"cannot be \(.*\)\. Give this user the right to, or set NORMSCOPE_HOME"):
        RunFile.write_to(small_disk)
    reader = RunFile.read(small_disk)
    assert reader.records() == [(1, status(1))]
    reader.close()


def test_where_no_lock_can_be_had_a_run_is_read_and_not_written(file: RunFile, monkeypatch) -> None:
    file.write([(1, status(1))])
    file.close(ended=True)
    opened = Path.open

    def read_only(path: Path, mode: str = "r", *rest: Any, **more: Any) -> IO[Any]:
        if path.name == LOCK and mode != "rb":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", read_only)
    with pytest.raises(StoreError, match=r"cannot be \(.*\)\. Give this user the right to, or set NORMSCOPE_HOME"):
        RunFile.write_to(file.folder)
    reader = RunFile.read(file.folder)
    assert reader.records() == [(1, status(1))]
    reader.close()
