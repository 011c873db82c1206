"""One catalog a language, core/language/zh.po, for Python and the browser.

gathered  what the code says
renew     zh.po brought up to that; made of it zh.mo, for Python, and assets/locale/zh.json, for the browser
problems  what is wrong with a catalog, a line each
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from translation.sentences import Found, NotPlain, javascript, python

ROOT = Path(__file__).parents[1]
CATALOGS = ROOT / "core" / "language"
FOR_BROWSER = "assets/locale"
PLACES = {"app.py": python, "core/**/*.py": python, "pages/**/*.py": python, "assets/**/*.js": javascript}
TELLERS = ("core/language/speech.py", "core/language/message.py", "assets/shared/language.js")  # they say others' texts
LISTS = "core/language/lists.py"  # scripts have the same ones, in one of the tellers
PLACEHOLDERS = re.compile(r"\{\w+[^{}]*\}|%(?:\(\w+\))?[sdr]")
MARKS = re.compile(r"""[<>&"`]|\*\*""")  # of HTML and Markdown


@cache
def gathered() -> Catalog:
    """Every sentence in the code, with the files that say it."""
    template = Catalog()
    for pattern, extractor in PLACES.items():
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if name not in TELLERS:
                _gather(template, name, path.read_text(), extractor)
    return template


def _gather(template: Catalog, name: str, source: str, found_in: Callable[[str], Iterator[Found]]) -> None:
    try:
        for line, context, texts in found_in(source):
            template.add(texts, locations=[(name, line)], context=context)
    except NotPlain as error:
        raise NotPlain(f"{name}, {error}") from None


class Plain(Catalog):
    """A catalog whose head has no dates, and no names: equal content is equal bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", self.locale_identifier),
            ("Plural-Forms", self.plural_forms),
            ("Content-Type", "text/plain; charset=utf-8"),
        ]


def renew(language: str) -> None:
    """Keep what is translated, add what is new, drop what nobody says any more."""
    path = CATALOGS / f"{language}.po"
    catalog = read(path) if path.exists() else Catalog(language)
    catalog.update(gathered(), no_fuzzy_matching=True)
    path.write_bytes(written(catalog))
    for name, made in compiled(read(path)).items():
        (ROOT / name).write_bytes(made)


def read(path: Path) -> Catalog:
    """A catalog as it stands on the disk."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def written(catalog: Catalog) -> bytes:
    """In the order of the code, without line numbers: who translates other files changes other lines."""
    file = io.BytesIO()
    write_po(file, _plain(catalog), width=0, sort_by_file=True, include_lineno=False)
    return file.getvalue().strip() + b"\n"


def compiled(catalog: Catalog) -> dict[str, bytes]:
    """What is made of a catalog, by its path."""
    file = io.BytesIO()
    write_mo(file, _plain(catalog))
    texts = json.dumps(dict(sorted(_for_browser(catalog))), ensure_ascii=False, indent=0) + "\n"
    return {
        f"core/language/{catalog.locale}.mo": file.getvalue(),
        f"{FOR_BROWSER}/{catalog.locale}.json": texts.encode(),
    }


def _plain(catalog: Catalog) -> Plain:
    plain = Plain(catalog.locale, header_comment="", fuzzy=False)
    for entry in _entries(catalog):
        plain.add(entry.id, entry.string, entry.locations, entry.flags, context=entry.context)
    return plain


def _for_browser(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for message in _entries(catalog):
        if any(str(name).endswith(".js") or name == LISTS for name, _ in message.locations):
            key = f"{message.context}\u0004{_english(message)}" if message.context else _english(message)
            yield key, _translated(message)


# --- what can be wrong -------------------------------------------------------------------------------------------


def problems(language: str) -> list[str]:
    """A line for each; none where all is well."""
    catalog = read(CATALOGS / f"{language}.po")
    found = [*compared(gathered(), catalog), *(line for entry in _entries(catalog) for line in wrong(entry))]
    files = compiled(catalog)
    return found + [
        f"{name} is not what is made of {language}.po: run `make messages`"
        for name, made in files.items()
        if not (ROOT / name).exists() or (ROOT / name).read_bytes() != made
    ]


def compared(template: Catalog, catalog: Catalog) -> list[str]:
    """What the code says and the catalog does not have, and the other way round."""
    said, known = ({(entry.context, entry.id) for entry in _entries(each)} for each in (template, catalog))
    missing = [f"not in the catalog: {_quoted(text)}" for _, text in sorted(said - known, key=repr)]
    stale = [f"nobody says this any more: {_quoted(text)}" for _, text in sorted(known - said, key=repr)]
    return missing + stale + [f"nobody says this any more: {_quoted(entry.id)}" for entry in catalog.obsolete.values()]


def wrong(entry: Message) -> list[str]:
    """What is wrong with one entry."""
    if entry.fuzzy:
        return [f"fuzzy: {_quoted(entry.id)}"]
    if not _translated(entry):
        return [f"not translated: {_quoted(entry.id)}"]
    english, other = (sorted(map(str, _placeholders(text))) for text in (_english(entry, -1), _translated(entry)))
    if english != other:
        return [f"other placeholders, {english} and {other}: {_quoted(entry.id)}"]
    english, other = (sorted(MARKS.findall(text)) for text in (_english(entry), _translated(entry)))
    return [f"other marks, {english} and {other}: {_quoted(entry.id)}"] * (english != other)


def _placeholders(text: str) -> set[str]:
    return {match[0] for match in PLACEHOLDERS.finditer(text)}


def _entries(catalog: Catalog) -> list[Message]:
    return [entry for entry in catalog if entry.id]


def _english(entry: Message, form: int = 0) -> str:
    return str(entry.id[form] if isinstance(entry.id, tuple | list) else entry.id)


def _translated(entry: Message) -> str:
    """Chinese has one form for any number."""
    return str(entry.string[0] if isinstance(entry.string, tuple | list) else entry.string)


def _quoted(text: Any) -> str:
    return repr(text if isinstance(text, str) else text[0])[:120]
