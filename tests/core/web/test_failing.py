"""core.web.failing: what nobody foresaw is a sentence and a number, and the log has the rest."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import app as served
from core.web.answering import Answering
from core.web.failing import Failing

SECRET = "/srv/normscope/secret"


async def stumble(request: Request) -> Response:
    raise FileNotFoundError(2, "No such file", SECRET)


async def begins(request: Request) -> Response:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise FileNotFoundError(2, "No such file", SECRET)

    return StreamingResponse(parts())


ROUTES = [Route("/api/runs/abc/points", stumble), Route("/api/half", begins)]


@pytest.fixture
def client() -> TestClient:
    """With all that app.py has, around routes that fail."""
    before = [Middleware(Answering, routes=ROUTES) if each.cls is Answering else each for each in served.before]
    return TestClient(Starlette(middleware=before), raise_server_exceptions=False)


@pytest.mark.parametrize(("lang", "words"), [("en", "a fault of NormScope’s"), ("zh", "这是NormScope的错误")])
def test_it_is_a_sentence_in_the_language_asked_for_and_a_number_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture, lang: str, words: str
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/api/runs/abc/points?lang={lang}")
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert words in told["error"]
    assert told["number"] in told["error"]
    (record,) = caplog.records
    assert f"error {told['number']} in an answer of runs/points" in record.getMessage()
    assert "abc" not in record.getMessage()  # who knows a run's id may watch it
    assert SECRET in str(record.exc_info[1])


def test_nothing_of_the_error_itself_is_told_and_the_answer_has_the_headers_that_every_answer_has(
    client: TestClient,
) -> None:
    answer = client.get("/api/runs/abc/points")
    assert not re.search(r"srv|Traceback|FileNotFound|\.py", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_each_has_a_number_of_its_own(client: TestClient) -> None:
    numbers = {client.get("/api/runs/abc/points").json()["number"] for _ in range(20)}
    assert len(numbers) == 20


def test_an_answer_that_has_begun_is_cut_off_and_gets_no_second_head() -> None:
    client = TestClient(Starlette(routes=ROUTES, middleware=[Middleware(Failing)]))
    with pytest.raises(FileNotFoundError):
        client.get("/api/half")
