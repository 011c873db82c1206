"""core.language.speech: whose language is spoken where, and that other threads and tasks speak their own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.language.speech import _, ngettext, pgettext, speak, speaking, spoken


def test_english_is_spoken_until_somebody_says_otherwise() -> None:
    assert (spoken(), _("Learning rate")) == ("en", "Learning rate")


def test_within_a_block_another_language_is_spoken_and_before_and_after_it_is_not() -> None:
    with speaking("zh"):
        assert (spoken(), _("Learning rate")) == ("zh", "学习率")
        with speaking("en"):
            assert _("Learning rate") == "Learning rate"
        assert _("Learning rate") == "学习率"
    assert _("Learning rate") == "Learning rate"


def test_the_block_ends_with_an_exception_too() -> None:
    with pytest.raises(ZeroDivisionError), speaking("zh"):
        _ = 1 / 0
    assert spoken() == "en"


def test_a_thread_that_is_begun_meanwhile_speaks_english() -> None:
    with speaking("zh"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(spoken).result() == "en"


def test_requests_that_are_answered_at_once_speak_each_its_own_language() -> None:
    async def request(language: str) -> str:
        speak(language)
        await asyncio.sleep(0)
        return _("Learning rate")

    async def both() -> list[str]:
        return await asyncio.gather(request("zh"), request("en"), request("zh"))

    with ThreadPoolExecutor(1) as apart:  # of the loop that Playwright has in this one, if it drives a browser
        assert apart.submit(asyncio.run, both()).result() == ["学习率", "Learning rate", "学习率"]
    assert spoken() == "en"


def test_values_are_put_in_with_the_form_that_the_sentence_gives_them() -> None:
    assert _("{examples:,} images", examples=20_000) == "20,000 images"
    with speaking("zh"):
        assert _("{examples:,} images", examples=20_000) == "20,000幅图像"


def test_a_sentence_that_no_catalog_has_is_told_in_english() -> None:
    with speaking("zh"):
        assert _("{n} unheard-of words", n=3) == "3 unheard-of words"


def test_an_empty_text_is_empty_and_not_the_catalog_s_head() -> None:
    with speaking("zh"):
        assert _("") == ""


def test_without_values_braces_are_braces() -> None:
    assert _("a set is {a, b}") == "a set is {a, b}"


def test_one_and_many_are_told_apart_where_the_language_does() -> None:
    assert [ngettext("{n} image", "{n} images", n) for n in (0, 1, 2)] == ["0 images", "1 image", "2 images"]


def test_a_context_tells_apart_what_english_calls_by_the_same_word() -> None:
    with speaking("zh"):
        assert pgettext("between the things of a list", ", ") == "、"
        assert pgettext("between phrases", ", ") == "，"
        assert pgettext("nowhere", ", ") == ", "


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(LookupError, match="one of en, zh; got 'fr'"):
        speak("fr")
