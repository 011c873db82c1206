"""A small soak: a run with watchers who come and go, tabs that are opened and closed; and that a fault would be found.

The long one is `python -m bench soak`. What is checked here of the server with faults is checked of the real one, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bench.server import served
from bench.soak import Line, Soaked, Standing, _sizes, kept, returned, soaked

pytestmark = pytest.mark.timeout(300)
QUICK = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1", "NORMSCOPE_STORE": "off"}
TABS, PATIENCE = 24, 9.0
STEPS, BREAKS = 800, 0.5


def apart(work: Callable[[], Any]) -> Any:
    """In a thread: in this one, Playwright's event loop runs where browser tests came before."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


Server = tuple[str, int]  # its address, and its process's id


@pytest.fixture(scope="module")
def real() -> Iterator[Server]:
    with served("app.py", **QUICK) as server:
        yield server


@pytest.fixture(scope="module")
def planted() -> Iterator[Server]:
    """A server with each of the faults: what is found of one is not found of another."""
    with served("tests/planted_app.py", **QUICK, PLANTED="memory threads files failing") as server:
        yield server


def left_by_tabs(server: Server) -> list[str]:
    return kept(*apart(lambda: returned(*server, TABS, PATIENCE, earlier=TABS)))


def faults_of_a_run(server: Server) -> list[str]:
    found: Soaked = apart(lambda: soaked(*server, STEPS, BREAKS, filled=0))
    return [fault for fault in found.faults() if "memory" not in fault and "files" not in fault]  # it is too short


# --- what is said of figures ------------------------------------------------------------------------------------------

QUIET = Standing(memory_mb=600.0, threads=10, files=40)
SOAKED = Soaked(1_000, QUIET, QUIET, (570.0, 575.0), 9, [], 0)


def test_what_a_process_keeps_is_told_by_how_much_more_it_is() -> None:
    assert kept(QUIET, QUIET) == []
    assert kept(QUIET, Standing(100.0, 5, 5)) == []
    assert kept(QUIET, Standing(631.0, 15, 57)) == [
        "memory_mb: 31 more than before",
        "threads: 5 more than before",
        "files: 17 more than before",
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"late": Standing(640.0, 10, 40)}, "the run: memory_mb: 40 more than before"),
        ({"updates": (570.0, 640.0)}, "an update grew from 570 to 640 bytes"),
        ({"lost": 2}, "2 records never came to who lost the line"),
        ({"failed": ["an answer of 500"] * 3}, "failed: an answer of 500"),
    ],
)
def test_a_run_has_each_fault_told_and_none_without(change: dict[str, Any], fault: str) -> None:
    assert SOAKED.faults() == []
    assert Soaked(**{name: getattr(SOAKED, name) for name in Soaked.__dataclass_fields__} | change).faults() == [fault]


@pytest.mark.parametrize(
    ("updates", "sizes"),
    [
        ([], (0, 0)),
        ([(700, 500)], (500, 500)),  # a busy machine: none was heard of earlier
        ([(1, 9_000), *((step, 400 + step) for step in range(10, 1_000, 10)), (1_000, 9_000)], (450, 1_350)),
    ],
)
def test_updates_are_compared_early_and_late_as_they_came(updates: list[tuple[int, int]], sizes) -> None:
    assert _sizes(updates, 1_000) == sizes


def test_what_came_to_nobody_is_lost() -> None:
    line = Line("http://127.0.0.1:1", "abc")
    line.had = {1, 2, 4, 5}  # what was thinned out since is no loss
    assert line.lost({1, 2, 3, 5}) == {3}


# --- the server -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_tabs_took_is_given_back(real: Server) -> None:
    assert left_by_tabs(real) == []


@pytest.mark.slow
def test_planted_leaks_are_found(planted: Server) -> None:
    assert [found.partition(":")[0] for found in left_by_tabs(planted)] == ["memory_mb", "threads", "files"]


@pytest.mark.slow
def test_of_a_run_with_watchers_who_come_and_go_nothing_is_lost_and_nothing_fails(real: Server) -> None:
    assert faults_of_a_run(real) == []


@pytest.mark.slow
def test_a_planted_500_is_found(planted: Server) -> None:
    assert "failed: an answer of 500" in faults_of_a_run(planted)
