"""Answers are sent at once: Nagle's algorithm (RFC 896) is off on all that this process listens on.

asyncio turns it off for sockets that name TCP when they are made, and Streamlit's, which it binds itself, does not. An
answer's headers and its body are two writes, as are two of a page's messages: the second would wait until the visitor
has acknowledged the first, which systems put off by up to 40 ms (RFC 1122, section 4.2.3.2).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OPEN_FILES = Path("/dev/fd")  # of this process, on Linux and macOS


def send_at_once() -> None:
    """For every TCP socket that is open now; connections are like what they were accepted on."""
    for opened in _sockets():
        with opened:
            if opened.type == socket.SOCK_STREAM and opened.family in (socket.AF_INET, socket.AF_INET6):
                with suppress(OSError):  # where the system has none of it, answers are late as before
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _sockets() -> Iterator[socket.socket]:
    """Second handles, to be closed, of all sockets of this process."""
    for name in os.listdir(OPEN_FILES) if OPEN_FILES.exists() else ():
        with suppress(OSError):  # closed since, as the list itself; or no socket
            yield _socket(os.dup(int(name)))


def _socket(file: int) -> socket.socket:
    try:
        return socket.socket(fileno=file)
    except OSError:
        os.close(file)
        raise
