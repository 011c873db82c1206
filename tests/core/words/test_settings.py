"""core.words.settings: the settings in words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.cli.settings import FLAGS
from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.training.records import LearningRateChanged
from core.words.settings import LABELS, about_preset, about_rate, about_time, instead_of, told


def test_every_setting_has_a_label() -> None:
    assert set(LABELS) == {field.name for field in fields(ExperimentConfig)}


def test_a_preset_is_told_by_what_it_changes_of_first_look() -> None:
    told = {name: about_preset(name) for name in PRESETS}
    assert told["First look"].endswith(
        "20,000 images, batch size 256, the last short batch dropped, arms none, bn, ln, max pooling, "
        "learning rate 0.1, 3 epochs."
    )
    whole = "60,000 images, the last short batch kept"
    assert told["The book, as read"].endswith(f"{whole}, arms none, bn:book, bn, learning rate 1, 10 epochs.")
    assert told["The book, zh edition"].endswith(f"{whole}, average pooling, learning rate 1, 10 epochs.")
    assert told["The book, en edition"].endswith(
        "60,000 images, batch size 128, the last short batch kept, average pooling, 10 epochs."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "Not timed here yet."),
        (0.2, "About 1 s here."),
        (11.6, "About 12 s here."),
        (89, "About 89 s here."),
        (250, "About 4 min here."),
        (6000, "About 1.7 h here."),
    ],
)
def test_a_time_is_said_as_roughly_as_it_is_known(seconds: float | None, words: str) -> None:
    assert about_time(seconds) == words


def test_what_is_taken_in_place_of_other_settings_is_told_with_both_by_the_names_of_the_place() -> None:
    before = {"batch_size": 256, "learning_rate": 1e-5, "drop_last": False}
    after = {"batch_size": 32, "learning_rate": 0.5, "drop_last": True}
    assert str(instead_of(before, after)) == (
        "So few images take settings with which the lesson shows: batch size 32 instead of 256, "
        "learning rate 0.5 instead of 1·10⁻⁵, drop the last short batch on instead of off."
    )
    assert "--batch-size 32 instead of 256" in str(instead_of(before, after, FLAGS))


def test_a_setting_is_told_by_its_name_on_the_page() -> None:
    config = ExperimentConfig(examples=6000, drop_last=False, learning_rate=2e-5, momentum=0.9)
    names = ("data", "examples", "drop_last", "arms", "learning_rate", "momentum")
    assert [told(name, config) for name in names] == [
        "images fashion-mnist",
        "training images 6,000",
        "drop the last short batch off",
        "arms none, bn, ln",
        "learning rate 2·10⁻⁵",
        "momentum (SGD) 0.9",
    ]
    config = ExperimentConfig(weight_decay=5e-4, schedule="step", step_factor=0.1, step_epochs=3)
    assert [told(name, config) for name in ("weight_decay", "schedule", "step_epochs", "step_factor")] == [
        "weight decay 0.0005",
        "learning-rate schedule stepwise",
        "epochs a stage 3",
        "factor a stage 0.1",
    ]


def test_a_rate_that_was_set_by_hand_is_said_to_have_ended_the_schedule_where_there_was_one() -> None:
    arms = (parse_arm("bn"), parse_arm("ln:lr=0.3"))
    first, later = LearningRateChanged(1200, 0.05, 0.02), LearningRateChanged(1300, 0.02, 0.1)
    assert about_rate(ExperimentConfig(), [first, later]) == about_rate(ExperimentConfig(schedule="cosine"), []) == ""
    assert str(about_rate(ExperimentConfig(schedule="cosine"), [first, later])) == (
        "The learning rate was set by hand from step 1,200 on. It stays as it was set: the schedule has ended."
    )
    said = str(about_rate(ExperimentConfig(schedule="step", arms=arms), [first]))
    assert said.endswith("the schedule has ended, but for arms with learning rates of their own (ln:lr=0.3).")
