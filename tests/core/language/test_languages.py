"""core.language.languages: what browsers and machines say, and which language that is."""

from __future__ import annotations

import pytest

from core.language.languages import HTML_TAGS, LANGUAGES, of_machine, understood


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-CN", "zh"),
        ("zh-TW", "zh"),
        ("zh-Hans", "zh"),
        ("zh-Hant-HK", "zh"),
        ("ZH", "zh"),
        ("zh_CN.UTF-8", "zh"),
        ("en", "en"),
        ("en-GB", "en"),
        ("en_US.UTF-8@euro", "en"),
        ("de", None),
        ("zha", None),  # Zhuang
        ("enm", None),  # Middle English
        ("C.UTF-8", None),
        ("", None),
        ("-zh", None),
        (None, None),
    ],
)
def test_a_tag_is_understood_by_its_main_part(tag: str | None, language: str | None) -> None:
    assert understood(tag) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_SG"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "", "LC_ALL": ""}, "zh"),  # empty is unset
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "POSIX"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_CTYPE": "zh_CN.UTF-8", "LANGUAGE": "zh"}, "en"),  # of letters, and GNU's own
    ],
)
def test_the_machine_s_language_is_what_posix_says(environment: dict[str, str], language: str) -> None:
    assert of_machine(environment) == language


def test_every_language_has_a_tag_for_html_that_is_understood_as_that_language() -> None:
    assert {understood(tag) for tag in HTML_TAGS.values()} == HTML_TAGS.keys() == LANGUAGES.keys()
