"""The catalog is complete and agrees with the code; and whatever could be wrong with it is noticed."""

from __future__ import annotations

import ast
import gettext
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from core.language.languages import ENGLISH, LANGUAGES
from translation import catalog
from translation.catalog import compared, compiled, gathered, problems, read, written, wrong
from translation.sentences import NotPlain, javascript, python

ROOT = Path(__file__).parents[3]
OTHERS = [language for language in LANGUAGES if language != ENGLISH]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated_and_what_is_compiled_is_the_catalog(language: str) -> None:
    assert problems(language) == []  # `make messages` gathers and compiles, and says what is to be done


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalog_is_as_the_workshop_writes_it(language: str) -> None:
    """Else the next `make messages` changes lines that nobody has touched, in the way of others who translate."""
    path = catalog.CATALOGS / f"{language}.po"
    renewed = read(path)
    renewed.update(gathered(), no_fuzzy_matching=True)
    assert path.read_bytes() == written(renewed)


def test_python_and_the_browser_read_the_same_translation() -> None:
    with (ROOT / "core/language/zh.mo").open("rb") as file:
        python_reads = gettext.GNUTranslations(file)
    browser_reads = json.loads((ROOT / "assets/locale/zh.json").read_text())
    assert browser_reads["❚❚ Pause"] == python_reads.gettext("❚❚ Pause") == "❚❚ 暂停"
    assert browser_reads["one mini-batch\u0004▸❘ Step"] == python_reads.pgettext("one mini-batch", "▸❘ Step")
    assert "What each sets" not in browser_reads  # what Python alone says


# --- what is noticed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "noticed"),
    [
        (Message("Start", ""), "not translated"),
        (Message(("{n} image", "{n} images"), ("",)), "not translated"),
        (Message("Start", "开始", flags=["fuzzy"]), "fuzzy"),
        (Message("step {step}", "第步"), "other placeholders"),
        (Message("step {step}", "第{steps}步"), "other placeholders"),
        (Message("{n:,} images", "{n}幅图像"), "other placeholders"),  # numbers keep their form
        (Message("{n} images", "{n}幅{n}图像{m}"), "other placeholders"),
        (Message(("{n} image", "{n} images"), ("幅图像",)), "other placeholders"),
        (Message("not allowed with %s", "不能同时使用"), "other placeholders"),
        (Message("argument %(name)s", "参数%s"), "other placeholders"),
        (Message("**bn** is one", "bn是一种"), "other marks"),
        (Message("see `make run`", "见make run"), "other marks"),
        (Message("one mini-batch", '一个"小批量"'), "other marks"),  # it would end an attribute of HTML
        (Message("a < b", "a小于b"), "other marks"),
    ],
)
def test_an_entry_that_is_wrong_is_noticed(entry: Message, noticed: str) -> None:
    assert [line.split(":")[0].split(",")[0] for line in wrong(entry)] == [noticed]


@pytest.mark.parametrize(
    "entry",
    [
        Message("step {step:,} of {total}", "共{total}步，第{step:,}步"),
        Message(("{n} image", "{n} images"), ("{n}幅图像",)),
        Message("**bn** is %(what)s", "**bn**是%(what)s"),
    ],
)
def test_an_entry_that_is_right_is_let_pass(entry: Message) -> None:
    assert wrong(entry) == []


def with_entries(*texts: str) -> Catalog:
    made = Catalog("zh")
    for text in texts:
        made.add(text, "译")
    return made


def test_a_sentence_that_is_new_and_one_that_nobody_says_any_more_are_noticed() -> None:
    lines = compared(with_entries("Start", "Stop"), with_entries("Stop", "Halt"))
    assert lines == ["not in the catalog: 'Start'", "nobody says this any more: 'Halt'"]


def test_a_sentence_that_is_put_away_in_the_catalog_is_stale(tmp_path: Path) -> None:
    (tmp_path / "zh.po").write_text('#~ msgid "Halt"\n#~ msgstr "停"\n')
    assert compared(with_entries(), read(tmp_path / "zh.po")) == ["nobody says this any more: 'Halt'"]


def test_a_word_in_another_context_is_another_one() -> None:
    template, known = Catalog("zh"), Catalog("zh")
    template.add("Step", context="one mini-batch")
    known.add("Step", "步")
    assert len(compared(template, known)) == 2


def test_a_compiled_catalog_that_is_not_this_one_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def older(catalog: Catalog) -> dict[str, bytes]:
        return {path: made + b" " for path, made in compiled(catalog).items()}

    monkeypatch.setattr(catalog, "compiled", older)
    assert [line.split()[0] for line in problems("zh")] == ["core/language/zh.mo", "assets/locale/zh.json"]


def test_a_catalog_is_the_same_bytes_whenever_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled(with_entries("Start"))
    monkeypatch.setattr("time.time", lambda: 0.0)
    later = with_entries("Start")
    later.creation_date = later.revision_date = None
    assert compiled(later) == first


# --- what is gathered --------------------------------------------------------------------------------------------


def test_sentences_of_python_are_found_wherever_they_stand() -> None:
    source = """
told = Message("a {b}", {"b": Message("c"), "d": str(_("e"))}) if x else Plural("{n} f", "{n} g", 2)
print(f"{_('h')} {pgettext('where', 'i')}", ngettext("j", "k" "l", n=3))
other.gettext("m"), "n"
"""
    assert [(context, text) for _, context, text in python(source)] == [
        (None, "a {b}"),
        (None, "c"),
        (None, "e"),
        (None, ("{n} f", "{n} g")),
        (None, "h"),
        ("where", "i"),
        (None, ("j", "kl")),
    ]


def test_sentences_of_scripts_are_found_wherever_they_stand() -> None:
    source = r"""
const html = `it's <b title="${_("a \"b\"")}">${x ? _("c {d}", { d: _("e") }) : `${pgettext("where", "f")}`}</b>`;
ngettext("g", "h", n); _(
  "i" +
  "j",
  { k: 1 });
a._("l"); gettext_("m"); map((_) => _);
"""
    assert [(context, text) for _, context, text in javascript(source)] == [
        (None, 'a "b"'),
        (None, "c {d}"),
        (None, "e"),
        ("where", "f"),
        (None, ("g", "h")),
        (None, "ij"),
    ]


@pytest.mark.parametrize(
    "source",
    ['_(f"step {step}")', "_(text)", '_("a" + "b")', "Message(key, {})", "Plural('a', many, 3)", "_('a'.format(b))"],
)
def test_a_sentence_of_python_that_is_put_together_is_refused(source: str) -> None:
    with pytest.raises(NotPlain, match=r"line 1: .* must begin with its text"):
        list(python(source))


@pytest.mark.parametrize("source", ["_(`step ${step}`)", "_(text)", "ngettext('a', 'b', n)", '_(a + "b")', "_('a')"])
def test_a_sentence_of_a_script_that_is_put_together_is_refused(source: str) -> None:
    with pytest.raises(NotPlain, match=r"line 1: .* must begin with its text"):
        list(javascript(source))


def names_that_hide_the_sentences(source: str) -> list[int]:
    """The lines where a file that says _("…") calls something else _, as in `for _ in …`."""
    if not re.search(r"^from core.language.speech import .*\b_\b", source, re.MULTILINE):
        return []
    tree = ast.parse(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    args = [node for node in ast.walk(tree) if isinstance(node, ast.arg)]
    return [n.lineno for n in names if n.id == "_"] + [a.lineno for a in args if a.arg == "_"]


def test_no_file_that_says_sentences_calls_something_else_by_their_name() -> None:
    files = [*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py")]
    assert [path for path in files if names_that_hide_the_sentences(path.read_text())] == []


@pytest.mark.parametrize("line", ["for _ in range(3): pass", "a, _ = b", "lambda _: 1", "def f(_): pass"])
def test_another_thing_by_that_name_is_noticed(line: str) -> None:
    assert names_that_hide_the_sentences(f"from core.language.speech import _\n{line}\n_('a')") == [2]
    assert names_that_hide_the_sentences(line) == []


def test_what_argparse_says_is_among_what_it_is_taught() -> None:
    """A word that no argparse says any more would stay in the catalog: it looks alive there."""
    from core.cli.speech import ARGPARSE

    source = Path(re.sub(r"\.pyc$", ".py", ast.__file__)).with_name("argparse.py").read_text()
    assert [message.key for message in ARGPARSE if message.key not in source] == []
