"""core.web.unchanged: what a browser has already is not sent again."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.web.unchanged import unless_known


async def told(request: Request) -> Response:
    return unless_known(request, request.query_params["what"].encode())


client = TestClient(Starlette(routes=[Route("/", told)]))


def test_the_same_is_not_sent_again_and_what_has_changed_is() -> None:
    first = client.get("/?what=1")
    tag = {"If-None-Match": first.headers["etag"]}
    again, changed = client.get("/?what=1", headers=tag), client.get("/?what=2", headers=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (changed.status_code, changed.content) == (200, b"2")
    assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-cache"


def test_a_tag_is_known_among_others_and_as_a_proxy_that_compresses_writes_it() -> None:
    tag = client.get("/?what=1").headers["etag"]
    assert client.get("/?what=1", headers={"If-None-Match": f'"another", W/{tag}'}).status_code == 304
    assert client.get("/?what=1", headers={"If-None-Match": '"another"'}).status_code == 200
