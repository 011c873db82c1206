"""What to do about a path that the system refuses, by its reason: nobody helps a link loop by giving rights."""

from __future__ import annotations

import errno

from core.language.message import Message

_RIGHT = {
    "read": Message("Give this user the right to read it"),
    "write to": Message("Give this user the right to write to it"),
}
_ADVICE = {
    errno.EROFS: Message("Choose a folder on a disk that can be written to"),
    errno.ELOOP: Message("One of its links leads back to itself: remove that link"),
    errno.ENAMETOOLONG: Message("Choose a shorter path"),
    errno.EEXIST: Message("A file has the name of this folder: choose another folder, or move the file away"),
    errno.EISDIR: Message("A folder has the name of this file: move it away"),
    errno.ENOTDIR: Message("One of its folders is a file: move that away"),
    errno.ENOENT: Message("One of its folders is missing: make it"),
    errno.ENOSPC: Message("Free some space"),
    errno.EDQUOT: Message("Free some space"),
    errno.EIO: Message("The disk does not answer as it should: check it, or choose a folder on another one"),
    errno.EMFILE: Message("Too many files are open: end other programs"),
    errno.ENFILE: Message("Too many files are open: end other programs"),
}


def advice(error: OSError, do: str = "read") -> Message:
    """What to do, as the beginning of a sentence; `do` is what was tried: read or write to."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return _RIGHT[do]
    return _ADVICE.get(error.errno or 0, Message("Put that right"))
