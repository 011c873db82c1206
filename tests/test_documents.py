"""A document in Chinese follows its English one: what is changed in one must be seen in the other."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHINESE = [path for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.zh.md")]


def faults(english: str, chinese: str) -> list[str]:
    """What of its English text a Chinese one has lost."""
    found = []
    source = hashlib.sha256(english.encode()).hexdigest()[:12]
    if f": {source} -->" not in chinese.partition("\n")[0]:
        found.append(f"the English text has changed: translate what is new, then write {source} into the first line")
    for what, pattern in {
        "headings": r"^#+ ",
        "blocks of code": r"^```[\s\S]*?^```",
        "pictures": r"!\[[^]]*\](\([^)]*\))",
        "points": r"^- ",
    }.items():
        if re.findall(pattern, english, re.MULTILINE) != re.findall(pattern, chinese, re.MULTILINE):
            found.append(f"other {what}")
    links = [set(re.findall(r"\]\(([^)]*)\)", text)) for text in (english, chinese)]
    if {link for link in links[0] ^ links[1] if not re.fullmatch(r"[\w-]+(\.zh)?\.md", link)}:
        found.append("other links")
    return found


def english_of(path: Path) -> str:
    return path.with_name(path.name.replace(".zh.md", ".md")).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_a_chinese_document_is_that_of_its_english_one(path: Path) -> None:
    assert faults(english_of(path), path.read_text(encoding="utf-8")) == []


def test_there_is_a_chinese_readme() -> None:
    assert ROOT / "README.zh.md" in CHINESE


@pytest.mark.parametrize(
    ("lost", "instead"),
    [
        ("## 数据", "数据"),
        ("make run ", "make "),
        ("- **投影**", "**投影**"),
        ("first-look.png", "a.png"),
        ("d2l", "x"),
    ],
)
def test_what_it_has_lost_is_noticed(lost: str, instead: str) -> None:
    path = ROOT / "README.zh.md"
    chinese = path.read_text(encoding="utf-8")
    assert lost in chinese
    assert faults(english_of(path), chinese.replace(lost, instead, 1))


def test_a_sentence_that_is_new_in_english_is_noticed() -> None:
    path = ROOT / "README.zh.md"
    assert "has changed" in faults(english_of(path) + "\nMore.\n", path.read_text(encoding="utf-8"))[0]
