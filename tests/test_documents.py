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
        "points": r"^(?:- |\d+\. )",
        "rows of tables": r"^\|",
    }.items():
        if re.findall(pattern, english, re.MULTILINE) != re.findall(pattern, english_pictures(chinese), re.MULTILINE):
            found.append(f"other {what}")
    if links(english) != links(chinese):
        found.append("other links")
    bold = re.findall(r"\*\*([^*]+)\*\*(.?)", chinese)
    found += [f"not bold: {text}" for text, then in bold if not text[-1].isalnum() and then.isalnum()]
    return found


def links(text: str) -> set[str]:
    """Where a document leads to; to what is there in both languages, a document or a picture of a page, in either."""
    found = re.findall(r"\]\(([^)]*)\)", english_pictures(text))
    return {link.replace(".zh.md", ".md") for link in found}


def english_pictures(text: str) -> str:
    """The pages are pictured in both languages."""
    return text.replace("docs/images/zh/", "docs/images/")


def english_of(path: Path) -> str:
    return twin(path).read_text(encoding="utf-8")


def twin(path: Path) -> Path:
    return path.with_name(path.name.replace(".zh.md", ".md"))


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_a_chinese_document_is_that_of_its_english_one(path: Path) -> None:
    assert faults(english_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "name", ["README", "docs/architecture", "docs/command-line", "docs/deployment", "docs/adding-a-norm"]
)
def test_what_a_newcomer_reads_first_is_there_in_chinese(name: str) -> None:
    assert ROOT / f"{name}.zh.md" in CHINESE


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_each_language_leads_to_the_other(path: Path) -> None:
    assert f"[English]({twin(path).name})" in path.read_text(encoding="utf-8")
    assert f"[中文]({path.name})" in english_of(path).partition("\n## ")[0]


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_a_chinese_document_leads_to_chinese_ones(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(f"[English]({twin(path).name})", "", 1)
    found = [path.parent / link for link in re.findall(r"\]\(([^):#]*\.md)\)", text)]
    assert [link for link in found if link.with_name(f"{link.stem}.zh.md").resolve() in CHINESE] == []


@pytest.mark.parametrize(
    ("name", "lost", "instead"),
    [
        ("README", "## 数据", "数据"),
        ("README", "make run ", "make "),
        ("README", "- **投影**", "**投影**"),
        ("README", "first-look.png", "a.png"),
        ("README", "d2l", "x"),
        ("README", "(docs/deployment.zh.md)", "(docs/x.md)"),
        ("docs/command-line", "| 130 |", "130"),
        ("docs/deployment", "**放在一个路径之下**，如", "**放在一个路径之下，**如"),
        ("docs/adding-a-norm", "6. **", "**"),
    ],
)
def test_what_it_has_lost_is_noticed(name: str, lost: str, instead: str) -> None:
    path = ROOT / f"{name}.zh.md"
    chinese = path.read_text(encoding="utf-8")
    assert lost in chinese
    assert faults(english_of(path), chinese.replace(lost, instead, 1))


def test_a_sentence_that_is_new_in_english_is_noticed() -> None:
    path = ROOT / "README.zh.md"
    assert "has changed" in faults(english_of(path) + "\nMore.\n", path.read_text(encoding="utf-8"))[0]
