"""Standard input, output and error as a process finds them: closed, full, or with nobody at the other end.

prepare  once, before anything is written: afterwards writing raises nothing
Outlet   a stream that remembers what was lost
put      bytes, to sys.stdout
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper


class Outlet(TextIOWrapper):
    """Text for a terminal, a file or a pipe. What cannot be written is dropped, and `lost` is the first reason why."""

    lost: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            return self.lose(error)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.lose(error)

    def lose(self, error: OSError) -> int:
        """What was to be written is dropped, and all that comes."""
        self.lost = self.lost or error
        # What waits in the buffer would be tried again at every write, and Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        return 0


def prepare() -> Outlet:
    """Make sys.stdout and sys.stderr outlets, and give closed streams a place to go; returns the one for results."""
    _occupy()
    sys.stderr = _outlet(sys.stderr)
    sys.stdout = out = _outlet(sys.stdout)
    return out


def put(content: bytes) -> None:
    """Behind all text. Where sys.stdout is an outlet, what cannot be written is lost there; else raises OSError."""
    out = sys.stdout
    out.flush()
    try:
        out.buffer.write(content)
        out.buffer.flush()
    except OSError as error:
        if not isinstance(out, Outlet):
            raise
        out.lose(error)


def _occupy() -> None:
    """Nothing that is opened later may get the number of a closed stream, and with it what others write there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _outlet(stream: object) -> Outlet:
    if not isinstance(stream, TextIOWrapper):  # None, where it was closed
        return Outlet(open(os.devnull, "wb", buffering=0), encoding="utf-8", errors="replace", write_through=True)
    encoding, by_lines, at_once = stream.encoding, stream.line_buffering, stream.write_through  # PYTHONUNBUFFERED
    # “·” and “±” on a terminal that has neither
    return Outlet(stream.detach(), encoding=encoding, errors="replace", line_buffering=by_lines, write_through=at_once)
