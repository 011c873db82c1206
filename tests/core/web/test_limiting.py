"""How often the server may be asked: a school never hears of it, one browser that asks without end does, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from core.web import limiting
from core.web.limiting import Allowance, Limiting

POINTS = "/api/runs/abc/points?since=0"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    init = Allowance.__init__
    monkeypatch.setattr(Allowance, "__init__", lambda self, rate, burst: init(self, rate, burst, clock))
    return clock


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that takes whatever it is asked."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


def asked(limited: Limiting, path: str, kind: str = "http", **headers: str) -> list[dict[str, Any]]:
    """What is sent to one request, from always the same address. Nothing in it waits, so no event loop is needed."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": told, "client": ("10.0.0.1", 5)}
    with pytest.raises(StopIteration):
        limited(scope, None, send).send(None)
    return sent


def statuses(limited: Limiting, path: str, times: int, owner: str = "me") -> list[int]:
    return [asked(limited, path, cookie=f"a=1; normscope_owner={owner}")[0]["status"] for _ in range(times)]


# --- an allowance -----------------------------------------------------------------------------------------------------


@given(rate=st.integers(1, 100), burst=st.integers(1, 50), pauses=st.lists(st.floats(0, 3), max_size=80))
def test_in_no_span_of_time_is_more_granted_than_the_burst_and_the_rate(rate, burst, pauses) -> None:
    clock = Clock()
    allowance, granted = Allowance(rate, burst, clock), []
    for pause in pauses:
        clock.now += pause
        if not allowance.wait_of("me"):
            granted.append(clock.now)
    for first, since in enumerate(granted):
        for last, until in enumerate(granted[first:], first):
            assert last - first + 1 <= burst + rate * (until - since) + 1e-3


@given(rate=st.integers(1, 100), burst=st.integers(1, 20), more=st.integers(0, 5))
def test_who_waits_as_long_as_they_are_told_is_answered_then_and_not_before(rate, burst, more) -> None:
    clock = Clock()
    allowance = Allowance(rate, burst, clock)
    assert [allowance.wait_of("me") for _ in range(burst)] == [0] * burst
    waits = [allowance.wait_of("me") for _ in range(1 + more)]  # asking in vain costs nothing
    assert waits == [pytest.approx(1 / rate)] * (1 + more)
    clock.now += 0.9 * waits[0]
    assert allowance.wait_of("me") == pytest.approx(0.1 / rate, rel=0.01)
    clock.now += 0.1 * waits[0] + 1e-6
    assert allowance.wait_of("me") == 0


def test_who_asks_no_more_is_forgotten_and_with_them_no_one_who_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "FORGET_AT", 100)
    clock = Clock()
    allowance = Allowance(1, 5, clock)
    for n in range(5_000):
        clock.now += 0.01
        allowance.wait_of(n)
        if n % 90 == 0:
            allowance.wait_of("busy")  # somewhat more often than it may
    assert len(allowance) < 300
    assert allowance.wait_of("busy") > 0


# --- the middleware ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["", "/norm"])
@pytest.mark.parametrize(("language", "words"), [("", "asks more often"), ("&lang=zh", "过于频繁")])
def test_who_asks_too_often_is_told_how_long_to_wait_in_their_language(clock, base, language, words) -> None:
    limited = Limiting(answering, base)
    assert set(statuses(limited, f"{base}{POINTS}{language}", 300)) == {200}
    start, body = asked(limited, f"{base}{POINTS}{language}", cookie="normscope_owner=me")
    told = dict(start["headers"])
    assert (start["status"], told[b"retry-after"], told[b"cache-control"]) == (429, b"1", b"no-store")
    assert words in json.loads(body["body"])["error"]
    clock.now += int(told[b"retry-after"])
    assert statuses(limited, f"{base}{POINTS}{language}", 1) == [200]


def test_it_is_told_apart_by_run_and_by_browser(clock) -> None:
    limited = Limiting(answering)
    assert statuses(limited, POINTS, 301)[-1] == 429
    assert statuses(limited, POINTS, 1, owner="another") == [200]
    assert statuses(limited, "/api/runs/def/points?since=0", 1) == [200]
    assert statuses(limited, "/api/terms", 1) == [200]


def test_without_a_cookie_it_is_told_apart_by_connection(clock) -> None:
    limited = Limiting(answering)
    for _ in range(300):
        asked(limited, POINTS)
    assert asked(limited, POINTS)[0]["status"] == 429
    assert statuses(limited, POINTS, 1) == [200]


@pytest.mark.parametrize("proxied", [False, True])
def test_a_class_that_sees_a_run_in_its_courses_page_sends_no_cookies_and_shares_the_proxys_connection(clock, proxied):
    limited = Limiting(answering, proxied=proxied)
    headers = {"x-forwarded-for": "10.0.0.9"}
    assert {asked(limited, POINTS, **headers)[0]["status"] for _ in range(1_000)} == {200}


def test_a_class_of_five_hundred_behind_one_address_is_not_slowed_down(clock) -> None:
    limited = Limiting(answering)
    for _ in range(30):  # rounds of 100 ms: as often as the pages ask at most
        told = {status for n in range(500) for status in statuses(limited, POINTS, 1, owner=str(n))}
        assert told == {200}
        clock.now += 0.1


@pytest.mark.parametrize(
    "path",
    [
        "/api/import",
        "/api/runs/abc/export/csv",
        "/api/runs/abc/results.json",
        "/api/runs/abc/experiment.py",
        "/api/experiment.py?lr=1",
        "/api/lessons/a/1/check",
    ],
)
def test_what_costs_more_may_be_asked_less_often(clock, path: str) -> None:
    told = statuses(Limiting(answering), path, 110)
    assert (told.count(200), told[-1]) == (100, 429)


@pytest.mark.parametrize("proxied", [False, True])
def test_who_sends_no_cookie_and_an_address_is_not_let_off_what_costs_more(clock, proxied: bool) -> None:
    limited = Limiting(answering, proxied=proxied)
    headers = {"x-forwarded-for": "10.0.0.9"}
    told = [asked(limited, "/api/import", **headers)[0]["status"] for _ in range(110)]
    assert (told.count(200), told[-1]) == (100, 429)


def test_who_takes_another_cookie_each_time_is_held_at_the_address_whatever_they_ask(clock) -> None:
    limited = Limiting(answering)
    told = [statuses(limited, POINTS, 1, owner=str(n))[0] for n in range(10_001)]
    assert (told.count(200), told[-1]) == (10_000, 429)
    assert statuses(limited, "/assets/1/a.js", 1) == [429]


@pytest.mark.parametrize(("proxied", "apart"), [(False, False), (True, True)])
def test_an_address_that_a_visitor_may_have_made_up_counts_only_behind_a_proxy_that_is_named(proxied, apart) -> None:
    limited = Limiting(answering, proxied=proxied)

    def address(client: str) -> object:
        scope = {"type": "http", "client": (client, 0), "headers": [(b"x-forwarded-for", client.encode())]}
        return limited._address(scope, dict(scope["headers"]))

    assert (address("1.2.3.4") != address("5.6.7.8")) is apart


def test_sessions_are_opened_only_so_fast_and_the_browser_tries_again_later(clock) -> None:
    limited = Limiting(answering)
    told = [asked(limited, "/_stcore/stream", "websocket")[0] for _ in range(1_001)]
    assert {message["type"] for message in told[:-1]} == {"http.response.start"}
    assert told[-1] == {"type": "websocket.close", "code": 1013}
    clock.now += 1
    assert asked(limited, "/_stcore/stream", "websocket")[0]["type"] == "http.response.start"
