"""A run as files: each format's name, and what writes it.

FORMATS      {name: writer}
export       a run in some formats into a folder
ExportError  what cannot be written, and what to do
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.paths import advice
from core.data.reasons import why
from core.exports.notebook import notebook
from core.exports.packages import need
from core.exports.results import results
from core.exports.script import script
from core.exports.tables import tables
from core.exports.troubles import BundleError, NoNetworks, PackageMissing
from core.language.message import Message, Value
from core.language.places import Place

if TYPE_CHECKING:
    from pandas import DataFrame

    from core.store.recording import Recording

Writer = Callable[["Recording", Path], Iterable[Path]]  # into a folder that is there; returns the files


class ExportError(ValueError):
    """A run that cannot be exported so, or not there; its text is the rule, what it got and what to do."""


def _write(path: Path, text: str) -> list[Path]:
    """At once, so that whoever reads never sees half of it, and an older file stays until then."""
    return [_whole(path, lambda part: part.write_text(text, encoding="utf-8"))]


def _whole(path: Path, write: Callable[[Path], object]) -> Path:
    part = path.with_name(f".{secrets.token_hex(4)}.part")
    try:
        write(part)
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _csv(recording: Recording, folder: Path) -> list[Path]:
    return [_whole(folder / f"{name}.csv", partial(_as_csv, table)) for name, table in tables(recording).items()]


def _as_csv(table: DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, encoding="utf-8")


def _parquet(recording: Recording, folder: Path) -> list[Path]:
    return [
        _whole(folder / f"{name}.parquet", partial(_as_parquet, table)) for name, table in tables(recording).items()
    ]


def _as_parquet(table: DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


def _json(recording: Recording, folder: Path) -> list[Path]:
    found = results(recording.config, recording.records)
    return _write(folder / "results.json", _text(found))


def _script(recording: Recording, folder: Path) -> list[Path]:
    return _write(folder / "experiment.py", script(recording.config, recording.records))


def _notebook(recording: Recording, folder: Path) -> list[Path]:
    return _write(folder / "experiment.ipynb", _text(notebook(recording.config, recording.records)))


# The modules of the rest import what takes seconds, or is not there for all who export something else.


def _report(recording: Recording, folder: Path, page: str = "") -> list[Path]:
    from core.exports.report import ADDRESS, report

    return _write(folder / "report.html", report(recording, page or ADDRESS))


def _bundle(recording: Recording, folder: Path) -> list[Path]:
    from core.exports import bundle

    return [bundle.write(recording, folder / "normscope-run.zip")]


def _events(recording: Recording, folder: Path) -> list[Path]:
    from core.exports import events

    return events.write(recording, folder / "tensorboard")


def _onnx(recording: Recording, folder: Path) -> list[Path]:
    from core.exports import onnx

    return onnx.write(recording, folder / "onnx")


def _weights(recording: Recording, folder: Path) -> list[Path]:
    from core.exports import weights

    return weights.write(recording, folder / "weights")


def _text(found: object) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


FORMATS: dict[str, Writer] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
    "script": _script,
    "notebook": _notebook,
    "report": _report,
    "bundle": _bundle,
    "tensorboard": _events,
    "onnx": _onnx,
    "weights": _weights,
}


def export(recording: Recording, formats: Sequence[str], folder: Path, page: str = "") -> list[Path]:
    """Write the run into `folder`, which is made where it is not there; returns the files, in the order written.

    `page` is the address of the page that asks for them, to which a report leads; that of one's own machine without it.
    Words are in the language spoken here. Raises ExportError before anything is written for an unknown format, for one
    whose packages are not installed and for a folder that cannot be made, and in the midst for a disk that is full and
    for what a run does not have.
    """
    try:
        _check(formats)
        folder.mkdir(parents=True, exist_ok=True)
        writers = FORMATS | {"report": partial(_report, page=page)}
        return [path for name in dict.fromkeys(formats) for path in writers[name](recording, folder)]
    except (PackageMissing, NoNetworks, BundleError) as error:
        raise ExportError(error.args[0]) from error
    except OSError as error:
        raise not_written(folder, error) from error


def _check(formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        values: dict[str, Value] = {"known": list(FORMATS), "got": unknown or [""]}
        raise ExportError(
            Message("A format is one of {known}; got “{got}”. Write one, or several with commas: csv,script.", values)
        )
    for name in formats:
        need(name)


def not_written(folder: Path, error: OSError) -> ExportError:
    """Why the folder does not take it."""
    place = Place(folder, Message("a folder of this server"))
    values: dict[str, Value] = {"folder": place, "why": why(error), "do": advice(error, "write to")}
    return ExportError(Message("A run is written into a folder; {folder} does not take it ({why}). {do}.", values))
