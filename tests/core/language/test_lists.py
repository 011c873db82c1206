"""core.language.lists, against the lists of CLDR, which Babel has."""

from __future__ import annotations

import pytest
from babel.lists import format_list

from core.language.lists import either, enumerated, joined, parted, phrased
from core.language.speech import speaking

CLDR = {"en": "en_GB", "zh": "zh"}  # American English has a comma before "and"


@pytest.mark.parametrize("things", [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]])
@pytest.mark.parametrize("language", CLDR)
@pytest.mark.parametrize(("told", "style"), [(joined, "standard"), (either, "or")])
def test_a_list_is_told_as_cldr_has_it(told, style: str, language: str, things: list[str]) -> None:
    with speaking(language):
        assert told(things) == format_list(things, style=style, locale=CLDR[language])


def test_a_list_without_its_end_has_the_language_s_own_commas() -> None:
    assert [told(["bn", 2, "ln"]) for told in (enumerated, phrased, parted)] == ["bn, 2, ln", "bn, 2, ln", "bn; 2; ln"]
    with speaking("zh"):
        assert [told(["甲", "乙"]) for told in (enumerated, phrased, parted)] == ["甲、乙", "甲，乙", "甲；乙"]


def test_nothing_is_told_of_nothing() -> None:
    assert [told([]) for told in (enumerated, phrased, parted)] == ["", "", ""]
