"""A client of the server that stays connected and asks as a page does: one connection, gzip, and headers of its own."""

from __future__ import annotations

import asyncio
import gzip
import json
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

LOST = (ConnectionError, asyncio.IncompleteReadError, OSError)


class Answer(NamedTuple):
    """What came, as it came: perhaps compressed. Status 0: the line broke."""

    status: int
    headers: dict[str, str]
    body: bytes

    def text(self) -> bytes:
        return gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body

    def json(self) -> Any:
        return json.loads(self.text())


BROKEN = Answer(0, {}, b"")


class Client:
    """Asks over one connection, which is opened at the first question and again after it broke."""

    def __init__(self, address: str, **headers: str) -> None:
        self._where, self._headers = urlsplit(address), headers
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, where: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; the next question calls again."""
        if self._line is not None:
            self._line[1].close()
            self._line = None

    async def ask(self, path: str) -> Answer:
        """The answer to GET; BROKEN where the line broke before it was whole."""
        try:
            if self._line is None:
                self._line = await asyncio.open_connection(self._where.hostname, self._where.port)
            self._line[1].write(self._request(path))
            return await _answer(self._line[0])
        except LOST:
            self.close()
            return BROKEN

    async def cookie(self, path: str) -> str:
        """What a browser that comes to this page for the first time sends from then on."""
        return (await self.ask(path)).headers.get("set-cookie", "").partition(";")[0]

    def _request(self, path: str) -> bytes:
        own = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in self._headers.items())
        return f"GET {path} HTTP/1.1\r\nHost: {self._where.netloc}\r\nAccept-Encoding: gzip\r\n{own}\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    named = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in named}
    return Answer(int(status.split()[1]), headers, await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    body = b""
    while headers.get("transfer-encoding") == "chunked" and (size := int(await reader.readline(), 16)):
        body += (await reader.readexactly(size + 2))[:-2]
    if headers.get("transfer-encoding") == "chunked":
        await reader.readline()
    return body
