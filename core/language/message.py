"""A sentence to be told later, in the language of who reads: its key and its values.

Records, errors and snapshots carry messages. str() tells one in the language spoken where it is told, so an error needs
nothing else: `raise AxesError(Message("There is no axis {axis}.", {"axis": axis}))`, and then `str(error)`.
The key is the English sentence: a message that was stored can be told even when no catalog knows it any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.language.lists import enumerated
from core.language.places import Place, without_paths
from core.language.speech import _, ngettext

# A sequence is told as a list: a, b, c.
Value: TypeAlias = "str | int | float | bool | Message | Place | Sequence[Value]"


@dataclass(frozen=True, slots=True)
class Message:
    """`key` is the English sentence, with {names} for its `values`; `many` its plural, where {n} decides."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    many: str = ""

    def __str__(self) -> str:
        """The sentence, in the language spoken here and now."""
        values = {name: _told(value) for name, value in self.values.items()}
        if self.many:
            return ngettext(self.key, self.many, values.pop("n"), **values)
        return _(self.key, **values)

    def __hash__(self) -> int:
        return hash(self.key)

    def to_json(self) -> dict[str, Any]:
        """As JSON values, in which no path stands; from_json reads it back."""
        values = {name: _to_json(value) for name, value in self.values.items()}
        return {"key": self.key, "values": values} | ({"many": self.many} if self.many else {})

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Message:
        """The message that was written by to_json."""
        values = {name: _from_json(value) for name, value in found["values"].items()}
        return cls(found["key"], values, found.get("many", ""))


def Plural(one: str, many: str, n: int, values: Mapping[str, Value] | None = None) -> Message:
    """A message about `n` things: Plural("{n} image", "{n} images", 3)."""
    return Message(one, {"n": n} | dict(values or {}), many)


def _told(value: Value) -> Any:
    return enumerated(map(_told, value)) if isinstance(value, list | tuple) else value


def _to_json(value: Value) -> Any:
    if isinstance(value, Place):
        return _to_json(value.called)
    if isinstance(value, Message):
        return value.to_json()
    return [_to_json(item) for item in value] if isinstance(value, list | tuple) else value


def _from_json(value: Any) -> Value:
    if isinstance(value, dict):
        return Message.from_json(value)
    if isinstance(value, str):
        return without_paths(value)  # an earlier NormScope kept them
    return [_from_json(item) for item in value] if isinstance(value, list) else value
