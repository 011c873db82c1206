"""core.web.lab: what the lab's page is told, how little of it, and what it is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from pyarrow import parquet
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.environment import Lab
from core.experiment.rules import ConfigError
from core.lab import laboratory as module
from core.lab.arrived import Findings
from core.lab.document import as_file
from core.lab.laboratory import Laboratory
from core.lab.links import from_query, to_query
from core.lab.ready_made import READY_MADE
from core.lab.sweep import Sweep
from core.runs.manager import RunManager
from core.web import lab as routes_of_lab
from core.web.owner import OWNER_COOKIE
from core.web.routes import routes
from core.web.turns import Turns
from tests.core.lab.gated import Gated, Made, quick
from tests.fixtures import wait_until as until

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
SWEEP = Sweep(BASE, (("lr", (0.1, 10.0)),), seeds=2)


TOO_MANY = (
    "A sweep has up to 400 entries, one for each combination, seed and arm; got 1,000,000. "
    "Take fewer values, seeds or arms."
)
A_MILLION = ";".join(f"{name}={','.join(f'{n / 1000:g}' for n in range(1, 501))}" for name in ("lr", "momentum"))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Gated:
    found = Gated()
    monkeypatch.setattr(module, "begin_engine", lambda *rest, **how: found)
    return found


@pytest.fixture
def here(engine: Gated, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laboratory]:
    found = Laboratory(RunManager(device=torch.device("cpu")), Lab(True, minutes=30))
    found._timing.estimate = quick  # type: ignore[method-assign]
    monkeypatch.setattr(routes_of_lab, "laboratory", lambda: found)
    yield found
    found.shutdown(30)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes), cookies={OWNER_COOKIE: "mine"})


def progress(client: TestClient, sweep_id: str, **asked: int) -> dict[str, Any]:
    answer = client.get(f"/api/lab/{sweep_id}/progress", params=asked)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_what_can_be_asked_is_said_in_the_readers_language(client: TestClient, here: Laboratory) -> None:
    english = client.get("/api/lab").json()
    assert [each["name"] for each in english["questions"]] == list(READY_MADE)
    for each in english["questions"]:
        query = to_query(Sweep(BASE)) | {"vary": each["vary"], "seeds": str(each["seeds"])}
        if each["name"] != "batch-norm":  # of 80 images no batch of 256
            assert from_query(query).varied == READY_MADE[each["name"]].varied
    chinese = client.get("/api/lab", params={"lang": "zh"}).json()
    assert not {each["answers"] for each in chinese["questions"]} & {each["answers"] for each in english["questions"]}
    assert (english["off"], english["begun"], english["current"]) == ("", [], None)
    here.allowed = Lab(False)
    assert "NORMSCOPE_LAB=off" in client.get("/api/lab").json()["off"]
    assert client.get("/api/lab/plan", params=to_query(SWEEP)).status_code == 400


def test_a_plan_says_what_it_takes_before_anything_begins(client: TestClient, here: Laboratory, engine: Gated) -> None:
    plan = client.get("/api/lab/plan", params=to_query(SWEEP)).json()
    assert (plan["entries"], plan["runs"], plan["missing"], plan["minutes"]) == (8, 4, 4, 30)
    assert plan["seconds"] == pytest.approx(quick(here.open(SWEEP).asked_points, 1).seconds / 1)
    common = ["training images 80", "batch size 24", "epochs 1"]
    assert (plan["data"], plan["base"]) == ("digits", common)
    assert plan["varied"] == [
        {"name": "lr", "label": "Learning rate", "values": ["0.1", "10.0"], "texts": ["0.1", "10"]}
    ]
    assert from_query(dict(pair.split("=", 1) for pair in plan["link"].split("&"))) == SWEEP
    assert engine.submitted == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vary": "lr=0.1,-1"}, "Learning rate: The learning rate must be a finite number above 0; got -1."),
        ({"vary": "depth=5,6"}, "Layers with weights: It must be one of 5, 8, 12; got “6”. Use one of them."),
        ({"vary": "colour=1"}, "Vary: It must be one of"),
        ({"seeds": "1e6"}, "Seeds: It must be a whole number; got “1e6”. Write it like 20."),
        ({"seeds": ""}, "Seeds: It is empty and must be a whole number. Write it like 20."),
        ({"seeds": "0"}, "Seeds: A sweep takes 1 to 20 seeds, counted from the base's; got 0. Use 1 to 20."),
        ({"seeds": "1000000"}, "Seeds: A sweep takes 1 to 20 seeds, counted from the base's; got 1,000,000."),
        ({"vary": A_MILLION}, TOO_MANY),
        ({"vary": "lr="}, "Learning rate: It has no values yet; what is varied has one or more, with commas between"),
        ({"vary": "lr=0.1,0.1"}, "Learning rate: What is varied has one value or more, each once; got “0.1, 0.1”."),
        ({"vary": "lr-rule=fixed"}, "Vary: learning rate by batch size says how the learning rate follows the batch"),
        ({"validation": "0.9"}, "Held-out share: The share of the training images"),
        ({"batch": "x"}, "“batch=x” in the link cannot be used. It must be a whole number"),
        ({"nonsense": "1"}, "Unknown setting “nonsense” in the link cannot be used."),
    ],
)
def test_a_sweep_that_is_none_is_400_with_the_rule(
    change: dict[str, str], said: str, client: TestClient, here: Laboratory
) -> None:
    answer = client.get("/api/lab/plan", params=to_query(SWEEP) | change)
    assert (answer.status_code, answer.json()["error"][: len(said)]) == (400, said)
    with pytest.raises(ConfigError) as refused:  # what is ordered is refused in the same words
        here.begin(to_query(SWEEP) | change, "mine")
    assert (str(refused.value), here.current) == (answer.json()["error"], None)


def test_only_what_is_new_is_told_and_all_of_it_when_the_sweep_was_begun_again(
    client: TestClient, here: Laboratory, engine: Gated
) -> None:
    sweep = here.begin(to_query(SWEEP), "mine")
    engine.let(1)
    until(lambda: sweep.done == 1)
    first = progress(client, sweep.id)
    assert (first["status"], first["done"], first["total"], first["mine"]) == ("running", 1, 4, True)
    assert [(group["where"], group["arm"]) for group in first["groups"]] == [(["0.1"], "none"), (["0.1"], "bn")]
    same = progress(client, sweep.id, since=first["latest"], generation=first["generation"])
    assert (same["groups"], same["latest"]) == ([], first["latest"])
    engine.let(2)
    until(lambda: sweep.done == 3)
    news = progress(client, sweep.id, since=first["latest"], generation=first["generation"])
    assert [(group["where"], group["seeds"]) for group in news["groups"]] == [
        (["10.0"], 1), (["10.0"], 1), (["0.1"], 2), (["0.1"], 2)
    ]  # fmt: skip
    lost, kept = news["groups"][0], news["groups"][2]
    assert (lost["fate"], lost["validation"], lost["band"]["median"]) == ("fails", None, [])
    assert kept["validation"] == pytest.approx({"n": 2, "median": 1 / 1.1, "low": 1 / 1.1, "high": 1 / 1.1})
    assert kept["cost"] == {"n": 2, "median": 2.5, "low": 2.5, "high": 2.5}
    assert kept["band"] == {"steps": [1, 2], "median": [2, 1.5], "low": [2, 1], "high": [2, 2], "n": [2, 2]}
    here.wish(sweep.id, "cancel", "mine")
    until(lambda: not sweep.is_under_way)
    here.begin(to_query(SWEEP), "mine")
    until(lambda: sweep.status == "running")
    again = progress(client, sweep.id, since=news["latest"], generation=news["generation"])
    assert len(again["groups"]) == 4


def test_who_watches_is_not_the_owner_and_says_no_key(client: TestClient, here: Laboratory) -> None:
    sweep = here.begin(to_query(SWEEP), "another's")
    answer = client.get(f"/api/lab/{sweep.id}/progress")
    assert answer.json()["mine"] is False
    assert "another's" not in answer.text
    assert client.get("/api/lab").json()["current"]["id"] == sweep.id


def test_the_entries_can_be_taken_away(client: TestClient, here: Laboratory, engine: Gated) -> None:
    sweep = here.begin(to_query(replace(SWEEP, seeds=1)), "mine")
    engine.let(2)
    until(lambda: sweep.status == "finished")
    address = f"/api/lab/{sweep.id}/export"
    rows = list(csv.DictReader(io.StringIO(client.get(f"{address}/csv").text)))
    assert {row["step_milliseconds"] for row in rows} == {"2.5"}
    assert [(row["lr"], row["norm"], row["status"]) for row in rows] == [
        ("0.1", "none", "finished"), ("0.1", "bn", "finished"), ("10.0", "none", "diverged"), ("10.0", "bn", "diverged")
    ]  # fmt: skip
    table = parquet.read_table(io.BytesIO(client.get(f"{address}/parquet").content)).to_pylist()
    assert [(row["lr"], row["validation_accuracy"]) for row in table[1:3]] == [(0.1, 1 / 1.1), (10.0, None)]
    document = json.loads(client.get(f"{address}/json", params={"lang": "zh"}).text)
    assert (document["status"], len(document["points"])) == ("finished", 4)
    assert document["groups"][0]["step_milliseconds"] == {"n": 1, "median": 2.5, "low": 2.5, "high": 2.5}
    assert "BatchNorm: best with learning rate 0.1" in document["conclusions"]["sentences"][1]
    page = client.get(f"{address}/report", params={"lang": "zh"})
    assert page.headers["content-disposition"].endswith(f'normscope-sweep-{sweep.id}.html"')
    assert (page.text[:15], 'lang="zh-CN"' in page.text, "http://testserver/lab?data=" in page.text) == (
        "<!doctype html>", True, True
    )  # fmt: skip
    assert client.get(f"{address}/xlsx").status_code == 400
    assert client.get("/api/lab/none/export/csv").status_code == 404
    assert client.get("/api/lab/none/progress").json()["unknown"] is True


def test_what_is_measured_along_the_gradient_is_taken_away_step_by_step(
    client: TestClient, here: Laboratory, engine: Gated
) -> None:
    sweep = here.begin(to_query(replace(SWEEP, along=True)), "mine")
    engine.let(9)
    until(lambda: sweep.status == "finished")
    address = f"/api/lab/{sweep.id}/export"
    told = [[3, 0.5], [7, -0.5]], [[3, 0.5], [7, None]]  # of seed 0, and of seed 1, one of whose numbers is not finite
    points = json.loads(client.get(f"{address}/json").text)["points"]
    assert [each["along_by_step"]["cosine"] for each in points[::4]] == [told[0], told[1]]
    assert points[0]["along_by_step"]["loss_range"] == [[3, 0.1]]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{address}/csv").text)))
    assert [json.loads(each["along_cosine_by_step"]) for each in rows[::4]] == [told[0], told[1]]
    table = parquet.read_table(io.BytesIO(client.get(f"{address}/parquet").content)).to_pylist()
    assert json.loads(table[4]["along_cosine_by_step"]) == told[1]
    found, first = dict(here._remembered._found), sweep.asked_points[0].key
    findings = Findings.of(sweep.sweep, {key: found[key] for key in found if key != first}, {first: "no memory"})
    table = parquet.read_table(io.BytesIO(as_file([findings], "finished", "parquet"))).to_pylist()
    assert [each["along_cosine_by_step"] is None for each in table] == [True] * 2 + [False] * 6
    without = here.begin(to_query(SWEEP), "mine")
    until(lambda: without.status == "finished")
    assert "by_step" not in client.get(f"/api/lab/{without.id}/export/json").text


def test_when_the_rates_are_chosen_seeds_there_are_offered(client: TestClient, here: Laboratory, engine: Gated) -> None:
    sweep = here.begin(to_query(replace(SWEEP, varied=(("lr", (0.1, 1.0)),), seeds=1)), "mine")
    engine.let(1)
    until(lambda: sweep.done == 1)
    assert progress(client, sweep.id)["next"] is None
    engine.let(1)
    until(lambda: sweep.status == "finished")
    following = progress(client, sweep.id)["next"]
    best = from_query(dict(pair.split("=", 1) for pair in following["link"].split("&")))
    assert ([arm.name for arm in best.base.arms], best.seeds) == (["none:lr=0.1", "bn:lr=0.1"], 5)


def test_a_question_that_is_two_is_told_as_one_with_the_plan_of_its_second_part_once_it_is_known(
    client: TestClient, here: Laboratory, engine: Gated
) -> None:
    question = to_query(replace(SWEEP, seeds=1, then=5))
    plan = client.get("/api/lab/plan", params=question).json()
    assert (plan["runs"], plan["entries"], plan["after"]) == (2 + 5, 14, 5)
    sweep = here.begin(question, "mine")
    engine.let(1)
    until(lambda: sweep.done == 1)
    first = progress(client, sweep.id)
    assert (first["total"], first["following"]) == (7, None)
    engine.let(9)
    until(lambda: sweep.status == "finished")
    whole = progress(client, sweep.id, since=first["latest"], generation=first["generation"])
    assert [(group["part"], group["arm"], group["seeds"]) for group in whole["groups"]] == [
        (0, "none", 1), (0, "bn", 1), (1, "none:lr=0.1", 5), (1, "bn:lr=0.1", 5)
    ]  # fmt: skip
    assert ([arm["name"] for arm in whole["following"]["arms"]], whole["following"]["seeds"]) == (
        ["none:lr=0.1", "bn:lr=0.1"], 5
    )  # fmt: skip
    address = f"/api/lab/{sweep.id}/export"
    rows = list(csv.DictReader(io.StringIO(client.get(f"{address}/csv").text)))
    assert [row["norm"] for row in rows[:4:2]] + [row["lr"] for row in rows[4:]] == ["none", "none", *["0.1"] * 10]
    table = parquet.read_table(io.BytesIO(client.get(f"{address}/parquet").content)).to_pylist()
    assert [row["lr"] for row in table] == [0.1, 0.1, 10.0, 10.0, *[0.1] * 10]
    found = json.loads(client.get(f"{address}/json").text)
    assert (len(found["sweeps"]), len(found["points"]), len(found["groups"])) == (2, 14, 6)
    assert found["conclusions"]["chosen"] == {
        "none": {"lr": 0.1}, "bn": {"lr": 0.1}, "none:lr=0.1": {}, "bn:lr=0.1": {}
    }  # fmt: skip
    assert [each["arm"] for each in found["conclusions"]["largest_rates"]] == ["none", "bn"]
    assert [each["n"] for each in found["conclusions"]["pairs"]] == [5]
    assert client.get(f"{address}/report").text.count("<article>") == 2


def test_who_asks_for_a_plan_while_many_wait_for_theirs_is_told_to_come_again(
    client: TestClient, here: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_of_lab, "ESTIMATES", Turns(at_once=0, waiting=0), raising=False)
    assert client.get("/api/lab/plan", params=to_query(SWEEP)).status_code == 503


def test_a_part_that_is_taken_away_of_a_sweep_of_before_is_not_called_finished(
    client: TestClient, here: Laboratory, engine: Gated
) -> None:
    def taken() -> tuple[str, int]:
        found = client.get(f"/api/lab/{here.open(SWEEP).id}/export/json").json()
        return found["status"], len(found["points"])

    assert taken() == ("interrupted", 0)
    another = Made(SWEEP, here._remembered)
    another.engine.let(3)
    another.sweep.begin("key")
    until(lambda: another.sweep.done == 3)
    assert taken() == ("interrupted", 6)
    another.engine.let(1)
    another.end()
    assert taken() == ("finished", 8)
