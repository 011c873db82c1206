"""core.web.pacing: who asks and reads nothing takes neither the server's memory nor its threads."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.web.pacing import PIECE, Pacing

LARGE = bytes(range(256)) * (32 << 10)  # 8 MB
SMALL_BUFFER = 16 << 10  # bytes that the system keeps of a connection's
READERS = 60  # more than the server has threads


async def whole(request: Request) -> Response:
    return Response(LARGE)


async def streamed(request: Request) -> Response:
    return StreamingResponse(LARGE[at : at + PIECE] for at in range(0, len(LARGE), PIECE))


async def by_a_thread(request: Request) -> Response:
    return Response(await to_thread.run_sync(lambda: b"here"))


class Counting:
    """What the server was handed of each large answer, and whether it has ended."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.handed, self.ended = app, 0, threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            self.handed += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            if scope["type"] == "http":
                self.ended.set()


@contextmanager
def served(patience: float) -> Iterator[tuple[Counting, int]]:
    """The app on a port of this machine; the system keeps little of what is not read."""
    routes = [Route("/whole", whole), Route("/streamed", streamed), Route("/thread", by_a_thread)]
    app = Counting(Pacing(Starlette(routes=routes), patience))
    listening = socket.create_server(("127.0.0.1", 0), backlog=2 * READERS)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        yield app, listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def ask(port: int, path: str) -> socket.socket:
    """A connection on which the answer is not read."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    asking.connect(("127.0.0.1", port))
    asking.sendall(f"GET {path} HTTP/1.1\r\nHost: norm.test\r\nConnection: close\r\n\r\n".encode())
    return asking


def read(asked: socket.socket) -> bytes:
    asked.settimeout(60)
    with closing(asked), asked.makefile("rb") as file:
        return file.read().partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", ["/whole", "/streamed"])
def test_who_reads_nothing_has_the_server_keep_little_and_is_given_up(path: str) -> None:
    with served(patience=0.2) as (app, port), closing(ask(port, path)):
        assert app.ended.wait(60)
        assert app.handed < len(LARGE) / 8


def test_who_reads_gets_all_of_it() -> None:
    with served(patience=60) as (_, port):
        assert read(ask(port, "/whole")) == LARGE


def test_many_who_read_nothing_hold_no_thread() -> None:
    with served(patience=600) as (_, port), ExitStack() as still:
        for path in ("/whole", "/streamed") * (READERS // 2):
            still.enter_context(closing(ask(port, path)))
        assert read(ask(port, "/thread")) == b"here"
