"""A real server with a run under way is told to end, as by `docker stop`, or killed: the run is kept, and goes on."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bench.ended import Ended, ended, gone_on
from bench.kills import CONFIG, measured
from core.data.images import load
from core.store.shelf import Shelf
from core.training.records import Record, StatusChanged
from core.training.trainer import train

pytestmark = pytest.mark.slow
STOP_SECONDS = 5.0  # docs/deployment.md: so soon a server ends that is told to
RUN = replace(CONFIG, epochs=20)


@pytest.fixture(scope="module")
def alone() -> list[str]:
    """What the run measures where nothing interrupts it."""
    found: list[Record] = []
    train(RUN, load("digits"), found.append)
    return measured(found)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, 10**9)


def after_step_20(shelf: Shelf, how: signal.Signals) -> Ended:
    with ThreadPoolExecutor(1) as apart:  # the main thread may have an event loop already, of a test with a browser
        return apart.submit(ended, shelf, RUN, 20, how).result()


def test_a_server_that_is_told_to_end_has_ended_in_five_seconds_with_its_run_kept_to_the_last_step(
    shelf: Shelf, alone: list[str]
) -> None:
    """By the clock, but for the time in which other processes had the processor that it wanted."""
    stop = after_step_20(shelf, signal.SIGTERM)
    assert stop.seconds - stop.waited < STOP_SECONDS
    assert stop.kept >= stop.measured
    card, file = shelf.card(stop.run_id), shelf.read(stop.run_id)
    assert (card.status, card.resumable) == ("interrupted", True)
    assert 20 <= card.step < RUN.total_steps
    checkpoint = file.checkpoint()
    assert checkpoint is not None
    assert checkpoint.step == card.step
    file.close()
    assert measured(gone_on(shelf, stop.run_id).records) == alone


def test_a_server_that_is_killed_shows_its_run_as_interrupted_and_it_goes_on(shelf: Shelf, alone: list[str]) -> None:
    kill = after_step_20(shelf, signal.SIGKILL)
    before = shelf.recording(kill.run_id)
    assert (before.status, shelf.card(kill.run_id).resumable) == ("interrupted", True)
    found = measured(before.records)
    assert found == alone[: len(found)]
    after = gone_on(shelf, kill.run_id)
    assert after.records[: kill.kept] == before.records[: kill.kept]
    assert measured(after.records) == alone
    assert [r.status for r in after.records if isinstance(r, StatusChanged)].count("interrupted") == 1
