"""The Runs page's orders: each names its run, is carried out for its owner alone, and what is refused is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.experiment.config import ExperimentConfig
from core.runs.manager import RunManager
from core.runs.manager import manager as the_manager
from core.store.card import fingerprint
from core.store.shelf import Shelf
from core.web.owner import OWNER_COOKIE
from tests.core.store.test_shelf import CONFIG, keep
from tests.pages.test_orders import ENDLESS, send, told
from tests.pages.visits import open_frame

ME, OTHERS = "my-secret", "another one's secret"

pytestmark = pytest.mark.usefixtures("kept", "small_digits")


@pytest.fixture
def kept(tmp_path: Path, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """What the server keeps: a run of mine that was stopped, and one of somebody else's. The browser is mine."""
    shelf = Shelf(tmp_path, 10**9)
    keep(shelf, "mine", 0, owner=fingerprint(ME), status="stopped")
    keep(shelf, "others", 1, owner=fingerprint(OTHERS))
    cookies[OWNER_COOKIE] = ME
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path))
    the_manager.cache_clear()
    yield shelf
    the_manager().shutdown(20)
    the_manager.cache_clear()


@pytest.fixture
def manager(kept: Shelf, monkeypatch: pytest.MonkeyPatch) -> RunManager:
    """In place of the one that keeps nothing."""
    monkeypatch.setenv("NORMSCOPE_GRACE_SECONDS", "20")
    return the_manager()


def page() -> AppTest:
    return open_frame()


def form(app: AppTest) -> ExperimentConfig:
    return app.session_state["visitor"].config


def notices(app: AppTest) -> list[str]:
    return told(app)["notices"]


def order(app: AppTest, what: str, **more: Any) -> None:
    send(app, {"do": what, "run": told(app)["run"]} | more)


def test_a_run_is_named_pinned_deleted_and_taken_back(kept: Shelf) -> None:
    app = page()
    order(app, "rename", id="mine", name="慢一点 <b>🐢</b>")
    order(app, "pin", id="mine")
    assert (kept.card("mine").name, kept.card("mine").pinned) == ("慢一点 <b>🐢</b>", True)
    order(app, "unpin", id="mine")
    assert not kept.card("mine").pinned
    order(app, "delete", ids=["mine"])
    assert not kept.knows("mine")
    order(app, "undelete", ids=["mine"])
    assert kept.knows("mine")
    assert notices(app) == []


def test_what_is_somebody_elses_is_refused_in_a_sentence(kept: Shelf) -> None:
    app, before = page(), kept.card("others")
    for what in (
        {"do": "rename", "id": "others", "name": "x"},
        {"do": "pin", "id": "others"},
        {"do": "delete", "ids": ["others"]},
        {"do": "revive", "id": "others"},
    ):
        send(app, what)
        assert [notice.startswith("Only who started") for notice in notices(app)] == [True], what
        assert kept.card("others") == before


def test_of_several_runs_one_that_is_refused_keeps_no_other(kept: Shelf) -> None:
    app = page()
    order(app, "delete", ids=["others", "nowhere", "mine"])
    assert (kept.knows("others"), kept.knows("mine")) == (True, False)
    assert [notice[:14] for notice in notices(app)] == ["Only who start", "No run “nowher"]


def test_an_order_is_carried_out_once_however_often_it_comes(kept: Shelf) -> None:
    app = page()
    order(app, "rename", id="mine", name="first")
    kept.rename("mine", "meanwhile")
    send(app, {"number": 1, "do": "rename", "id": "mine", "name": "first"})
    assert kept.card("mine").name == "meanwhile"


def test_an_order_of_the_list_is_about_its_own_run_whichever_is_in_view_by_then(kept: Shelf) -> None:
    app = page()
    order(app, "open", id="others")
    send(app, {"do": "rename", "id": "mine", "name": "named before the other one came into view"})
    assert kept.card("mine").name == "named before the other one came into view"


def test_a_run_of_an_earlier_process_is_opened_and_the_link_and_the_form_are_its() -> None:
    app = page()
    assert form(app) != CONFIG
    order(app, "open", id="mine")
    assert (told(app)["run"], told(app)["mine"], told(app)["status"]) == ("mine", True, "stopped")
    assert form(app) == CONFIG
    assert app.query_params["run"] == "mine"
    order(app, "open", id="others")
    assert (told(app)["run"], told(app)["mine"]) == ("others", False)
    assert told(app)["ghosts"] == []  # nobody asked for one


def test_its_link_opens_it_after_a_restart_and_it_is_its_browsers(kept: Shelf) -> None:
    app = open_frame(run="mine")
    assert (told(app)["run"], told(app)["mine"], told(app)["keeps"], notices(app)) == ("mine", True, True, [])


def test_a_run_that_is_gone_or_cannot_be_read_is_said_to_be(kept: Shelf) -> None:
    app = page()
    order(app, "open", id="nowhere")
    assert notices(app) == ["This run is not here any more; it may have been deleted, or newer runs needed its room."]
    assert "newer runs needed its room (NORMSCOPE_KEEP says how much there is" in notices(open_frame(run="nowhere"))[0]
    (kept.home / "runs" / "mine" / "run.sqlite").write_bytes(b"nothing of ours" * 1000)
    order(app, "open", id="mine")
    for said in (notices(app)[0], notices(open_frame(run="mine"))[0]):
        assert "its file is damaged" in said
        assert str(kept.home) not in said  # who visits is told nothing of the server's folders


def test_a_damaged_run_is_put_aside_from_the_page_by_its_owner(kept: Shelf) -> None:
    app = page()
    for name in ("mine", "others"):
        (kept.home / "runs" / name / "run.sqlite").write_bytes(b"nothing of ours" * 1000)
        order(app, "open", id=name)
        order(app, "aside", id=name)
        assert name == "others" or notices(app) == [
            "The damaged run is put aside; who operates this server finds it as mine."
        ]
    assert notices(app) == ["Only who started a run can put it aside."]
    assert (kept.knows("mine"), kept.knows("others")) == (False, True)
    assert (kept.home / "aside" / "mine" / "run.sqlite").read_bytes().startswith(b"nothing of ours")


def test_restart_with_changes_fills_the_form_and_begins_nothing() -> None:
    app = page()
    order(app, "refill", id="others")
    assert form(app) == CONFIG
    assert told(app)["run"] == ""
    assert "The form has the settings of that run" in notices(app)[0]


def test_chosen_runs_are_ghosts_the_newest_four_of_them(kept: Shelf) -> None:
    for name in "abc":
        keep(kept, name, owner=fingerprint(ME))
    app = page()
    order(app, "open", id="mine")
    order(app, "ghosts", ids=["a", "b", "mine", "others"])
    assert [ghost["id"] for ghost in told(app)["ghosts"]] == ["a", "b", "others"]
    order(app, "ghosts", ids=["c", "a"])
    assert [ghost["id"] for ghost in told(app)["ghosts"]] == ["b", "others", "c", "a"]


def test_a_run_of_ones_own_goes_on_while_one_looks_at_another(manager: RunManager) -> None:
    app = page()
    running = manager.submit(ENDLESS, key=ME)
    order(app, "open", id=running.id)
    order(app, "open", id="mine")
    watchers = running.watchers._there
    assert len(watchers) == 1
    order(app, "open", id=running.id)
    assert (told(app)["run"], len(watchers)) == (running.id, 1)
    order(app, "open", id="others")
    visitor = app.session_state["visitor"]
    assert visitor.behind == [running]
    running.stop(ME)
    manager.join(running, 60)
    app.run()
    assert (visitor.behind, len(watchers)) == ([], 0)
