"""Opens an address of the web, and gives it up when too little comes of it.

open_url  the answer to read from; TooSlow where it drips, be it the body or what comes before it

A limit for each read does not do: a server that sends one byte every nine seconds keeps within it for days.
"""

from __future__ import annotations

import io
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

from core.language.message import Message

SECONDS, BYTES_A_SECOND = 30.0, 10_000  # so little, for so long, is no useful progress


class TooSlow(OSError):
    """Less than 10 kB/s came for 30 seconds."""


class _Paced(io.RawIOBase):
    """What a connection sends, as long as enough of it comes."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._since, self._bytes = monotonic(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        self._bytes += count or 0
        seconds = monotonic() - self._since
        if count and seconds >= SECONDS:
            if self._bytes < BYTES_A_SECOND * seconds:
                values = {"bytes": self._bytes, "seconds": seconds}
                raise TooSlow(Message("sent {bytes:,} bytes in {seconds:.0f} seconds, which is too slow", values))
            self._since, self._bytes = monotonic(), 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_Paced(self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Handler(HTTPHandler):
    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(_Connection, request)


class _SecureHandler(HTTPSHandler):
    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(_SecureConnection, request)


def open_url(url: str, timeout: float) -> Any:
    """The answer of `url`, of any proxy in the environment; no single wait takes longer than `timeout` seconds."""
    return build_opener(_Handler, _SecureHandler).open(
        Request(url, headers={"User-Agent": "normscope"}), timeout=timeout
    )
