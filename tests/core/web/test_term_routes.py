"""core.web.terms: one term for a panel's “?”, and all of them for the page Reference."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.web.routes import routes
from core.web.terms import html_of
from core.words.terms import slugs


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes))


@pytest.mark.parametrize(
    ("language", "title", "computed", "says"),
    [
        ("en", "Gradient magnitude", "How it is computed", "<code>RMS ∂L/∂W</code> is"),
        ("zh", "梯度的大小", "如何计算", "∂L/∂W的均方根是"),
    ],
)
def test_a_term_is_told_in_the_language_asked_for(client, language: str, title: str, computed: str, says: str) -> None:
    found = client.get("/api/terms/gradient-magnitude", params={"lang": language}).json()
    assert (found["slug"], found["title"]) == ("gradient-magnitude", title)
    assert found["short"].startswith("<p>")
    assert found["sections"][1]["title"] == computed
    assert says in found["sections"][1]["html"]


@pytest.mark.parametrize("slug", ["nothing", "..", "%2e%2e%2fbook"])
def test_what_is_no_term_is_refused(client, slug: str) -> None:
    answer = client.get(f"/api/terms/{slug}", params={"lang": "zh"})
    assert answer.status_code in (400, 404)
    assert "error" in answer.json()


def test_the_browser_keeps_a_text_and_is_told_when_it_is_still_the_same(client) -> None:
    first = client.get("/api/terms/batch-norm")
    assert first.headers["cache-control"] == "private, no-cache"  # which is: ask before you use it
    again = client.get("/api/terms/batch-norm", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    chinese = client.get("/api/terms/batch-norm?lang=zh", headers={"If-None-Match": first.headers["etag"]})
    assert chinese.status_code == 200


def test_html_in_a_text_is_shown_as_it_is_written() -> None:
    assert html_of("a <b>bold</b> <script>x</script>") == (
        "<p>a &lt;b&gt;bold&lt;/b&gt; &lt;script&gt;x&lt;/script&gt;</p>\n"
    )
    assert "href" not in html_of("[a](javascript:alert(1))")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_reference_has_every_term_once_with_its_title_in_both_languages(client, language: str) -> None:
    found = client.get("/api/terms", params={"lang": language}).json()
    terms = [term for topic in found["topics"] for term in topic["terms"]]
    assert [term["slug"] for term in terms] == list(slugs())
    by_slug = {term["slug"]: term for term in terms}
    assert by_slug["batch-norm"]["titles"] == {"en": "Batch normalization", "zh": "批量规范化"}
    assert "批量归一化" in by_slug["batch-norm"]["also"]
    assert by_slug["batch-norm"]["place"] == {"en": "Batch Normalization Layers", "zh": "批量规范化层"}[language]
    assert found["about"]["slug"] == "about-what-you-see"
    assert all(term["title"] == term["titles"][language] for term in terms)
