"""docs/licences.md has every package that NormScope is installed with, and the licence that this declares."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOLD = dict(re.findall(r"^\| ([a-z-]+) \| (.+) \|$", (ROOT / "docs/licences.md").read_text(), re.MULTILINE))


def test_every_package_stands_there_and_no_other() -> None:
    required = re.findall(r"^([a-z-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert len(required) > 10
    assert TOLD.keys() - {"package"} == set(required)


def test_what_a_package_declares_stands_there_word_for_word() -> None:
    declared = {name: metadata(name).get("License-Expression") for name in TOLD if name != "package"}
    differing = {name: licence for name, licence in declared.items() if licence and licence != TOLD[name]}
    assert differing == {}
