"""The files of Fashion-MNIST, MNIST and KMNIST: fetched once, checked by md5.

ready      the files of one dataset, all there and right, fetching first what is missing
fetch      download what is missing or corrupt
verify     how each file stands
DataError  what is wrong with the files and what to do; `missing` where the built-in digits can stand in

They lie in torchvision's own layout, ROOT/FashionMNIST/raw/*.gz. The mirrors are torchvision's.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, InvalidURL
from pathlib import Path
from typing import Literal
from urllib.request import getproxies

from core.data.pace import open_url
from core.data.paths import advice
from core.data.reasons import why
from core.data.sources import SOURCES
from core.experiment.config import DATASETS
from core.experiment.environment import data_root
from core.language.message import Message, Value
from core.language.places import Place
from core.language.several import Parted

# what file, bytes done, bytes in total (0 where the server does not say)
Progress = Callable[[str, int, int], None]

FOLDER = Message("this server’s folder of images")
_TIMEOUT_S = 10.0
_CHUNK_BYTES = 1 << 16
_MOST_BYTES = 64 << 20  # more than twice the largest file: it is kept in memory, and a server may never end


class DataError(RuntimeError):
    """Data that cannot be had; `missing` is True where files are absent and could not be fetched."""

    def __init__(self, message: Message | str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class FileCheck:
    """How one file stood when it was read: the md5 it should have, and the one it has (None: no such file)."""

    path: Path
    expected: str
    got: str | None

    @property
    def status(self) -> Literal["ok", "missing", "corrupt"]:
        """'ok', 'missing' or 'corrupt' (truncated files are corrupt)."""
        if self.got is None:
            return "missing"
        return "ok" if self.got == self.expected else "corrupt"


class _MirrorError(Exception):
    """One mirror did not deliver; the next one may."""


def no_progress(file: str, done: int, total: int) -> None:
    """Nobody watches."""


def never_stopped() -> None:
    """Nobody can stop it."""


def ready(
    name: str, root: Path | None, progress: Progress, check_stopped: Callable[[], None] = never_stopped
) -> list[Path]:
    """The files of dataset `name`, all there and right; what is missing is downloaded. Raises DataError."""
    checks = verify(name, root)
    for check in checks:
        if check.status == "corrupt":
            raise _corrupt(name, check)
    _fetch(name, checks, progress, check_stopped)
    return [check.path for check in checks]


def is_missing(name: str, root: Path | None) -> bool:
    """Whether the dataset lacks a file, so that it has to be downloaded; none is read."""
    return not all(os.path.exists(path) for path, _ in _files(name, root))  # Path.exists raises on a name too long


def fetch(name: str, root: Path | None = None, progress: Progress = no_progress) -> None:
    """Download the files of dataset `name` that are missing or corrupt below root (None: data_root()).

    A file appears under its name only once its md5 is right. Raises DataError if a file cannot be had or kept.
    """
    _fetch(name, verify(name, root), progress, never_stopped)


def verify(name: str, root: Path | None = None) -> list[FileCheck]:
    """The md5 of each of the dataset's files below root (None: data_root()); empty for the built-in digits.

    Raises DataError for an unknown dataset and for a file that is there but cannot be read.
    """
    if name not in DATASETS:
        values: dict[str, Value] = {"names": list(DATASETS), "name": name}
        raise DataError(Message("The dataset must be one of {names}; got “{name}”.", values))
    return [FileCheck(path, md5, _md5_of(path)) for path, md5 in _files(name, root)]


def _files(name: str, root: Path | None) -> list[tuple[Path, str]]:
    """Where each file of the dataset belongs, and the md5 that it should have."""
    if name == "digits":
        return []
    folder = (root or data_root()) / SOURCES[name].folder / "raw"
    return [(folder / file, md5) for file, md5 in SOURCES[name].files]


def _mirrors(name: str) -> list[str]:
    from torchvision import datasets  # here, because it takes a second that only a download should wait for

    mirrors: list[str] = getattr(datasets, SOURCES[name].folder).mirrors
    return mirrors


def _md5_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        values: dict[str, Value] = {"path": Place(path, path.name), "why": why(error), "do": advice(error)}
        raise DataError(Message("{path} cannot be read ({why}). {do}.", values)) from error


def _fetch(name: str, checks: list[FileCheck], progress: Progress, check_stopped: Callable[[], None]) -> None:
    wanted = [check for check in checks if check.status != "ok"]
    for i, check in enumerate(wanted):
        _check_writable(check)
        try:
            content = _download(check, _mirrors(name), progress, check_stopped)
        except _MirrorError as error:
            raise _not_fetched(name, wanted[i:], error) from error
        _save(check, content)


def _download(check: FileCheck, mirrors: list[str], progress: Progress, check_stopped: Callable[[], None]) -> bytearray:
    """The file from the first mirror that sends it whole; kept in memory (26 MB at most) until its md5 is right."""
    failures = []
    for mirror in mirrors:
        try:
            return _download_from(mirror, check, progress, check_stopped)
        except _MirrorError as error:
            failures.append(Message("{mirror}: {why}", {"mirror": mirror, "why": error.args[0]}))
    raise _MirrorError(Parted(failures))


def _download_from(mirror: str, check: FileCheck, progress: Progress, check_stopped: Callable[[], None]) -> bytearray:
    content, total = bytearray(), 0
    check_stopped()
    for chunk, total in _chunks(mirror + check.path.name):
        content += chunk
        if max(len(content), total) > _MOST_BYTES:
            raise _MirrorError(
                Message("sends more than {most} MiB, which none of these files has", {"most": _MOST_BYTES >> 20})
            )
        progress(check.path.name, len(content), total)
        check_stopped()
    if len(content) < total:
        values = {"done": len(content), "total": total}
        raise _MirrorError(Message("broke off after {done:,} of {total:,} bytes", values))
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != check.expected:
        sent = {"got": md5, "expected": check.expected}
        raise _MirrorError(Message("sent a file with md5 {got} instead of {expected}", sent))
    return content


def _chunks(url: str) -> Iterator[tuple[bytes, int]]:
    """(chunk, bytes in total or 0); only what the network does wrong becomes _MirrorError."""
    try:
        with open_url(url, _TIMEOUT_S) as response:
            total = response.length or 0
            while chunk := response.read1(_CHUNK_BYTES):  # read1: read would hold back what a slow line has sent
                yield chunk, total
    except OSError as error:
        raise _MirrorError(_by_proxy(url, error)) from error
    except (ValueError, OverflowError, InvalidURL) as error:  # of urllib, which takes a proxy's address as it is
        raise _MirrorError(
            Message("its address, or that of the proxy in http_proxy or https_proxy, is malformed")
        ) from error
    except HTTPException as error:
        raise _MirrorError(str(error)) from error


def _by_proxy(url: str, error: OSError) -> Message | str:
    what = why(error)
    scheme = url.partition(":")[0]
    if scheme not in getproxies():
        return what
    return Message("{what}, asked through the proxy in {variable}", {"what": what, "variable": f"{scheme}_proxy"})


def _check_writable(check: FileCheck) -> None:
    # before the download rather than after it; and no empty folder is left behind where there is no network
    nearest = next(folder for folder in check.path.parents if folder.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        problem = Message(
            "this user may not write to {folder}, or that is no folder. Make it one that it may write to",
            {"folder": Place(nearest, FOLDER)},
        )
        raise _not_saved(check, problem)


def _save(check: FileCheck, content: bytearray) -> None:
    # a name of its own, because two processes may fetch into one folder
    part = check.path.with_name(f"{check.path.name}.{secrets.token_hex(4)}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(check.path)
    except OSError as error:
        part.unlink(missing_ok=True)
        values: dict[str, Value] = {"why": why(error), "do": advice(error, "write to")}
        raise _not_saved(check, Message("{why}. {do}", values)) from error


def _corrupt(name: str, check: FileCheck) -> DataError:
    values: dict[str, Value] = {"path": Place(check.path, check.path.name), "name": name}
    values |= {"expected": check.expected, "got": str(check.got)}
    return DataError(
        Message(
            "{path} is corrupt or truncated: its md5 must be {expected}; got {got}. Delete it, or run "
            "`python -m core data fetch --data {name}`, which downloads it anew.",
            values,
        )
    )


def _not_fetched(name: str, wanted: list[FileCheck], error: _MirrorError) -> DataError:
    values: dict[str, Value] = {
        "name": name,
        "folder": Place(wanted[0].path.parent, FOLDER),
        "files": [check.path.name for check in wanted],
        "why": error.args[0],
        "raw": f"{SOURCES[name].folder}/raw",
    }
    return DataError(
        Message(
            "{name} is not complete: {folder} lacks {files}, and the download failed ({why}). With a network, run "
            "`python -m core data fetch --data {name}`; without one, put the four .gz files in {folder}, or set "
            "NORMSCOPE_DATA to a folder with {raw} in it.",
            values,
        ),
        missing=any(check.status == "missing" for check in wanted),
    )


def _not_saved(check: FileCheck, problem: Message) -> DataError:
    values: dict[str, Value] = {"file": check.path.name, "folder": Place(check.path.parent, FOLDER), "problem": problem}
    return DataError(
        Message(
            "{file} cannot be saved in {folder}: {problem}, put the four .gz files there by hand, or set "
            "NORMSCOPE_DATA to another folder.",
            values,
        ),
        missing=check.status == "missing",
    )
