"""What every number and word on the pages means: one text a term and language, core/words/terms/<slug>/<language>.md.

term, terms   one of them, or all, as they are read: frozen, in Markdown
TOPICS        all slugs, in the order in which a reader may go through them
ABOUT         the one that is no term but an article
faults        what is wrong with the texts, in words

A term has a title, a short answer, and four sections under the same headings; an article has headings of its own.
The Chinese text carries a hash of the English one, so that who changes that one must look at both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.experiment.rules import quoted
from core.language.languages import ENGLISH, LANGUAGES
from core.language.message import Message

QUERY_KEY = "term"  # in the address of the page Reference
FOLDER = Path(__file__).with_name("terms")
ABOUT = "about-what-you-see"
MOST_WORDS = 60  # of a short answer

TOPICS = {
    Message("The norms and the networks"): [
        "batch-norm",
        "layer-norm",
        "instance-norm",
        "group-norm",
        "rms-norm",
        "no-normalization",
        "batch-norm-book",
        "averaging-axes",
        "worked-example",
        "gamma-and-beta",
        "running-statistics",
        "training-and-evaluation-mode",
        "epsilon",
        "biased-variance",
        "batch-noise",
        "dropout",
        "initialization",
    ],
    Message("Training and its curves"): [
        "training-loss",
        "test-loss",
        "accuracy",
        "batch-statistics",
        "recalibration",
        "epoch-and-step",
        "smoothing",
        "learning-rate",
        "learning-rate-schedule",
        "momentum-of-sgd",
        "weight-decay",
        "fingerprint",
        "parameter-count",
        "examples-per-second",
        "divergence",
        "verdict",
        "one-seed",
    ],
    Message("Looks inside the networks"): [
        "fixed-images",
        "activation-histogram",
        "percentiles",
        "pooled-spread",
        "spread-per-unit",
        "drift",
        "internal-covariate-shift",
        "feature-maps",
        "inactive-share",
        "non-finite",
        "gradient-magnitude",
        "gradient-of-output",
        "update-ratio",
        "gradient-histogram",
    ],
    Message("The Lab"): [
        "learns-survives-fails",
        "held-out-accuracy",
        "seed-band",
        "surely-better",
        "step-cost",
        "gradient-predictiveness",
    ],
}

HEADINGS = {
    "en": ["From which tensor", "How it is computed", "What to conclude", "What not to conclude"],
    "zh": ["取自哪个张量", "如何计算", "可以得出什么", "不能得出什么"],
}
SEE_ALSO = {"en": "See also", "zh": "另见"}
ALSO_CALLED = "又称："
COMMENT = re.compile(r"<!-- en: ([0-9a-f]{16}) -->")
LINK = re.compile(r"\]\(([^)]*)\)")


class TermError(ValueError):
    """A text that is not there, or not written as a term's text is."""


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands under it, in Markdown."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Term:
    """One term's text in one language; `also` is what other books call it, in Chinese, else empty."""

    slug: str
    title: str
    also: str
    short: str
    sections: tuple[Section, ...]
    source: str  # the hash that a translation carries of its English text


def slugs() -> tuple[str, ...]:
    """Of all terms, in order; without the article."""
    return tuple(slug for topic in TOPICS.values() for slug in topic)


@cache
def term(slug: str, language: str) -> Term:
    """The term or article, read once. Raises TermError where there is none, or none that can be read."""
    if slug not in (ABOUT, *slugs()):
        raise TermError(Message("There is no term {slug}.", {"slug": quoted(slug)}))
    return read(slug, language, FOLDER)


def read(slug: str, language: str, folder: Path) -> Term:
    """As it stands in `folder`; raises TermError where its parts are not in their places."""
    path = folder / slug / f"{language}.md"
    if not path.is_file():
        raise TermError(f"Every term has a text in each language; {slug} has no {path.name}. Write it.")
    source, title, rest = _head(path, path.read_text(encoding="utf-8"))
    first, *others = re.split(r"^## +(.+)$", rest, flags=re.MULTILINE)
    also, short = _also(first.strip())
    if not short or "\n\n" in short:
        raise TermError(
            f"Under a term's title there is one paragraph, the short answer; {slug}/{path.name} has "
            f"{len(short.split(chr(10) * 2)) if short else 0}. Put the rest under a heading."
        )
    pairs = zip(others[::2], others[1::2], strict=True)
    sections = tuple(Section(heading.strip(), text.strip()) for heading, text in pairs)
    return Term(slug, title, also, short, sections, source)


def _head(path: Path, text: str) -> tuple[str, str, str]:
    """(the hash of the English text, the title, what follows it)."""
    comment = COMMENT.match(text)
    body = text[comment.end() :] if comment else text
    title, _, rest = body.strip().partition("\n")
    if not title.startswith("# "):
        name = f"{path.parent.name}/{path.name}"
        raise TermError(
            f"A term's text begins with its title, `# …`, under the hash of its English text; {name} has "
            f"{title[:40]!r} there. Write it there."
        )
    return comment[1] if comment else "", title[2:].strip(), rest


def _also(text: str) -> tuple[str, str]:
    if not text.startswith(ALSO_CALLED):
        return "", text
    line, _, rest = text.partition("\n")
    return line.removeprefix(ALSO_CALLED).rstrip("。"), rest.strip()


def hash_of(path: Path) -> str:
    """What a translation of this file carries."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


# --- what is wrong ---------------------------------------------------------------------------------------------------


def faults(folder: Path = FOLDER) -> list[str]:
    """Each with the file it is in; empty where all is well."""
    known = [ABOUT, *slugs()]
    there = sorted(path.name for path in folder.iterdir() if path.is_dir())
    found = [f"{slug}: it has no folder; write it, or take it out of TOPICS" for slug in known if slug not in there]
    found += [f"{slug}: TOPICS does not have it; put it where it belongs" for slug in there if slug not in known]
    for slug in there:
        try:
            found += _faults_of(slug, {language: read(slug, language, folder) for language in LANGUAGES}, folder)
        except TermError as error:
            found.append(f"{slug}: {error}")
    return found


def _faults_of(slug: str, texts: dict[str, Term], folder: Path) -> Iterator[str]:
    english = texts[ENGLISH]
    for language, text in texts.items():
        name = f"{slug}/{language}.md"
        yield from (f"{name}: {fault}" for fault in _own_faults(text, language, folder))
        source = hash_of(folder / slug / f"{ENGLISH}.md")
        if language != ENGLISH and text.source != source:
            yield f"{name}: the English text has changed; translate what is new, then write {source} into line 1"
        if len(text.sections) != len(english.sections):
            yield f"{name}: {len(text.sections)} sections, of which en.md has {len(english.sections)}; write the same"
        if _links(text) != _links(english):
            yield f"{name}: it links to {_links(text)}, en.md to {_links(english)}; link to the same terms"
    if len(english.short.split()) > MOST_WORDS:
        yield f"{slug}/en.md: its short answer has {len(english.short.split())} words; {MOST_WORDS} at most"


def _own_faults(text: Term, language: str, folder: Path) -> Iterator[str]:
    headings = [section.title for section in text.sections]
    if text.slug != ABOUT and [each for each in headings if each != SEE_ALSO[language]] != HEADINGS[language]:
        yield f"its headings are {headings}; they must be {HEADINGS[language]}"
    if SEE_ALSO[language] in headings[:-1]:
        yield f"“{SEE_ALSO[language]}” is the last section; put it there"
    for link, called, title in _seen_also(text, language, folder):
        if called != title:
            yield f"“{SEE_ALSO[language]}” calls {link} “{called}”, whose title is “{title}”; write that"
    for link in _links(text):
        if not (link.startswith("#") and (folder / link[1:]).is_dir()) and not link.startswith("https://"):
            yield f"it links to {link}, and there is no such term; link to #slug"


def _seen_also(text: Term, language: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """(link, what it is called here, its own title) of each term that is there."""
    last = [section.text for section in text.sections if section.title == SEE_ALSO[language]]
    for called, slug in re.findall(r"\[([^]]+)\]\(#([^)]*)\)", "".join(last)):
        path = folder / slug / f"{language}.md"
        if path.is_file():
            yield slug, called, _head(path, path.read_text(encoding="utf-8"))[1]


def _links(text: Term) -> list[str]:
    return sorted(
        {link for part in (text.short, *(section.text for section in text.sections)) for link in LINK.findall(part)}
    )
