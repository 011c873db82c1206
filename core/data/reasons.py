"""Why the system, or a server, refuses something, in the language of who reads: in English as the system has it.

why  an error in few words; one that is not known here in the system's own
"""

from __future__ import annotations

import errno
import socket
from ssl import SSLCertVerificationError
from urllib.error import HTTPError, URLError

from core.data.pace import TooSlow
from core.language.message import Message

REASONS = {
    errno.EPERM: Message("Operation not permitted"),
    errno.ENOENT: Message("No such file or directory"),
    errno.EIO: Message("Input/output error"),
    errno.ENXIO: Message("No such device or address"),
    errno.EACCES: Message("Permission denied"),
    errno.EBUSY: Message("Device or resource busy"),
    errno.EEXIST: Message("File exists"),
    errno.ENOTDIR: Message("Not a directory"),
    errno.EISDIR: Message("Is a directory"),
    errno.EINVAL: Message("Invalid argument"),
    errno.ENFILE: Message("Too many open files in system"),
    errno.EMFILE: Message("Too many open files"),
    errno.EFBIG: Message("File too large"),
    errno.ENOSPC: Message("No space left on device"),
    errno.EROFS: Message("Read-only file system"),
    errno.EPIPE: Message("Broken pipe"),
    errno.ENAMETOOLONG: Message("File name too long"),
    errno.ELOOP: Message("Too many levels of symbolic links"),
    errno.EDQUOT: Message("Disk quota exceeded"),
    errno.ENETDOWN: Message("Network is down"),
    errno.ENETUNREACH: Message("Network is unreachable"),
    errno.ECONNABORTED: Message("Software caused connection abort"),
    errno.ECONNRESET: Message("Connection reset by peer"),
    errno.ETIMEDOUT: Message("Connection timed out"),
    errno.ECONNREFUSED: Message("Connection refused"),
    errno.EHOSTDOWN: Message("Host is down"),
    errno.EHOSTUNREACH: Message("No route to host"),
}
NAMES = {
    socket.EAI_NONAME: Message("Name or service not known"),
    socket.EAI_AGAIN: Message("Temporary failure in name resolution"),
    socket.EAI_FAIL: Message("Non-recoverable failure in name resolution"),
}


def why(error: OSError) -> Message | str:
    """In few words."""
    if isinstance(error, HTTPError):
        return Message("HTTP Error {code}: {phrase}", {"code": str(error.code), "phrase": str(error.reason)})
    if isinstance(error, URLError):  # what it was is its reason: an error, or a text
        return why(error.reason) if isinstance(error.reason, OSError) else str(error.reason)
    if isinstance(error, TooSlow):
        told: Message = error.args[0]
        return told
    if isinstance(error, SSLCertVerificationError):
        return Message("its certificate is not trusted: {what}", {"what": error.verify_message})
    known = (NAMES if isinstance(error, socket.gaierror) else REASONS).get(error.errno or 0)
    if known is None and isinstance(error, TimeoutError):
        return Message("timed out")
    return known or str(error.strerror or error)
