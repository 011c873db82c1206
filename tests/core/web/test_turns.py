"""What takes long is done by few, few wait for it, and who is one too many is told at once, in words."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.web.parameters import answers
from core.web.turns import NoTurn, Turns


def outcomes(turns: Turns, asked: int) -> tuple[list[str], int, list[str]]:
    """What becomes of so many who come while the first cannot end, how many are at it at once; and who comes after."""
    go_on, lock, at_it, most = threading.Event(), threading.Lock(), 0, 0

    def work() -> str:
        nonlocal at_it, most
        with lock:
            at_it += 1
            most = max(most, at_it)
        assert go_on.wait(60)
        with lock:
            at_it -= 1
        return "done"

    async def one() -> str:
        try:
            return await turns.take(work)
        except NoTurn:
            return "refused"

    async def all_of_them() -> tuple[list[str], list[str]]:
        tasks = [asyncio.create_task(one()) for _ in range(asked)]
        while most < turns.at_once or not any(task.done() for task in tasks):
            await asyncio.sleep(0)  # who is one too many is told while the first are still at it
        go_on.set()
        told = list(await asyncio.gather(*tasks))
        return told, [await one()]

    with ThreadPoolExecutor(1) as another:  # this thread may have the browser tests' event loop
        told, after = another.submit(lambda: asyncio.run(all_of_them())).result()
    return told, most, after


def test_who_is_one_too_many_is_told_at_once_and_can_come_again() -> None:
    told, most, after = outcomes(Turns(at_once=2, waiting=3), 8)
    assert told == ["done"] * 5 + ["refused"] * 3
    assert (most, after) == (2, ["done"])


@pytest.mark.parametrize(("language", "words"), [("en", "Try again in 10 s."), ("zh", "10秒后")])
def test_it_is_said_in_the_language_asked_for_and_to_programs_too(language: str, words: str) -> None:
    @answers
    async def busy(request: Request) -> Response:
        raise NoTurn

    refused = TestClient(Starlette(routes=[Route("/", busy)])).get(f"/?lang={language}")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert words in refused.json()["error"]


def test_an_endpoint_answers_what_its_turn_gives() -> None:
    turns = Turns(at_once=1, waiting=0)

    @answers
    async def done(request: Request) -> Response:
        return JSONResponse(await turns.take(lambda: "done"))

    client = TestClient(Starlette(routes=[Route("/", done)]))
    assert [client.get("/").json() for _ in range(3)] == ["done"] * 3
