"""core.language.several: several messages as one, told in the language of who reads."""

from __future__ import annotations

import pytest

from core.language.lists import parted
from core.language.message import Message
from core.language.several import Parted, Sentences
from core.language.speech import speaking

STOPPED, IT = Message("Stopped."), Message("It")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_things_are_parted_later_as_they_are_at_once(language: str, count: int) -> None:
    made = Parted([IT] * count)
    with speaking(language):
        assert str(made) == parted([IT] * count)


def test_sentences_have_a_space_between_them_in_english_only() -> None:
    made = Sentences(["", STOPPED, "", STOPPED, "CUDA."])
    assert str(made) == "Stopped. Stopped. CUDA."
    with speaking("zh"):
        assert str(made) == "已停止。已停止。CUDA."


def test_of_nothing_to_say_nothing_is_said() -> None:
    assert Sentences([]) == Sentences(["", ""]) == ""
    assert Sentences(["", STOPPED]) == STOPPED
