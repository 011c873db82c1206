"""The preset First look, trained once on the real Fashion-MNIST: what every newcomer sees first (science.md, 6)."""

from __future__ import annotations

import pytest

from core.data.images import Images
from core.experiment.config import PRESETS, ExperimentConfig
from core.exports.results import results
from core.training import records
from core.training.live_tests import EARLY_TESTS
from core.training.records import Record
from core.training.trainer import train
from core.words.verdict import verdict

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # some 10 to 30 s of one quiet core


@pytest.fixture(scope="module")
def first_look(fashion: Images) -> tuple[ExperimentConfig, list[Record]]:
    config, history = PRESETS["First look"], list[Record]()
    train(config, fashion, history.append)
    return config, history


@pytest.fixture(scope="module")
def measured(first_look) -> list[records.TestMeasured]:
    return [record for record in first_look[1] if isinstance(record, records.TestMeasured)]


def test_fact_6_batch_norm_learns_layer_norm_follows_and_none_stays_at_chance(first_look, measured) -> None:
    last = measured[-1]
    assert (first_look[0].total_steps, last.step, last.examples) == (234, 234, 10_000)
    assert last.accuracy["bn"] > 0.74
    assert last.accuracy["none"] < 0.15
    assert 0.45 < last.accuracy["ln"] < 0.72


def test_at_the_start_batch_norm_reads_better_with_batch_than_with_running_statistics(measured) -> None:
    early = [test for test in measured if test.step in EARLY_TESTS]
    assert max(test.batch_accuracy["bn"] - test.accuracy["bn"] for test in early) > 0.05


def test_the_document_of_results_ends_with_the_last_test_of_every_arm(first_look, measured) -> None:
    arms = results(*first_look)["arms"]
    assert {name: arm["steps"] for name, arm in arms.items()} == dict.fromkeys(("none", "bn", "ln"), 234)
    assert {name: arm["epochs"][-1]["test_accuracy"] for name, arm in arms.items()} == measured[-1].accuracy


def test_the_verdict_is_that_batch_norm_leads_and_none_is_at_chance(first_look) -> None:
    said = verdict(*first_look, ended=True)
    assert "on all 10,000 test images: BatchNorm 7" in said or "on all 10,000 test images: BatchNorm 8" in said
    assert "(still at chance)" in said.partition("No normalization ")[2][:30]
    assert "The lead is" in said
