"""A run goes into files by the names of formats; what cannot be written is said before anything is, in a sentence."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.formats import FORMATS, ExportError, export
from core.exports.packages import PACKAGES
from core.exports.results import results
from core.exports.script import script
from core.exports.tables import TABLES
from core.language.places import in_full
from core.language.speech import speaking
from core.store.recording import Recording
from tests.core.store.recorded import recorded


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(ExperimentConfig(data="digits", examples=64, batch_size=32, epochs=1, arms=(parse_arm("bn"),)))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "onnx" else []) for name in FORMATS]
)
def test_every_format_writes_the_files_that_it_names_and_leaves_nothing_else(recording, tmp_path: Path, name) -> None:
    written = export(recording, [name], tmp_path / "new" / name)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file()) != []


def test_a_package_that_is_missing_is_said_before_anything_is_written(recording, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(PACKAGES, "tensorboard", ("tensorboard_that_nobody_has",))
    with pytest.raises(ExportError, match="pip install tensorboard_that_nobody_has"):
        export(recording, ["csv", "tensorboard"], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_a_run_does_not_have_is_said_in_a_sentence(recording, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there are no weights to write"):
        export(replace(recording, network_steps=()), ["weights"], tmp_path)


def test_several_formats_go_into_one_folder_each_once(recording, tmp_path: Path) -> None:
    written = export(recording, ["json", "csv", "json"], tmp_path)
    assert [path.name for path in written] == ["results.json", *(f"{name}.csv" for name in TABLES)]


def test_json_is_the_document_of_the_command_line(recording, tmp_path: Path) -> None:
    (path,) = export(recording, ["json"], tmp_path)
    assert json.loads(path.read_text(encoding="utf-8")) == results(recording.config, recording.records)


def test_script_and_notebook_are_in_the_language_spoken(recording, tmp_path: Path) -> None:
    with speaking("zh"):
        path, notebook = export(recording, ["script", "notebook"], tmp_path)
        assert path.read_text(encoding="utf-8") == script(recording.config, recording.records)
    nbformat.validate(nbformat.read(notebook, 4))
    assert "网络" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "got"), [(["csv", "xls"], "xls"), (["CSV"], "CSV"), ([""], ""), ([], ""), (["a", "b"], "a, b")]
)
def test_an_unknown_format_is_refused_before_anything_is_written(recording, tmp_path: Path, names, got: str) -> None:
    with pytest.raises(ExportError) as refused:
        export(recording, names, tmp_path / "new")
    known = ", ".join(FORMATS)
    assert str(refused.value) == (
        f"A format is one of {known}; got “{got}”. Write one, or several with commas: csv,script."
    )
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_to_is_a_sentence_in_the_readers_language(recording, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError) as refused:
        export(recording, ["csv"], tmp_path / "file" / "there")
    told = "A run is written into a folder; {} does not take it ({}). One of its folders is a file: move that away."
    assert str(refused.value) == told.format("a folder of this server", "Not a directory")
    with in_full():
        assert str(refused.value) == told.format(tmp_path / "file" / "there", "Not a directory")
    with speaking("zh"):
        assert str(refused.value).startswith("运行写入一个文件夹")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["script", "csv", "parquet"])
def test_a_disk_that_fills_up_is_a_sentence_and_an_older_file_stays_whole(
    recording, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_others = export(recording, [name], tmp_path)
    before = first.read_bytes()

    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ExportError, match=r"\(No space left on device\)\. Free some space\.$"):
        export(replace(recording, records=recording.records[:3]), [name], tmp_path)
    assert first.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_folder_in_the_place_of_a_file_is_a_sentence(recording, tmp_path: Path) -> None:
    (tmp_path / "results.json").mkdir()
    with pytest.raises(ExportError, match="Is a directory"):
        export(recording, ["json"], tmp_path)


def test_files_can_be_read_by_whom_the_folder_is_shared_with(recording, tmp_path: Path) -> None:
    (path,) = export(recording, ["json"], tmp_path)
    assert path.stat().st_mode & stat.S_IROTH
