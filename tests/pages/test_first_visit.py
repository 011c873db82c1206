"""A browser without runs sees the recorded First look, marked as one, on every page; and then its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.exports.recorded import RUN_ID, first_images
from core.runs.library import library
from core.runs.manager import RunManager
from core.runs.run import Run
from core.store.recording import Recording
from core.web.owner import OWNER_COOKIE
from tests.core.store.recorded import recorded
from tests.core.store.test_shelf import CONFIG
from tests.pages.test_orders import ENDLESS, send
from tests.pages.visits import open_frame

ME = "my-secret"
FIRST_LOOK = replace(CONFIG, examples=256, epochs=2)  # as many as the small digits have, so that it can be run again


@pytest.fixture(scope="module")
def recording() -> Recording:
    return replace(recorded(FIRST_LOOK), id=RUN_ID)


@pytest.fixture(autouse=True)
def manager(manager: RunManager, recording: Recording, small_digits: object) -> RunManager:
    manager.comes_with(RUN_ID, lambda: recording)
    return manager


@pytest.fixture(autouse=True)
def mine(cookies: dict[str, str]) -> None:
    cookies[OWNER_COOKIE] = ME


def elements(app: AppTest) -> list[dict[str, Any]]:
    return [dict(json.loads(found.proto.json)) for found in app.get("bidi_component")]


def welcome(app: AppTest) -> dict[str, Any] | None:
    return next((data for data in elements(app) if data.get("script") == "shared/welcome.js"), None)


def panel(app: AppTest) -> dict[str, Any]:
    return next(data for data in elements(app) if data.get("script") == "train/live.js")


def test_it_is_in_view_marked_and_nobodys(recording: Recording) -> None:
    app = open_frame()
    shown, said = panel(app), welcome(app)
    assert (shown["run"], shown["mine"], shown["recorded"], shown["status"]) == (RUN_ID, False, True, "finished")
    assert said is not None
    origin = {"when": 1795780800.0, "processor": "Some CPU", "torch": "2.15.0"}
    assert said["recorded"] == {"isFirstLook": True} | origin
    assert said["learn"] == "lessons"
    assert app.query_params["run"] == RUN_ID  # its link says what it is
    assert library().listed(ME, [RUN_ID]).cards == []


@pytest.mark.parametrize("page", ["activations", "gradients", "parameters", "cube"])
def test_it_is_on_the_pages_that_look_inside(page: str) -> None:
    app = open_frame()
    app.switch_page(f"{page}.py").run()
    assert not app.exception
    assert not app.warning
    said = welcome(app)
    assert said is not None
    assert (said["run"], said["learn"]) == (RUN_ID, "")  # the ways in are on the first page


@pytest.mark.parametrize("page", ["runs", "reference"])
def test_elsewhere_nothing_is_said_of_it(page: str) -> None:
    app = open_frame()
    app.switch_page(f"{page}.py").run()
    assert welcome(app) is None


@pytest.mark.parametrize("link", [{"lr": "0.5"}, {"cube": "left:gn"}, {"run": "unknown"}, {"picture": "cube"}])
def test_who_comes_with_a_link_sees_what_it_says(link: dict[str, str]) -> None:
    app = open_frame(**link)
    assert welcome(app) is None
    assert app.session_state["visitor"].run is None


def test_the_language_in_the_link_asks_for_nothing_else() -> None:
    app = open_frame(lang="zh")
    said = welcome(app)
    assert said is not None
    assert said["learn"] == "lessons?lang=zh"


def test_who_has_a_run_of_their_own_sees_the_page_as_it_was(manager: RunManager) -> None:
    manager.submit(ENDLESS, key="another one's")
    assert welcome(open_frame()) is not None
    manager.submit(ENDLESS, key=ME)
    app = open_frame()
    assert welcome(app) is None
    assert panel(app)["run"] == ""


def test_by_its_link_everybody_sees_it_and_the_ways_in_only_who_has_no_runs(manager: RunManager) -> None:
    said = welcome(open_frame(run=RUN_ID))
    assert said is not None
    assert said["learn"]
    manager.submit(ENDLESS, key=ME)
    said = welcome(open_frame(run=RUN_ID))
    assert said is not None
    assert not said["learn"]


STARTS: list[dict[str, Any]] = [{"do": "restart"}, {"do": "start"}]


@pytest.mark.parametrize("order", STARTS)
def test_run_it_yourself_and_start_begin_a_run_of_ones_own_and_nothing_is_left_of_the_recorded_one(
    manager: RunManager, order: dict[str, Any]
) -> None:
    app = open_frame()
    send(app, {**order, "run": RUN_ID})
    visitor = app.session_state["visitor"]
    assert isinstance(visitor.run, Run)
    assert visitor.run.is_owned_by(ME)
    assert visitor.earlier == []  # no ghost
    assert visitor.numbers == {visitor.run.id: 1}
    assert welcome(app) is None
    assert panel(app)["mine"]
    manager.shutdown(20)


def test_two_who_press_run_it_yourself_soon_after_each_other_share_the_run(
    manager: RunManager, recording: Recording, cookies: dict[str, str]
) -> None:
    long = replace(FIRST_LOOK, epochs=1000)  # only a run that still goes on is shared
    manager.comes_with(RUN_ID, lambda: replace(recording, config=long, asked=long))
    one = open_frame()
    send(one, {"do": "restart", "run": RUN_ID})
    cookies[OWNER_COOKIE] = "another one's secret"
    other = open_frame()
    send(other, {"do": "restart", "run": RUN_ID})
    assert panel(other)["run"] == panel(one)["run"] != RUN_ID
    assert panel(other)["notices"][0].startswith("Somebody else had just started the same")
    send(other, {"do": "restart", "run": panel(other)["run"]})  # a rerun is one's own
    assert panel(other)["run"] != panel(one)["run"]
    manager.shutdown(20)


ORDERS = ["pause", "resume", "step", "stop"]


@pytest.mark.parametrize("what", ORDERS)
def test_nobody_steers_it_and_a_sentence_says_so(what: str) -> None:
    app = open_frame()
    send(app, {"do": what, "run": RUN_ID})
    assert "Run it yourself" in panel(app)["notices"][0]


@pytest.mark.parametrize("what", ["rename", "pin", "delete"])
def test_it_cannot_be_renamed_pinned_or_deleted(what: str) -> None:
    app = open_frame()
    send(app, {"do": what, "id": RUN_ID, "ids": [RUN_ID], "name": "mine", "run": RUN_ID})
    assert panel(app)["notices"]
    assert panel(app)["run"] == RUN_ID


def test_the_memory_of_it_is_one_for_all_visitors() -> None:
    assert open_frame().session_state["visitor"].run is open_frame().session_state["visitor"].run


def test_the_images_that_come_with_it_are_enough_for_the_cube(
    manager: RunManager, recording: Recording, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path))
    config = replace(recording.config, data="kmnist")
    manager.comes_with(RUN_ID, lambda: replace(recording, config=config), first_images)
    app = open_frame()
    app.switch_page("cube.py").run()
    assert not app.exception
    assert not [info.value for info in app.info if "not on this machine" in info.value]


def test_without_its_images_the_cube_says_so_and_shows_the_worked_example(
    manager: RunManager, recording: Recording, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path))
    config = replace(recording.config, data="kmnist")
    manager.comes_with(RUN_ID, lambda: replace(recording, config=config))
    app = open_frame()
    app.switch_page("cube.py").run()
    assert not app.exception
    assert "not on this machine" in app.info[0].value
