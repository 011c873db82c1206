"""core.language.places: who sits at the machine is told where a file lies, and nobody else, whatever is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.language.message import Message
from core.language.places import Place, in_full, without_paths
from core.language.speech import speaking
from core.language.unforeseen import unforeseen
from core.store.codec import text_of, value_of
from core.training.records import RunNoted

PATH = Path("/srv/my data/runs")
FULL = Message("That of {path} is full.", {"path": Place(PATH, Message("this server’s folder of runs"))})


def test_a_place_is_told_by_its_path_to_who_sits_at_the_machine_alone() -> None:
    assert str(FULL) == "That of this server’s folder of runs is full."
    with speaking("zh"):
        assert str(FULL) == "That of 这台服务器的运行文件夹 is full."
    with in_full():
        assert str(FULL) == f"That of {PATH} is full."
    assert str(PATH) not in str(FULL)


def test_what_is_kept_or_sent_of_it_has_no_path() -> None:
    with in_full():
        sent = json.dumps(FULL.to_json())
        kept = text_of(RunNoted(1, FULL))
        assert str(Message.from_json(json.loads(sent))) == "That of this server’s folder of runs is full."
        assert str(value_of(RunNoted, kept).said) == "That of this server’s folder of runs is full."
    assert "/srv" not in sent + kept


def test_what_an_earlier_normscope_kept_is_told_without_its_paths() -> None:
    before = Message("That of {path} is full.", {"path": str(PATH)})
    assert str(value_of(RunNoted, text_of(RunNoted(1, before))).said) == "That of … data/runs is full."
    assert str(Message.from_json({"key": "{path}", "values": {"path": "/srv/data"}})) == "…"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("No such file or directory: '/srv/my data/x.gz'", "No such file or directory: …"),
        ('cannot import "y" (/usr/lib/python3/y.py)', 'cannot import "y" (…)'),
        ("cannot open ~/x, nor C:\\Users\\me\\x; nor /x", "cannot open …, nor …; nor …"),
        ("https://host.example/a/b has 3/4 of it, and/or none", "https://host.example/a/b has 3/4 of it, and/or none"),
    ],
)
def test_a_text_of_another_program_loses_its_paths_and_nothing_else(text: str, told: str) -> None:
    assert without_paths(text) == told


FOLDERS = st.lists(st.text("abcdefXYZ_-.0123456789", min_size=1, max_size=8), min_size=1, max_size=4)


@settings(max_examples=50)
@given(st.text(max_size=20), FOLDERS, st.text(max_size=20))
def test_no_text_that_python_has_of_a_file_keeps_its_path(before: str, folders: list[str], after: str) -> None:
    path = "/" + "/".join(folders)
    assert path not in unforeseen(OSError(2, "No such file", path))
    assert f"'{path}'" not in without_paths(f"{before} '{path}' {after}")


def test_an_exception_is_told_in_one_line() -> None:
    assert unforeseen(ZeroDivisionError()) == "ZeroDivisionError"
    assert unforeseen(FileNotFoundError(2, "No such file or directory", "/srv/x")) == (
        "FileNotFoundError: No such file or directory"
    )
    assert unforeseen(RuntimeError("first\nsecond \x1b[2J")) == "RuntimeError: first"
    assert len(unforeseen(RuntimeError("long " * 1000))) < 250
