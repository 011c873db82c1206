"""What is put out of the way: nothing that lies there is written over, and what lies there too long goes for good.

free_place    a name that nothing has yet
folders_in    what lies there
of_one_run    all that lies there of one run's id
moved         put there, or taken back
size_of       in bytes
delete_older  deleted for good
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from core.store.troubles import told


def free_place(where: Path, run_id: str) -> Path:
    """A run that was deleted may come back, as by an import, and be deleted again: then both lie there."""
    names = chain([run_id], (f"{run_id}.{number}" for number in count(2)))  # no id has a dot
    return next(path for path in (where / name for name in names) if not path.exists())


def folders_in(where: Path) -> list[Path]:
    return [folder for folder in where.iterdir() if folder.is_dir()] if where.is_dir() else []


def of_one_run(where: Path, run_id: str) -> list[Path]:
    return [folder for folder in (where / run_id, *where.glob(f"{run_id}.*")) if folder.is_dir()]


def size_of(folder: Path) -> int:
    """Of its files; 0 of one that is not there."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries)
    return 0


def moved(folder: Path, target: Path) -> Path:
    """Returns `target`. Raises StoreError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        os.utime(target)  # since when it lies there
    except OSError as error:
        raise told(error, folder) from error
    return target


def delete_older(where: Path, seconds: float) -> None:
    """Delete for good what has been lying in `where` for `seconds`."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(where) as entries:
        for entry in entries:
            if time.time() - entry.stat().st_mtime >= seconds:
                shutil.rmtree(entry.path, ignore_errors=True)
