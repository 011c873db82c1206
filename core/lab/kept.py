"""The points of sweeps on the shelf: each is a run like any other, and has with it what was measured of it.

KeptPoints  which are there already, made on this kind of processor with this PyTorch; and where new ones go
Remembered  the same without a shelf, for as long as the process lives
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import torch

from core.lab.points import Point
from core.runs.origin import SWEEP, origin
from core.store.card import Begun, Card, new_id, write_card
from core.store.codec import record_from
from core.store.limit import make_room
from core.store.shelf import Shelf
from core.store.troubles import StoreError

MEASURED = "measured"  # the fact in the run's file
MOST_REMEMBERED = 2000


class KeptPoints:
    """`root` and `device` are not among what is kept: the numbers are the images' and the processor's.

    With `anywhere`, as on a cluster, those of any kind of processor count: there it is not asked for which computes.
    """

    def __init__(self, shelf: Shelf, device: torch.device, anywhere: bool = False) -> None:
        self._shelf, self._anywhere = shelf, anywhere
        self._origin = replace(origin(SWEEP, device), threads=1)

    def find(self, points: Iterable[Point]) -> dict[str, dict[str, Any]]:
        """What was measured of those that are there, by their keys, with the `run` that has the rest."""
        wanted = list(points)
        configs, keys = {point.config for point in wanted}, {point.key for point in wanted}
        found: dict[str, dict[str, Any]] = {}
        for card in self._cards():
            if card.config in configs and self._is_of_here(card):
                with suppress(StoreError):  # then it is computed again
                    found |= self._measured(card, keys)
        return found

    def _cards(self) -> list[Card]:
        """None where they cannot be read: then all is computed, and that nothing can be kept is said with a point."""
        try:
            return self._shelf.cards()
        except StoreError:
            return []

    def _is_of_here(self, card: Card) -> bool:
        then, now = card.origin, self._origin
        same = (then.normscope, then.torch) == (now.normscope, now.torch)
        fits = self._anywhere or then.processor == now.processor
        return then.by == SWEEP and same and fits and not card.under_way

    def _measured(self, card: Card, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
        file = self._shelf.read(card.id, checked=False)
        try:
            kept = json.loads(file.fact(MEASURED) or "{}")
        finally:
            file.close()
        return {kept["key"]: kept["found"] | {"run": card.id}} if kept.get("key") in wanted else {}

    def keep(self, point: Point, found: Mapping[str, Any]) -> str:
        """Make a run of it, and return its id. Raises StoreError."""
        records = [(number, record_from(text)) for number, text in enumerate(found["records"], 1)]
        measured = {name: value for name, value in found.items() if name != "records"}
        made = replace(self._origin, started=datetime.now(UTC), processor=found["processor"])
        begun = Begun(point.config, point.config, made, name=point.name)
        run_id = new_id()
        make_room(self._shelf)
        file = self._shelf.create(run_id, begun)
        try:
            text = json.dumps({"key": point.key, "found": measured})
            seconds = sum(arm["seconds"] for arm in found["arms"].values())
            file.write(records, facts={MEASURED: text, "seconds": seconds})
            write_card(file.folder, file.card())
        finally:
            file.close(ended=True)
        return run_id


class Remembered:
    """The newest MOST_REMEMBERED."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}

    def find(self, points: Iterable[Point]) -> dict[str, dict[str, Any]]:
        return {point.key: self._found[point.key] for point in points if point.key in self._found}

    def keep(self, point: Point, found: Mapping[str, Any]) -> None:
        self._found[point.key] = {name: value for name, value in found.items() if name != "records"} | {"run": None}
        for old in list(self._found)[:-MOST_REMEMBERED]:
            del self._found[old]
