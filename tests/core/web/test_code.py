"""core.web.code: an experiment's program, of a run and of settings, as files."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import nbformat
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.links import to_query
from core.exports.script import script
from core.language.speech import speaking
from core.runs.line import Line
from core.runs.run import Run
from core.training.records import LearningRateChanged
from core.web.routes import routes

CONFIG = ExperimentConfig(
    data="digits", examples=64, batch_size=32, arms=(parse_arm("bn:book"), parse_arm("ln:lr=0.5"))
)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes))


@pytest.fixture
def run(manager, monkeypatch: pytest.MonkeyPatch) -> Run:
    run = Run(CONFIG, Line(), grace=60)
    run.publish(LearningRateChanged(3, 0.1, 0.25))
    monkeypatch.setattr(manager, "find", lambda run_id: run if run_id == run.id else None)
    return run


def test_a_run_gives_its_program_with_what_was_done_to_it(client, run) -> None:
    answer = client.get(f"/api/runs/{run.id}/experiment.py")
    assert answer.text == script(CONFIG, run.history)
    assert "NEW_LEARNING_RATES = {3: 0.25}" in answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="experiment.py"'
    assert answer.headers["cache-control"] == "no-store"


def test_settings_give_the_program_of_what_the_link_would_run(client) -> None:
    assert client.get(f"/api/experiment.py?{urlencode(to_query(CONFIG))}").text == script(CONFIG)
    assert client.get("/api/experiment.py").text == script(ExperimentConfig())


def test_a_program_is_in_the_language_asked_for(client, run) -> None:
    for path in (f"/api/runs/{run.id}/experiment.py?", f"/api/experiment.py?{urlencode(to_query(CONFIG))}&"):
        facts = run.history if "runs" in path else ()
        with speaking("zh"):
            expected = script(CONFIG, facts)
        assert client.get(f"{path}lang=zh").text == expected != script(CONFIG, facts)


def test_a_notebook_is_served_as_one(client, run) -> None:
    answer = client.get(f"/api/runs/{run.id}/experiment.ipynb")
    nbformat.validate(nbformat.from_dict(json.loads(answer.text)))
    assert answer.headers["content-disposition"] == 'attachment; filename="experiment.ipynb"'


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("lr=-1", "“lr=-1” in the link cannot be used."),
        ("quux=1", "Unknown setting “quux” in the link cannot be used."),
        ("arms=bn&batch=1", "cannot be used"),
    ],
)
def test_settings_that_cannot_be_run_have_no_program_and_say_why(client, query: str, why: str) -> None:
    answer = client.get(f"/api/experiment.py?{query}")
    assert answer.status_code == 400
    assert why in answer.json()["error"]


def test_another_form_is_refused(client) -> None:
    answer = client.get("/api/experiment.exe")
    assert (answer.status_code, answer.json()) == (400, {"error": "form must be one of py, ipynb; got “exe”"})


def test_an_unknown_run_is_404(client, manager) -> None:
    answer = client.get("/api/runs/nobody/experiment.py")
    assert (answer.status_code, answer.json()["gone"]) == (404, True)
