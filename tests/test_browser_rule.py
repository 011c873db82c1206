"""CI relies on it: with NORMSCOPE_REQUIRE_BROWSER=1 a browser test that does not run is a failure, not a skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SECOND_BROWSER

pytest_plugins = "pytester"

TESTS = """
import pytest

@pytest.fixture
def page():
    pytest.skip("no chromium")

@pytest.mark.browser
def test_skipped_by_its_fixture(page): ...

@pytest.mark.browser
@pytest.mark.skip(reason="no chromium")
def test_skipped_by_a_mark(): ...

@pytest.mark.browser
def test_skipped_within(): pytest.skip("no chromium")

@pytest.mark.browser
def test_that_runs(): ...

@pytest.mark.browser
@pytest.mark.xfail
def test_known_to_fail(): assert False

def test_without_a_browser(page): ...
"""


@pytest.mark.parametrize(("required", "skipped", "failed"), [("1", 1, 3), ("", 4, 0), ("0", 4, 0)])
def test_a_browser_test_that_did_not_run_fails_where_browsers_are_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str, skipped: int, failed: int
) -> None:
    monkeypatch.setenv("NORMSCOPE_REQUIRE_BROWSER", required)
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    pytester.makeini("[pytest]\nmarkers = browser: in a browser")
    pytester.makepyfile(TESTS)
    outcome = pytester.runpytest_inprocess("-p", "no:cacheprovider").parseoutcomes()
    found = (outcome.get("passed", 0), outcome.get("skipped", 0), outcome.get("failed", 0) + outcome.get("errors", 0))
    assert found == (1, skipped, failed)
    assert outcome["xfailed"] == 1


def test_the_files_of_the_second_browser_are_there() -> None:
    folder = Path(__file__).with_name("browser")
    assert [name for name in SECOND_BROWSER if not (folder / name).is_file()] == []
