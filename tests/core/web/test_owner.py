"""A browser gets its owner's secret with the first page, once, and out of reach of scripts and of other sites."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.web.owner import A_YEAR, OWNER_COOKIE, Owning


def _kept(request: Request) -> Response:
    """A page that a browser may have, as Streamlit's is."""
    is_known = {"if-none-match", "if-modified-since"} & set(request.headers.keys())
    return Response(status_code=304) if is_known else HTMLResponse("a page")


def client(base: str = "", address: str = "http://testserver") -> TestClient:
    routes = [
        Route("/api/health", lambda _: JSONResponse({})),
        Route("/broken", lambda _: HTMLResponse("no", 500)),
        Route("/kept", _kept),
        Route("/{page:path}", lambda _: HTMLResponse("a page")),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Owning, base=base)]), base_url=address)


def cookie(client: TestClient, page: str = "/") -> Morsel[str]:
    return SimpleCookie(client.get(page).headers["set-cookie"])[OWNER_COOKIE]


def test_every_browser_gets_a_secret_of_its_own_that_nobody_guesses() -> None:
    secrets = {cookie(client()).value for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) >= 16 for secret in secrets)


def test_scripts_and_other_sites_cannot_have_it() -> None:
    given = cookie(client())
    assert given["httponly"]
    assert given["samesite"] == "lax"
    assert int(given["max-age"]) > 300 * 24 * 3600


def test_a_browser_that_has_one_keeps_it_and_its_year_begins_anew_with_every_page() -> None:
    browser = client()
    first, second = cookie(browser), cookie(browser, "/cube")
    assert second.value == first.value
    assert second["max-age"] == first["max-age"]
    assert second["httponly"]


def test_a_browser_that_has_the_page_but_no_secret_gets_both() -> None:
    known = {"if-none-match": '"the page"', "if-modified-since": "Fri, 27 Nov 2026 00:00:00 GMT"}
    browser = client()
    assert OWNER_COOKIE in browser.get("/kept", headers=known).headers["set-cookie"]
    assert browser.get("/kept", headers=known).status_code == 304


def test_of_a_browser_that_has_the_page_already_the_year_begins_anew_with_every_visit_too() -> None:
    browser = client()
    secret = cookie(browser).value
    opened = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "if-none-match": '"the page"'}
    again = browser.get("/kept", headers=opened)
    assert again.status_code == 304
    renewed = SimpleCookie(again.headers["set-cookie"])[OWNER_COOKIE]
    assert (renewed.value, int(renewed["max-age"])) == (secret, A_YEAR)
    script = browser.get("/kept", headers=opened | {"accept": "*/*"})  # as for what a page loads
    assert (script.status_code, "set-cookie" in script.headers) == (304, False)


@pytest.mark.parametrize("address", ["/api/health", "/broken"])
def test_what_is_no_page_gives_none(address: str) -> None:
    assert "set-cookie" not in client().get(address).headers


@pytest.mark.parametrize(("base", "path"), [("", "/"), ("norm", "/norm"), ("/courses/norm/", "/courses/norm")])
def test_another_program_on_the_same_host_is_not_sent_it(base: str, path: str) -> None:
    assert cookie(client(base))["path"] == path


@pytest.mark.parametrize(("address", "secure"), [("http://testserver", ""), ("https://testserver", True)])
def test_over_https_it_never_travels_in_the_open(address: str, secure: bool | str) -> None:
    assert cookie(client(address=address))["secure"] == secure
