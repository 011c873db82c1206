"""core.training.records: frozen facts, JSON that hides nothing, a history that hands out what is new."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment.arm import parse_arm
from core.language.speech import speaking
from core.training import records
from core.training.records import ArmStarted, EpochFinished, History, StatusChanged, TrainingStarted, to_json


def point(**losses: float) -> records.TrainMeasured:
    shares = dict.fromkeys(losses, 0.5)
    return records.TrainMeasured(3, 0.1, 1, losses, shares, shares, dict.fromkeys(losses, 96))


def test_a_record_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        point(bn=1.0).step = 4  # type: ignore[misc]


def test_every_kind_of_record_has_a_word_of_its_own() -> None:
    kinds = [kind.kind for kind in get_args(records.Record)]
    assert len(set(kinds)) == len(kinds) >= 9


def test_a_record_as_json_has_its_kind_and_every_field() -> None:
    for record in (point(bn=1.0), StatusChanged("paused", 4), EpochFinished(5, 1, {"bn": 1.0}, {"bn": 0.5})):
        assert to_json(record).keys() == {"kind"} | {field.name for field in fields(record)}


def test_what_is_not_finite_becomes_null_and_never_disappears() -> None:
    written = to_json(point(bn=math.nan, ln=math.inf, none=-math.inf, gn=2.0))
    assert written["loss"] == {"bn": None, "ln": None, "none": None, "gn": 2.0}
    json.dumps(written, allow_nan=False)


def test_nested_records_become_plain_json() -> None:
    arm = ArmStarted("bn", "bn", "BatchNorm", 44_878, 452, "0123abcd")
    started = TrainingStarted("CPU", "digits", 300, 100, 32, 10, 20, (arm,))
    written = to_json(started)
    assert json.loads(json.dumps(written)) == written
    assert written["arms"][0]["fingerprint"] == "0123abcd"


@given(st.integers(0, 30), st.integers(-5, 40))
def test_a_history_hands_out_exactly_what_is_newer_in_order(count: int, since: int) -> None:
    history = History()
    numbers = [history.append(StatusChanged("running", step)) for step in range(count)]
    assert numbers == list(range(1, count + 1))
    assert history.latest == count
    news = history.since(since)
    assert [number for number, _ in news] == [number for number in numbers if number > since]
    assert all(record.step == number - 1 for number, record in news)  # type: ignore[union-attr]


def test_a_watcher_who_asks_again_and_again_gets_every_record_once() -> None:
    history, seen, latest = History(), [], 0
    for step in range(50):
        history.append(StatusChanged("running", step))
        if step % 7 == 0:
            seen += history.since(latest)
            latest = history.latest
    seen += history.since(latest)
    assert seen == history.since(0)


def test_a_history_can_grow_while_somebody_reads_it() -> None:
    history = History()
    history.append(StatusChanged("running", 0))
    for record in history:
        history.append(record)
    assert history.latest == 2


def test_an_arms_title_is_told_in_the_language_of_who_reads() -> None:
    title = parse_arm("bn/gn3:book:dropout=0.5:lr=0.02").title
    arm = ArmStarted("bn", "bn", title, 1, 0, "")
    started = TrainingStarted("CPU", "mnist", 1, 1, 1, 1, 1, (arm,))
    assert to_json(started)["arms"][0]["title"] == (
        "BatchNorm on convolutions + GroupNorm on linear layers with 3 groups and the book's own code "
        "(dropout 0.5 and lr 0.02)"
    )
    with speaking("zh"):
        assert to_json(started)["arms"][0]["title"] == (
            "卷积层的批量规范化+全连接层的组规范化（3组，书中的代码，暂退概率0.5，学习率0.02）"
        )
