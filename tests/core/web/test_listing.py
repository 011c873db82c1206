"""core.web.listing: what the Runs page is told, of whom, and in which language."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.runs import library as library_module
from core.runs.library import Library
from core.store.card import fingerprint, write_card
from core.store.shelf import Shelf
from core.store.troubles import StoreError
from core.web import listing
from core.web.owner import OWNER_COOKIE
from core.web.routes import routes
from tests.core.store.test_shelf import CONFIG, keep

MINE = "my-secret"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A run of mine and one of somebody else's, which is newer."""
    shelf = Shelf(tmp_path, 2 * 10**9)
    keep(shelf, "mine", 0, owner=fingerprint(MINE), name="<b>É 🐢")
    keep(shelf, "others", 1, owner=fingerprint("another"), status="stopped")
    library = Library(shelf)
    monkeypatch.setattr(listing, "library", lambda: library)
    return library


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes), cookies={OWNER_COOKIE: MINE})


def told(client: TestClient, query: str = "") -> dict[str, Any]:
    response = client.get(f"/api/runs{query}")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    return response.json()


def test_a_run_is_told_as_its_card_says(here: Library, client: TestClient) -> None:
    answer, card = told(client), here.shelf.card("mine")
    (run,) = answer["runs"]
    assert answer["usual"] | run["settings"] == CONFIG.to_json()
    assert run["settings"].keys() < answer["usual"].keys()
    assert (run["name"], run["mine"], run["by"]) == ("<b>É 🐢", True, "page")
    assert (run["status"], run["step"], run["total"], run["seconds"]) == ("finished", 5, 5, 2.5)
    assert (run["accuracies"], run["ended"]) == ({"none": 0.25, "bn": 0.75}, ["none"])
    assert run["started"] == card.origin.started.timestamp()
    assert answer["arms"]["bn"] == {"name": "bn", "title": "BatchNorm", "norm": "bn"}
    assert (answer["limit"], answer["shared"], answer["broken"], answer["problem"]) == (2 * 10**9, False, [], "")
    assert run["kept"]


def test_an_accuracy_that_is_no_number_is_told_as_none(here: Library, client: TestClient) -> None:
    card = here.shelf.card("mine")
    write_card(here.shelf.folder("mine"), replace(card, accuracies={"none": math.nan, "bn": 0.75}))
    assert math.isnan(here.shelf.card("mine").accuracies["none"])
    assert told(client)["runs"][0]["accuracies"] == {"none": None, "bn": 0.75}


def test_of_a_run_that_cannot_be_read_it_is_told_why_and_whether_this_browser_may_put_it_aside(
    here: Library, client: TestClient
) -> None:
    for name in ("mine", "others"):
        (here.shelf.folder(name) / "run.sqlite").write_bytes(b"nothing of ours" * 1000)
        with pytest.raises(StoreError):
            here.shelf.read(name)
    broken = {each["id"]: each for each in told(client, "?known=others")["broken"]}
    assert {name: each["removable"] for name, each in broken.items()} == {"mine": True, "others": False}
    assert all("damaged" in each["why"] for each in broken.values())


def test_whose_runs_they_are_the_cookie_says(here: Library, client: TestClient) -> None:
    assert [run["id"] for run in told(client)["runs"]] == ["mine"]
    assert told(TestClient(client.app))["runs"] == []
    others = told(TestClient(client.app, cookies={OWNER_COOKIE: "another"}))["runs"]
    assert [(run["id"], run["mine"], run["resumable"]) for run in others] == [("others", True, True)]


def test_no_answer_has_an_owners_secret_or_its_fingerprint(here: Library, client: TestClient) -> None:
    here.shared = True
    text = client.get("/api/runs").text
    assert "others" in text
    assert not [secret for secret in (MINE, "another") if secret in text or fingerprint(secret) in text]


def test_runs_of_known_ids_are_told_and_are_not_mine(here: Library, client: TestClient) -> None:
    runs = told(client, "?known=others,nowhere,..%2Fmine,")["runs"]
    assert [(run["id"], run["mine"]) for run in runs] == [("others", False), ("mine", True)]


def test_who_has_seen_it_is_not_told_again_until_something_changes(here: Library, client: TestClient) -> None:
    seen = told(client)["seen"]
    assert told(client, f"?seen={seen}") == {"same": True}
    here.pin("mine", True, MINE)
    assert told(client, f"?seen={seen}")["runs"][0]["pinned"]


def test_arms_are_told_in_the_language_that_is_asked_for(here: Library, client: TestClient) -> None:
    assert told(client, "?lang=zh")["arms"]["none"]["title"] != told(client)["arms"]["none"]["title"]


def test_where_no_runs_are_kept_those_in_memory_are_told_and_that_they_are_not_kept(client: TestClient, start) -> None:
    run = start(replace(CONFIG, epochs=100))
    assert told(client)["runs"] == []
    answer = told(client, f"?known={run.id}")
    assert [(each["id"], each["kept"], each["mine"]) for each in answer["runs"]] == [(run.id, False, False)]
    assert "NORMSCOPE_STORE=off" in answer["problem"]
    assert (answer["used"], answer["limit"]) == (0, 0)


@pytest.mark.parametrize("query", ["?known=a&known=b", "?seen=1&seen=2"])
def test_a_parameter_that_is_given_twice_is_refused(here: Library, client: TestClient, query: str) -> None:
    assert client.get(f"/api/runs{query}").status_code == 400


def test_the_process_lists_what_its_manager_keeps(manager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not library_module.library().keeps
    manager.shelf = Shelf(tmp_path, 1)
    monkeypatch.setenv("NORMSCOPE_SHARED", "1")
    found = library_module.library()
    assert (found.shelf, found.shared) == (manager.shelf, True)
