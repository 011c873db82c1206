"""core.web.sockets: what is written is sent at once, on whatever is accepted after the server has begun."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.web.routes import lifespan
from core.web.sockets import send_at_once


def waits(connection: socket.socket) -> bool:
    """Whether a second small write waits for the acknowledgement of the first."""
    return not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def listening(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Made as Streamlit makes the server's: TCP is not named, so asyncio leaves it as it is."""
    with socket.socket(family=request.param) as server:
        try:
            server.bind(("::1" if request.param == socket.AF_INET6 else "127.0.0.1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        yield server


def accepted(listening: socket.socket) -> bool:
    """Whether what comes in waits."""
    listening.listen()
    with socket.create_connection(listening.getsockname()[:2]), listening.accept()[0] as connection:
        return waits(connection)


def test_what_is_accepted_after_it_sends_at_once(listening: socket.socket) -> None:
    assert waits(listening)
    send_at_once()
    assert not accepted(listening)


@pytest.mark.usefixtures("manager")  # or all later tests would have the run that a server begins with
def test_the_server_does_so_before_it_answers(listening: socket.socket) -> None:
    try:
        with TestClient(Starlette(lifespan=lifespan)):
            assert not accepted(listening)
    finally:
        gc.unfreeze()


def test_no_file_is_left_open_and_what_is_no_tcp_socket_stays(tmp_path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other, (tmp_path / "a file").open("w"):
        before = sorted(os.listdir("/dev/fd"))
        send_at_once()
        assert sorted(os.listdir("/dev/fd")) == before
        assert other.fileno() > 0
