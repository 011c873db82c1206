"""How the server stands, as Prometheus reads it: what was answered and how fast, the runs, the store; no visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.manager import RunManager
from core.runs.run import Run
from core.web import metrics
from core.web.metrics import ANSWERED, Measuring, route_of
from core.web.routes import ADDRESSES, TAKING, routes

CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=50, epochs=1000, arms=(parse_arm("none"),))


@pytest.fixture
def told(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, float]]:
    """told(): every sample by its name and labels, as Prometheus' own reader has it."""
    client = TestClient(Starlette(routes=routes))

    def samples() -> dict[str, float]:
        monkeypatch.setattr(metrics, "_told", (-1e9, b""))
        families = text_string_to_metric_families(client.get("/api/metrics").text)
        return {" ".join([s.name, *s.labels.values()]): s.value for family in families for s in family.samples}

    return samples


def answered(route: str, status: int) -> float:
    return sum(
        sample.value
        for sample in ANSWERED.labels(route, status)._child_samples()  # type: ignore[attr-defined]
        if sample.name == "_count"
    )


def test_runs_watchers_and_the_pace_of_the_one_that_computes_are_told(
    told, manager, small_digits, start, until
) -> None:
    assert told()["normscope_runs running"] == 0
    first, second = start(CONFIG), start(CONFIG)
    second.join("another watcher")
    until(lambda: first.snapshot().step > 25)
    now = told()
    assert (now["normscope_runs running"], now["normscope_runs queued"], now["normscope_watchers"]) == (1, 1, 3)
    assert 0 < now["normscope_step_seconds"] < 60
    assert now["process_resident_memory_bytes"] > 10**8


def test_the_store_says_what_it_takes_and_what_is_not_written_yet(told, manager, still_kept) -> None:
    now = told()
    assert now["normscope_store_bytes"] == sum(
        path.stat().st_size for path in (manager.shelf.home / "runs").rglob("*") if path.is_file()
    )
    assert now["normscope_store_limit_bytes"] == 10**9
    assert now["normscope_store_unwritten_records"] == 0


@pytest.fixture
def still_kept(manager: RunManager, tmp_path: Path, small_digits: object) -> Run:
    """A run that has ended and is on the disk."""
    from core.runs.writer import Writer
    from core.store.shelf import Shelf

    manager.shelf = Shelf(tmp_path, 10**9)
    manager.writer = Writer(manager.shelf)
    run = manager.submit(ExperimentConfig(**{**{f: getattr(CONFIG, f) for f in CONFIG.__slots__}, "epochs": 1}))
    run.join("a watcher")
    manager.join(run, 60)
    manager.writer.wait_for(run, 60)
    return run


@pytest.mark.parametrize("base", ["", "norm"])
def test_each_answer_is_counted_by_route_and_status_with_its_time(base: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if "broken" in scope["path"]:
            raise RuntimeError
        await send({"type": "http.response.start", "status": int(scope["query_string"])})

    async def ask(path: str, status: bytes) -> None:
        async def send(message: Any) -> None:
            pass

        scope = {"type": "http", "path": f"/{base}{path}".replace("//", "/"), "query_string": status}
        await Measuring(app, base)(scope, None, send)

    async def all_of_them() -> None:
        for status in (b"200", b"200", b"429"):
            await ask("/api/runs/abc/points", status)
        with pytest.raises(RuntimeError):
            await ask("/api/terms/broken", b"200")

    before = [answered("runs/points", 200), answered("runs/points", 429), answered("terms", 500)]
    with ThreadPoolExecutor(1) as another:  # this thread may have the browser tests' event loop
        another.submit(lambda: asyncio.run(all_of_them())).result()
    after = [answered("runs/points", 200), answered("runs/points", 429), answered("terms", 500)]
    assert [now - then for then, now in zip(before, after, strict=True)] == [2, 1, 1]


def test_every_route_has_a_name_and_nobody_makes_up_others() -> None:
    names = {route_of(address.replace("{run_id}", "abc").replace("{form}", "py")) for address in (*ADDRESSES, *TAKING)}
    assert {
        "runs",
        "runs/points",
        "runs/export",
        "experiment",
        "terms",
        "lessons",
        "import",
        "assets",
        "vendor",
    } <= names
    assert "pages" not in names
    assert {route_of(path) for path in ("/api/x", "/api/runsx", "/api/runs/a/b/c", "/x", "/", "//api")} == {
        "api",
        "runs",
        "pages",
    }


def test_the_route_can_be_closed(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(Starlette(routes=routes))
    assert client.get("/api/metrics").status_code == 200
    monkeypatch.setenv("NORMSCOPE_METRICS", "off")
    closed = client.get("/api/metrics")
    assert closed.status_code == 404
    assert b"normscope_runs" not in closed.content
