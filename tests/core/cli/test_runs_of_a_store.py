"""`python -m core runs`: runs are found by id, name or as the last, and what cannot be done is said in one line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas
import pytest

from core.cli.commands import CANNOT, DONE
from core.cli.process import main
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.formats import FORMATS
from core.store.card import Begun
from core.store.run_file import Look, RunFile
from core.store.shelf import Shelf
from core.training import records as facts
from core.training.records import NetworksSeen, Record, StatusChanged, TrainMeasured
from tests.core.store.recorded import ORIGIN

CONFIG = ExperimentConfig(
    data="digits", batch_size=64, epochs=1, examples=320, arms=(parse_arm("none"), parse_arm("bn"))
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    return Shelf(tmp_path / "kept", 10**9)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_main(*words: str) -> tuple[int, str, str]:
        code = main(["runs", *words])
        return code, *capsys.readouterr()

    return run_main


@pytest.fixture
def two(shelf: Shelf) -> Shelf:
    keep(shelf, "earlier", 0, name="a first try")
    keep(shelf, "later", 1)
    return shelf


def keep(shelf: Shelf, run_id: str, minutes: int, **more: str) -> None:
    """A run of five steps that has ended."""
    origin = replace(ORIGIN, started=ORIGIN.started + timedelta(minutes=minutes))
    file = shelf.create(run_id, Begun(CONFIG, CONFIG, origin, **more))
    file.write(list(enumerate(measured(), 1)), facts={"seconds": 2.5})
    file.close(ended=True)
    (file.folder / "card.json").unlink()
    shelf.card(run_id)  # which writes it anew


def measured() -> list[Record]:
    both = {"none": 0.25, "bn": 0.75}
    return [
        StatusChanged("running", 0),
        TrainMeasured(5, 1.0, 1, {"none": 2.0, "bn": 1.0}, both, {"none": 2.0, "bn": 4.0}, {"none": 320, "bn": 320}),
        facts.TestMeasured(5, 1.0, 360, True, both, both, {}, {}, both),
        StatusChanged("finished", 5),
    ]


@pytest.fixture
def killed(shelf: Shelf) -> str:
    """A run whose process has ended without a word: nobody holds its lock."""
    file = shelf.create("killed", Begun(CONFIG, CONFIG, ORIGIN))
    file.write([(1, StatusChanged("running", 0)), (2, replace(measured()[1], step=3))])
    file.close()
    return "killed"


# --- list and show ----------------------------------------------------------------------------------------------------


def test_the_newest_run_comes_first_with_its_name_and_accuracies(two: Shelf, run: Run) -> None:
    code, out, _ = run("list")
    head, later, earlier = out.splitlines()
    assert code == DONE
    assert head.split()[0] == "id"
    assert later.startswith("later")
    assert "a first try" in earlier
    assert "5/5" in earlier
    assert "none 25.0 %, bn 75.0 %" in earlier


def test_as_json_the_list_is_alone_on_stdout(two: Shelf, run: Run) -> None:
    code, out, err = run("list", "--json")
    listed = json.loads(out)
    assert (code, err) == (DONE, "")
    assert [(each["id"], each["name"], each["status"], each["step"]) for each in listed] == [
        ("later", "", "finished", 5),
        ("earlier", "a first try", "finished", 5),
    ]


def test_without_any_run_the_list_is_empty_and_says_how_to_begin_one(shelf: Shelf, run: Run) -> None:
    code, out, err = run("list")
    assert (code, out) == (DONE, "")
    assert "No runs are kept in" in err
    assert run("list", "--json")[1].split() == ["[]"]


def test_a_run_that_was_killed_is_interrupted(killed: str, run: Run) -> None:
    (listed,) = json.loads(run("list", "--json")[1])
    assert (listed["status"], listed["step"]) == ("interrupted", 3)
    shown = json.loads(run("show", killed, "--json")[1])
    assert (shown["status"], shown["step"], shown["results"]["status"]) == ("interrupted", 3, "interrupted")
    assert {arm["status"] for arm in shown["results"]["arms"].values()} == {"interrupted"}
    out = run("show", killed)[1]
    assert ("running" in out, out.count("interrupted")) == (False, 3)  # the run and both arms


def test_a_run_that_was_killed_is_exported_as_interrupted(killed: str, run: Run, tmp_path: Path) -> None:
    assert run("export", killed, "--format", "json", "--to", str(tmp_path / "out"))[0] == DONE
    (path,) = (tmp_path / "out").glob("**/*.json")
    found = json.loads(path.read_text())
    assert {found["status"], *(arm["status"] for arm in found["arms"].values())} == {"interrupted"}


@pytest.mark.parametrize("word", ["earlier", "a first try"])
def test_a_run_is_shown_by_its_id_and_by_its_name_with_its_results(two: Shelf, run: Run, word: str) -> None:
    shown = json.loads(run("show", word, "--json")[1])
    assert shown["id"] == "earlier"
    assert shown["results"]["arms"]["bn"]["steps"] == 5
    assert shown["results"]["config"]["data"] == "digits"


def test_last_is_the_one_that_was_begun_last(two: Shelf, run: Run) -> None:
    assert json.loads(run("show", "last", "--json")[1])["id"] == "later"


def test_shown_in_words_it_has_its_table_and_what_the_numbers_say(two: Shelf, run: Run) -> None:
    code, out, _ = run("show", "last")
    assert code == DONE
    assert "examples/s" in out
    assert "BatchNorm 75.0 %" in out


def test_a_run_that_cannot_be_read_hides_no_other_and_is_told_on_stderr(two: Shelf, run: Run) -> None:
    folder = two.home / "runs" / "later"
    (folder / "card.json").unlink()
    (folder / "run.sqlite").write_bytes(b"not a database at all" * 400)
    code, out, err = run("list", "--json")
    assert code == DONE
    assert [each["id"] for each in json.loads(out)] == ["earlier"]
    assert "is damaged" in err


# --- rename and delete ------------------------------------------------------------------------------------------------


def test_a_name_is_given_and_found_again(two: Shelf, run: Run) -> None:
    assert run("rename", "last", "第二次")[0] == DONE
    assert json.loads(run("show", "第二次", "--json")[1])["id"] == "later"


def test_a_deleted_run_is_listed_no_more(two: Shelf, run: Run) -> None:
    assert run("delete", "a first try")[0] == DONE
    assert [each["id"] for each in json.loads(run("list", "--json")[1])] == ["later"]


# --- aside and restore ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["earlier", "a first try"])
def test_a_sound_run_is_not_put_aside(two: Shelf, run: Run, word: str) -> None:
    code, out, err = run("aside", word)
    assert (code, out) == (CANNOT, "")
    assert err == (
        "error: Only a run that is damaged can be put aside, and nothing was found to be wrong with this one.\n"
    )
    assert two.knows("earlier")


def test_a_run_that_is_damaged_where_no_list_reads_it_is_put_aside_by_its_name(two: Shelf, run: Run) -> None:
    file = two.write_to("earlier")
    file.write(looks=[Look(1, NetworksSeen(5, 1.0, "fixed", {}), True)])
    file.close(ended=True)
    with closing(sqlite3.connect(two.home / "runs" / "earlier" / "run.sqlite")) as connection:
        connection.execute("UPDATE looks SET body = x'00'")
        connection.commit()
    assert "earlier" in run("list")[1]
    assert run("aside", "a first try") == (DONE, "", f"It is in {two.home}/aside/earlier now.\n")
    assert [card.id for card in two.cards()] == ["later"]


def test_what_a_newer_normscope_has_written_stays_and_that_is_said(two: Shelf, run: Run) -> None:
    with closing(sqlite3.connect(two.home / "runs" / "later" / "run.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 999")
    code, _, err = run("aside", "later")
    assert (code, "Update NormScope to open it." in err) == (CANNOT, True)
    assert two.knows("later")


@pytest.mark.parametrize("word", ["a first try", "last", "nothing"])
def test_only_its_id_says_which_deleted_run_is_meant(two: Shelf, run: Run, word: str) -> None:
    assert run("delete", "earlier")[0] == DONE
    code, out, err = run("restore", word)
    assert (code, out) == (CANNOT, "")
    assert err.startswith(f"error: No deleted run “{word}” is in {two.home}/trash. Only its id says which")
    assert run("restore", "earlier")[0] == DONE


def test_the_help_of_an_action_says_what_it_takes(run: Run) -> None:
    for action, word, said in (("restore", "ID", "its id, as delete"), ("aside", "RUN", "its id, its name, or last")):
        out = " ".join(run(action, "--help")[1].split())
        assert f"usage: python -m core runs {action}" in out
        assert (f"] {word}" in out, said in out) == (True, True)


# --- export -----------------------------------------------------------------------------------------------------------


def test_several_formats_go_into_a_folder_and_their_paths_to_stdout(two: Shelf, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("export", "last", "--format", "csv,json", "--to", str(tmp_path / "a" / "b"))
    paths = [Path(line) for line in out.splitlines()]
    assert code == DONE
    assert all(path.parent == tmp_path / "a" / "b" for path in paths)
    points = next(path for path in paths if path.name == "training.csv")
    assert set(pandas.read_csv(points).arm) == {"none", "bn"}
    found = json.loads((tmp_path / "a" / "b" / "results.json").read_text(encoding="utf-8"))
    assert found == json.loads(run("show", "last", "--json")[1])["results"]


def test_a_bundle_is_taken_in_by_another_store_as_the_same_run(
    two: Shelf, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = run("export", "earlier", "--format", "bundle", "--to", str(tmp_path / "out"))[1].splitlines()
    before = run("show", "earlier", "--json")[1]
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "another"))
    code, _, err = run("import", path)
    assert (code, err) == (DONE, "It is kept as earlier.\n")
    elsewhere = ("bytes", "by")
    there, here = (json.loads(text) for text in (before, run("show", "last", "--json")[1]))
    assert (there["by"], here["by"]) == ("page", "import")
    assert {k: v for k, v in here.items() if k not in elsewhere} == {
        k: v for k, v in there.items() if k not in elsewhere
    }
    assert "is here already" in run("import", path)[2]


@pytest.mark.parametrize("content", [None, b"", b"no bundle", b"PK\x03\x04 and then nothing"])
def test_what_is_no_bundle_is_refused_and_nothing_kept(
    shelf: Shelf, run: Run, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "file.zip"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run("import", str(path))
    assert (code, out) == (CANNOT, "")
    assert err.count("\n") == 1
    assert run("list", "--json")[1].split() == ["[]"]


def test_a_file_where_the_folder_should_be_is_said_with_what_to_do(two: Shelf, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = run("export", "last", "--format", "csv", "--to", str(tmp_path / "file"))
    assert (code, err) == (
        CANNOT,
        f"error: A run is written into a folder; {tmp_path}/file does not take it (File exists). A file has the name "
        "of this folder: choose another folder, or move the file away.\n",
    )


def test_a_record_that_is_damaged_is_said_with_the_command_that_puts_the_run_aside(two: Shelf, run: Run) -> None:
    with closing(sqlite3.connect(two.home / "runs" / "later" / "run.sqlite")) as connection:
        connection.execute("UPDATE records SET body = '{' WHERE sequence = 2")
        connection.commit()
    code, _, err = run("show", "later")
    assert code == CANNOT
    assert "JSON" not in err
    assert err.endswith("Here `python -m core runs aside later` puts it aside.\n")


# --- what cannot be done ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "nothing"], "No run “nothing” is kept in"),
        (["show", "../later"], "No run “../later” is kept in"),
        (["rename", "later", "x" * 81], "up to 80 letters"),
        (["export", "later", "--to", "out", "--format", "xlsx"], "xlsx"),
        (["export", "later", "--to", "out", "--format", ","], "A format is one of"),
        (["export", "later", "--format", "csv"], "--to"),
        (["export", "later", "--format", "csv", "--to", ""], "It is empty and must be a path"),
        (["show"], "RUN"),
        (["copy", "later"], "copy"),
        ([], "ACTION"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(two: Shelf, run: Run, words: list[str], said: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (CANNOT, "")
    assert said in err
    assert err.count("\n") == 1


def test_of_no_run_at_all_there_is_no_last_one(shelf: Shelf, run: Run) -> None:
    code, _, err = run("show", "last")
    assert code == CANNOT
    assert "No run" in err


def test_where_no_runs_are_kept_that_is_said(shelf: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_STORE", "off")
    code, _, err = run("list")
    assert code == CANNOT
    assert "NORMSCOPE_STORE is off" in err


@pytest.mark.parametrize("inside", ["", "deeper"])
@pytest.mark.parametrize("words", ["list", "list --json", "show last", "resume a", "delete a", "restore a", "aside a"])
def test_a_file_in_place_of_the_folder_of_runs_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, inside: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "file" / inside))
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    code, out, err = run(*words.split())
    assert (code, out, err.count("\n")) == (CANNOT, "", 1)
    assert err.startswith(f"error: Runs are kept in a folder that can be read and written to; {tmp_path}/file")


def test_a_folder_that_is_a_file_is_refused(two: Shelf, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = run("export", "last", "--format", "csv", "--to", str(tmp_path / "file"))
    assert (code, out) == (CANNOT, "")
    assert "does not take it" in err


def test_while_a_run_is_under_way_it_is_not_deleted(shelf: Shelf, run: Run) -> None:
    file: RunFile = shelf.create("busy", Begun(CONFIG, CONFIG, ORIGIN))
    code, _, err = run("delete", "busy")
    file.close()
    assert code == CANNOT
    assert "another one writes" in err


def test_the_help_names_every_format(run: Run) -> None:
    code, out, _ = run("export", "--help")
    assert code == DONE
    assert all(name in out for name in FORMATS)
