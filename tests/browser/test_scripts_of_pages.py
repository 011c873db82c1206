"""A page names in its document's header all scripts that it will ask for, and no others."""

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Response

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "page",
    ["", "cube", *(pytest.param(name, marks=pytest.mark.slow) for name in ("activations", "gradients", "parameters"))],
)
def test_what_a_page_asks_for_is_what_its_header_names(new_page, server: str, page: str) -> None:
    tab = new_page("/_stcore/health")
    asked: list[str] = []

    def note(response: Response) -> None:
        if "/assets/" in response.url:
            asked.append(response.url)

    tab.on("response", note)
    document = tab.goto(f"{server}/{page}")
    tab.wait_for_selector(".cube canvas" if page == "cube" else ".ns", state="attached")
    tab.wait_for_load_state("networkidle")
    named = re.findall(r"<([^>]+)>; rel=modulepreload", document.headers["link"])
    assert sorted(asked) == sorted(urljoin(document.url, address) for address in named)  # each once
