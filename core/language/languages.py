"""The languages there are, and which one a browser's or a machine's settings mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

ENGLISH = "en"
LANGUAGES = {"en": "English", "zh": "中文"}  # each by its own name
HTML_TAGS = {"en": "en", "zh": "zh-CN"}  # without a region a browser may draw Chinese characters with a Japanese face
QUERY_KEY = "lang"  # in a page's address, and of what is asked for over the network


def understood(tag: str | None) -> str | None:
    """The language of a tag such as zh, zh-CN, zh-Hant-TW or zh_CN.UTF-8; None where it is none of ours."""
    main = re.match("[A-Za-z]+", tag or "")
    return main[0].lower() if main and main[0].lower() in LANGUAGES else None


def of_machine(environment: Mapping[str, str]) -> str:
    """As POSIX has it: the first of LC_ALL, LC_MESSAGES and LANG that is set decides; others are English, as C is."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return understood(next((environment[name] for name in names if environment.get(name)), None)) or ENGLISH
