"""How the tests are run: distributed over processes, and with the rule about browsers."""

from __future__ import annotations

import gc
import os

import pytest
from xdist import is_xdist_controller
from xdist.scheduler import LoadScopeScheduling

from core.experiment.environment import fix_products

fix_products()  # before PyTorch is there

# What is said in the tests is English, whatever the machine speaks, and so in the processes that they start.
os.environ.pop("LC_ALL", None)
os.environ["LC_MESSAGES"] = "C"

TRAINING = "tests/core/training/"
LONGEST = ("tests/browser/", f"{TRAINING}test_first_look.py", f"{TRAINING}test_trainer.py", "")  # and all others


class OneBrowser(LoadScopeScheduling):
    """A file's tests go to one worker, and all of tests/browser to the same: they share a server and a chromium."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneBrowser:
    return OneBrowser(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Whoever runs tests gets the fixtures; xdist's controller would import PyTorch for nothing, while all wait."""
    if not is_xdist_controller(session):
        session.config.pluginmanager.import_plugin("tests.fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first: begun last, one process would be at it when the other has ended."""
    items.sort(key=lambda item: min(place for place, path in enumerate(LONGEST) if item.nodeid.startswith(path)))


def pytest_collection_finish() -> None:
    """As the server does: what has been imported stays, and the collector need not look at it, which takes seconds."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """With NORMSCOPE_REQUIRE_BROWSER=1 a test marked `browser` may not be skipped: where it must run, it runs."""
    report = yield
    required = os.environ.get("NORMSCOPE_REQUIRE_BROWSER") == "1" and item.get_closest_marker("browser")
    if required and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"NORMSCOPE_REQUIRE_BROWSER=1, but this browser test did not run. {reason}"
    return report
