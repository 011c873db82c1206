"""How a run's file is built, and how an older one is brought up to date.

MIGRATIONS        from nothing to today's; user_version counts how many a file has had
connect_to_write  a connection to a file that is sound and up to date
connect_to_read   a connection that cannot write
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from core.language.message import Message
from core.store.troubles import damaged, newer, not_begun

MIGRATIONS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE records (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE looks (
        sequence INTEGER PRIMARY KEY, step INTEGER NOT NULL, source TEXT NOT NULL, due INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE networks (step INTEGER PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE checkpoints (
        step INTEGER PRIMARY KEY, record INTEGER NOT NULL, look INTEGER NOT NULL, body BLOB NOT NULL
    );
    """,
    """
    ALTER TABLE facts ADD COLUMN checksum INTEGER;
    ALTER TABLE records ADD COLUMN checksum INTEGER;
    ALTER TABLE looks ADD COLUMN checksum INTEGER;
    ALTER TABLE networks ADD COLUMN checksum INTEGER;
    ALTER TABLE checkpoints ADD COLUMN checksum INTEGER;
    """,  # core.store.checksum of the row's other values; rows that were written before have none
)
PATIENCE = 5.0  # seconds that a reader waits where the file is being closed or recovered


def connect_to_write(path: Path, migrations: Sequence[str] = MIGRATIONS, is_new: bool = True) -> sqlite3.Connection:
    """The one connection that writes: whoever calls holds the run's lock.

    Nothing is written to a damaged file, nor, unless it `is_new`, to one that no run was ever begun in.
    """
    connection = _connected(str(path))
    try:
        check(connection, path)
        if (version := version_of(connection)) > len(migrations):
            raise newer(path, version, len(migrations))
        if version == 0 and not is_new:
            raise not_begun(path)
        # auto_vacuum must come before journal_mode, or it stays off.
        for setting in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {setting}")
        if version < len(migrations):
            _migrate(connection, ";".join(migrations[version:]), len(migrations))
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, scripts: str, number: int) -> None:
    """All at once: who reads meanwhile finds the file as it was before, or one of today."""
    try:
        connection.executescript(f"BEGIN IMMEDIATE;{scripts};PRAGMA user_version = {number};COMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect_to_read(path: Path, checked: bool = True) -> sqlite3.Connection:
    """A connection that cannot write. Raises StoreError on a file of the future, or one that is damaged."""
    address = f"file:{quote(str(path))}"
    try:
        return _reading(path, f"{address}?mode=ro", checked)
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
            raise
        # A disk that cannot be written to has no room for the notes that readers share; then nobody writes it, either.
        return _reading(path, f"{address}?immutable=1", checked)


def _reading(path: Path, address: str, checked: bool) -> sqlite3.Connection:
    connection = _connected(address)
    try:
        connection.execute("PRAGMA query_only = ON")
        if checked:
            check(connection, path)
        if (version := version_of(connection)) > len(MIGRATIONS):
            raise newer(path, version, len(MIGRATIONS))
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(address: str) -> sqlite3.Connection:
    uri = address.startswith("file:")
    connection = sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=uri)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError where a part of the file is not as it was written."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise damaged(path, Message("SQLite’s check: {found}", {"found": str(found[0]).splitlines()[-1]}))
