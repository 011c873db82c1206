"""core.web.api: what the browser is told, how little of it, and what it is refused."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import torch
from anyio import to_thread
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.results import results
from core.language.message import Message
from core.nets.norms import gamma_beta
from core.runs import gallery
from core.runs.line import Line
from core.runs.manager import RunManager
from core.runs.run import Run
from core.training import records
from core.training.arms import build_arms
from core.training.records import DataReplaced, History, LearningRateChanged, Record, StatusChanged, TrainMeasured
from core.training.steps import look_at_fixed_images
from core.training.trainer import train
from core.web import api, assets, points
from core.web.routes import lifespan, routes, routes_below

PATIENCE_SECONDS = 60
CONFIG = ExperimentConfig(
    data="digits", examples=300, batch_size=50, epochs=1, arms=(parse_arm("none"), parse_arm("bn"))
)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes))


@pytest.fixture(scope="module")
def run_that_ended(small_images: Images) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "load", lambda *rest: small_images)
        manager = RunManager(device=torch.device("cpu"))
        run = manager.submit(CONFIG)
        run.join("a watcher")
        manager.join(run, PATIENCE_SECONDS)
    assert run.status == "finished"
    return run


@pytest.fixture
def finished(manager: RunManager, run_that_ended: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of CONFIG that has ended: one for all tests, which leave it as it is."""
    return found_by(manager, run_that_ended, monkeypatch)


@pytest.fixture
def still(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that does nothing but what a test publishes."""
    return found_by(manager, Run(replace(CONFIG, arms=CONFIG.arms[1:]), Line(), grace=60), monkeypatch)


def found_by(manager: RunManager, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(manager, "find", lambda run_id: run if run_id == run.id else None)
    return run


def point(step: int, loss: float = 1.0) -> TrainMeasured:
    return TrainMeasured(step, step / 6, 1, {"bn": loss}, {"bn": 0.5}, {"bn": step / 100}, {"bn": 50 * step})


def news(client: TestClient, run: Run, since: int = 0) -> dict[str, Any]:
    response = client.get(f"/api/runs/{run.id}/points", params={"since": since})
    assert response.status_code == 200
    return response.json()


# --- points ------------------------------------------------------------------------------------------------------


def test_a_watcher_gets_every_record_once_by_asking_for_what_is_newer(client, still) -> None:
    seen, latest = [], 0
    for step in range(1, 30):
        still.publish(point(step))
        if step % 4 == 0:
            answer = news(client, still, latest)
            seen += answer["records"]
            latest = answer["latest"]
    seen += news(client, still, latest)["records"]
    assert [record["seq"] for record in seen] == list(range(1, 31))
    assert [record["step"] for record in seen if record["kind"] == "train"] == list(range(1, 30))


def test_an_update_stays_small_while_the_run_grows(client, still) -> None:
    sizes = []
    for step in range(1, 2001):
        still.publish(point(step))
        if step in (10, 2000):
            latest = still.history.latest
            response = client.get(f"/api/runs/{still.id}/points?since={latest - 1}")
            assert [record["step"] for record in response.json()["records"]] == [step]
            sizes.append(len(response.content))
    assert max(sizes) < 1500
    assert abs(sizes[1] - sizes[0]) < 50  # longer numbers, nothing else


def test_who_is_up_to_date_gets_the_state_and_no_records(client, finished) -> None:
    answer = news(client, finished, finished.history.latest)
    assert answer["records"] == []
    assert answer["state"]["status"] == "finished"
    assert answer["state"]["step"] == answer["state"]["total_steps"] == 6
    assert "At the end, after 6 steps" in answer["state"]["verdict"]


def test_train_says_which_arms_the_latest_look_found_dead(client, still, small_images: Images) -> None:
    config = replace(still.config, activation="relu")
    arms = build_arms(config, torch.device("cpu"))
    with torch.no_grad():
        gamma_beta(dict(arms[0].model.named_children())["fc2_norm"])[1].fill_(-100)
    still.publish(look_at_fixed_images(config, small_images, arms, 4))
    still.publish(records.TestMeasured(4, 0.67, 100, True, {"bn": 2.3}, {"bn": 0.1}, {}, {}, {"bn": 0.1}))
    state = news(client, still)["state"]
    assert state["verdict"] == "After 4 steps, on all 100 test images: BatchNorm 10.0 % (still at chance)."
    assert state["reasons"] == [
        {
            "said": "Dead at step 4, 0 for all 64 images: fc2 of BatchNorm. "
            "Gradient exactly 0 at step 4: every layer of BatchNorm.",
            "place": "Activations: fc2, step 4",
            "arms": ["bn"],
            "page": "activations",
            "layer": "fc2",
            "step": 4,
            "source": "fixed",
            "shown": "activated",
        }
    ]


def test_the_whole_history_is_there_for_who_comes_late(client, finished) -> None:
    answer = news(client, finished)
    kinds = [record["kind"] for record in answer["records"]]
    assert kinds[0] == "status"
    assert {"started", "train", "test", "epoch"} <= set(kinds)
    assert len(kinds) == answer["latest"] == finished.history.latest


def test_a_value_that_is_not_finite_arrives_as_null(client, still) -> None:
    still.publish(point(1, float("nan")))
    assert news(client, still, 1)["records"][0]["loss"] == {"bn": None}


def test_an_answer_is_serialised_once_for_all_watchers(client, still, monkeypatch) -> None:
    calls: list[Run] = []
    real = points._points
    monkeypatch.setattr(points, "_points", lambda run, snapshot: calls.append(run) or real(run, snapshot))
    monkeypatch.setattr(points, "_second", lambda run: 0)  # a run that waits is told another time each second
    still.publish(point(1))
    first = [client.get(f"/api/runs/{still.id}/points?since=0").content for _ in range(8)]
    assert (len(calls), len(set(first))) == (1, 1)
    news(client, still, 1)
    assert len(calls) == 2  # another question
    still.publish(point(2))
    assert news(client, still)["latest"] == 3
    assert len(calls) == 3  # another version


def test_a_record_is_written_once_for_all_who_ask_for_it_and_another_in_its_place_is_not_the_same(
    client, still, monkeypatch
) -> None:
    written: list[str] = []
    real = points.to_json
    monkeypatch.setattr(points, "to_json", lambda record: written.append(record.kind) or real(record))
    for step in (1, 2):
        still.publish(point(step))
    assert [len(news(client, still, since)["records"]) for since in (0, 1, 2)] == [3, 2, 1]
    assert written.count("train") == 2
    still.history = History([*list(still.history)[:-1], point(2, loss=7.0)])  # as of a run that was taken up again
    still.publish(point(3))
    assert [record["loss"] for record in news(client, still, 2)["records"]] == [{"bn": 7.0}, {"bn": 1.0}]


def test_how_a_run_stands_is_found_once_for_watchers_who_have_heard_of_it_until_different_records(
    client, still, monkeypatch
) -> None:
    calls: list[Run] = []
    real = points._standing
    monkeypatch.setattr(points, "_standing", lambda run, snapshot: calls.append(run) or real(run, snapshot))
    monkeypatch.setattr(points, "_second", lambda run: 0)  # a run that waits is told another time each second
    still.publish(point(1))
    told = [news(client, still, since) for since in (0, 1, 2)]
    assert len(calls) == 1
    assert told[0]["state"] == told[1]["state"] == told[2]["state"]
    assert [len(each["records"]) for each in told] == [2, 1, 0]
    still.publish(point(2))
    assert news(client, still)["latest"] == 3
    assert len(calls) == 2


def test_one_run_is_told_to_each_watcher_in_the_language_asked_for_and_serialised_once_for_each(
    client, still, monkeypatch
) -> None:
    calls: list[Run] = []
    real = points._points
    monkeypatch.setattr(points, "_points", lambda run, snapshot: calls.append(run) or real(run, snapshot))
    monkeypatch.setattr(points, "_second", lambda run: 0)  # a run that waits is told another time each second
    still.publish(DataReplaced("mnist", "digits", "", Message("Learning rate")))
    told = {
        language: [client.get(f"/api/runs/{still.id}/points?since=0{language}").json()["records"] for _ in range(3)]
        for language in ("", "&lang=en", "&lang=zh")
    }
    words = {language: {records[-1]["settings"] for records in answers} for language, answers in told.items()}
    assert words == {"": {"Learning rate"}, "&lang=en": {"Learning rate"}, "&lang=zh": {"学习率"}}
    assert len(calls) == 2


@pytest.mark.parametrize("language", ["fr", "", "zh-CN", "zh&lang=en"])
@pytest.mark.parametrize("path", ["points?since=0", "inside?view=gradients", "inside/1?x=1", "ask/recalibration?x=1"])
def test_a_language_that_there_is_not_is_refused(client, still, path: str, language: str) -> None:
    answer = client.get(f"/api/runs/{still.id}/{path}&lang={language}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("lang must be")


def test_an_answer_is_never_older_than_an_order_or_a_status(client, still) -> None:
    assert news(client, still)["state"]["asked"] == ""
    still.pause(still.key)
    assert news(client, still)["state"]["asked"] == "pause"
    still.end("stopped")
    assert news(client, still)["state"]["status"] == "stopped"


def test_a_run_with_a_schedule_tells_its_rate_its_falls_and_that_a_hand_has_ended_it(
    client, manager, monkeypatch
) -> None:
    config = replace(CONFIG, arms=CONFIG.arms[1:], epochs=3, schedule="step", learning_rate=0.2)  # of 6 steps an epoch
    run = found_by(manager, Run(config, Line(), grace=60), monkeypatch)
    assert (news(client, run)["state"]["learning_rate"], news(client, run)["state"]["falls"]) == (0.2, [])
    run.publish(point(7))
    state = news(client, run)["state"]
    assert state["falls"] == [{"kind": "lr", "step": 7, "old": 0.2, "new": 0.1}]
    assert state["notes"] == []
    run.publish(LearningRateChanged(8, 0.1, 0.3))
    state = news(client, run)["state"]
    assert [fall["step"] for fall in state["falls"]] == [7]
    assert [note[:55] for note in state["notes"]] == ["The learning rate was set by hand from step 8 on. It st"]


def test_kept_answers_are_bounded(client, still) -> None:
    for step in range(1, 200):
        still.publish(point(step))
        news(client, still, step)
    assert len(points._served) <= 64


def test_the_strip_has_looks_made_three_seconds_apart_at_least_whatever_it_asks(client, still, monkeypatch) -> None:
    clock, made = [1000.0], []
    monkeypatch.setattr("core.runs.pace.time.monotonic", lambda: clock[0])
    for tick in range(200):  # twenty seconds of asking ten times a second
        clock[0] = 1000 + tick / 10
        client.get(f"/api/runs/{still.id}/inside?view=depth")
        if still._pace.sources(scheduled=False):
            made.append(clock[0])
            still._pace.looked()
    assert made[0] == 1000
    assert all(after - before >= 3 for before, after in pairwise(made))
    assert len(made) == 7


def test_asking_for_points_is_watching(client, still, monkeypatch) -> None:
    seen: list[None] = []
    monkeypatch.setattr(Run, "seen", lambda run: seen.append(None))
    news(client, still)
    assert seen == [None]


@pytest.mark.parametrize("path", ["points", "results.json", "inside?view=gradients", "inside/1", "ask/recalibration"])
def test_an_unknown_run_is_404_in_json_and_says_so(client, manager, path: str) -> None:
    response = client.get(f"/api/runs/nobody/{path}")
    assert response.status_code == 404
    assert "not known here" in response.json()["error"]
    assert response.json()["gone"] is True  # what other refusals do not say


NUMBERS = ("points?since=", "inside?view=gradients&since=", "inside/", "ask/maps?image=", "ask/noise?step=")


@pytest.mark.parametrize("route", NUMBERS)
@pytest.mark.parametrize(
    "number", ["x", "1.5", "", "²", "٣", "1_0", "+1", " 1", "0x1", "9" * 5000], ids=lambda n: n[:9]
)
def test_a_parameter_that_is_no_number_is_400_in_json(client, still, route: str, number: str) -> None:
    if route == "inside/" and not number:
        return  # another address
    response = client.get(f"/api/runs/{still.id}/{route}{quote(number)}")
    assert response.status_code == 400
    assert "must be a whole number" in response.json()["error"]


@pytest.mark.parametrize("route", NUMBERS)
def test_numbers_count_from_0(client, still, route: str) -> None:
    response = client.get(f"/api/runs/{still.id}/{route}-5")
    assert response.status_code == 400
    assert response.json()["error"].endswith("must be a whole number, 0 or more")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("points?since=1&since=2", "since must be given once"),
        ("inside", "view is missing"),
        ("inside?view=quux", "view must be one of gradients, activations, parameters, depth; got “quux”"),
        ("inside?view=gradients&view=gradients", "view must be given once"),
        ("inside?view=gradients&source=all", "source must be one of fixed, batch; got “all”"),
        ("inside?view=gradients&layer=conv1&layer=conv2", "layer must be given once"),
        ("ask/quux", "question must be one of maps, noise, recalibration; got “quux”"),
        ("ask/maps?stage=after", "stage must be one of before, normalized, scaled, activated; got “after”"),
        ("ask/noise?layer=conv1&layer=conv1", "layer must be given once"),
        ("ask/noise?layer=", "layer must be a name such as conv1 or fc2; got “”"),
        ("ask/maps?layer=zz", "layer must be a name such as conv1 or fc2; got “zz”"),
        ("inside?view=gradients&layer=zz", "layer must be a name such as conv1 or fc2; got “zz”"),
        ("inside?view=parameters&layer=conv0", "layer must be a name such as conv1 or fc2; got “conv0”"),
    ],
)
def test_a_parameter_that_says_nothing_known_is_400_with_what_it_must_be(client, still, path: str, error: str) -> None:
    response = client.get(f"/api/runs/{still.id}/{path}")
    assert (response.status_code, response.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    ("path", "english", "chinese"),
    [
        ("/api/runs/nobody/points?", "This run is not known here", "这里没有这次运行"),
        ("/api/runs/nobody/results.json?", "This run is not known here", "这里没有这次运行"),
        ("/api/runs/{run}/inside?", "view is missing", "缺少view"),
        ("/api/runs/{run}/inside/-1?", "sequence must be a whole number, 0 or more", "sequence必须是不小于0的整数"),
        ("/api/runs/{run}/inside/9?", "This look is not kept any more.", "这次查看的结果已不再保留。"),
        ("/api/runs/{run}/ask/x?", "question must be one of maps, noise", "question必须是maps、noise"),
        ("/api/nothing?", "There is nothing at /api/nothing.", "/api/nothing处没有内容。"),
        ("/assets/x/y.js?", "There is no asset y.js.", "没有文件y.js。"),
    ],
)
def test_a_refusal_is_in_the_language_asked_for(client, still, path: str, english: str, chinese: str) -> None:
    asked = path.format(run=still.id)
    words = [client.get(f"{asked}{language}").json()["error"] for language in ("", "lang=en", "lang=zh")]
    assert [word.startswith(told) for word, told in zip(words, (english, english, chinese), strict=True)] == [True] * 3


@pytest.mark.parametrize("base", ["", "norm", "/norm/", "courses/2026/norm"])
def test_all_routes_are_below_the_servers_path_and_what_is_not_there_is_404_in_json(manager, base: str) -> None:
    client = TestClient(Starlette(routes=routes_below(base)))
    start = f"/{base.strip('/')}".rstrip("/")
    assert client.get(f"{start}/api/health").json()["status"] == "ok"
    assert client.get(f"{start}/{assets.assets_address()}/shared/web.js").status_code == 200
    assert client.get(f"{start}/vendor/plotly.min.js").status_code == 200
    for path in (
        "api",
        "api/nothing",
        "api/runs/x/inside/1/2",
        "api/",
        "vendor",
        "vendor/three.js",
        "assets",
        "assets/x",
    ):
        response = client.get(f"{start}/{path}")
        assert response.status_code == 404
        assert response.json()["error"].startswith(f"There is nothing at {start}/{path}")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/api/health", "/api/nothing", "/vendor/plotly.min.js", "/assets"])
def test_what_is_there_can_only_be_read_which_is_said_in_json(client, method: str, path: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.json()["error"] == f"What is here can only be read; got {method}. Use GET."


@pytest.mark.parametrize(("since", "count"), [("0", 1), ("1", 0), ("99999999999999999999999", 0)])
def test_any_whole_number_is_answered(client, still, since: str, count: int) -> None:
    response = client.get(f"/api/runs/{still.id}/points?since={since}")
    assert response.status_code == 200
    assert len(response.json()["records"]) == count


def test_neither_key_nor_watchers_are_told(client, finished) -> None:
    text = client.get(f"/api/runs/{finished.id}/points").text
    assert finished.key not in text
    assert "a watcher" not in text


@pytest.mark.parametrize(("watching", "apart_ms"), [(1, 16), (12, 200), (50, 833), (500, 2000)])
def test_the_more_watch_a_run_the_longer_each_waits_between_two_questions(
    client, still, watching: int, apart_ms: int
) -> None:
    for each in range(watching):
        still.join(f"watcher {each}")
    assert news(client, still)["state"]["apart_ms"] == apart_ms
    inside = client.get(f"/api/runs/{still.id}/inside", params={"view": "depth"}).json()
    assert inside["apart_ms"] == apart_ms


def test_points_are_never_cached_by_a_browser(client, still) -> None:
    assert client.get(f"/api/runs/{still.id}/points").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed_over_these_routes(client, still, method: str) -> None:
    for path in (f"/api/runs/{still.id}/points", f"/api/runs/{still.id}/results.json", "/api/health"):
        assert getattr(client, method)(path).status_code == 405


# --- results -----------------------------------------------------------------------------------------------------


def without_clock(document: dict[str, Any]) -> dict[str, Any]:
    arms = {
        name: {key: value for key, value in arm.items() if key not in ("seconds", "examples_per_second")}
        for name, arm in document["arms"].items()
    }
    return document | {"arms": arms}


def test_the_results_are_those_of_the_command_line(client, finished, small_images) -> None:
    history: list[Record] = []
    train(CONFIG, small_images, history.append)
    downloaded = client.get(f"/api/runs/{finished.id}/results.json")
    assert without_clock(downloaded.json()) == without_clock(results(CONFIG, history))
    assert downloaded.headers["content-type"] == "application/json"
    assert "attachment" in downloaded.headers["content-disposition"]


def test_results_with_a_loss_that_is_not_finite_are_still_json(client, manager, small_digits, start) -> None:
    run = start(CONFIG)
    manager.join(run, PATIENCE_SECONDS)
    last = next(r for r in reversed(list(run.history)) if r.kind == "test")
    run.publish(replace(last, loss=dict.fromkeys(last.loss, float("nan"))))  # type: ignore[type-var]
    text = client.get(f"/api/runs/{run.id}/results.json").text
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert document["arms"]["bn"]["epochs"][-1]["test_loss"] is None


# --- files -------------------------------------------------------------------------------------------------------


def test_plotly_js_comes_from_the_installed_package(client) -> None:
    response = client.get("/vendor/plotly.min.js")
    assert response.headers["content-type"].startswith("text/javascript")
    assert b"plotly.js v" in response.content[:200]
    assert "immutable" in response.headers["cache-control"]
    assert "site-packages" in str(assets._plotly_js())


def test_plotly_js_is_compressed_once_for_all_who_take_it_so(client, monkeypatch) -> None:
    plain = client.get("/vendor/plotly.min.js", headers={"Accept-Encoding": "identity"})
    client.get("/vendor/plotly.min.js", headers={"Accept-Encoding": "gzip"})
    monkeypatch.setattr(assets.gzip, "compress", None)
    compressed = client.get("/vendor/plotly.min.js", headers={"Accept-Encoding": "gzip, br"})
    assert (compressed.headers["content-encoding"], compressed.content == plain.content) == ("gzip", True)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == compressed.headers["vary"] == "Accept-Encoding"
    assert int(compressed.headers["content-length"]) < len(plain.content) / 3


def test_every_asset_is_served_with_a_type_that_browsers_run(client) -> None:
    types = {
        ".js": "text/javascript",
        ".css": "text/css",
        ".html": "text/html",
        ".svg": "image/svg+xml",
        ".json": "application/json",
    }
    for path in filter(Path.is_file, assets.ASSETS.rglob("*")):
        response = client.get(f"/{assets.assets_address()}/{path.relative_to(assets.ASSETS)}")
        assert response.content == path.read_bytes()
        assert response.headers["content-type"].startswith(types[path.suffix])


def test_an_asset_is_read_and_compressed_once_for_all_who_ask(client, tmp_path, monkeypatch) -> None:
    (tmp_path / "a.js").write_text("1" * 2000)
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    whole = client.get("/assets/v/a.js", headers={"Accept-Encoding": "identity"})
    (tmp_path / "a.js").unlink()
    compressed = client.get("/assets/v/a.js", headers={"Accept-Encoding": "gzip"})
    assert whole.content == compressed.content == b"1" * 2000
    assert "content-encoding" not in whole.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < 100
    assert all(each.headers["vary"] == "Accept-Encoding" for each in (whole, compressed))


@pytest.mark.parametrize(
    "path",
    [
        "/assets/v/../app.py",
        "/assets/v/..%2fapp.py",
        "/assets/v/%2e%2e%2fapp.py",
        "/assets/v/..%5capp.py",
        "/assets/v/%2e%2e",
        "/assets/v/.",
        "/assets/v/%2fetc%2fpasswd",
        "/assets/../app.py/x",
        "/assets/v/none.js",
        "/assets/v/shared/look.js%00",
    ],
)
def test_nothing_outside_the_assets_folder_is_served(client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_link_in_the_assets_folder_is_followed_only_to_files(client, tmp_path, monkeypatch) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    assert client.get("/assets/v/a.js").status_code == 200
    assert client.get("/assets/v/folder").status_code == 404


def test_the_assets_address_changes_with_plotly_which_browsers_keep_under_it(monkeypatch) -> None:
    before = assets.assets_address()
    assets.assets_address.cache_clear()
    monkeypatch.setattr(assets, "version", lambda package: {"plotly": "another"}[package])
    after = assets.assets_address()
    assets.assets_address.cache_clear()
    assert after != before


def test_the_assets_address_changes_with_any_asset(tmp_path, monkeypatch) -> None:
    addresses = []
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    for content in ("1", "2"):
        (tmp_path / "a.js").write_text(content)
        assets.assets_address.cache_clear()
        addresses.append(assets.assets_address())
    assets.assets_address.cache_clear()
    assert len(set(addresses)) == 2


# --- the server's life -------------------------------------------------------------------------------------------


def test_health_says_ok_and_how_many_runs_are_under_way(client, manager, small_digits, start, until) -> None:
    assert client.get("/api/health").json() == {"status": "ok", "active_runs": 0}
    run = start(replace(CONFIG, epochs=1000))
    until(lambda: run.status == "running")
    assert client.get("/api/health").json() == {"status": "ok", "active_runs": 1}


@pytest.fixture
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_when_the_server_ends_so_do_its_runs(manager, small_digits, start, until) -> None:
    with TestClient(Starlette(routes=routes, lifespan=lifespan)):
        run = start(replace(CONFIG, epochs=1000))
        until(lambda: run.status == "running")
    until(lambda: run.ended)
    assert [r.status for r in run.history if isinstance(r, StatusChanged)][-1] == "interrupted"


def test_looks_inside_come_once_by_asking_for_what_is_newer(client: TestClient, finished: Run) -> None:
    path = f"/api/runs/{finished.id}/inside?view=gradients&source=fixed&since="
    everything = client.get(path + "0").json()
    steps = [look["step"] for look in everything["looks"]]
    assert steps[0] == 0
    assert steps[-1] == finished.config.total_steps
    middle = everything["looks"][1]["seq"]
    assert [look["step"] for look in client.get(f"{path}{middle}").json()["looks"]] == steps[2:]
    assert client.get(f"{path}{everything['latest']}").json()["looks"] == []


def test_who_is_told_that_a_run_has_ended_has_been_given_its_last_look(
    client: TestClient, still: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_inside = still.seen_inside

    def the_run_ends_right_after(*asked: Any) -> tuple[int, list[Any]]:
        seen = seen_inside(*asked)
        monkeypatch.setattr(still, "_status", "finished")
        return seen

    monkeypatch.setattr(still, "seen_inside", the_run_ends_right_after)
    path = f"/api/runs/{still.id}/inside?view=gradients"
    assert [client.get(path).json()["status"] for _ in range(2)] == ["queued", "finished"]


def test_looks_inside_come_with_how_the_run_stands(
    client: TestClient, manager: RunManager, small_digits, start
) -> None:
    run = start(replace(CONFIG, arms=(CONFIG.arms[0],), activation="relu", learning_rate=1e9))
    manager.join(run, 60)
    answer = client.get(f"/api/runs/{run.id}/inside?view=gradients").json()
    assert answer["status"] == "failed"
    assert answer["message"].startswith("Every arm's loss stopped being a finite number")
    assert answer["diverged"].keys() == {run.config.arms[0].name}
    assert (answer["asked"], answer["place"], answer["replaced"]) == ("", 0, None)


def test_all_looks_of_a_run_that_has_ended_are_sent_once_to_a_browser_that_keeps_them(
    client: TestClient, finished: Run
) -> None:
    path = f"/api/runs/{finished.id}/inside?view=gradients&since=0"
    first = client.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    assert client.get(path, headers=known).status_code == 304
    assert client.get(f"{path}&lang=zh", headers=known).status_code == 200  # other words
    for others in (f"{path}&class=a", path.replace("since=0", "since=1")):
        answer = client.get(others, headers=known)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), others


def test_a_whole_look_and_the_networks_of_a_kept_step_can_be_asked_for(client: TestClient, finished: Run) -> None:
    run = f"/api/runs/{finished.id}"
    look = client.get(f"{run}/inside?view=activations&source=fixed&since=0").json()["looks"][0]
    assert set(client.get(f"{run}/inside/{look['seq']}").json()) == {arm.name for arm in finished.config.arms}
    first, now = (client.get(f"{run}/ask/maps?layer=conv1&image=2{at}").json() for at in ("&step=0", ""))
    assert (first["step"], now["step"]) == (0, finished.config.total_steps)
    assert (first["of"], now["of"]) == ("step", "end")
    assert first["arms"] != now["arms"]


def test_a_layer_that_is_not_there_is_answered_with_those_that_are(client: TestClient, finished: Run) -> None:
    answer = client.get(f"/api/runs/{finished.id}/ask/noise?layer=conv9")
    assert (answer.status_code, "conv1, conv2, fc1, fc2, fc3; got “conv9”" in answer.json()["error"]) == (400, True)


def test_questions_that_wait_for_the_device_keep_no_file_waiting(still: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read by threads, of which there is one here."""
    monkeypatch.setattr(api, "QUESTION_SECONDS", 2)

    server = Starlette(routes=routes)

    async def asked_and_loaded() -> tuple[bool, list[int]]:
        to_thread.current_default_thread_limiter().total_tokens = 1
        questions = [asyncio.create_task(status_of(server, f"/api/runs/{still.id}/ask/noise")) for _ in range(3)]
        while not still._questions:
            await asyncio.sleep(0)
        await status_of(server, "/vendor/plotly.min.js")
        answered = any(question.done() for question in questions)
        still.end("stopped")
        return answered, [await question for question in questions]

    with ThreadPoolExecutor(1) as another:  # this thread may have the browser tests' event loop
        assert another.submit(lambda: asyncio.run(asked_and_loaded())).result() == (False, [400] * 3)


async def status_of(server: Starlette, path: str) -> int:
    """What the server answers to GET `path`."""
    sent: list[dict[str, Any]] = []

    async def receive() -> None:
        await asyncio.Event().wait()  # nobody hangs up

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await server(scope, receive, send)
    return sent[0]["status"]
