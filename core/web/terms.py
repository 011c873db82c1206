"""What every number and word means, for the browser: the texts of core/words/terms as HTML.

one_term   what a panel's “?” shows: one of them, in the language asked for
all_terms  what the page Reference shows: all of them, with their titles in every language and their place in the book
html_of    Markdown as HTML that can go into a page
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.language.languages import LANGUAGES
from core.language.speech import speaking, spoken
from core.web.parameters import Refused, answers
from core.web.unchanged import unless_known
from core.words.book import PLACES
from core.words.terms import ABOUT, TOPICS, TermError, term

Entry = dict[str, Any]


@answers
async def one_term(request: Request) -> Response:
    """{slug, title, short, sections: [{title, html}, …]}; 400 for a slug that is none."""
    try:
        return unless_known(request, _one(request.path_params["slug"], spoken()))
    except TermError as error:
        raise Refused(error.args[0]) from None


@answers
async def all_terms(request: Request) -> Response:
    """{about, topics: [{title, terms}, …]}; a term has `titles` by language, `also` and `place` besides."""
    return unless_known(request, _all(spoken()))


@cache
def _one(slug: str, language: str) -> bytes:
    return _json(_entry(slug, language))


@cache
def _all(language: str) -> bytes:
    with speaking(language):
        topics = [
            {"title": str(topic), "terms": [_listed(slug, language) for slug in TOPICS[topic]]} for topic in TOPICS
        ]
    return _json({"about": _entry(ABOUT, language), "topics": topics})


def _listed(slug: str, language: str) -> Entry:
    titles = {each: term(slug, each).title for each in LANGUAGES}
    also = next((found.also for found in (term(slug, each) for each in LANGUAGES) if found.also), "")
    place = str(PLACES[slug]) if slug in PLACES else ""
    return _entry(slug, language) | {"titles": titles, "also": also, "place": place}


def _entry(slug: str, language: str) -> Entry:
    found = term(slug, language)
    sections = [{"title": section.title, "html": html_of(section.text)} for section in found.sections]
    return {"slug": slug, "title": found.title, "short": html_of(found.short), "sections": sections}


def html_of(markdown: str) -> str:
    """A text's Markdown as the browser shows it."""
    from markdown_it import MarkdownIt  # a tenth of a second, for which no start of the server has to wait

    # HTML in a text is shown as it is written, so that what comes out can go into the page as it is.
    return str(MarkdownIt("commonmark", {"html": False}).render(markdown))


def _json(answer: Entry) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
