"""One run's SQLite file: what was measured, looks, networks, and the state from which it can go on.

RunFile  create, write_to and read open one; a batch is written as a whole or not at all

Only one connection in the world writes a file, and it holds the run's lock: SQLite 3.7.0 to 3.51.2 can damage a file
that two connections write (docs/decisions/0017).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from core.language.message import Message
from core.store.card import Begun, Card, new_card, touched
from core.store.checksum import is_sound, with_checksum
from core.store.codec import Foreign, look_bytes, look_from, record_from, record_text, text_of, value_of
from core.store.lock import Lock
from core.store.presence import is_missing
from core.store.schema import MIGRATIONS, connect_to_read, connect_to_write, version_of
from core.store.troubles import MISSING, Damaged, StoreError, damaged, its_file, not_begun, told
from core.training.records import NetworksSeen, Record

Found = TypeVar("Found")

FILE, LOCK = "run.sqlite", "lock"
_FACT = "SELECT name, value, checksum FROM facts WHERE name = ?"
MOST_LOOK_BYTES = 48 << 20  # a run: beyond it, every second of the looks that watchers had asked for leaves


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training after `step` mini-batches; records up to number `record` and looks up to `look` came before it."""

    step: int
    record: int
    look: int
    content: bytes  # core.training.checkpoint.State.to_bytes


@dataclass(frozen=True, slots=True)
class Look:
    """`due` are those that come whether or not anybody watches."""

    sequence: int
    seen: NetworksSeen
    due: bool


class RunFile:
    """One connection, to write or to read. Not locked against other threads: its owner sees to that."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: Lock | None = None) -> None:
        self.folder, self.path = folder, folder / FILE
        self._connection, self._lock = connection, lock
        self._look_bytes = self._one("SELECT total(length(body)) FROM looks") if lock else 0

    @classmethod
    def create(cls, folder: Path, begun: Begun) -> RunFile:
        """A new one in `folder`, which must be there. Raises StoreError."""
        return cls._to_write(folder, begun)

    @classmethod
    def write_to(cls, folder: Path) -> RunFile:
        """The one that is there, brought up to date and checked. Raises StoreError."""
        if is_missing(folder / FILE):
            raise damaged(folder / FILE, MISSING)
        return cls._to_write(folder, None)

    @classmethod
    def _to_write(cls, folder: Path, begun: Begun | None) -> RunFile:
        lock, path = Lock(folder / LOCK), folder / FILE
        try:
            with _troubles(path):
                file = cls(folder, connect_to_write(path, is_new=begun is not None), lock)
        except BaseException:
            lock.free()
            raise
        try:
            if begun is not None:
                file.write(facts={field.name: getattr(begun, field.name) for field in fields(begun)})
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def read(cls, folder: Path, checked: bool = True) -> RunFile:
        """To read only, while another may write; who follows a run need not have it checked anew. Raises StoreError."""
        path = folder / FILE
        if is_missing(path):
            raise damaged(path, MISSING)
        with _troubles(path):
            connection = connect_to_read(path, checked)
            if (version := version_of(connection)) == len(MIGRATIONS):
                return cls(folder, connection)
            connection.close()
        if version == 0:
            raise not_begun(path)
        cls.write_to(folder).close(ended=True)  # which brings it up to date
        return cls.read(folder)

    def close(self, ended: bool = False) -> None:
        """With `ended` nothing will follow for now: the file is made one that needs no others beside it."""
        if ended:
            with suppress(sqlite3.Error):  # as while somebody reads: then it is left as it is
                self._connection.execute("PRAGMA busy_timeout = 200")
                self._connection.executescript("PRAGMA incremental_vacuum")  # execute would free one page
                self._connection.execute("PRAGMA journal_mode = DELETE")
        with suppress(sqlite3.Error):
            self._connection.close()
        if self._lock is not None:
            self._lock.free()

    # --- written -----------------------------------------------------------------------------------------------------

    def write(
        self,
        records: Sequence[tuple[int, Record]] = (),
        looks: Sequence[Look] = (),
        networks: Mapping[int, bytes] | None = None,
        checkpoint: Checkpoint | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """All of it in one transaction. Raises StoreError, and then nothing of it is there."""
        texts = [with_checksum(number, record_text(record)) for number, record in records]
        bodies = [look_bytes(look.seen) for look in looks]
        with self._transaction() as put:
            put("INSERT INTO records VALUES (?, ?, ?)", texts)
            put("INSERT INTO looks VALUES (?, ?, ?, ?, ?, ?)", list(map(_row_of, looks, bodies)))
            put("INSERT OR REPLACE INTO networks VALUES (?, ?, ?)", _rows_of(networks))
            put("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", _rows_of(facts, text_of))
            if checkpoint is not None:
                put("DELETE FROM checkpoints", [()])
                put("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?)", [with_checksum(*astuple(checkpoint))])
        self._look_bytes += sum(map(len, bodies))
        if self._look_bytes > MOST_LOOK_BYTES:
            self._thin()

    def forget_checkpoint(self) -> None:
        """The run has come to its end: nothing goes on from there."""
        with self._transaction() as put:
            put("DELETE FROM checkpoints", [()])

    def _thin(self) -> None:
        """Let every second look go that was not due; if none is left of them, nothing."""
        with self._transaction() as put:
            put(
                "DELETE FROM looks WHERE sequence IN (SELECT sequence FROM (SELECT sequence, row_number() OVER "
                "(PARTITION BY source ORDER BY sequence) AS place FROM looks WHERE NOT due) WHERE place % 2 = 0)",
                [()],
            )
        self._look_bytes = self._one("SELECT total(length(body)) FROM looks")

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with _troubles(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection.executemany
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # on a full disk SQLite has rolled back already
                    self._connection.execute("ROLLBACK")
                raise

    # --- read --------------------------------------------------------------------------------------------------------

    def begun(self) -> Begun:
        """What the run is of, and who began it."""
        names = [field.name for field in fields(Begun)]
        with _troubles(self.path):
            texts = {name: value for name, value, _ in self._sound("SELECT name, value, checksum FROM facts")}
            if not set(names) <= texts.keys():
                raise not_begun(self.path)
            return value_of(Begun, "{" + ",".join(f'"{name}":{texts[name]}' for name in names) + "}")

    def card(self) -> Card:
        """The card that all of it gives."""
        card = touched(new_card(self.folder.name, self.begun()), (record for _, record in self.records()))
        changed = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        return replace(card, seconds=self.seconds(), bytes=self.size(), changed=changed)

    def seconds(self) -> float:
        """How long the run was under way."""
        rows = self._sound(_FACT, "seconds")
        return self.told_of(partial(value_of, float), rows[0][1]) if rows else 0.0

    def fact(self, name: str) -> str | None:
        """A text that was written among the facts by whoever made the run; None where there is none."""
        rows = self._sound(_FACT, name)
        return self.told_of(partial(value_of, str), rows[0][1]) if rows else None

    def records(self, since: int = 0) -> list[tuple[int, Record]]:
        """(number, record) of all after `since`."""
        asked = "SELECT sequence, body, checksum FROM records WHERE sequence > ? ORDER BY sequence"
        return [(number, self.told_of(record_from, body)) for number, body, _ in self._sound(asked, since)]

    def last_record(self) -> int:
        return int(self._one("SELECT max(sequence) FROM records") or 0)

    def last_look(self) -> int:
        return int(self._one("SELECT max(sequence) FROM looks") or 0)

    def looks(self, since: int = 0) -> list[tuple[int, int, str]]:
        """(number, step, source) of all after `since`; `look` has them whole."""
        return self._rows("SELECT sequence, step, source FROM looks WHERE sequence > ? ORDER BY sequence", since)

    def look(self, sequence: int) -> NetworksSeen | None:
        """The look of this number, if it is still kept."""
        asked = "SELECT sequence, step, source, due, CAST(body AS BLOB), checksum FROM looks WHERE sequence = ?"
        rows = self._sound(asked, sequence)
        return self.told_of(look_from, rows[0][4]) if rows else None

    def checkpoint(self) -> Checkpoint | None:
        """The newest."""
        asked = "SELECT step, record, look, CAST(body AS BLOB), checksum FROM checkpoints ORDER BY step DESC LIMIT 1"
        rows = self._sound(asked)
        return Checkpoint(*rows[0][:4]) if rows else None

    def network_steps(self, with_checkpoint: bool = True) -> list[int]:
        """The steps whose networks are kept, in order; the last checkpoint has some, too."""
        more = "UNION SELECT step FROM checkpoints" if with_checkpoint else ""
        return [step for (step,) in self._rows(f"SELECT step FROM networks {more} ORDER BY step")]

    def networks(self, step: int) -> bytes | None:
        """As they were written."""
        rows = self._sound("SELECT step, CAST(body AS BLOB), checksum FROM networks WHERE step = ?", step)
        return rows[0][1] if rows else None

    def size(self) -> int:
        """What it takes on the disk."""
        sizes = [_size(each) for each in (self.path, self.path.with_name(f"{FILE}-wal"))]
        return sum(sizes)

    def told_of(self, read: Callable[[Any], Found], body: Any) -> Found:
        with _troubles(self.path):
            return read(body)

    def _rows(self, asked: str, *values: object) -> list[Any]:
        with _troubles(self.path):
            return self._connection.execute(asked, values).fetchall()

    def _sound(self, asked: str, *values: object) -> list[Any]:
        """Rows that end with their checksum. Raises StoreError where one of them is not as it was written."""
        rows = self._rows(asked, *values)
        if not all(map(is_sound, rows)):
            raise damaged(self.path, Message("a part of it is not as it was written"))
        return rows

    def _one(self, asked: str) -> Any:
        rows = self._rows(asked)
        return rows[0][0] if rows else None


def _row_of(look: Look, body: bytes) -> tuple[Any, ...]:
    return with_checksum(look.sequence, look.seen.step, look.seen.source, int(look.due), body)


def _rows_of(values: Mapping[Any, Any] | None, told: Callable[[Any], Any] = lambda value: value) -> list[Any]:
    return [with_checksum(name, told(value)) for name, value in (values or {}).items()]


def owner_in(folder: Path) -> str | None:
    """What the file says of its owner, however damaged it is elsewhere; None where that cannot be read, either."""
    try:
        with closing(connect_to_read(folder / FILE, checked=False)) as connection:
            found = connection.execute("SELECT value FROM facts WHERE name = 'owner'").fetchone()
        return None if found is None else value_of(str, found[0])
    except (sqlite3.Error, StoreError, Foreign):
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def _troubles(path: Path) -> Iterator[None]:
    """Whatever SQLite says, and what is none of ours, as a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise told(error, path) from error
    except Foreign as error:
        values = {"path": its_file(path), "why": error.args[0]}
        raise Damaged(Message("What is kept of this run in {path} cannot be read. {why}", values)) from error
