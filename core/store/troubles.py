"""What can go wrong with a file of the store, in sentences: the rule, what was met, what to do.

StoreError    a run that cannot be kept or read; InUse, NoSuchRun, Full, Damaged are such
told          the same, of what SQLite or the system has said
only_damaged  of a run that is to be put aside
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from core.data.reasons import why
from core.language.message import Message
from core.language.places import Place

# What to do about a damaged run, in the words of the page.
AWAY = Message("On Runs it can be put aside, or removed from the list.")
STORE = Message("this server’s folder of runs")
NOT_DAMAGED = Message("Only a run that is damaged can be put aside, and nothing was found to be wrong with this one.")
MISSING = Message("it is missing")
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What SQLite says in English alone, by the beginning of its error's name.
SAID = {
    "SQLITE_CORRUPT": Message("its content is not as it was written"),
    "SQLITE_NOTADB": Message("it is no SQLite database"),
    "SQLITE_READONLY": Message("it is read-only"),
    "SQLITE_CANTOPEN": Message("it cannot be opened"),
    "SQLITE_PERM": Message("it may not be opened"),
    "SQLITE_IOERR": Message("the disk gives an error"),
}


class StoreError(RuntimeError):
    """A run that cannot be kept, or read; its first argument is a Message."""


class InUse(StoreError):
    """Another process writes this run."""


class NoSuchRun(StoreError, LookupError):
    """There is none of this id, or name."""


class Full(StoreError):
    """There is no space left."""


class Damaged(StoreError):
    """Its file is not as it was written, and will not be again by itself."""


class NotBegun(Damaged):
    """There is no experiment in it: who makes it has not come so far, or was killed there, or it is another's file."""


def told(error: sqlite3.Error | OSError, path: Path) -> StoreError:
    """What `error` means for whoever reads or writes `path`."""
    if isinstance(error, OSError):
        return full(path) if error.errno in FULL else no_access(path, why(error))
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return full(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return in_use(path)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR")):
        return no_access(path, said(error))
    return damaged(path, said(error))


def said(error: sqlite3.Error) -> Message | str:
    """What has happened, in the language of who reads it where its kind is known, else in SQLite's words."""
    name = getattr(error, "sqlite_errorname", "")
    return next((words for kind, words in SAID.items() if name.startswith(kind)), str(error))


def its_file(path: Path) -> Place:
    """Of a run that the sentence is about."""
    return Place(path, Message("its file"))


def full(path: Path) -> Full:
    return Full(
        Message(
            "Runs are kept on a disk with space left; that of {path} is full. Free some space there, or set "
            "NORMSCOPE_HOME to a folder on another disk.",
            {"path": Place(path, STORE)},
        )
    )


def in_use(path: Path) -> InUse:
    return InUse(
        Message(
            "A run is written by one process at a time, and another one writes {path}. Wait until that has ended.",
            {"path": Place(path, Message("this one"))},
        )
    )


def no_access(path: Path, reason: Message | str) -> StoreError:
    return StoreError(
        Message(
            "Runs are kept in a folder that can be read and written to; {path} cannot be ({why}). Give this user the "
            "right to, or set NORMSCOPE_HOME to another folder.",
            {"path": Place(path, STORE), "why": reason},
        )
    )


def damaged(path: Path, reason: Message | str) -> Damaged:
    return Damaged(
        Message(
            "What is kept of this run cannot be read: {path} is damaged ({why}). Other runs are not affected. {do}",
            {"path": its_file(path), "why": reason, "do": AWAY},
        )
    )


def not_begun(path: Path) -> NotBegun:
    return NotBegun(damaged(path, Message("it has no experiment")).args[0])


def newer(path: Path, version: int, known: int) -> StoreError:
    return StoreError(
        Message(
            "This run was written by a newer NormScope: the format of {path} is number {version}, and this one reads "
            "up to {known}. Update NormScope to open it.",
            {"path": its_file(path), "version": version, "known": known},
        )
    )


def here_already(run_id: str) -> StoreError:
    return StoreError(
        Message(
            "A run is kept once, and this one, {id}, is here already. Delete that first to have it replaced.",
            {"id": run_id},
        )
    )


def comes_along(run_id: str) -> StoreError:
    return StoreError(
        Message("This run, {id}, comes with NormScope: there is no need to keep it.", {"id": run_id}),
    )


def only_damaged(found: StoreError | None) -> None:
    """Raises what keeps a run from being put aside: anything but damage in what was `found` to be wrong with it."""
    if not isinstance(found, Damaged):
        raise found or StoreError(NOT_DAMAGED)


def not_deleted(wanted: str, trash: Path) -> NoSuchRun:
    return NoSuchRun(
        Message(
            "No deleted run “{wanted}” is in {trash}. Only its id says which, and after an hour it is gone for good. "
            "Import a bundle of it, or take it from a backup.",
            {"wanted": wanted, "trash": Place(trash, STORE)},
        ),
    )


def no_such_run(wanted: str, home: Path) -> NoSuchRun:
    return NoSuchRun(
        Message(
            "No run “{wanted}” is kept in {home}. Its id, its name or “last” says which; the list has them.",
            {"wanted": wanted, "home": Place(home, STORE)},
        ),
    )
