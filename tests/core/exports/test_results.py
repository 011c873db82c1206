"""core.exports.results: the one JSON document that the command line writes and the page offers."""

from __future__ import annotations

import json
import math

import pytest

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.results import results
from core.language.speech import speaking
from core.training import records
from core.training.records import ArmDiverged, EpochFinished, LearningRateChanged, Record, StatusChanged
from core.training.trainer import train

EPOCH_KEYS = {"epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "test_accuracy_batch"}
CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=60, epochs=2, learning_rate=0.5)


@pytest.fixture(scope="module")
def history(small_images: Images) -> list[Record]:
    history: list[Record] = []
    train(CONFIG, small_images, history.append)
    return history


def test_it_has_the_promised_shape_and_is_json(history) -> None:
    document = results(CONFIG, history)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {"config", "device", "arms"} <= document.keys()
    assert document["config"] == CONFIG.to_json()
    assert document["device"].startswith("CPU")
    assert list(document["arms"]) == ["none", "bn", "ln"]
    for arm in document["arms"].values():
        assert {"config", "epochs", "steps", "examples_per_second", "status"} <= arm.keys()
        assert [epoch["epoch"] for epoch in arm["epochs"]] == [1, 2]
        assert all(epoch.keys() == EPOCH_KEYS for epoch in arm["epochs"])
        assert (arm["steps"], arm["status"]) == (10, "finished")
        assert arm["examples_per_second"] == pytest.approx(600 / arm["seconds"])


def test_only_batch_norm_has_an_accuracy_with_batch_statistics(history) -> None:
    arms = results(CONFIG, history)["arms"]
    assert all(0 <= epoch["test_accuracy_batch"] <= 1 for epoch in arms["bn"]["epochs"])
    assert all(epoch["test_accuracy_batch"] is None for name in ("none", "ln") for epoch in arms[name]["epochs"])


def test_every_arms_numbers_are_those_of_its_own_records(history) -> None:
    epochs = [r for r in history if isinstance(r, EpochFinished)]
    tests = {r.step: r for r in history if isinstance(r, records.TestMeasured)}
    for name, arm in results(CONFIG, history)["arms"].items():
        for written, epoch in zip(arm["epochs"], epochs, strict=True):
            assert written["train_loss"] == epoch.train_loss[name]
            assert written["train_accuracy"] == epoch.train_accuracy[name]
            assert written["test_loss"] == tests[epoch.step].loss[name]
            assert written["test_accuracy"] == tests[epoch.step].accuracy[name]


def test_all_arms_report_the_same_initial_weights(history) -> None:
    arms = results(CONFIG, history)["arms"].values()
    assert len({arm["initial_weights"] for arm in arms}) == 1
    assert all(len(arm["initial_weights"]) == 8 for arm in arms)


def test_an_arm_says_what_it_was_trained_with() -> None:
    config = ExperimentConfig(arms=(parse_arm("bn/none:lr=0.5"), parse_arm("ln:dropout=0.2")), dropout=0.4)
    arms = results(config, [])["arms"]
    first, second = (arm["config"] for arm in arms.values())
    assert (first["arm"], first["conv_norm"], first["fc_norm"]) == ("bn/none:lr=0.5", "bn", "none")
    assert (first["learning_rate"], first["dropout"]) == (0.5, 0.4)
    assert (second["learning_rate"], second["dropout"]) == (0.1, 0.2)


def test_before_anything_was_measured_it_is_empty_and_valid() -> None:
    document = results(CONFIG, [StatusChanged("queued", 0)])
    assert (document["device"], document["status"]) == (None, "queued")
    for arm in document["arms"].values():
        assert (arm["steps"], arm["epochs"], arm["examples_per_second"]) == (0, [], None)


def test_a_stopped_run_keeps_its_finished_epochs_and_says_that_it_was_stopped(history) -> None:
    end = next(i for i, r in enumerate(history) if isinstance(r, records.TestMeasured) and r.step == 5)
    document = results(CONFIG, [*history[: end + 1], StatusChanged("stopped", 5)])
    assert document["status"] == "stopped"
    assert all([e["epoch"] for e in arm["epochs"]] == [1] for arm in document["arms"].values())


def test_an_epoch_whose_test_was_cut_off_is_not_finished(history) -> None:
    last = max(i for i, r in enumerate(history) if isinstance(r, records.TestMeasured))
    arms = results(CONFIG, [*history[:last], StatusChanged("stopped", 10)])["arms"]
    assert [epoch["epoch"] for epoch in arms["bn"]["epochs"]] == [1]


def test_a_diverged_arm_says_where_and_how_many_steps_it_made(small_images: Images) -> None:
    config = ExperimentConfig(
        data="digits", examples=300, batch_size=60, epochs=1, activation="relu", arms=(parse_arm("none:lr=1e6"),)
    )
    history: list[Record] = []
    train(config, small_images, history.append)
    broken = next(r for r in history if isinstance(r, ArmDiverged))
    arm = results(config, history)["arms"]["none:lr=1e+06"]
    assert (arm["status"], arm["epochs"]) == ("diverged", [])
    assert arm["steps"] == broken.step - 1
    assert arm["diverged"]["layer"] == broken.layer


def test_a_test_loss_that_is_not_finite_is_null_and_the_document_stays_json(history) -> None:
    cut = [r for r in history if not (isinstance(r, records.TestMeasured) and r.step == 10)]
    values = {"none": math.nan, "bn": math.inf, "ln": 1.0}
    shares = dict.fromkeys(values, 0.1)
    document = results(CONFIG, [*cut, records.TestMeasured(10, 2.0, 100, True, values, shares, {}, {}, shares)])
    json.dumps(document, allow_nan=False)
    assert [arm["epochs"][1]["test_loss"] for arm in document["arms"].values()] == [None, None, 1.0]


def test_what_departs_from_the_config_is_noted(history) -> None:
    notes = results(CONFIG, [*history, LearningRateChanged(7, 0.5, 0.1)])["notes"]
    assert [(note["kind"], note["step"], note["new"]) for note in notes] == [("lr", 7, 0.1)]


def test_the_document_is_the_same_whatever_language_is_spoken(history) -> None:
    english = results(CONFIG, history)
    with speaking("zh"):
        assert results(CONFIG, history) == english
    assert english["arms"]["bn"]["title"] == "BatchNorm"
