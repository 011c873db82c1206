"""core.web.classes: how a class stands comes with the answers to what is asked anyway."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.experiment.config import ExperimentConfig
from core.runs.line import Line
from core.runs.manager import RunManager
from core.runs.run import Run
from core.web.routes import routes

TEACHER = "a teacher's secret"


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes))


@pytest.fixture
def still(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> Run:
    run = Run(ExperimentConfig(data="digits", examples=100, batch_size=50), Line(), grace=60)
    monkeypatch.setattr(manager, "find", lambda run_id: run if run_id == run.id else None)
    return run


@pytest.mark.parametrize("poll", ["points?since=0", "inside?view=gradients&since=0"])
def test_each_poll_of_a_run_brings_the_news_of_the_class_and_nothing_else_is_changed(
    client: TestClient, manager: RunManager, still: Run, poll: str
) -> None:
    lesson = manager.classes.begin(still.id, TEACHER)
    manager.classes.join(lesson.id, "somebody")
    alone = client.get(f"/api/runs/{still.id}/{poll}").json()
    together = client.get(f"/api/runs/{still.id}/{poll}&class={lesson.id}").json()
    news = together.pop("class")
    assert together == alone
    assert (news["run"], news["watching"]) == (still.id, 1)
    assert news == client.get(f"/api/classes/{lesson.id}").json()["class"]


def test_whoever_follows_hears_of_the_next_run_with_the_poll_of_the_one_before(
    client: TestClient, manager: RunManager, still: Run
) -> None:
    lesson = manager.classes.begin(still.id, TEACHER)
    manager.classes.show(TEACHER, "the next one")
    answer = client.get(f"/api/runs/{still.id}/points?class={lesson.id}").json()
    assert answer["class"]["run"] == "the next one"


@pytest.mark.parametrize("class_id", ["never was", "<b>", "../x", "x" * 3000, "ä"])
def test_a_class_that_is_not_known_has_ended(client: TestClient, still: Run, class_id: str) -> None:
    answer = client.get(f"/api/runs/{still.id}/points", params={"class": class_id})
    assert answer.json()["class"] == {"ended": True}
