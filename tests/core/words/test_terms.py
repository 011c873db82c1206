"""core.words.terms: the texts are whole in both languages, and whatever could be wrong with them is noticed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.language.languages import LANGUAGES
from core.training.rates import MOST_FALLS
from core.words.book import PLACES
from core.words.terms import ABOUT, FOLDER, TermError, faults, hash_of, slugs, term

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of all texts, for a fault to be planted in it."""
    return Path(shutil.copytree(FOLDER, tmp_path / "terms"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def renew_hash(folder: Path, slug: str) -> None:
    path = folder / slug / "zh.md"
    _, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(f"<!-- en: {hash_of(folder / slug / 'en.md')} -->\n{rest}", encoding="utf-8")


def test_all_terms_are_there_in_both_languages_under_the_same_headings() -> None:
    assert faults() == []


def test_what_has_a_place_in_the_book_is_a_term_and_stands_under_one_topic() -> None:
    assert set(PLACES) <= set(slugs())
    assert len(slugs()) == len(set(slugs()))


def test_how_many_falls_of_a_rate_the_curves_have_at_most_is_told_as_it_is() -> None:
    for language, told in {"en": f"if they are {MOST_FALLS} at most", "zh": f"至多{MOST_FALLS}次"}.items():
        assert told in (FOLDER / "learning-rate-schedule" / f"{language}.md").read_text(encoding="utf-8")


def dead_link(folder: Path) -> None:
    for language in LANGUAGES:
        change(folder / "batch-norm" / f"{language}.md", "(#batch-statistics)", "(#batch-statistic)")
    renew_hash(folder, "batch-norm")


def too_long(folder: Path) -> None:
    change(folder / "batch-norm" / "en.md", "A layer that", "A layer that " + "so " * 60)
    renew_hash(folder, "batch-norm")


ZH = ("batch-norm", "zh.md")
PLANTED: list[tuple[str, Callable[[Path], object]]] = [
    ("batch-norm has no zh.md", lambda f: f.joinpath(*ZH).unlink()),
    ("batch-norm has no en.md", lambda f: (f / "batch-norm" / "en.md").unlink()),
    ("drift: it has no folder", lambda f: shutil.rmtree(f / "drift")),
    ("dirft: TOPICS does not have it", lambda f: shutil.copytree(f / "drift", f / "dirft")),
    ("the English text has changed", lambda f: change(f / "batch-norm" / "en.md", "mean 0", "mean zero")),
    ("its headings are", lambda f: change(f.joinpath(*ZH), "## 如何计算", "## 怎样计算")),
    ("its headings are", lambda f: change(f.joinpath(*ZH), "## 如何计算\n", "")),
    ("write the same", lambda f: change(f / ABOUT / "zh.md", "## 抽样\n", "")),
    ("is the last section", lambda f: change(f.joinpath(*ZH), "## 取自哪个张量", "## 另见\n\n无。\n\n## 取自哪个张量")),
    ("there is no such term", dead_link),
    ("link to the same terms", lambda f: change(f.joinpath(*ZH), "(#batch-statistics)", "(#drift)")),
    ("the short answer; batch-norm/zh.md has 2", lambda f: change(f.joinpath(*ZH), "\n\n## 取", "\n\n多。\n\n## 取")),
    ("begins with its title", lambda f: change(f.joinpath(*ZH), "<!-- en: ", "<!-- e: ")),
    ("begins with its title", lambda f: change(f.joinpath(*ZH), "# 批量规范化\n", "批量规范化\n")),
    ("whose title is “移动平均统计量”", lambda f: change(f.joinpath(*ZH), "[移动平均统计量]", "[移动平均]")),
    ("60 at most", too_long),
]


@pytest.mark.parametrize(("noticed", "plant"), PLANTED, ids=[noticed for noticed, _ in PLANTED])
def test_a_fault_is_noticed_with_the_file_it_is_in(folder: Path, noticed: str, plant: Callable[[Path], object]) -> None:
    plant(folder)
    found = [fault for fault in faults(folder) if noticed in fault]
    assert found
    assert re.match(r"[a-z-]+(/(en|zh)\.md)?: ", found[0])


def test_the_older_words_of_a_term_are_told_apart_from_its_short_answer() -> None:
    found = term("batch-norm", "zh")
    assert "批量归一化" in found.also
    assert "又称" not in found.short
    assert not term("batch-norm", "en").also


def test_a_word_that_is_no_term_is_refused_in_the_readers_language() -> None:
    with pytest.raises(TermError, match=r"There is no term “\.\./secret”"):
        term("../secret", "en")


def test_no_text_is_read_before_one_is_asked_for() -> None:
    says = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import core.words.terms, core.web.terms
print([name for name in opened if name.endswith(".md")], "markdown_it" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", says], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"


# What leads from a page to a term.
LEADS = re.compile(
    r"""(?:asks\(|term: |explained\([^"()]*, |with_more\([^"]*, |notes\(|TERMS = )"([a-z][a-z -]+)"|"""
    r"""Norm\.\w+: "([a-z-]+)","""
)


def test_every_question_mark_on_a_page_leads_to_a_term() -> None:
    paths = [*ROOT.glob("assets/**/*.js"), *ROOT.glob("pages/**/*.py")]
    led = {slug for path in paths for found in LEADS.findall(path.read_text()) for slug in "".join(found).split()}
    assert {"gradient-magnitude", "fixed-images", "averaging-axes", "rms-norm", "smoothing"} <= led
    assert led <= {ABOUT, *slugs()}
