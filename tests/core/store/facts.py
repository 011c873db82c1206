"""Any record, look and message, for hypothesis: made from what their fields are said to be."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.language.several import Parted, Sentences
from core.training.records import NetworksSeen, Record

TEXT = st.text(st.characters(), max_size=8)  # lone surrogates among them
NUMBERS = st.floats() | st.sampled_from([float("nan"), float("inf"), -float("inf"), -0.0, 5e-324])
PLAIN = TEXT | st.integers() | NUMBERS | st.booleans()


def _sentences(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    value = inner | st.lists(inner, max_size=2) | st.lists(inner, max_size=2).map(tuple)
    message = st.builds(Message, TEXT, st.dictionaries(TEXT, value, max_size=3), st.sampled_from(["", "{n} things"]))
    several = st.lists(message, min_size=1, max_size=3)
    return message | several.map(Parted) | several.map(Sentences)


MESSAGES = st.recursive(PLAIN, _sentences, max_leaves=4).filter(lambda value: isinstance(value, Message))


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of type `hint` may have."""
    if hint is Message:
        return MESSAGES
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: of_type(hints[field.name]) for field in fields(hint)})
    kind = get_origin(hint)
    if kind in (Union, types.UnionType):
        return st.one_of([of_type(option) for option in get_args(hint)])
    if kind is tuple:
        return st.lists(of_type(get_args(hint)[0]), max_size=2).map(tuple)
    if kind is Mapping:
        return st.dictionaries(TEXT, of_type(get_args(hint)[1]), max_size=2)
    plain = {float: NUMBERS, int: st.integers(-(2**53), 2**53), str: TEXT, bool: st.booleans(), type(None): st.none()}
    return plain[hint]


LOOKS = of_type(NetworksSeen)
RECORDS = st.one_of([of_type(kind) for kind in get_args(Record) if kind is not NetworksSeen])
ARMS = ("none", "bn", "bn/none", "gn1/none", "bn:book", "bn:dropout=0.5", "none:lr=0.12345678", "in/ln", "rms", "gn")
CONFIGS = st.builds(
    ExperimentConfig,
    arms=st.lists(st.sampled_from(ARMS), min_size=1, max_size=6, unique=True).map(lambda a: tuple(map(parse_arm, a))),
    learning_rate=st.floats(1e-6, 10),
    batch_size=st.integers(2, 1024),
    drop_last=st.just(True),
    depth=st.sampled_from([5, 8, 12]),
    optimizer=st.sampled_from(["sgd", "adam"]),
    momentum=st.sampled_from([0.0, 0.9]),
    dropout=st.floats(0, 0.9).map(lambda x: x if x > 1e-9 else 0.0),
    seed=st.integers(0, 2**32 - 1),
)
