"""Whether a row is as it was written: SQLite checks how a file is built, and not what stands in its rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

Value = str | bytes | int | float | None


def checksum(row: Iterable[Value]) -> int:
    """CRC-32 (ISO 3309) of a row's values, one after the other: finds damage, and is no proof against forgers."""
    found = 0
    for value in row:
        found = zlib.crc32(value if isinstance(value, bytes) else f"{value}\0".encode("utf-8", "replace"), found)
    return found


def with_checksum(*row: Value) -> tuple[Value, ...]:
    return (*row, checksum(row))


def is_sound(row: tuple[Value, ...]) -> bool:
    """Of a row whose last value is its checksum; None, of one that was written when there were none, is believed."""
    return row[-1] is None or row[-1] == checksum(row[:-1])
