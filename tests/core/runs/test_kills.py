"""A real process that trains is killed with kill -9: its run says so, loses nothing that was written, and goes on."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from bench.kills import CONFIG, killed, measured, resumed
from core.data.images import load
from core.store.shelf import Shelf
from core.training.records import Record, StatusChanged
from core.training.trainer import train

CHANCE = random.Random(21)


@pytest.mark.slow
@pytest.mark.parametrize("after", [CHANCE.randint(6, 18) for _ in range(4)])
def test_a_killed_run_goes_on_and_its_records_are_those_of_one_that_was_not(tmp_path: Path, after: int) -> None:
    shelf, config = Shelf(tmp_path, 10**9), replace(CONFIG, epochs=1)
    kill = killed(shelf, config, after)
    assert kill.kept >= 1, "killed before anything could be written: choose a later moment"
    before = shelf.recording(kill.run_id)
    assert (before.status, shelf.card(kill.run_id).resumable) == ("interrupted", True)
    alone: list[Record] = []
    train(config, load("digits"), alone.append)
    assert measured(before.records) == measured(alone)[: len(measured(before.records))]
    after_all = resumed(shelf, kill.run_id)
    assert after_all.records[: kill.kept] == before.records
    assert after_all.status == "finished"
    assert measured(after_all.records) == measured(alone)
    assert [r.status for r in after_all.records if isinstance(r, StatusChanged)].count("interrupted") == 1
