"""The images of an experiment: fetched once, checked by md5, and on the device as uint8.

load       the images of one dataset, on the device, fetching first what is missing
fetch      download what is missing or corrupt
verify     how each file stands
as_floats  a batch as the network wants it
digits_in_order   the built-in digits as they come, at once
DataError  what is wrong with the files and what to do; `missing` where the built-in digits can stand in

The files lie in torchvision's own layout, ROOT/FashionMNIST/raw/*.gz, and are read as they are, so ROOT may be
read-only. File names, checksums and mirrors are torchvision's.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from core.experiment.config import DATASETS

# what file, bytes done, bytes in total (0 where the server does not say)
Progress = Callable[[str, int, int], None]

# dataset: torchvision's class, whose name is also the folder's
_TORCHVISION = {"fashion-mnist": "FashionMNIST", "mnist": "MNIST", "kmnist": "KMNIST"}
DATA_TITLES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST", "kmnist": "KMNIST"}  # as one writes them
_PROJECT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 10.0
_CHUNK_BYTES = 1 << 16
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)


class DataError(RuntimeError):
    """Data that cannot be had; `missing` is True where files are absent and could not be fetched."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """One dataset, wholly on one device."""

    name: str
    train_images: Tensor  # [N, 1, 28, 28] uint8, 0..255
    train_labels: Tensor  # [N] int64, 0..9
    test_images: Tensor  # [M, 1, 28, 28] uint8, 0..255
    test_labels: Tensor  # [M] int64, 0..9
    classes: tuple[str, ...]  # 10 names, by label


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


def _no_progress(file: str, done: int, total: int) -> None:
    """Nobody watches."""


def _never_stopped() -> None:
    """Nobody can stop it."""


def data_root() -> Path:
    """The folder that holds FashionMNIST/raw and its like: $NORMSCOPE_DATA, else data/.

    A relative path starts at the project's folder, wherever the program was started.
    """
    return _PROJECT / Path(os.environ.get("NORMSCOPE_DATA") or "data").expanduser()


def load(
    name: str,
    root: Path | None = None,
    device: torch.device | str = "cpu",
    progress: Progress = _no_progress,
    check_stopped: Callable[[], None] = _never_stopped,
) -> Images:
    """The dataset `name` (a key of config.DATASETS) on `device`; root None means data_root().

    Missing files are downloaded: `progress` and `check_stopped` are called after every chunk, and whatever
    check_stopped raises ends the download, at the latest after the 10 s that a silent server is given.
    "digits" needs neither files nor network.

    Raises DataError: missing=True if files are absent and cannot be fetched, missing=False if one is corrupt.
    """
    checks = verify(name, root)
    for check in checks:
        if check.status == "corrupt":
            raise _corrupt(name, check)
    _fetch(name, checks, progress, check_stopped)
    return _digits(device) if name == "digits" else _decode(name, [check.path for check in checks], device)


def fetch(name: str, root: Path | None = None, progress: Progress = _no_progress) -> None:
    """Download the files of dataset `name` that are missing or corrupt below root (None: data_root()).

    A file appears under its name only once its md5 is right. Raises DataError if a file cannot be had or kept.
    """
    _fetch(name, verify(name, root), progress, _never_stopped)


def verify(name: str, root: Path | None = None) -> list[FileCheck]:
    """The md5 of each of the dataset's files below root (None: data_root()); empty for the built-in digits.

    Raises DataError for an unknown dataset and for a file that is there but cannot be read.
    """
    if name not in DATASETS:
        raise DataError(f"The dataset must be one of {', '.join(DATASETS)}; got “{name}”.")
    if name == "digits":
        return []
    folder = (root or data_root()) / _TORCHVISION[name] / "raw"
    return [FileCheck(folder / file, md5, _md5_of(folder / file)) for file, md5 in _torchvision(name).resources]


def as_floats(images: Tensor) -> Tensor:
    """uint8 0..255 of any shape to float32 0..1, on the same device; no mean is subtracted, as in the book.

    Raises TypeError for other dtypes: dividing twice would go unseen.
    """
    if images.dtype is not torch.uint8:
        raise TypeError(f"Images are uint8 until they are divided by 255; got {images.dtype}. Pass them as loaded.")
    return images.to(torch.float32) / 255


def _torchvision(name: str) -> Any:
    from torchvision import datasets  # here, because it takes a second that no page should wait for

    return getattr(datasets, _TORCHVISION[name])


def _md5_of(path: Path) -> str | None:
    from torchvision.datasets.utils import calculate_md5

    try:
        return str(calculate_md5(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Give this user the right to read it.") from error


def _decode(name: str, paths: list[Path], device: torch.device | str) -> Images:
    train_images, train_labels, test_images, test_labels = (_read_idx(path) for path in paths)
    return Images(
        name,
        train_images.unsqueeze(1).to(device),
        train_labels.long().to(device),
        test_images.unsqueeze(1).to(device),
        test_labels.long().to(device),
        tuple(_torchvision(name).classes),
    )


def _read_idx(path: Path) -> Tensor:
    """IDX: two zero bytes, 8 for uint8, the number of axes, their sizes (big-endian, 4 bytes each), the values.

    torchvision's reader wants the file unpacked, and the folder may be read-only.
    """
    content = bytearray(gzip.decompress(path.read_bytes()))  # bytearray: torch warns of memory it cannot write to
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape))


def _digits(device: torch.device | str) -> Images:
    """The 1,797 digits, split as ever."""
    from sklearn.model_selection import train_test_split

    pictures, numbers = digits_in_order()
    images, labels = pictures.to(device), numbers.to(device)
    train_size, test_size = DATASETS["digits"]
    train, test = train_test_split(
        np.arange(len(labels)), train_size=train_size, test_size=test_size, stratify=numbers.numpy(), random_state=0
    )
    classes = tuple(str(digit) for digit in range(10))
    return Images("digits", images[train], labels[train], images[test], labels[test], classes)


def digits_in_order() -> tuple[Tensor, Tensor]:
    """scikit-learn's 1,797 digits (8×8, values 0..16) enlarged to uint8 [1797, 1, 28, 28], and their labels [1797].

    Reads the file that comes with scikit-learn, but does not import it: that takes seconds.
    """
    sklearn = importlib.util.find_spec("sklearn")
    if sklearn is None or sklearn.origin is None:
        raise DataError("The digits come with scikit-learn, which is not installed. Run `make run`, which installs it.")
    rows = np.loadtxt(Path(sklearn.origin).parent / "datasets/data/digits.csv.gz", delimiter=",")
    small = torch.from_numpy(rows[:, :-1]).float().view(-1, 1, 8, 8)
    images = (interpolate(small, size=(28, 28), mode="bilinear") * (255 / 16)).round().to(torch.uint8)
    return images, torch.from_numpy(rows[:, -1]).long()


def _fetch(name: str, checks: list[FileCheck], progress: Progress, check_stopped: Callable[[], None]) -> None:
    wanted = [check for check in checks if check.status != "ok"]
    for i, check in enumerate(wanted):
        _check_writable(check)
        try:
            content = _download(check, _torchvision(name).mirrors, progress, check_stopped)
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
            failures.append(f"{mirror}: {error}")
    raise _MirrorError("; ".join(failures))


def _download_from(mirror: str, check: FileCheck, progress: Progress, check_stopped: Callable[[], None]) -> bytearray:
    content, total = bytearray(), 0
    check_stopped()
    for chunk, total in _chunks(mirror + check.path.name):
        content += chunk
        progress(check.path.name, len(content), total)
        check_stopped()
    if len(content) < total:
        raise _MirrorError(f"broke off after {len(content):,} of {total:,} bytes")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != check.expected:
        raise _MirrorError(f"sent a file with md5 {md5} instead of {check.expected}")
    return content


def _chunks(url: str) -> Iterator[tuple[bytes, int]]:
    """(chunk, bytes in total or 0); only what the network does wrong becomes _MirrorError."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "normscope"}), timeout=_TIMEOUT_S) as response:
            total = response.length or 0
            while chunk := response.read1(_CHUNK_BYTES):  # read1: read would hold back what a slow line has sent
                yield chunk, total
    except (OSError, HTTPException) as error:
        raise _MirrorError(str(error.reason if type(error) is URLError else error)) from error


def _check_writable(check: FileCheck) -> None:
    # before the download rather than after it; and no empty folder is left behind where there is no network
    nearest = next(folder for folder in check.path.parents if folder.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise _not_saved(check, f"{nearest} is not a folder that this user may write to. Make it one")


def _save(check: FileCheck, content: bytearray) -> None:
    # a name of its own, because two processes may fetch into one folder
    part = check.path.with_name(f"{check.path.name}.{secrets.token_hex(4)}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(check.path)
    except OSError as error:
        part.unlink(missing_ok=True)
        full = error.errno in _OUT_OF_SPACE
        raise _not_saved(check, "no space is left. Free some" if full else f"{error}. Put that right") from error


def _corrupt(name: str, check: FileCheck) -> DataError:
    return DataError(
        f"{check.path} is corrupt or truncated: its md5 must be {check.expected}; got {check.got}. "
        f"Delete it, or run `python -m core data fetch --data {name}`, which downloads it anew."
    )


def _not_fetched(name: str, wanted: list[FileCheck], error: _MirrorError) -> DataError:
    folder = wanted[0].path.parent
    return DataError(
        f"{name} is not complete: {folder} lacks {', '.join(check.path.name for check in wanted)}, and the download "
        f"failed ({error}). With a network, run `python -m core data fetch --data {name}`; without one, put the "
        f"four .gz files in {folder}, or set NORMSCOPE_DATA to a folder with {_TORCHVISION[name]}/raw in it.",
        missing=any(check.status == "missing" for check in wanted),
    )


def _not_saved(check: FileCheck, problem: str) -> DataError:
    folder, file = check.path.parent, check.path.name
    return DataError(
        f"{file} cannot be saved in {folder}: {problem}, put the four .gz files there by hand, or set NORMSCOPE_DATA "
        f"to another folder.",
        missing=check.status == "missing",
    )
