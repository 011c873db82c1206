"""core/data/paths.py: a path that cannot be read is not always a matter of rights."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.data.files import DataError, verify
from core.data.paths import advice

FIRST = "FashionMNIST/raw/train-images-idx3-ubyte.gz"


def link_to_itself(root: Path) -> Path:
    (root / "FashionMNIST").symlink_to(root / "FashionMNIST")
    return root


def folder_for_a_file(root: Path) -> Path:
    (root / FIRST).mkdir(parents=True)
    return root


def too_long(root: Path) -> Path:
    return root / ("x" * 300)


@pytest.mark.parametrize(
    ("make", "number", "do"),
    [
        (link_to_itself, errno.ELOOP, "One of its links leads back to itself: remove that link."),
        (too_long, errno.ENAMETOOLONG, "Choose a shorter path."),
        (folder_for_a_file, errno.EISDIR, "A folder has the name of this file: move it away."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_what_helps(make, number: int, do: str, tmp_path: Path) -> None:
    root = make(tmp_path)
    with pytest.raises(DataError) as refusal:
        verify("fashion-mnist", root)
    assert str(refusal.value) == f"{root / FIRST} cannot be read ({os.strerror(number)}). {do}"


@pytest.mark.parametrize(
    ("number", "do"),
    [
        (errno.EACCES, "Give this user the right to write to it"),
        (errno.EPERM, "Give this user the right to write to it"),
        (errno.EROFS, "Choose a folder on a disk that can be written to"),
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EMFILE, "Too many files are open: end other programs"),
        (errno.ESTALE, "Put that right"),
        (None, "Put that right"),
    ],
)
def test_every_reason_has_advice_of_its_own(number: int | None, do: str) -> None:
    error = OSError("no number") if number is None else OSError(number, os.strerror(number))
    assert str(advice(error, "write to")) == do
