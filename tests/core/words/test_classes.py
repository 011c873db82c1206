"""words/classes.py: what is on the images, in words."""

from __future__ import annotations

import pytest

from core.data.sources import SOURCES
from core.language.message import Message
from core.language.speech import speaking
from core.words.classes import class_named


@pytest.mark.parametrize("data", ["fashion-mnist", "mnist"])
def test_every_class_that_is_called_by_a_word_has_a_chinese_one(data: str) -> None:
    named = [class_named(name) for name in SOURCES[data].classes]
    assert all(isinstance(name, Message) for name in named)
    assert [str(name) for name in named] == list(SOURCES[data].classes)
    with speaking("zh"):
        told = [str(name) for name in named]
    assert len(set(told)) == 10
    assert not any(word.isascii() and word.isalpha() for name in told for word in name.split())


def test_a_name_that_is_no_word_stays() -> None:
    assert [class_named(name) for name in ("7", *SOURCES["kmnist"].classes)] == ["7", *SOURCES["kmnist"].classes]
