"""core.store.taking_in: a run comes onto the shelf as a whole, or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.taking_up import to_go_on
from core.store.recording import Recording
from core.store.shelf import Shelf
from core.store.taking_in import take_in
from core.store.troubles import StoreError
from core.training.records import StatusChanged
from tests.core.store.recorded import recorded

CONFIG = ExperimentConfig(
    data="digits", batch_size=64, epochs=1, examples=320, arms=(parse_arm("none"), parse_arm("bn"))
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(CONFIG, apart=2)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, 10**9)


def test_what_is_taken_in_is_what_was_recorded(shelf: Shelf, recording: Recording) -> None:
    card = take_in(shelf, recording)
    kept = shelf.recording(recording.id)
    assert (card.id, card.name, card.status, card.step) == (recording.id, recording.name, "finished", 5)
    assert card == shelf.cards()[0]
    assert (kept.config, kept.records) == (recording.config, recording.records)
    assert kept.origin == replace(recording.origin, by="import")
    assert list(kept.looks()) == list(recording.looks())
    assert kept.network_steps == recording.network_steps
    for step in recording.network_steps:
        for arm, tensors in recording.networks(step).items():
            assert all(torch.equal(kept.networks(step)[arm][name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("status", ["stopped", "interrupted"])
def test_it_does_not_go_on_for_it_came_without_what_that_needs(shelf: Shelf, recording: Recording, status: str) -> None:
    records = (*recording.records[:-1], StatusChanged(status, 3))
    card = take_in(shelf, replace(recording, status=status, records=records))
    assert (card.status, card.resumable) == (status, False)
    with pytest.raises(StoreError, match="was imported"):
        to_go_on(shelf, card.id, None)


def test_it_belongs_to_whom_it_is_given(shelf: Shelf, recording: Recording) -> None:
    assert take_in(shelf, recording, owner="a digest").owner == "a digest"


def test_a_run_that_is_here_already_is_refused_and_stays_as_it_is(shelf: Shelf, recording: Recording) -> None:
    take_in(shelf, recording)
    with pytest.raises(StoreError, match="is here already"):
        take_in(shelf, replace(recording, name="another"))
    assert shelf.card(recording.id).name == recording.name


def test_of_a_run_that_breaks_off_in_the_midst_nothing_is_kept(shelf: Shelf, recording: Recording) -> None:
    def broken(step: int):
        raise OSError(28, "No space left on device")

    with pytest.raises((StoreError, OSError)):
        take_in(shelf, replace(recording, networks=broken))
    assert shelf.cards() == []
    assert [path.name for path in shelf.home.rglob("*") if path.is_file()] == []


def test_what_a_process_left_that_was_killed_is_in_nobodys_way_and_goes(shelf: Shelf, recording: Recording) -> None:
    left = shelf.home / "incoming" / "another"
    left.mkdir(parents=True)
    (left / "run.sqlite").write_bytes(b"half")
    assert take_in(shelf, recording).status == "finished"
    assert left.exists()  # it may still be coming
    os.utime(left, (0, 0))
    take_in(shelf, replace(recording, id="other"))
    assert not left.exists()


def test_two_runs_come_at_the_same_time(shelf: Shelf, recording: Recording) -> None:
    def looks():
        take_in(shelf, replace(recording, id="other"))
        return recording.looks()

    take_in(shelf, replace(recording, looks=looks))
    assert {card.id for card in shelf.cards()} == {recording.id, "other"}


def test_of_two_that_are_the_same_run_the_first_to_be_whole_is_kept(shelf: Shelf, recording: Recording) -> None:
    def looks():
        take_in(shelf, replace(recording, name="first"))
        return recording.looks()

    with pytest.raises(StoreError, match="is here already"):
        take_in(shelf, replace(recording, looks=looks))
    assert [card.name for card in shelf.cards()] == ["first"]
