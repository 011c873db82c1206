"""The First look that comes with NormScope is a whole run of the preset, on Fashion-MNIST, and small."""

from __future__ import annotations

import pytest
import torch

from core.experiment.config import PRESETS
from core.exports.recorded import FIRST_LOOK, IMAGES, first_images, first_look
from core.runs.kept_looks import loaded
from core.training import records as facts
from core.training.evaluation import evaluate, evaluation_mode
from core.training.records import EpochFinished, TrainingStarted, TrainMeasured
from core.words.verdict import verdict


def test_it_is_a_finished_run_of_the_preset_that_can_be_scrubbed():
    run = first_look()
    assert run.config == run.asked == PRESETS["First look"]
    assert (run.status, run.name) == ("finished", "First look")
    started = next(r for r in run.records if isinstance(r, TrainingStarted))
    assert (started.data, started.test_examples) == ("fashion-mnist", 10_000)
    assert [r.step for r in run.records if isinstance(r, TrainMeasured)][-1] == run.config.total_steps
    assert len([r for r in run.records if isinstance(r, EpochFinished)]) == 3
    looks = [look.step for look in run.looks()]
    assert (looks[0], looks[-1], len(looks) > 20) == (0, run.config.total_steps, True)
    assert set(run.networks(run.config.total_steps)) == {"none", "bn", "ln"}


def test_it_shows_what_the_lesson_is_about_and_says_when_and_where():
    run = first_look()
    said = verdict(run.config, run.records, ended=True)
    assert said.startswith("At the end, after 234 steps, on all 10,000 test images: BatchNorm")
    assert run.origin.started.year >= 2026
    assert run.origin.processor


def test_the_images_that_come_with_it_are_the_ones_it_was_tested_on():
    run, images = first_look(), first_images()
    last = [r for r in run.records if isinstance(r, facts.TestMeasured)][-1]
    step = run.config.total_steps
    for arm in loaded(run.config, run.networks(step), torch.device("cpu")):
        with evaluation_mode(arm.model):
            share = evaluate(arm.model, images.test_images, images.test_labels, lambda: None, 250)[1]
        assert share == pytest.approx(last.accuracy[arm.name], abs=0.05)  # three deviations of 500 images


def test_it_is_a_few_megabytes():
    assert FIRST_LOOK.stat().st_size + IMAGES.stat().st_size < 5_000_000
