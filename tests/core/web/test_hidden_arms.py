"""Hidden arms train, and nothing of them leaves the server: what every route answers of a run that hides some."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.formats import FORMATS
from core.lessons import catalog
from core.runs import gallery
from core.runs.hidden import LATER, hide, reveal, show
from core.runs.kept_run import KeptRun
from core.runs.line import Line
from core.runs.manager import RunManager
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.store.card import Label, write_label
from core.store.shelf import Shelf
from core.training.records import ArmDiverged, StatusChanged, to_finite
from core.web.lessons import HIDES
from core.web.routes import ADDRESSES, routes

ME, SOMEBODY = "a secret", "another"
SHOWN, HIDDEN = "none", ("bn:dropout=0.31", "rms:dropout=0.29")
NAMES = [*HIDDEN, "BatchNorm", "RMSNorm"]
CONFIG = ExperimentConfig(
    data="digits",
    examples=300,
    batch_size=50,
    epochs=1,
    activation="relu",
    arms=tuple(map(parse_arm, (SHOWN, *HIDDEN))),
)
ASKED = {
    "/api/runs": ["/api/runs?known={id}"],
    "/api/runs/{run_id}/points": ["/api/runs/{id}/points", "/api/runs/{id}/points?since=3&lang=zh"],
    "/api/runs/{run_id}/results.json": ["/api/runs/{id}/results.json"],
    "/api/runs/{run_id}/export/{format}": [f"/api/runs/{{id}}/export/{format}" for format in FORMATS],
    "/api/runs/{run_id}/inside": [
        f"/api/runs/{{id}}/inside?view={view}{layer}"
        for view in ("gradients", "activations", "parameters", "depth")
        for layer in ("", "&layer=conv2")
    ],
    "/api/runs/{run_id}/inside/{sequence}": ["/api/runs/{id}/inside/1", "/api/runs/{id}/inside/3"],
    "/api/runs/{run_id}/ask/{question}": [
        "/api/runs/{id}/ask/maps?layer=fc2",
        "/api/runs/{id}/ask/maps?layer=conv1&step=2",
        "/api/runs/{id}/ask/noise?layer=fc2",
        "/api/runs/{id}/ask/recalibration",
    ],
    "/api/runs/{run_id}/experiment.{form}": ["/api/runs/{id}/experiment.py", "/api/runs/{id}/experiment.ipynb"],
}
NUMBER = re.compile(r"-?\d+\.\d{7,}(?:e-?\d+)?")  # so long that two are the same by no chance


class Server:
    """One that is started anew, on the same shelf, when a test says so; the one before is told to end."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self._home, self._patch = home, patch
        self.manager = self.start()

    def start(self) -> RunManager:
        manager = RunManager(device=torch.device("cpu"), grace=60, shelf=Shelf(self._home, 10**9))
        for where in ("core.web.api", "core.web.points", "core.web.exported", "core.web.lessons", "core.runs.library"):
            self._patch.setattr(f"{where}.manager", lambda: manager)
        self.manager = manager
        return manager

    def start_anew(self) -> RunManager:
        self.manager.shutdown(60)
        return self.start()

    def run_to_the_end(self, config: ExperimentConfig, hides: bool = True) -> Run | KeptRun:
        run = self.manager.submit(config, key=ME, hides=hides)
        self.manager.join(run, 60)
        return self.manager.settled(run.id)


@pytest.fixture(scope="module")
def server(small_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "load", lambda *rest: small_images)
        patch.setattr("core.runs.writer.BATCH_SECONDS", 0.01)
        patch.setattr("core.runs.kept_run.ENDED_SECONDS", 0)
        server = Server(tmp_path_factory.mktemp("home"), patch)
        yield server
        server.manager.shutdown(60)


@pytest.fixture(scope="module")
def ended(server: Server) -> KeptRun:
    return server.run_to_the_end(CONFIG)


@pytest.fixture
def hiding(server: Server, ended: KeptRun) -> KeptRun:
    """A run that has ended, was kept, and hides all arms but the first: one for all tests."""
    run = server.manager.find(ended.id)
    hide(run, ME)
    return run


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes))


def told(client: TestClient, run_id: str) -> dict[str, str]:
    """All that the routes say of the run to who knows its id, and to its owner."""
    texts = {}
    for key, addresses in (
        (SOMEBODY, chain.from_iterable(ASKED.values())),
        (ME, [*ASKED["/api/runs"], "/api/runs/{id}/points"]),
    ):
        client.cookies.set("normscope_owner", key)
        texts |= {f"{key} {address}": client.get(address.format(id=run_id)).text for address in addresses}
    return texts


def hidden_numbers(run: Any) -> set[str]:
    """All long numbers that were measured of hidden arms and not, since all start alike, of the one that is shown."""
    return _numbers_of(run, HIDDEN) - _numbers_of(run, (SHOWN,))


def _numbers_of(run: Any, names: tuple[str, ...]) -> set[str]:
    _, looks = run.seen_inside(0, "fixed")
    mine = [
        [each for record in run.history for each in _of(to_finite(record), names)],
        [each for look in looks for view in ("gradients", "activations") for each in _of(getattr(look, view), names)],
    ]
    return set(NUMBER.findall(repr(mine)))


def _of(value: Any, names: tuple[str, ...]) -> Iterator[Any]:
    """What lies below one of the names, however deep."""
    for name, each in value.items() if isinstance(value, dict) else ():
        yield from [each] if name in names else _of(each, names)


def check_nothing_leaks(client: TestClient, run: Any, numbers: set[str]) -> None:
    for address, text in told(client, run.id).items():
        assert not [name for name in NAMES if name in text], address
        assert not numbers & set(NUMBER.findall(text)), address


def test_every_route_that_speaks_of_runs_is_asked_here() -> None:
    assert {address for address in ADDRESSES if address.startswith("/api/runs")} == set(ASKED)


def test_no_route_tells_of_a_hidden_arm_while_it_trains_nor_when_the_run_goes_on_in_another_server(
    server, client, until
) -> None:
    run = server.manager.submit(CONFIG, key=ME, hides=True)
    run.step_once(ME)
    until(lambda: run.status == "paused" and run.snapshot().step == 1)
    numbers = hidden_numbers(run)
    assert len(numbers) > 100
    check_nothing_leaks(client, run, numbers)
    assert SHOWN in client.get(f"/api/runs/{run.id}/points").text
    again = server.start_anew().resume(run.id, ME)
    server.manager.join(again, 60)
    assert again.hidden == server.manager.shelf.card(run.id).hidden == HIDDEN


def test_no_route_tells_of_a_hidden_arm_of_a_run_that_has_ended_nor_after_a_restart(server, client, hiding) -> None:
    hidden = hidden_numbers(hiding)
    check_nothing_leaks(client, hiding, hidden)
    kept = server.start_anew().find(hiding.id)
    assert kept is not hiding
    check_nothing_leaks(client, kept, hidden)


def test_what_is_told_of_the_others_is_what_a_run_of_them_alone_tells(server, client, hiding) -> None:
    alone = server.run_to_the_end(replace(CONFIG, arms=CONFIG.arms[:1]))
    for view in ("gradients", "activations", "parameters", "depth"):
        mine, its = (client.get(f"/api/runs/{run.id}/inside?view={view}").json() for run in (hiding, alone))
        assert mine["looks"] == its["looks"]
        assert mine["arms"] == its["arms"]
    mine, its = (client.get(f"/api/runs/{run.id}/points").json() for run in (hiding, alone))
    assert mine["state"]["verdict"] == its["state"]["verdict"] != ""
    assert [_untimed(record) for record in mine["records"]] == [_untimed(record) for record in its["records"]]
    assert (mine["state"]["hidden"], its["state"]["hidden"]) == (2, 0)


def _untimed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("seconds", "seq")}


def test_a_revealed_arm_comes_with_its_whole_history_and_the_next_stays_hidden(client, hiding) -> None:
    reveal(hiding, ME)
    answer = client.get(f"/api/runs/{hiding.id}/points").json()
    tests = [record for record in answer["records"] if record["kind"] == "test"]
    assert answer["state"]["hidden"] == 1
    assert [set(test["accuracy"]) for test in tests] == [{SHOWN, HIDDEN[0]}] * len(tests) != []
    assert "BatchNorm" in answer["state"]["verdict"]
    assert "RMSNorm" not in str(told(client, hiding.id).values())
    assert client.get(f"/api/runs/{hiding.id}/export/json").status_code == 400
    reveal(hiding, ME)
    assert client.get(f"/api/runs/{hiding.id}/points").json()["state"]["hidden"] == 0
    assert HIDDEN[1] in client.get(f"/api/runs/{hiding.id}/results.json").text
    assert client.get(f"/api/runs/{hiding.id}/export/json").status_code == 200


def test_who_has_missed_nothing_is_told_that_all_is_to_be_asked_for_again(client, hiding) -> None:
    since = client.get(f"/api/runs/{hiding.id}/points").json()["latest"]
    before = client.get(f"/api/runs/{hiding.id}/points?since={since}").json()
    reveal(hiding, ME)
    after = client.get(f"/api/runs/{hiding.id}/points?since={since}").json()
    assert (before["records"], after["records"]) == ([], [])
    assert (before["state"]["hidden"], after["state"]["hidden"]) == (2, 1)


@pytest.mark.parametrize("order", [hide, reveal])
def test_only_the_owner_hides_and_reveals(hiding, order) -> None:
    for run in (hiding, _begun()):
        with pytest.raises(NotTheOwner):
            order(run, SOMEBODY)
        assert run.hidden == HIDDEN


def _begun() -> Run:
    run = Run(CONFIG, Line(), grace=60, key=ME)
    hide(run, ME)
    return run


def test_why_a_run_failed_is_not_told_by_a_hidden_arm(server, client) -> None:
    arms = tuple(map(parse_arm, ("none:dropout=0.3", "none:dropout=0.41")))
    run = server.run_to_the_end(replace(CONFIG, learning_rate=1e9, arms=arms), hides=False)
    first = next(record.arm for record in run.history if isinstance(record, ArmDiverged))
    run.hide(ME, (first,))
    last = [record for record in run.history if isinstance(record, StatusChanged)][-1]
    assert (last.status, last.message.values["arm"]) == ("failed", first)
    answer = client.get(f"/api/runs/{run.id}/points").json()
    told_last = [record["message"] for record in answer["records"] if record["kind"] == "status"][-1]
    assert told_last == str(LATER)
    assert first not in re.findall(r"none:dropout=[0-9.]+", str(answer))


def test_a_list_of_runs_has_of_a_run_what_is_shown_of_it(client, hiding) -> None:
    listed = client.get(f"/api/runs?known={hiding.id}").json()
    (card,) = [run for run in listed["runs"] if run["id"] == hiding.id]
    assert (card["hidden"], list(card["accuracies"]), list(listed["arms"])) == (2, [SHOWN], [SHOWN])


def test_the_name_of_the_settings_tells_no_hidden_arm_and_one_that_was_given_stays(server, client, ended) -> None:
    run, folder = server.manager.find(ended.id), server.manager.shelf.folder(ended.id)
    write_label(folder, Label(name="First look"))
    hide(run, ME)
    assert _names(client, run.id) == {""}
    write_label(folder, Label(name="Tuesday’s"))
    assert _names(client, run.id) == {"Tuesday’s"}
    show(run, ME)
    write_label(folder, Label(name="First look"))
    assert _names(client, run.id) == {"First look"}
    write_label(folder, Label())


def _names(client: TestClient, run_id: str) -> set[str]:
    found = set()
    for key in (ME, SOMEBODY):
        client.cookies.set("normscope_owner", key)
        listed = client.get(f"/api/runs?known={run_id}").json()["runs"]
        found |= {run["name"] for run in listed if run["id"] == run_id}
    return found


def test_a_lesson_is_not_judged_by_a_hidden_arm(client, hiding) -> None:
    lesson = catalog.lessons()[0]
    step = lesson.steps[0]
    runs = ",".join([hiding.id] * len(step.experiments))
    predicted = step.choices[0] if step.slider is None else "0.5"
    answer = client.get(f"/api/lessons/{lesson.slug}/1/check?runs={runs}&predicted={predicted}")
    assert (answer.status_code, answer.json()) == (400, {"error": str(HIDES)})
