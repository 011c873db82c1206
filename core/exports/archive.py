"""A zip from somebody else, checked before anything in it is unpacked.

Archive         its members by name: open, read, digest
odd, too_large  what is wrong with it
"""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from core.experiment.rules import quoted
from core.exports.troubles import BundleError
from core.language.message import Message, Value
from core.store.codec import Foreign

MOST_BYTES = 256 << 20
MOST_UNPACKED = 1 << 30
MOST_MEMBERS = 2000
MOST_RATIO, UNSUSPICIOUS = 300, 32 << 20  # a run's looks unpack to some 10 times their size; few bytes may be anything
# What Python's zipfile raises on what is no zip, or half of one.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    IndexError,
    OverflowError,
)


class Archive:
    """Raises BundleError where the zip is broken, or too large, or has members that no program should unpack."""

    def __init__(self, content: bytes) -> None:
        if len(content) > MOST_BYTES:
            raise too_large(Message("{n:,} bytes", {"n": len(content)}), Message("{n:,}", {"n": MOST_BYTES}))
        with _told():
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        members = self._zip.infolist()
        self._members = {member.filename: member for member in members}
        if len(self._members) < len(members):
            raise odd(Message("two members of the same name"))
        for member in members:
            _check(member)
        _check_sizes(members, len(content))

    @property
    def names(self) -> set[str]:
        return set(self._members)

    def size(self, name: str) -> int:
        """Unpacked, as the zip has it; no more is ever read."""
        return self._members[name].file_size

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Its bytes as they are unpacked."""
        with _told(), self._zip.open(self._members[name]) as file:
            yield file

    def read(self, name: str) -> bytes:
        """All of it."""
        with self.open(name) as file:
            return file.read()

    def digest(self, name: str) -> str:
        """sha256, without having all of it in memory."""
        with self.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BundleError, Foreign):  # of what was read, not of the reading
        raise
    except _BROKEN as error:
        raise BundleError(
            Message(
                "A bundle is a zip that NormScope has written; this file is none, or is damaged or cut off. Copy or "
                "download it again."
            )
        ) from error


def _check(member: zipfile.ZipInfo) -> None:
    name, parts = member.filename, member.filename.split("/")
    if not name.isascii() or "\\" in name or ":" in name or not all(parts) or {".", ".."} & {*parts}:
        raise odd(Message("the name {name}", {"name": quoted(name)}))
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise odd(Message("{name}, which is no plain file", {"name": quoted(name)}))
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise odd(Message("{name}, encrypted or packed in an unusual way", {"name": quoted(name)}))


def _check_sizes(members: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS:
        raise too_large(Message("{n:,} members", {"n": len(members)}), Message("{n:,}", {"n": MOST_MEMBERS}))
    if unpacked > MOST_UNPACKED or (unpacked > UNSUSPICIOUS and unpacked > MOST_RATIO * packed):
        values: dict[str, Value] = {"n": unpacked, "packed": packed}
        most = min(MOST_UNPACKED, max(UNSUSPICIOUS, MOST_RATIO * packed))
        raise too_large(Message("{n:,} bytes in a file of {packed:,}", values), Message("{n:,}", {"n": most}))


def too_large(got: Message, most: Message) -> BundleError:
    """More than anybody's bundle has."""
    return BundleError(
        Message(
            "A bundle is no larger than a run is; this one has {got}, and {most} is the most that is read. Nothing of "
            "it was kept. Choose another file; of a run as large as this, have tables written (csv, parquet).",
            {"got": got, "most": most},
        )
    )


def odd(got: Message) -> BundleError:
    """What NormScope would not have written."""
    return BundleError(
        Message(
            "A bundle has the members that NormScope writes and no others; this one has {got}. Nothing of it was kept. "
            "Have it exported again.",
            {"got": got},
        )
    )
