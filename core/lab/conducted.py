"""A sweep on a server: what there is of it, and its computing, which has no right of way.

Conducted  its thread computes; everybody else reads it and leaves wishes
Arrived    one entry of it, in the order in which they come
Bench      what it is computed with
id_of      by what a sweep is known
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from core.data.files import DataError
from core.experiment.config import ExperimentConfig
from core.lab import links
from core.lab.curves import Curve
from core.lab.entries import Entry, of_point
from core.lab.estimate import Estimate
from core.lab.kept import KeptPoints, Remembered
from core.lab.points import Point, points
from core.lab.sweep import Sweep
from core.lab.sweeping import Sweeping
from core.language.message import Message
from core.language.unforeseen import unforeseen
from core.runs.aside import Aside
from core.runs.engine import Engine, EngineError
from core.runs.watchers import Watchers
from core.store.troubles import StoreError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.3
UNDER_WAY = frozenset({"preparing", "running", "waiting", "paused"})
MINUTE = 60.0

NOT_WATCHED = Message("Nobody had this sweep’s page open any more. What is done is kept.")


@dataclass(frozen=True)
class Bench:
    """`begin` makes an engine of so many `places`. `is_busy` says whether a live run wants the machine.

    `fetch` has the images come, and raises DataError where they are not to be had.
    """

    begin: Callable[[], Engine]
    places: int
    kept: KeptPoints | Remembered
    device: torch.device
    is_busy: Callable[[], bool]
    fetch: Callable[[ExperimentConfig, Callable[[], None]], None]
    estimate: Callable[[Any, int], Estimate]
    grace: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """`place` is where it stands in the sweep; `curve` is the arm's training loss."""

    place: tuple[int, int]
    entry: Entry
    curve: Curve


class Stopped(Exception):
    """The sweep is to end."""

    def __init__(self, status: str, why: Message | str = "") -> None:
        super().__init__(status)
        self.status, self.why = status, why


class Conducted:
    """`status` is "" before it was begun here, then one of UNDER_WAY, at last finished, cancelled, stopped, failed or
    interrupted.

    `generation` counts how often it was begun, or something of it replaced: what has `arrived` begins anew then.
    """

    def __init__(self, sweep: Sweep, bench: Bench, aside: Aside) -> None:
        self.sweep, self.id, self._bench, self._aside = sweep, id_of(sweep), bench, aside
        self.changed = aside.changed
        self._places: dict[str, list[tuple[int, Point]]] = {}  # two combinations may be one experiment
        for place, point in enumerate(points(sweep)):
            self._places.setdefault(point.key, []).append((place, point))
        self.asked_points = [each[0][1] for each in self._places.values()]
        self.status, self.asked, self.key, self.pinned, self.seconds_left = "", "", "", False, 0.0
        self.message: Message | str = ""
        self.generation, self._seconds, self._is_interrupted = 0, 0.0, False
        self._watchers = Watchers(bench.grace)
        self._clear()

    def _clear(self) -> None:
        self.arrived: list[Arrived] = []
        self._done, self._failed = set[str](), set[str]()

    # --- what there is -------------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """How many runs it has."""
        return len(self._places)

    @property
    def done(self) -> int:
        return len(self._done)

    @property
    def failed(self) -> int:
        return len(self._failed)

    @property
    def missing(self) -> int:
        """How many runs have no numbers yet."""
        return self.total - self.done

    @property
    def entries(self) -> list[Entry]:
        """As many as there are, in the sweep's order."""
        with self.changed:
            arrived = list(self.arrived)
        return [each.entry for each in sorted(arrived, key=lambda each: each.place)]

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    def seconds_ahead(self) -> float | None:
        """About how long the missing runs take; None where nobody knows."""
        missing = [point for point in self.asked_points if point.key not in self._done]
        return self._bench.estimate(missing, self._bench.places).seconds or None

    def look_up(self) -> None:
        """Take what is kept, unless it is under way: then its thread does."""
        if self.is_under_way:
            return
        found = self._bench.kept.find(self.asked_points)
        with self.changed:
            if not self.is_under_way:
                self._forget_failures(found.keys())
                for key in found.keys() - self._done:
                    self._add(key, found[key], None)

    def _forget_failures(self, found: Iterable[str]) -> None:
        """Of points that another process has computed since; what was told of them is told anew."""
        if not (again := self._failed.intersection(found)):
            return
        places = {place for key in again for place, _point in self._places[key]}
        self.arrived = [each for each in self.arrived if each.place[0] not in places]
        self._failed -= again
        self.generation += 1

    def _add(self, key: str, found: Mapping[str, Any] | None, why: Message | str | None) -> None:
        (self._done if found else self._failed).add(key)
        curves = (found or {}).get("curves", {})
        for place, point in self._places[key]:
            for arm, entry in enumerate(of_point(point, found, why)):
                curve = [(step, loss) for step, loss in curves.get(entry["arm"], [])]
                self.arrived.append(Arrived((place, arm), entry, curve))

    # --- wishes, which its owner has -----------------------------------------------------------------------------

    def begin(self, key: str, note: Callable[[Conducted], None] = lambda _: None) -> None:
        """Compute what is missing, in the thread; `note` is told now and at its end."""
        with self.changed:
            self.key, self.pinned, self.asked, self._is_interrupted = key, False, "", False
            self.status, self.message, self._seconds = "preparing", "", 0.0
            self._watchers.seen()
        note(self)
        self._aside.begin(partial(self._work, note))

    def wish(self, what: str) -> None:
        """pause, resume, cancel, pin or unpin."""
        with self.changed:
            if what in ("pin", "unpin"):
                self.pinned = what == "pin"
            elif self.is_under_way and self.asked != "cancel":
                self.asked = what if what != "resume" else ""

    def interrupt(self) -> None:
        """This process ends."""
        with self.changed:
            self._is_interrupted = True

    def seen(self) -> None:
        self._watchers.seen()

    def join(self, watcher: str) -> None:
        with self.changed:
            self._watchers.join(watcher)

    def leave(self, watcher: str) -> None:
        with self.changed:
            self._watchers.leave(watcher)

    # --- its thread ----------------------------------------------------------------------------------------------

    def _work(self, note: Callable[[Conducted], None]) -> None:
        """Whatever happens here ends the sweep, and nothing else."""
        status, why = self._outcome()
        with self.changed:  # what is done after this needs no lock: who begins the next one waits for it
            self.status, self.asked, self.seconds_left = status, "", 0.0
            self.message = why or self.message
            note(self)

    def _outcome(self) -> tuple[str, Message | str]:
        try:
            for config in {point.config.data: point.config for point in self.asked_points}.values():
                self._bench.fetch(config, self._check)
            self._compute()
        except Stopped as stopped:
            return stopped.status, stopped.why
        except (DataError, EngineError, StoreError) as error:
            return "failed", error.args[0]
        except Exception as error:  # the last line of defence: shown on the page and logged
            log.exception("sweep %s failed", self.id)
            return "failed", unforeseen(error)
        return "finished", ""

    def _compute(self) -> None:
        engine = self._bench.begin()
        try:
            more = {"device": str(self._bench.device)}
            sweeping = Sweeping(self.asked_points, engine, self._bench.kept, more, self._bench.estimate)
            with self.changed:
                self._begin_anew(sweeping)
            while sweeping.done < sweeping.total:
                self._check()
                self._advance(sweeping)
        finally:
            engine.close()

    def _begin_anew(self, sweeping: Sweeping) -> None:
        self.generation += 1
        self._clear()
        for key, found in sweeping.found.items():
            self._add(key, found, None)

    def _advance(self, sweeping: Sweeping) -> None:
        is_held = self.asked == "pause" or self._bench.is_busy()
        began = time.monotonic()
        arrived = sweeping.advance(POLL_SECONDS, not is_held)
        with self.changed:
            self._seconds += 0.0 if is_held else time.monotonic() - began
            for point in arrived:
                self._add(point.key, sweeping.found.get(point.key), sweeping.failed.get(point.key))
            self.seconds_left = sweeping.estimate.seconds
            self.message = sweeping.unkept
            if sweeping.under_way or not is_held:
                self.status = "running"
            else:
                self.status = "paused" if self.asked == "pause" else "waiting"

    def _check(self) -> None:
        """Raises Stopped once it is to end."""
        with self.changed:
            if self._is_interrupted:
                raise Stopped("interrupted")
            if self.asked == "cancel":
                raise Stopped("cancelled")
            if self._seconds > MINUTE * self._bench.minutes:
                raise Stopped("stopped", too_long(self._bench.minutes))
            # A paused one has no time that runs out: pinned it would keep all others from theirs for ever.
            if (not self.pinned or self.asked == "pause") and self._watchers.why_end() is not None:
                raise Stopped("stopped", NOT_WATCHED)


def too_long(minutes: float) -> Message:
    return Message(
        "It has computed for {minutes:g} min, the most that this server gives a sweep. What is done is kept.",
        {"minutes": minutes},
    )


def id_of(sweep: Sweep) -> str:
    """The same sweep has the same id, on any server."""
    return hashlib.sha256(json.dumps(links.to_query(sweep), sort_keys=True).encode()).hexdigest()[:20]
