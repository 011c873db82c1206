"""core.web.lessons: the lessons in both languages, and the verdict on a prediction from the step's own runs."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.lab import links
from core.lessons import recorded
from core.lessons.catalog import lesson
from core.lessons.lesson import Pointer
from core.lessons.recorded import Note
from core.web.lesson_steps import pointer as told_pointer
from core.web.routes import routes

SLUG = "vanishing-gradients"


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes))


@pytest.mark.parametrize(("language", "title"), [("en", "Why do the bottom"), ("zh", "为什么底部的层")])
def test_the_list_and_a_lesson_are_told_in_the_language_asked_for(client, language: str, title: str) -> None:
    listed = client.get("/api/lessons", params={"lang": language}).json()["lessons"]
    assert listed[0]["title"].startswith(title)
    found = client.get(f"/api/lessons/{SLUG}", params={"lang": language}).json()
    step = found["steps"][0]
    assert found["title"] == listed[0]["title"]
    assert [choice["key"] for choice in step["choices"]] == ["none", "bn", "ln", "alike"]
    assert step["why"].startswith("<p>")
    assert step["experiments"][0]["query"].startswith("data=digits&")


@pytest.mark.parametrize(
    ("slug", "number", "apart"),
    [
        ("vanishing-gradients", 3, ["activation sigmoid", "activation relu", "activation tanh"]),
        ("gamma-and-beta", 2, ["seed 0", "seed 1", "seed 2"]),
        ("small-batches", 4, [f"batch size {n}, learning rate {lr}" for n, lr in ((16, 0.05), (64, 0.2), (478, 1.5))]),
        ("vanishing-gradients", 1, [""]),
    ],
)
def test_experiments_of_a_step_are_told_apart_by_the_settings_in_which_they_differ(client, slug, number, apart) -> None:
    experiments = client.get(f"/api/lessons/{slug}").json()["steps"][number - 1]["experiments"]
    assert [each["apart"] for each in experiments] == apart


@pytest.mark.parametrize(
    ("slug", "number", "title", "unit"),
    [
        ("initialization-and-budget", 3, "Memory that one mini-batch’s forward pass keeps for the backward pass", "MB"),
        ("vanishing-gradients", 2, "Mean gradient of the first layer over that of the last", ""),
        ("small-batches", 5, "Spread of a mini-batch’s mean, in standard deviations of", "σ"),
    ],
)
def test_a_slider_says_what_it_is_of_and_in_which_unit(client, slug: str, number: int, title: str, unit: str) -> None:
    slider = client.get(f"/api/lessons/{slug}").json()["steps"][number - 1]["slider"]
    assert slider["title"].startswith(title)
    assert (slider["unit"], slider["percent"]) == (unit, False)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/api/lessons/nothing", "There is no lesson “nothing”."),
        (f"/api/lessons/{SLUG}?step=7", "got “7”"),
        (f"/api/lessons/{SLUG}?answers=maybe", "answers must be one of on, off"),
        (f"/api/lessons/{SLUG}/1/check?runs=abc&predicted=none", "not known here any more"),
        (f"/api/lessons/{SLUG}/1/check?runs=abc&predicted=rms", "predicted must be one of none, bn, ln, alike"),
        (f"/api/lessons/{SLUG}/1/check?runs=a,b&predicted=none", "one run for each experiment"),
        (f"/api/lessons/{SLUG}/9/check?runs=a&predicted=none", "got “9”"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(manager, client, address: str, says: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_the_verdict_is_on_the_runs_that_are_named(manager, start, client) -> None:
    run = start(lesson(SLUG).steps[0].experiments[0])
    manager.join(run, 60)
    found = {
        predicted: client.get(f"/api/lessons/{SLUG}/1/check?runs={run.id}&predicted={predicted}").json()
        for predicted in ("none", "bn")
    }
    assert (found["none"]["stands"], found["bn"]["stands"]) == ("right", "wrong")
    assert found["bn"]["answer"] == "none"
    assert found["bn"]["numbers"].startswith("Mean gradient of the first layer over that of the last")


@pytest.mark.slow
def test_a_run_with_other_settings_decides_nothing(manager, start, client) -> None:
    run = start(replace(lesson(SLUG).steps[0].experiments[0], seed=5))
    manager.join(run, 60)
    answer = client.get(f"/api/lessons/{SLUG}/1/check?runs={run.id}&predicted=none").json()
    assert answer["stands"] == "undecided"
    assert "other settings" in answer["says"]


# --- what is computed in place of a run ------------------------------------------------------------------------------

SHOWN = "/api/lessons/what-batch-norm-does/1/shown"
NINE = "1;2;0.5;3;0;4.5;9,5;5;1.5;6;1;3.5"  # 9.5 in place of 2, with a decimal comma


def test_before_the_prediction_there_is_the_matrix_alone(client) -> None:
    answer = client.get(SHOWN, params={"matrix": NINE}).json()
    (block,) = answer["blocks"]
    assert (block["typed"], answer["verdict"]) == (True, None)
    assert block["rows"][2]["cells"] == ["9.5", "5", "1.5"]


@pytest.mark.parametrize(("predicted", "stands"), [("column", "right"), ("row", "wrong")])
def test_the_verdict_is_on_what_was_typed(client, predicted: str, stands: str) -> None:
    answer = client.get(SHOWN, params={"matrix": NINE, "predicted": predicted}).json()
    assert (answer["verdict"]["stands"], answer["verdict"]["answer"]) == (stands, "column")
    assert [list(cell) for cell in answer["blocks"][-1]["marked"]] == [[0, 0], [1, 0], [2, 0], [3, 0]]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"matrix": "1;2"}, "matrix must have 12 numbers"),
        ({"matrix": NINE.replace("0.5", "x")}, "A value of the matrix"),
        ({"matrix": NINE.replace("0.5", "1e9")}, "Type a smaller one"),
        ({"matrix": NINE.replace("0.5", "nan")}, "Type a smaller one"),
        ({"predicted": "bn"}, "predicted must be one of cell, row, column, all"),
        ({"seed": "-1"}, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_computed_with_is_refused_in_a_sentence(client, asked: dict[str, str], says: str) -> None:
    answer = client.get(SHOWN, params=asked)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_a_step_with_an_experiment_computes_nothing_at_once(client) -> None:
    answer = client.get(f"/api/lessons/{SLUG}/1/shown")
    assert (answer.status_code, "runs an experiment" in answer.json()["error"]) == (400, True)


WHY, DECIDES, DIFFERENTLY = "Each sigmoid lets through", "run it with other seeds", "or 8 or 12 layers with weights"


def test_without_answers_nothing_that_answers_leaves_the_server(client) -> None:
    whole, kept_back = (client.get(f"/api/lessons/{SLUG}", params={"answers": answers}) for answers in ("on", "off"))
    for told in (WHY, DECIDES, DIFFERENTLY):
        assert told.lower() in whole.text.lower()
        assert told.lower() not in kept_back.text.lower()
    with_answers, without = (answer.json()["steps"][0] for answer in (whole, kept_back))
    assert with_answers.keys() - without.keys() == {"explains", "why", "decides", "differently", "pointers", "sweep"}
    assert without == {key: with_answers[key] for key in without}


@pytest.fixture
def its_recording(manager) -> Note:
    """That of the lesson, which the server comes with."""
    for run_id, read in recorded.runs():
        manager.comes_with(run_id, read)
    noted = recorded.note(SLUG, 1, 0)
    assert noted is not None
    return noted


def test_a_lesson_names_its_recorded_runs_with_when_and_where_they_were_made(its_recording: Note, client) -> None:
    (experiment,) = client.get(f"/api/lessons/{SLUG}").json()["steps"][0]["experiments"]
    assert experiment["recorded"]["id"] == its_recording.id == f"recorded-{SLUG}-1-1"
    assert experiment["recorded"]["when"] > 1.79e9
    assert experiment["recorded"]["processor"]


def test_the_verdict_on_a_recorded_run_is_that_of_its_numbers(its_recording: Note, client) -> None:
    address = f"/api/lessons/{SLUG}/1/check?runs={its_recording.id}"
    found = {predicted: client.get(f"{address}&predicted={predicted}").json() for predicted in ("none", "bn")}
    assert (found["none"]["stands"], found["bn"]["stands"]) == ("right", "wrong")
    assert "LayerNorm 0.077" in found["bn"]["numbers"]


def test_without_answers_the_verdict_is_kept_back_and_the_numbers_are_told(its_recording: Note, client) -> None:
    address = f"/api/lessons/{SLUG}/1/check?runs={its_recording.id}&predicted=bn"
    with_answers, without = (client.get(f"{address}&answers={answers}").json() for answers in ("on", "off"))
    assert without == {"numbers": with_answers["numbers"], "decided": with_answers["stands"] != "undecided"}


@pytest.mark.parametrize(
    ("slug", "number", "leads"),
    [
        ("learning-rate-limit", 1, True),
        ("vanishing-gradients", 1, False),
        ("small-batches", 4, False),
        ("parts-of-batch-norm", 1, False),
        ("batch-norm-and-dropout", 1, False),
        ("initialization-and-budget", 4, False),
    ],
    ids=["of a test", "of a look", "of several experiments", "of batch statistics", "of a gap", "of how many steps"],
)
def test_a_question_that_the_lab_concludes_from_leads_there_with_five_seeds(
    client, slug: str, number: int, leads: bool
) -> None:
    query = client.get(f"/api/lessons/{slug}").json()["steps"][number - 1]["sweep"]
    assert bool(query) is leads
    if leads:
        sweep = links.from_query(dict(parse_qsl(query)))
        assert (sweep.base, sweep.seeds) == (lesson(slug).steps[number - 1].experiments[0], 5)


def test_a_pointer_names_a_layer_and_a_step_that_its_page_shows(client) -> None:
    (pointer,) = client.get(f"/api/lessons/{SLUG}").json()["steps"][0]["pointers"]
    assert (pointer["page"], pointer["layer"], pointer["step"]) == ("gradients", "conv1", 0)
    step = lesson(SLUG).steps[0]
    elsewhere = told_pointer(step, Pointer("activations"))
    assert (elsewhere["layer"], elsewhere["step"]) == ("conv1", step.experiments[0].total_steps)
    assert elsewhere["text"] == "Activations"
