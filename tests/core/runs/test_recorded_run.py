"""core.runs.recorded_run: what comes with NormScope is read when it is asked for, answers as any run, is nobody's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import torch

from core.cube.sites import look
from core.data.files import DataError
from core.data.images import load
from core.experiment.config import PRESETS
from core.exports.recorded import RUN_ID, first_look
from core.probes.summary import LayerSummary
from core.runs import questions
from core.runs.manager import RunManager
from core.runs.owner import NotTheOwner
from core.runs.recorded_run import RecordedRun
from core.store.recording import Recording
from core.store.shelf import Shelf
from core.store.taking_in import take_in
from tests.core.store.recorded import recorded
from tests.core.store.test_shelf import CONFIG

ID = "comes-with-it"


@pytest.fixture(scope="module")
def recording() -> Recording:
    return replace(recorded(CONFIG), id=ID)


@pytest.fixture
def run(manager: RunManager, recording: Recording) -> RecordedRun:
    manager.comes_with(ID, lambda: recording)
    found = manager.find(ID)
    assert isinstance(found, RecordedRun)
    return found


def test_it_is_read_at_the_first_question_and_once_however_many_ask_at_once(
    manager: RunManager, recording: Recording
) -> None:
    reads, start = [], Barrier(8)

    def read() -> Recording:
        reads.append(1)
        return recording

    def ask(_: int) -> object:
        start.wait()
        return manager.find(ID)

    manager.comes_with(ID, read)
    assert not reads
    with ThreadPoolExecutor(8) as pool:
        found = set(map(id, pool.map(ask, range(8))))
    assert (len(found), len(reads)) == (1, 1)


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), ValueError("damaged")])
def test_one_that_cannot_be_read_is_not_there_and_the_log_says_why(
    manager: RunManager, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def read() -> Recording:
        raise error

    manager.comes_with(ID, read)
    assert manager.find(ID) is None
    assert str(error) in caplog.text


def test_it_tells_all_that_was_recorded(run: RecordedRun, recording: Recording) -> None:
    snapshot = run.snapshot()
    assert [record for _, record in snapshot.news] == list(recording.records)
    assert (snapshot.status, snapshot.step, snapshot.latest) == ("finished", CONFIG.total_steps, len(recording.records))
    assert run.snapshot(snapshot.latest).news == []
    latest, looks = run.seen_inside(0, "fixed")
    assert [look.step for look in looks] == [seen.step for seen in recording.looks()]
    assert latest == len(looks)
    assert run.seen_inside(latest, "fixed")[1] == [] == run.seen_inside(0, "batch")[1]
    assert run.inside.whole(1) is not None


@pytest.mark.parametrize("step", [None, 5])
def test_its_networks_answer_as_they_were_kept(
    run: RecordedRun, recording: Recording, small_digits: object, step: int | None
) -> None:
    def weights(arms: list[Any], _: object) -> dict[str, dict[str, torch.Tensor]]:
        return {arm.name: arm.model.state_dict() for arm in arms}

    answered = run.ask(weights, step).result(0)
    kept = recording.networks(recording.network_steps[-1] if step is None else step)
    assert set(answered) == set(kept)
    for arm, tensors in kept.items():
        assert all(torch.equal(tensor, answered[arm][name]) for name, tensor in tensors.items())


def test_a_step_of_which_no_networks_were_kept_is_refused(run: RecordedRun, small_digits: object) -> None:
    asked = run.ask(lambda arms, data: questions.noise(arms, data, "conv1"), 4)
    assert isinstance(asked.exception(0), LookupError)


def test_without_its_images_on_this_machine_it_says_so(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = RunManager(root=tmp_path, device=torch.device("cpu"))
    config = replace(recording.config, data="kmnist")
    manager.comes_with(ID, lambda: replace(recording, config=config))
    run = manager.find(ID)
    assert run is not None
    assert isinstance(run.ask(lambda arms, data: None).exception(0), DataError)


ANSWERED: dict[str, Callable[..., Any]] = {
    "maps": lambda arms, data: questions.feature_maps(arms, data, "conv1", "after", 3),
    "bias": questions.bias_gradients,
    "noise": lambda arms, data: questions.noise(arms, data, "conv1"),
    "cube": lambda arms, data: look(arms, data, "bn", 5, 16)["conv1"].values.tolist(),
}
REFUSED: dict[str, Callable[..., Any]] = {
    "an image further on": lambda arms, data: questions.feature_maps(arms, data, "conv1", "after", 20),
}


@pytest.fixture
def without_images(recording: Recording, tmp_path: Path) -> RunManager:
    """Of which the run brings sixteen and twenty: digits that are said to be another data set's."""
    few = load("digits")
    few = replace(few, train_images=few.train_images[:16], test_images=few.test_images[:20])
    manager = RunManager(root=tmp_path, device=torch.device("cpu"))
    config = replace(recording.config, data="kmnist")
    manager.comes_with(ID, lambda: replace(recording, config=config), lambda: few)
    return manager


@pytest.mark.parametrize("what", ANSWERED)
def test_the_few_images_that_come_with_it_answer_on_a_machine_without_its_data(
    without_images: RunManager, run: RecordedRun, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    alone = without_images.find(ID)
    assert alone is not None
    monkeypatch.setattr("core.runs.questions.NOISE_IMAGES", 20)
    monkeypatch.setattr("core.runs.questions.GRADIENT_IMAGES", 20)
    assert alone.ask(ANSWERED[what]).result(0) == run.ask(ANSWERED[what]).result(0)


@pytest.mark.parametrize("what", REFUSED)
def test_what_takes_more_images_than_came_with_it_says_where_to_have_them(
    without_images: RunManager, what: str
) -> None:
    alone = without_images.find(ID)
    assert alone is not None
    error = alone.ask(REFUSED[what]).exception(0)
    assert isinstance(error, DataError)
    assert "python -m core data fetch --data kmnist" in str(error)


ORDERS: list[Callable[[RecordedRun], object]] = [
    lambda run: run.pause("key"),
    lambda run: run.resume("key"),
    lambda run: run.step_once("key"),
    lambda run: run.stop("key"),
    lambda run: run.change_learning_rate("key", 0.5),
]


@pytest.mark.parametrize("order", ORDERS)
def test_nobody_steers_it(run: RecordedRun, order: Callable[[RecordedRun], object]) -> None:
    with pytest.raises(NotTheOwner, match="Run it yourself"):
        order(run)
    assert not run.is_owned_by("")
    assert not run.is_owned_by(run.id)


def test_a_kept_run_of_the_same_id_is_not_taken_for_it(
    manager: RunManager, run: RecordedRun, recording: Recording, tmp_path: Path
) -> None:
    forged = Shelf(tmp_path, 10**9)
    take_in(forged, replace(recording, name="forged"), "somebody")
    with_forged = RunManager(device=torch.device("cpu"), shelf=forged)
    with_forged.comes_with(ID, lambda: recording)
    assert isinstance(with_forged.find(ID), RecordedRun)
    assert with_forged.recording(ID).name == recording.name


def test_the_first_look_that_comes_with_normscope_is_the_presets_and_can_be_scrubbed() -> None:
    found = first_look()
    assert (found.id, found.config, found.status) == (RUN_ID, PRESETS["First look"], "finished")
    looks = list(found.looks())
    assert len(looks) > 20
    assert all(isinstance(layer, LayerSummary) for layer in looks[-1].arms["bn"].layers)
    assert found.network_steps[-1] == found.config.total_steps
