"""core.store.codec: there and back is equal, for any record; what is none of ours is refused in a sentence."""

from __future__ import annotations

import json
import pickle
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment.config import ExperimentConfig
from core.store import codec
from core.store.codec import Foreign
from core.store.recording import Origin
from core.training import records
from core.training.records import StatusChanged
from tests.core.store.facts import CONFIGS, LOOKS, RECORDS
from tests.core.store.recorded import ORIGIN


@given(RECORDS)
def test_any_record_comes_back_equal(record) -> None:
    text = codec.record_text(record)
    assert text.isascii()
    assert repr(codec.record_from(text)) == repr(record)  # nan is not equal to itself, -0.0 is to 0.0


@given(LOOKS)
def test_any_look_comes_back_equal(look) -> None:
    assert repr(codec.look_from(codec.look_bytes(look))) == repr(look)


@given(CONFIGS)
def test_any_experiment_comes_back_equal(config) -> None:
    assert codec.value_of(ExperimentConfig, codec.text_of(config)) == config
    assert codec.config_from(json.loads(codec.text_of(config))) == config


def test_where_and_when_come_back_equal() -> None:
    assert codec.value_of(Origin, codec.text_of(ORIGIN)) == ORIGIN


def test_every_kind_of_record_can_be_kept() -> None:
    assert set(codec.KINDS) == {"data", "data-replaced", "started", "train", "test", "epoch", "lr", "diverged"} | {
        "arm-failed",
        "status",
        "note",
        "replaced-by",
        "seen",
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"weather","step":3}',
        '{"kind":"status","status":"running","step":3,"message":"","mood":"good"}',
    ],
)
def test_what_a_newer_normscope_has_written_is_refused_and_what_to_do_is_said(text: str) -> None:
    with pytest.raises(Foreign, match=r"not known to this NormScope.*Update NormScope"):
        codec.record_from(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '{"step":3}',
        '{"kind":["status"]}',
        '{"kind":"status"}',
        '{"kind":"status","status":3,"step":3,"message":""}',
        '{"kind":"status","status":"running","step":true,"message":""}',
        '{"kind":"status","status":"running","step":3,"message":{"key":4}}',
        '{"kind":"status","status":"running","step":3,"message":{"key":"a","values":{"a":{"b":1}}}}',
        '{"kind":"epoch","step":1,"epoch":1,"train_loss":[1],"train_accuracy":{}}',
        '{"kind":"status","status":"running","step":' + str(2**53 + 1) + ',"message":""}',
        '{"kind":"lr","step":1,"old":0.1,"new":1' + "0" * 400 + "}",
        '{"kind":"epoch","step":1,"epoch":1,"train_loss":{"bn":-1' + "0" * 400 + '},"train_accuracy":{}}',
        "[" * 100_000,
        '{"kind":"status","status":"running","step":3,"message":'
        + '{"key":"a","values":{"a":' * 5000
        + "1"
        + "}}" * 5000
        + "}",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_none_of_ours_is_refused(text: str | bytes) -> None:
    with pytest.raises(Foreign, match="It is damaged: a part of it is not as NormScope writes it"):
        codec.record_from(text)


@pytest.mark.parametrize("hint", [tuple[float, ...], tuple[int, ...]])
def test_of_whole_numbers_in_a_row_those_are_read_that_a_float_has(hint) -> None:
    most = 2**53
    assert codec.value_of(hint, f"[{most}, {-most}, 0]") == (most, -most, 0)
    for beyond in (most + 1, -most - 1, 10**400):
        with pytest.raises(Foreign):
            codec.value_of(hint, f"[0, {beyond}]")


@given(RECORDS, st.data())
def test_a_record_that_was_changed_on_the_way_is_read_or_refused(record, data) -> None:
    text = bytearray(codec.record_text(record).encode())
    for place in data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=3)):
        text[place] = data.draw(st.integers(0, 255))
    with suppress(Foreign):
        codec.record_from(bytes(text))


@pytest.mark.parametrize("values", [None, {}, {"arms": "bn"}, {"arms": [3]}, {"arms": ["bn"], "mood": 1}, {"arms": []}])
def test_an_experiment_that_is_none_is_refused(values) -> None:
    with pytest.raises(Foreign):
        codec.config_from(values)


def test_a_look_is_never_unpickled_and_never_grows_beyond_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    status = StatusChanged("running", 3)
    for content in (b"", pickle.dumps(status), zlib.compress(pickle.dumps(status)), codec.record_text(status).encode()):
        with pytest.raises(Foreign):
            codec.look_from(content)
    with pytest.raises(Foreign):
        codec.look_from(zlib.compress(codec.record_text(status).encode()))  # a record, and no look
    whole = codec.look_bytes(records.NetworksSeen(1, 0.5, "fixed", {}))
    for content in (whole[:-1], whole + b"x"):
        with pytest.raises(Foreign):
            codec.look_from(content)
    monkeypatch.setattr(codec, "MOST_LOOK_BYTES", 20)
    with pytest.raises(Foreign):
        codec.look_from(whole)
