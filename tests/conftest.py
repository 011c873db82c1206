"""How the tests are run: distributed over processes, and with the rule about browsers."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import pytest
from xdist import is_xdist_controller
from xdist.scheduler import LoadScopeScheduling

from core.experiment.environment import fix_products, fix_threads

fix_products()  # before PyTorch is there
fix_threads()

# What is said in the tests is English, whatever the machine speaks, and so in the processes that they start.
os.environ.pop("LC_ALL", None)
os.environ["LC_MESSAGES"] = "C"

# PyTorch's threads would wait for each other by trying again and again: where many processes share two cores, for long.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

# No test touches the runs that the user keeps, nor waits for the disk; those about the store have it on, in a folder of
# their own.
os.environ["NORMSCOPE_STORE"] = "off"
os.environ["NORMSCOPE_HOME"] = str(Path(tempfile.gettempdir()) / f"normscope-tests-{os.getpid()}")

BROWSER = "tests/browser/"
TRAINING = "tests/core/training/"
FIRST = (
    BROWSER,
    "tests/core/runs/test_engines.py",
    "tests/core/runs/test_ray_",
    "tests/core/lab/",
    f"{TRAINING}test_first_look.py",
    f"{TRAINING}test_trainer.py",
    f"{TRAINING}test_checkpoint.py",
    "tests/core/runs/test_kept_runs.py",
    "tests/pages/test_cube_page.py",
    "tests/test_",
    "",  # all others
)
# Of the slow ones these last: they start machines of a cluster, a server or a command, and workers that import PyTorch.
# Beside two browsers, each of which has a core and more, all of that takes minutes, and limits pass, Ray's own first.
PROCESSES = (
    "tests/core/runs/test_engines.py",
    "tests/core/runs/test_ray_",
    "tests/core/lab/test_on_ray.py",
    "tests/core/cli/",
    "tests/test_",
)


# Where the slow ones are run, the other half of tests/browser: two processes, each with a server and a chromium, wait
# for pages at once. Of the others one process has all: a second server and browser take more than they save.
SECOND_BROWSER = (
    "test_activations.py",
    "test_cube_in_browser.py",
    "test_demonstrations_in_browser.py",
    "test_earlier_runs.py",
    "test_language_in_browser.py",
    "test_layout.py",
    "test_lessons_in_browser.py",
    "test_only_chinese.py",
    "test_parameters.py",
    "test_report_in_browser.py",
    "test_scripts_of_pages.py",
    "test_sources.py",
    "test_sub_path.py",
    "test_terms_in_browser.py",
)


ENGINES = ("runs/test_engines.py", "runs/test_ray_engine.py")


SLOW_SECONDS = 300  # one that takes 40 s alone has taken 120 beside two browsers: only what hangs is to be given up


def has_slow(config: pytest.Config) -> bool:
    return "not slow" not in config.option.markexpr


class SharedServers(LoadScopeScheduling):
    """A file's tests go to one worker, and those of tests/browser to one or two, who have a server and a chromium each.

    Those of the engines share a cluster.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        if file.endswith(ENGINES):
            return "engines"
        if not file.startswith(BROWSER):
            return file
        return "second browser" if has_slow(self.config) and file.endswith(SECOND_BROWSER) else "browser"


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharedServers:
    return SharedServers(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Whoever runs tests gets the fixtures; xdist's controller would import PyTorch for nothing, while all wait."""
    if not is_xdist_controller(session):
        session.config.pluginmanager.import_plugin("tests.fixtures")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest first: begun last, one process would be at it when the other has ended. But see PROCESSES."""
    last = PROCESSES if has_slow(config) else ()

    def turn(item: pytest.Item) -> tuple[bool, int]:
        place = min(place for place, path in enumerate(FIRST) if item.nodeid.startswith(path))
        return item.nodeid.startswith(last), place

    items.sort(key=turn)
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


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
