"""TensorBoard's events, read back by TensorBoard's own reader and compared with the records."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import pytest

from core.exports import events
from core.exports.troubles import PackageMissing
from core.training import records
from core.training.records import LearningRateChanged, TrainMeasured
from tests.core.exports.short import two

Scalars = dict[str, list[tuple[int, float]]]


def read(folder: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    found.Reload()
    return found


def scalars(folder: Path) -> Scalars:
    found = read(folder)
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def single(value: float) -> float:
    """As float32, in which TensorBoard keeps a number."""
    import numpy as np

    return float(np.float32(value))


def test_tensorboard_reads_every_training_point_and_every_test(tmp_path: Path):
    recording = two()
    events.write(recording, tmp_path)
    for arm in ("none", "bn"):
        train = [r for r in recording.records if isinstance(r, TrainMeasured)]
        assert scalars(tmp_path / arm / "train") == {
            "loss": [(r.step, single(r.loss[arm])) for r in train],
            "accuracy": [(r.step, single(r.accuracy[arm])) for r in train],
            "learning rate": [(r.step, single(0.1)) for r in train],
        }
        tests = [r for r in recording.records if isinstance(r, records.TestMeasured)]
        assert scalars(tmp_path / arm / "test")["accuracy"] == [(r.step, single(r.accuracy[arm])) for r in tests]
    batch = [(r.step, single(r.batch_loss["bn"])) for r in tests]
    assert scalars(tmp_path / "bn" / "test batch statistics")["loss"] == batch
    assert not (tmp_path / "none" / "test batch statistics").exists()


def test_the_learning_rate_is_that_of_the_step_whoever_made_it_so(tmp_path: Path):
    recording = two()
    config, change = replace(recording.config, schedule="cosine"), LearningRateChanged(6, 0.05, 0.3)
    at = next(i for i, r in enumerate(recording.records) if isinstance(r, TrainMeasured) and r.step == 6)
    told = (*recording.records[:at], change, *recording.records[at:])
    events.write(replace(recording, config=config, records=told), tmp_path)
    cosine = [0.05 * (1 + math.cos(math.pi * (step - 1) / config.total_steps)) for step in range(1, 6)]
    for arm in ("none", "bn"):
        told = scalars(tmp_path / arm / "train")["learning rate"]
        assert [value for step, value in told if step < 6] == pytest.approx(cosine)
        assert {value for step, value in told if step >= 6} == {single(0.3)}


class Counted(tuple):
    """Records that count how often they are gone through."""

    times = 0

    def __iter__(self):
        Counted.times += 1
        return super().__iter__()


@pytest.mark.parametrize("looks", [3, 40])
def test_a_look_stands_where_its_arms_training_was_and_many_looks_read_the_records_no_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    short = two()
    first = next(look for look in short.looks() if look.source == "fixed")
    steps = [1 + number % short.config.total_steps for number in range(looks)]
    placed: list[tuple[str, int, float]] = []
    monkeypatch.setattr(events, "_add_look", lambda _, look, arm, when: placed.append((arm, look.step, when)))
    monkeypatch.setattr(Counted, "times", 0)
    records_of = Counted(short.records)
    events.write(replace(short, records=records_of, looks=lambda: [replace(first, step=s) for s in steps]), tmp_path)
    began, points = short.origin.started.timestamp(), [r for r in short.records if isinstance(r, TrainMeasured)]
    assert placed == [
        (arm, step, began + max((r.seconds[arm] for r in points if r.step <= step), default=0.0))
        for arm in ("none", "bn")
        for step in steps
    ]
    assert Counted.times <= 4


def test_tensorboard_reads_what_the_layers_looked_like(tmp_path: Path):
    recording = two()
    events.write(recording, tmp_path)
    found = read(tmp_path / "bn" / "inside")
    for look in recording.looks():
        for layer in look.arms["bn"].layers:
            (gradient,) = [e.value for e in found.Scalars(f"gradient mean_abs/{layer.name}") if e.step == look.step]
            assert gradient == single(layer.gradient.mean_abs)
            (histogram,) = [e.histogram_value for e in found.Histograms(f"before/{layer.name}") if e.step == look.step]
            assert [n for n in histogram.bucket if n] == [n for n in layer.before.adaptive.counts if n]
            assert (histogram.min, histogram.max) == (layer.before.low, layer.before.high)


def test_a_loss_that_is_not_finite_stays_one(tmp_path: Path):
    recording = two()
    at = next(i for i, r in enumerate(recording.records) if isinstance(r, TrainMeasured))
    broken = replace(recording.records[at], loss={"none": math.nan, "bn": math.inf})
    events.write(replace(recording, records=(broken,), looks=list), tmp_path)
    assert math.isnan(scalars(tmp_path / "none" / "train")["loss"][0][1])
    assert scalars(tmp_path / "bn" / "train")["loss"] == [(1, math.inf)]


def test_a_rate_changed_by_hand_is_that_of_the_steps_after_it(tmp_path: Path):
    recording = two()
    at = next(i for i, r in enumerate(recording.records) if isinstance(r, TrainMeasured) and r.step == 6)
    changed = (*recording.records[:at], LearningRateChanged(6, 0.1, 0.5), *recording.records[at:])
    events.write(replace(recording, records=changed, looks=list), tmp_path)
    rates = scalars(tmp_path / "none" / "train")["learning rate"]
    assert rates == [(step, single(0.1 if step < 6 else 0.5)) for step in range(1, 11)]


def test_written_again_the_events_are_there_once(tmp_path: Path):
    recording = replace(two(), looks=list)
    first = events.write(recording, tmp_path)
    assert len(events.write(recording, tmp_path)) == len(first)
    assert len(scalars(tmp_path / "none" / "train")["loss"]) == 10


def test_without_its_package_nothing_is_written_and_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else found(name))
    with pytest.raises(PackageMissing, match="pip install tensorboard"):
        events.write(two(), tmp_path / "new")
    assert not (tmp_path / "new").exists()
