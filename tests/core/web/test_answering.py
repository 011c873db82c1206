"""core.web.answering: what is beside the pages is answered before Streamlit is asked."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.web.answering import WORTH_COMPRESSING, Answering
from core.web.routes import ADDRESSES, TAKING


async def page(request: Request) -> Response:
    return PlainTextResponse("a page")


def beside_pages(base: str = "") -> TestClient:
    """Every address that is passed on has a page."""
    app = Starlette(routes=[Route("/{rest:path}", page)], middleware=[Middleware(Answering, base=base)])
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("base", ["", "norm", "/a/b/"])
@pytest.mark.parametrize("address", [*ADDRESSES, *TAKING, "/api", "/api/", "/api/none", "/assets/x", "/vendor"])
def test_no_question_beside_the_pages_reaches_them(base: str, address: str) -> None:
    start = "".join(f"/{part}" for part in base.split("/") if part)
    answer = beside_pages(base).get(start + re.sub(r"{[^}]*}", "x", address))
    assert answer.text != "a page"


@pytest.mark.parametrize("address", ["/", "/train", "/api-keys", "/x/api/health", "/_stcore/health", "/static/a.js"])
def test_all_else_does(address: str) -> None:
    assert beside_pages().get(address).text == "a page"


def test_below_a_base_path_the_folders_are_found_there_alone() -> None:
    assert beside_pages("norm").get("/api/health").text == "a page"
    assert beside_pages("norm").get("/norm/api/health").json()["status"] == "ok"


@pytest.mark.parametrize("method", ["POST", "TRACE", "BREW"])
def test_a_method_that_no_route_has_is_refused_and_no_fault(method: str) -> None:
    assert beside_pages().request(method, "/api/health").status_code == 405


@pytest.mark.parametrize(("size", "encoding"), [(WORTH_COMPRESSING - 2, None), (WORTH_COMPRESSING, "gzip")])
def test_an_answer_is_compressed_from_a_size_on(size: int, encoding: str | None) -> None:
    async def long(request: Request) -> Response:
        return JSONResponse("a" * (size - 2))  # and its quotes

    app = Starlette(middleware=[Middleware(Answering, routes=[Route("/api/long", long)])])
    answer = TestClient(app).get("/api/long", headers={"Accept-Encoding": "gzip"})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.json() == "a" * (size - 2)
