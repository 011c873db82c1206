"""A page names in its document's header all scripts that it begins with, and no others: what draws comes after it."""

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Response

from core.web.assets import assets_address
from core.web.preload import needed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AFTER = {"": ["train/charts.js"]}


@pytest.mark.parametrize("page", ["", "cube", "activations", "gradients", "parameters", "runs"])
def test_what_a_page_asks_for_is_what_its_header_names(new_page, server: str, page: str) -> None:
    tab = new_page("/_stcore/health")
    asked: list[str] = []

    def note(response: Response) -> None:
        if "/assets/" in response.url:
            asked.append(response.url)

    tab.on("response", note)
    document = tab.goto(f"{server}/{page}?seed=0")  # else a first visitor is welcomed, by a script of its own
    tab.wait_for_selector(".cube canvas" if page == "cube" else ".ns", state="attached")
    for name in AFTER.get(page, ()):  # settles when all that it imports has come
        tab.evaluate("(address) => import(new URL(address, document.baseURI)).then(() => {})", address_of(name))
    tab.wait_for_load_state("networkidle")
    named = re.findall(r"<([^>]+)>; rel=modulepreload", document.headers["link"])
    after = [address for address in map(address_of, needed(*AFTER.get(page, ()))) if address not in named]
    assert sorted(asked) == sorted(urljoin(document.url, address) for address in [*named, *after])  # each once


def address_of(name: str) -> str:
    return f"{assets_address()}/{name}"
