"""AppTest looks through all installed packages for components at every app: here once.

And it runs the pages without app.py, which keeps Streamlit from shifting the list of import folders under an import
that another thread has under way (which then finds no torchvision, once in some ten runs of the suite): so app.py is
imported here.
"""

import threading
from collections.abc import Iterator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.context import ContextProxy

import app as app  # for what it does to sys.path


@pytest.fixture(scope="session", autouse=True)
def packages_are_scanned_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="module", autouse=True)
def what_a_visit_begins_to_import_is_imported() -> Iterator[None]:
    """Or other tests would have it beside them: two threads that parse Python at once can fail in CPython 3.11."""
    yield
    for thread in threading.enumerate():
        if thread.name == "ready":
            thread.join()


@pytest.fixture(autouse=True)
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the browser sends; to AppTest they would be a mock."""
    kept: dict[str, str] = {}
    monkeypatch.setattr(ContextProxy, "cookies", kept)
    return kept


@pytest.fixture
def browser_language(monkeypatch: pytest.MonkeyPatch):
    """browser_language("zh-CN"): what the browser prefers; nothing, otherwise."""
    return lambda tag: monkeypatch.setattr(ContextProxy, "locale", tag)
