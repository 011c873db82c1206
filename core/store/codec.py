"""What was measured as JSON, and back without a loss. Nothing that is read is executed: what does not fit is refused.

record_text, record_from      any record of core.training.records
look_bytes, look_from         a look, compressed
text_of, value_of             an experiment, a place, a card: what has fields, by its type
config_from                   an experiment, of JSON's values

JSON has Python's own spellings of what is not finite: NaN, Infinity, -Infinity. A message keeps its key and its values.
"""

from __future__ import annotations

import json
import types
import zlib
from collections.abc import Callable, Mapping
from collections.abc import Mapping as AbstractMapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError, quoted
from core.language.message import Message
from core.language.places import Place, without_paths
from core.store.troubles import AWAY
from core.training.records import NetworksSeen, Record, fields_of

KINDS: Mapping[str, type] = {kind.kind: kind for kind in get_args(Record)}
MOST_LOOK_BYTES = 64 << 20  # of one look once it is unpacked; six deep arms have some 3 MB
MOST_WHOLE = 2**53  # of whole numbers: a float has each of them, a column of a table and a browser do, too

Read = Callable[[Any], Any]
Found = TypeVar("Found")


class Foreign(ValueError):
    """What was read is none of ours, or of a NormScope that is newer; its first argument is a Message."""


class NotOurs(Foreign):
    """It is damaged, or somebody else's; its second argument is what was met, for who looks for the fault."""


def record_text(record: Record) -> str:
    """In ASCII."""
    return _text({"kind": record.kind} | fields_of(record))


def record_from(text: str | bytes) -> Record:
    """The record that record_text wrote. Raises Foreign."""
    return _record(_parsed(text))


def look_bytes(look: NetworksSeen) -> bytes:
    return zlib.compress(record_text(look).encode(), 1)


def look_from(content: bytes) -> NetworksSeen:
    """The look that look_bytes wrote. Raises Foreign."""
    unpack = zlib.decompressobj()
    try:
        text = unpack.decompress(content, MOST_LOOK_BYTES)
    except zlib.error as error:
        raise not_ours(str(error)) from error
    if not unpack.eof or unpack.unused_data:
        raise not_ours("zlib")
    look = record_from(text)
    if not isinstance(look, NetworksSeen):
        raise not_ours(look.kind)
    return look


def text_of(value: Any) -> str:
    """Whatever has fields, in ASCII."""
    return _text(value)


def value_of(kind: type[Found], text: str | bytes) -> Found:
    """The value of type `kind` that text_of wrote. Raises Foreign."""
    found: Found = _reader(cast(Any, kind))(_parsed(text))
    return found


def config_from(values: Any) -> ExperimentConfig:
    """Checked as any experiment is. Raises Foreign."""
    if not isinstance(values, dict) or not isinstance(values.get("arms"), list):
        raise not_ours(values)
    readers = _settings()
    try:
        arms = tuple(_arm(_reader(str)(name)) for name in values["arms"])
        settings = {name: readers[name](value) for name, value in values.items() if name != "arms"}
        return ExperimentConfig(**settings, arms=arms)
    except KeyError as error:
        raise _newer(error.args[0]) from error
    except ConfigError as error:
        raise Foreign(error.args[0]) from error


@cache
def _settings() -> dict[str, Read]:
    hints = get_type_hints(ExperimentConfig)
    return {field.name: _reader(hints[field.name]) for field in fields(ExperimentConfig) if field.name != "arms"}


_arm = lru_cache(256)(parse_arm)  # a list of a thousand runs has the same few


# --- written ---------------------------------------------------------------------------------------------------------


def _text(values: Any) -> str:
    return json.dumps(values, default=_as_values, separators=(",", ":"))


def _as_values(found: Any) -> Any:
    """What JSON has no word for: a message, a mapping, and all that has fields."""
    if isinstance(found, Message):
        said = {"key": found.key, "values": {name: _tagged(value) for name, value in found.values.items()}}
        return said | ({"many": found.many} if found.many else {})
    if isinstance(found, Place):
        return found.called
    if isinstance(found, ExperimentConfig):
        return found.to_json()
    if isinstance(found, datetime):
        return found.isoformat()
    if isinstance(found, AbstractMapping):
        return dict(found)
    kind: Any = type(found)
    return {name: getattr(found, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))  # asked a hundred times a look


def _tagged(value: Any) -> Any:
    """A message's value, of which nothing says beforehand what it is."""
    if isinstance(value, tuple):
        return {"tuple": [_tagged(item) for item in value]}
    return [_tagged(item) for item in value] if isinstance(value, list) else value


# --- read ------------------------------------------------------------------------------------------------------------


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise not_ours(type(error).__name__) from error


def _record(values: Any) -> Record:
    if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
        raise not_ours(values)
    kind = values.pop("kind")
    if kind not in KINDS:
        raise _newer(kind)
    try:
        record: Record = _reader(KINDS[kind])(values)
    except RecursionError as error:
        raise not_ours(kind) from error
    return record


@cache
def _reader(hint: Any) -> Read:
    """What takes JSON's values for one of type `hint`, or raises Foreign."""
    special: dict[Any, Read] = {Message: _message, ExperimentConfig: config_from, datetime: _moment}
    special |= {int: _whole, float: _number}
    if hint in special or is_dataclass(hint):
        return special.get(hint) or _fields(hint)
    kind = get_origin(hint)
    if kind in (Union, types.UnionType):
        return _one_of([_reader(option) for option in get_args(hint)])
    if kind is tuple:
        return _row(get_args(hint)[0])
    if kind is AbstractMapping:
        return _by_name(_reader(get_args(hint)[1]))
    return lambda value: value if type(value) is hint else _refuse(value)


def _whole(value: Any) -> Any:
    return value if type(value) is int and abs(value) <= MOST_WHOLE else _refuse(value)


def _number(value: Any) -> Any:
    return value if type(value) is float else _whole(value)


def _fields(kind: Any) -> Read:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}

    def read(values: Any) -> Any:
        if not isinstance(values, dict) or needed - values.keys():
            raise not_ours(values)
        try:
            return kind(**{name: readers[name](value) for name, value in values.items()})
        except KeyError as error:
            raise _newer(error.args[0]) from error

    return read


def _one_of(readers: list[Read]) -> Read:
    def read(value: Any) -> Any:
        for option in readers:
            try:
                return option(value)
            except Foreign as error:
                refused = error
        raise refused

    return read


def _row(kind: Any) -> Read:
    reader = _reader(kind)

    def read(values: Any) -> tuple[Any, ...]:
        if not isinstance(values, list):
            raise not_ours(values)
        alike = kind in (int, float) and set(map(type, values)) == {kind}  # of which a look has thousands
        if alike and (kind is float or max(max(values), -min(values)) <= MOST_WHOLE):
            return tuple(values)
        return tuple(map(reader, values))

    return read


def _by_name(reader: Read) -> Read:
    def read(values: Any) -> dict[str, Any]:
        return {name: reader(value) for name, value in values.items()} if isinstance(values, dict) else _refuse(values)

    return read


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return _refuse(value)  # type: ignore[no-any-return]
    return moment if moment.tzinfo is not None else _refuse(value)


def _message(found: Any) -> Message:
    if not isinstance(found, dict) or not isinstance(found.get("key"), str):
        raise not_ours(found)
    values, many = found.get("values", {}), found.get("many", "")
    if not isinstance(values, dict) or not isinstance(many, str):
        raise not_ours(found)
    plain = Message.from_json({"key": found["key"], "values": {}, "many": many})
    return replace(plain, values={name: _untagged(value) for name, value in values.items()})


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(map(_untagged, value["tuple"])) if isinstance(value.get("tuple"), list) else _message(value)
    if value is None:
        raise not_ours(value)
    if isinstance(value, str):
        return without_paths(value)  # which an earlier NormScope kept
    return [_untagged(item) for item in value] if isinstance(value, list) else value


def _refuse(value: Any) -> Any:
    raise not_ours(value)


def not_ours(got: object) -> NotOurs:
    """What is said of what nobody here has written."""
    return NotOurs(Message("It is damaged: a part of it is not as NormScope writes it. {do}", {"do": AWAY}), got)


def _newer(got: object) -> Foreign:
    return Foreign(
        Message(
            "{got} is not known to this NormScope; a newer one may have written it. Update NormScope to read it.",
            {"got": quoted(got)},
        )
    )
