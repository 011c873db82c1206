"""What to do about a path that the system refuses, by its reason: nobody helps a link loop by giving rights."""

from __future__ import annotations

import errno

_ADVICE = {
    errno.EACCES: "Give this user the right to {do} it",
    errno.EPERM: "Give this user the right to {do} it",
    errno.EROFS: "Choose a folder on a disk that can be written to",
    errno.ELOOP: "One of its links leads back to itself: remove that link",
    errno.ENAMETOOLONG: "Choose a shorter path",
    errno.EISDIR: "A folder has the name of this file: move it away",
    errno.ENOTDIR: "One of its folders is a file: move that away",
    errno.ENOENT: "One of its folders is missing: make it",
    errno.ENOSPC: "Free some space",
    errno.EDQUOT: "Free some space",
    errno.EIO: "The disk does not answer as it should: check it, or choose a folder on another one",
    errno.EMFILE: "Too many files are open: end other programs",
    errno.ENFILE: "Too many files are open: end other programs",
}


def advice(error: OSError, do: str = "read") -> str:
    """What to do, as the beginning of a sentence; `do` is what was tried: read or write to."""
    return _ADVICE.get(error.errno or 0, "Put that right").format(do=do)
