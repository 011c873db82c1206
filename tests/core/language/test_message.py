"""core.language.message: facts carry no sentence; it is made where it is told, in the language of who reads."""

from __future__ import annotations

import json

import pytest

from core.experiment.rules import ConfigError
from core.language.message import Message, Plural
from core.language.speech import speaking
from core.training.records import DataReplaced, to_json

SETTINGS = Message("So few images take settings with which the lesson shows: {settings}.", {"settings": [
    Message("{setting} {value} instead of {other}", {"setting": Message("batch size"), "value": 32, "other": 256}),
    Message("{setting} {value} instead of {other}", {"setting": Message("epochs"), "value": 30, "other": 3}),
]})  # fmt: skip


def test_a_message_is_told_in_the_language_of_the_moment_with_the_messages_in_it() -> None:
    assert str(SETTINGS) == (
        "So few images take settings with which the lesson shows: batch size 32 instead of 256, epochs 30 instead of 3."
    )
    with speaking("zh"):
        assert str(SETTINGS) == "图像这样少，要用能看出效果的设置：批量大小 32（原为256）、迭代周期 30（原为3）。"


def test_a_message_that_was_kept_as_json_is_the_same_message() -> None:
    kept = json.loads(json.dumps(SETTINGS.to_json()))
    assert Message.from_json(kept) == SETTINGS
    assert Message.from_json(json.loads(json.dumps(Plural("{n} image", "{n} images", 3).to_json()))) == Plural(
        "{n} image", "{n} images", 3
    )


def test_a_message_about_things_has_the_form_for_how_many_there_are() -> None:
    assert [str(Plural("{n} image", "{n} images", n)) for n in (1, 3)] == ["1 image", "3 images"]


def test_equal_messages_are_one_in_a_set() -> None:
    assert len({Message("{n} s", {"n": 3}), Message("{n} s", {"n": 3}), Message("{n} s", {"n": 4})}) == 2


def test_an_error_is_told_in_the_language_of_who_reads_it_not_of_who_raised_it() -> None:
    with speaking("zh"), pytest.raises(ConfigError) as caught:
        raise ConfigError(Message("Learning rate"), "learning_rate")
    assert (str(caught.value), f"{caught.value}") == ("Learning rate", "Learning rate")
    with speaking("zh"):
        assert str(caught.value) == "学习率"


def test_one_record_is_told_to_two_readers_in_two_languages() -> None:
    record = DataReplaced("mnist", "digits", "", SETTINGS)
    english = to_json(record)["settings"]
    with speaking("zh"):
        chinese = to_json(record)["settings"]
    assert english.startswith("So few images take")
    assert chinese.startswith("图像这样少")
