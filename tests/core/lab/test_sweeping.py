"""core.lab.measure, sweeping and kept: a point is an ordinary run, and only what is missing is computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.cube.networks import Networks
from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab import measure as measuring
from core.lab.entries import csv_text, entries
from core.lab.estimate import Estimate
from core.lab.kept import KeptPoints
from core.lab.measure import measure
from core.lab.points import Point, points
from core.lab.sweep import Sweep
from core.lab.sweeping import Sweeping
from core.runs.asking import NothingToSee
from core.runs.engine import Outcome
from core.runs.gallery import Gallery
from core.runs.kept_run import KeptRun
from core.runs.shown import is_swept
from core.store.codec import record_from
from core.store.shelf import Shelf
from core.training import records
from core.training.arms import Arm
from core.training.trainer import train

CPU = torch.device("cpu")
BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=2, arms=(parse_arm("none"), parse_arm("bn")))
SWEEP = Sweep(BASE, (("lr", (0.1, 1.0)),), seeds=2)


@pytest.fixture(autouse=True, scope="module")
def few() -> Any:
    """The digits without scikit-learn, whose split takes a second."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(256, (200, 1, 28, 28), dtype=torch.uint8, generator=random)
    labels = torch.randint(10, (200,), generator=random)
    found = Images("digits", images[:100], labels[:100], images[100:], labels[100:], tuple("0123456789"))
    patch = pytest.MonkeyPatch()
    patch.setattr(measuring, "load", lambda name, root, device: found)
    measuring._images.cache_clear()
    yield found
    patch.undo()
    measuring._images.cache_clear()


class Here:
    """An engine without processes: a point in each poll; those of `fails` fail."""

    places = 1

    def __init__(self, *fails: str) -> None:
        self.points: list[tuple[str, Mapping[str, Any]]] = []
        self.fails = fails

    def submit(self, key: str, point: Mapping[str, Any]) -> None:
        self.points.append((key, point))

    def poll(self, seconds: float) -> list[Outcome]:
        key, point = self.points.pop(0)
        if key in self.fails:
            return [Outcome(key, None, "no good")]
        return [Outcome(key, json.loads(json.dumps(measure(point), allow_nan=False)), seconds=1.0)]

    def close(self) -> None: ...


def quick(points: Any, places: int) -> Estimate:
    return Estimate(points, places, lambda config: 1.0)


def swept(sweep: Sweep, kept: KeptPoints | None, *fails: str, most: int = 99) -> tuple[Sweeping, int]:
    """At most so many points; and how many were to be computed."""
    engine = Here(*fails)
    sweeping = Sweeping(points(sweep), engine, kept, estimated=quick)
    count = sweeping.total - sweeping.before
    while sweeping.done < sweeping.total and most:
        sweeping.advance(0)
        most -= 1
    return sweeping, count


@pytest.fixture(scope="module")
def point() -> Point:
    return points(SWEEP)[1]


@pytest.fixture(scope="module")
def measured(point: Point) -> dict[str, Any]:
    return measure(point.to_json())


def test_a_point_is_what_train_gives_and_the_held_out_images_are_those_after(
    few: Images, point: Point, measured: Any
) -> None:
    arms: list[Arm] = train(point.config, few, lambda record: None)
    for arm in arms:
        arm.model.eval()
        with torch.no_grad():
            held = arm.model(as_floats(few.train_images[72:80])).argmax(1) == few.train_labels[72:80]
            test = arm.model(as_floats(few.test_images)).argmax(1) == few.test_labels
        found = measured["arms"][arm.name]
        assert found["validation_accuracy"] == pytest.approx(held.double().mean().item())
        assert found["test_accuracy"] == pytest.approx(test.double().mean().item())
        assert (found["status"], found["steps"], found["learning_rate"]) == ("finished", 6, 1.0)
    assert measured["arms"]["none"]["gradient_ratio"] < measured["arms"]["bn"]["gradient_ratio"]


def test_the_test_images_are_read_once_and_at_the_end(measured: Any) -> None:
    tests = [r for r in map(record_from, measured["records"]) if isinstance(r, records.TestMeasured)]
    assert [(test.step, test.whole) for test in tests] == [(6, True)]


def test_the_same_point_has_the_same_numbers_and_leaves_the_threads_alone(point: Point, measured: Any) -> None:
    before = torch.get_num_threads()
    again = measure(point.to_json())
    assert torch.get_num_threads() == before
    for arm in ("none", "bn"):
        timed = {"seconds", "examples_per_second", "step_milliseconds"}
        one, other = ({k: v for k, v in each["arms"][arm].items() if k not in timed} for each in (measured, again))
        assert one == other


def test_an_arm_that_diverges_is_an_entry_without_accuracies() -> None:
    sweep = Sweep(replace(BASE, activation="relu", learning_rate=1e30))
    found = measure(points(sweep)[0].to_json())
    assert {arm["status"] for arm in found["arms"].values()} == {"diverged"}
    assert [arm["test_accuracy"] for arm in found["arms"].values()] == [None, None]
    assert json.dumps(found, allow_nan=False)


def test_what_is_kept_is_not_computed_again_and_has_the_same_entries(tmp_path: Path) -> None:
    kept = KeptPoints(Shelf(tmp_path, 10**9), CPU)
    half, count = swept(SWEEP, kept, most=2)
    assert (count, half.done) == (4, 2)
    whole, count = swept(SWEEP, kept)
    assert (count, whole.before, whole.done) == (2, 2, 4)
    again, count = swept(SWEEP, kept)
    assert count == 0
    asked = points(SWEEP)
    assert entries(asked, again.found, {}) == entries(asked, whole.found, {})
    assert swept(replace(SWEEP, seeds=3), kept)[1] == 2
    assert swept(replace(SWEEP, validation=0.2), kept, most=0)[1] == 4


def test_a_point_is_a_run_with_its_records(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10**9)
    sweeping, _ = swept(SWEEP, KeptPoints(shelf, CPU), most=1)
    (card,) = shelf.cards()
    assert (card.status, card.name, card.origin.by, card.config.examples) == ("finished", "lr=0.1 seed=0", "sweep", 72)
    assert [found["run"] for found in sweeping.found.values()] == [card.id]
    recording = shelf.recording(card.id)
    last = [record for record in recording.records if isinstance(record, records.TestMeasured)][-1]
    (found,) = sweeping.found.values()
    assert {arm: found["arms"][arm]["test_accuracy"] for arm in ("none", "bn")} == last.accuracy


def test_a_point_that_is_opened_is_known_for_a_sweeps_and_says_why_it_has_no_networks(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10**9)
    swept(SWEEP, KeptPoints(shelf, CPU), most=1)
    run = KeptRun(shelf, shelf.cards()[0].id, Gallery(None, CPU))
    assert is_swept(run)
    assert Networks(run).instead_of(3) == ""
    with pytest.raises(NothingToSee, match="This is a run of a sweep, which keeps its curves"):
        Networks(run).sites("bn")


def test_what_was_made_with_another_pytorch_is_computed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path, 10**9)
    swept(SWEEP, KeptPoints(shelf, CPU), most=1)
    monkeypatch.setattr(torch, "__version__", "1.0.0")
    assert swept(SWEEP, KeptPoints(shelf, CPU), most=0)[1] == 4


def test_a_point_that_fails_is_failed_entries_and_is_tried_again_another_time(tmp_path: Path) -> None:
    kept, asked = KeptPoints(Shelf(tmp_path, 10**9), CPU), points(SWEEP)
    sweeping, _ = swept(SWEEP, kept, asked[0].key)
    found = entries(asked, sweeping.found, sweeping.failed)
    assert [(entry["status"], entry["message"]) for entry in found[:2]] == [("failed", "no good")] * 2
    assert {entry["status"] for entry in found[2:]} == {"finished"}
    assert swept(SWEEP, kept)[1] == 1
    rows = csv_text(found).splitlines()
    assert len(rows) == 1 + SWEEP.entries
    assert rows[0].startswith("lr,norm,seed,arm,status,")


def test_without_a_shelf_all_stays_in_memory_and_a_full_one_is_said(tmp_path: Path) -> None:
    assert swept(SWEEP, None, most=1)[0].done == 1
    (tmp_path / "runs").write_text("no folder")
    sweeping, _ = swept(SWEEP, KeptPoints(Shelf(tmp_path, 10**9), CPU), most=1)
    assert (sweeping.done, bool(sweeping.unkept)) == (1, True)


def test_the_oldest_runs_make_room_for_points_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1)
    sweeping, _ = swept(SWEEP, KeptPoints(shelf, CPU), most=2)
    newest = list(sweeping.found.values())[-1]["run"]
    assert [card.id for card in shelf.cards()] == [newest]
    assert sweeping.done == 2  # what is told of it does not hang on its file


def test_the_estimate_is_corrected_by_what_the_points_take() -> None:
    asked = points(SWEEP)
    estimate = Estimate(asked, 2, lambda config: 1.0)
    before = estimate.seconds
    one = before * 2 / 4
    estimate.done(asked[0].key, 10 * one)
    assert estimate.seconds == pytest.approx(10 * one * 3 / 2)
    estimate.done(asked[1].key, None)
    assert estimate.seconds == pytest.approx(10 * one)
    for point in asked[2:]:
        estimate.done(point.key, one)
    assert estimate.seconds == 0


def test_the_estimate_is_corrected_for_each_batch_size_and_depth_by_its_own_points() -> None:
    """As steps were timed; in truth those of 10 images take half as long, and those of 20 thrice."""
    sweep = Sweep(BASE, (("batch-size", (10, 20)), ("depth", (5, 8))), seeds=2)
    asked = points(sweep)
    estimate = Estimate(asked, 1, lambda config: config.batch_size * config.depth / 10_000)
    expected = {point.key: Estimate([point], 1, estimate._timed).seconds for point in asked}
    truth = {point.key: expected[point.key] * {10: 0.5, 20: 3.0}[point.config.batch_size] for point in asked}
    assert estimate.seconds == pytest.approx(sum(expected.values()))
    first, *others = asked
    estimate.done(first.key, truth[first.key])
    assert estimate.seconds == pytest.approx(0.5 * sum(expected[point.key] for point in others))
    for point in others[:3]:  # now there is one of each kind
        estimate.done(point.key, truth[point.key])
    assert estimate.seconds == pytest.approx(sum(truth[point.key] for point in others[3:]))
    estimate.done(others[3].key, truth[others[3].key])  # now one kind has more of it done than the others
    assert estimate.seconds == pytest.approx(sum(truth[point.key] for point in others[4:]))


def test_no_more_points_are_handed_out_than_there_are_places_and_none_while_they_are_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Here, "poll", lambda engine, seconds: [])
    engine = Here()
    sweeping = Sweeping(points(SWEEP), engine, None, estimated=quick)
    assert (sweeping.advance(0, hands_out=False), engine.points) == ([], [])
    for _ in range(2):
        sweeping.advance(0)
        assert [key for key, _point in engine.points] == list(sweeping.under_way) == [points(SWEEP)[0].key]
