"""What a browser may do with an answer: which sites frame a page, what it loads and runs, and what others are told."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.web.guarding import Guarding, inline_scripts

POLICY = "content-security-policy"
INDEX = Path(streamlit.__file__).parent / "static" / "index.html"


def client(*sites: str, inline: tuple[str, ...] = ()) -> TestClient:
    routes = [
        Route("/api/health", lambda _: JSONResponse({})),
        Route("/strict", lambda _: HTMLResponse("a page", headers={POLICY: "default-src 'self'"})),
        Route("/broken", lambda _: HTMLResponse("no", 500)),
        Route("/{page:path}", lambda _: HTMLResponse("a page")),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guarding, sites=sites, inline=inline)]))


def directives(policy: str) -> dict[str, str]:
    return {name: values for name, _, values in (each.strip().partition(" ") for each in policy.split(";"))}


def of(page: str, *sites: str, inline: tuple[str, ...] = ()) -> dict[str, str]:
    return directives(client(*sites, inline=inline).get(page).headers[POLICY])


@pytest.mark.parametrize("page", ["/", "/cube", "/broken"])
def test_without_a_list_no_site_may_frame_any_document(page: str) -> None:
    assert of(page)["frame-ancestors"] == "'none'"


def test_the_sites_of_the_list_may_and_no_other() -> None:
    framed = of("/cube", "https://moodle.example.edu", "https://*.example.org:8443")["frame-ancestors"]
    assert framed == "https://moodle.example.edu https://*.example.org:8443"


def test_what_is_no_document_says_nothing_of_frames() -> None:
    assert POLICY not in client().get("/api/health").headers


def test_a_policy_that_was_there_holds_beside_it() -> None:
    first, second = client().get("/strict").headers.get_list(POLICY)
    assert first == "default-src 'self'"
    assert directives(second)["frame-ancestors"] == "'none'"


def test_a_page_runs_its_own_scripts_alone() -> None:
    found = of("/", inline=("sha256-abc=",))
    assert found["default-src"] == "'none'"
    assert "'sha256-abc='" in found["script-src"].split()
    assert not {"'unsafe-inline'", "'unsafe-eval'", "https:", "*"} & set(found["script-src"].split())
    assert [name for name, values in found.items() if re.search(r"\*|https?:", values)] == []


def test_the_hash_is_that_of_the_script_in_the_document_of_the_installed_streamlit() -> None:
    text = INDEX.read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)  # told otherwise than by the parser
    assert scripts
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert inline_scripts(text) == [f"sha256-{digest}" for digest in digests]


@pytest.mark.parametrize("page", ["/", "/broken", "/api/health"])
def test_no_answer_is_guessed_at_or_told_to_another_site(page: str) -> None:
    headers = client().get(page).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"  # a run's id stands in the address
    assert headers["cross-origin-resource-policy"] == "same-origin"
