"""A bundle whose looks somebody has changed by hand is refused, or every page that opens it is answered."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.runs.manager import manager as the_manager
from core.store.shelf import Shelf
from core.web.owner import OWNER_COOKIE
from core.web.routes import routes
from tests.core.exports.test_bundle import forged, lines, members, small_bytes

ANSWERS = [
    "points",
    *(f"inside?view={view}" for view in ("gradients", "activations", "parameters", "depth")),
    "inside/1",
    "inside/2",
    "results.json",
    "export/csv",
    "export/report",
]
ODD = [-1, 0, 1, 2**53, -(2**53), 2**60, 1e300, -1e300, 3.5e38, 5e-324, math.nan, math.inf, -math.inf]
ODD += [None, True, "", "conv9", [], {}, [1.0], [None], {"key": "{a}", "values": {}}]

Place = tuple[str | int, ...]
Send = Callable[[bytes], list[int]]


def look() -> dict[str, Any]:
    return json.loads(members(small_bytes())["looks.jsonl"])


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    """Of all that is in a look; of a row its first two and its last."""
    yield above
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*above, name))
    elif isinstance(value, list):
        for at in sorted({0, 1, len(value) - 1} & set(range(len(value)))):
            yield from places(value[at], (*above, at))


PLACES = [place for place in places(look()) if place]


def changed(place: Place, how: str, odd: Any) -> dict[str, Any]:
    """The look with what is at `place` left out, doubled, or odd."""
    found = look()
    within = found
    for name in place[:-1]:
        within = within[name]
    if how == "left out":
        del within[place[-1]]
    elif how == "doubled" and isinstance(within, list):
        within.insert(place[-1], within[place[-1]])
    else:
        within[place[-1]] = odd
    return found


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """Import a bundle, ask for all that its pages ask, and delete it: the statuses, [400] of one refused."""
    with pytest.MonkeyPatch.context() as patch:
        home: Path = tmp_path_factory.mktemp("home")
        patch.setenv("NORMSCOPE_STORE", "on")
        patch.setenv("NORMSCOPE_HOME", str(home))
        the_manager.cache_clear()
        client = TestClient(Starlette(routes=routes), cookies={OWNER_COOKIE: "me"})  # raises what a route raises

        def sent(content: bytes) -> list[int]:
            came = client.post("/api/import", content=content, headers={"content-type": "application/zip"})
            if came.status_code != 200:
                assert came.json()["error"].endswith(".")
                return [came.status_code]
            run_id = came.json()["id"]
            found = [client.get(f"/api/runs/{run_id}/{path}").status_code for path in ANSWERS]
            shelf = Shelf(home, 10**9)
            shelf.delete(run_id)
            shelf.empty_trash(0)
            the_manager()._archive.forget(run_id)
            return found

        yield sent
        the_manager().shutdown(20)
        the_manager.cache_clear()


def holds(send: Send, place: Place, how: str, odd: Any) -> None:
    text = json.dumps(changed(place, how, odd))
    statuses = send(forged(looks=lines(text, json.dumps(look()))))
    assert statuses in ([400], [200] * len(ANSWERS)), (place, how, odd)


def test_looks_as_they_are_are_answered(send: Send) -> None:
    text = json.dumps(look())
    assert send(forged(looks=lines(text, text))) == [200] * len(ANSWERS)


HOW = ["odd", "odd", "left out", "doubled"]
CHANGES = st.tuples(st.sampled_from(PLACES), st.sampled_from(HOW), st.sampled_from(ODD))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example((("arms", "bn", "layers", 0, "before", "unit_means", 0), "odd", 1e300))
@example((("arms", "bn", "layers", 0, "before", "unit_means", 0), "left out", None))
@example((("arms", "bn", "layers", 0, "before", "fixed", "counts", 0), "left out", None))
@example((("arms", "bn", "layers", 0, "norm", "gamma", 0), "doubled", None))
@example((("arms", "bn", "layers", 0, "before", "values"), "odd", 0))
@given(CHANGES)
def test_a_changed_look_is_refused_or_every_page_is_answered(send: Send, change: tuple[Place, str, Any]) -> None:
    holds(send, *change)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_however_a_look_is_changed_it_is_refused_or_every_page_is_answered(
    send: Send, change: tuple[Place, str, Any]
) -> None:
    holds(send, *change)
