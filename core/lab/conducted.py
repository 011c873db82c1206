"""A sweep on a server: what there is of it, and its computing, which has no right of way.

Conducted  its thread computes; everybody else reads it and leaves wishes
Bench      what it is computed with
id_of      by what a sweep is known
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from core.data.files import DataError
from core.experiment.config import ExperimentConfig
from core.lab import links
from core.lab.estimate import Estimate
from core.lab.gathered import Gathered
from core.lab.kept import KeptPoints, Remembered
from core.lab.part import Part
from core.lab.points import Point
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


class Stopped(Exception):
    """The sweep is to end."""

    def __init__(self, status: str, why: Message | str = "") -> None:
        super().__init__(status)
        self.status, self.why = status, why


class Conducted(Gathered):
    """`status` is "" before it was ever begun on this server, then one of UNDER_WAY, at last finished, cancelled,
    stopped, failed or interrupted.

    `seconds` is how long it has been computed here in all, of which a server may limit the minutes: those of the sweep,
    of both its parts, however often it is resumed, after a restart, too.
    """

    def __init__(self, sweep: Sweep, bench: Bench, aside: Aside, seconds: float = 0.0, status: str = "") -> None:
        super().__init__(sweep, aside.changed)
        self.id, self._bench, self._aside = id_of(sweep), bench, aside
        self.status, self.asked, self.key, self.pinned, self.seconds_left = status, "", "", False, 0.0
        self.message: Message | str = ""
        self.seconds, self._is_interrupted = seconds, False
        self._note: Callable[[Conducted], None] = lambda _: None
        self._watchers = Watchers(bench.grace)

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    @property
    def out_of_time(self) -> Message | str:
        """Why nobody can go on here with what is missing, and what to do; "" where minutes are left, or none needed."""
        if self.is_under_way or not self.missing or not self._is_spent:
            return ""
        return too_long(self._bench.minutes)

    @property
    def _is_spent(self) -> bool:
        return self.seconds > MINUTE * self._bench.minutes

    def seconds_ahead(self) -> float | None:
        """About how long the missing runs take; None where nobody knows."""
        missing = [point for part in self.parts for point in part.missing]
        return self._bench.estimate([*missing, *self.stand_ins()], self._bench.places).seconds or None

    def look_up(self) -> None:
        """Take what is kept, unless it is under way: then its thread does."""
        self._take_kept(self.parts[0])
        with self.changed:
            second = self.likely() if self.following is None else self.parts[1]
        if second is not None:
            self._take_kept(second)

    def _take_kept(self, part: Part) -> None:
        """A second part that is only likely is the right one where nothing of the first is missing, or it was begun.

        After a restart a point that always fails is missing: nothing is kept of it.
        """
        if self.is_under_way:
            return
        found = self._bench.kept.find(part.points)
        with self.changed:
            if self.is_under_way:
                return
            if part.number == len(self.parts) and (found or not self.parts[0].missing):
                self.follow_with(part)
            if part in self.parts:
                self.take(part, found)

    # --- wishes, which its owner has -----------------------------------------------------------------------------

    def begin(self, key: str, note: Callable[[Conducted], None] = lambda _: None) -> None:
        """Compute what is missing, in the thread; `note` is told now, with each point, and at its end."""
        with self.changed:
            self.key, self.pinned, self.asked, self._is_interrupted = key, False, "", False
            self.status, self.message, self._note = "preparing", "", note
            self._watchers.seen()
        note(self)
        self._aside.begin(self._work)

    def wish(self, what: str) -> None:
        """pause, resume, cancel, pin or unpin."""
        with self.changed:
            if what in ("pin", "unpin"):
                self.pinned = what == "pin"
            elif self.is_under_way and self.asked != "cancel":
                self.asked = what if what != "resume" else ""
                if what == "resume" and self.status == "paused":
                    self.status = "running"  # its thread says whether it has to wait

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

    def _work(self) -> None:
        """Whatever happens here ends the sweep, and nothing else."""
        status, why = self._outcome()
        with self.changed:  # what is done after this needs no lock: who begins the next one waits for it
            self.status, self.asked, self.seconds_left = status, "", 0.0
            self.message = why or self.message
            self._note(self)

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
        self._check()  # its minutes may be over
        engine = self._bench.begin()
        try:
            sweeping = self._sweeping(self.parts[0], engine)
            with self.changed:
                self.generation += 1
                self.clear()
            self._go_through(self.parts[0], sweeping)
            with self.changed:
                second = self.follow()
            if second is not None:
                self._go_through(second, self._sweeping(second, engine))
        finally:
            engine.close()

    def _sweeping(self, part: Part, engine: Engine) -> Sweeping:
        def estimated(ahead: Iterable[Point], places: int) -> Estimate:
            return self._bench.estimate([*ahead, *self.stand_ins()], places)

        more = {"device": str(self._bench.device)}
        return Sweeping(part.points, engine, self._bench.kept, more, estimated)

    def _go_through(self, part: Part, sweeping: Sweeping) -> None:
        with self.changed:
            self.take(part, sweeping.found)
        while sweeping.done < sweeping.total:
            self._check()
            self._advance(part, sweeping)

    def _advance(self, part: Part, sweeping: Sweeping) -> None:
        is_busy = self._bench.is_busy()
        is_held = self.asked == "pause" or is_busy
        is_at_rest = is_held and not sweeping.under_way
        began = time.monotonic()
        arrived = sweeping.advance(POLL_SECONDS, not is_held)
        with self.changed:
            self.seconds += 0.0 if is_at_rest else time.monotonic() - began
            for point in arrived:
                key = point.key
                self.arrived += part.add(key, sweeping.found.get(key), sweeping.failed.get(key))
            self.seconds_left = sweeping.estimate.seconds
            self.message = sweeping.unkept
            if sweeping.under_way or not (is_busy or self.asked == "pause"):  # which a wish may have changed meanwhile
                self.status = "running"
            else:
                self.status = "paused" if self.asked == "pause" else "waiting"
        if arrived:
            self._note(self)  # a process that is killed forgets no more of its minutes than the points under way

    def _check(self) -> None:
        """Raises Stopped once it is to end."""
        with self.changed:
            if self._is_interrupted:
                raise Stopped("interrupted")
            if self.asked == "cancel":
                raise Stopped("cancelled")
            if self._is_spent:
                raise Stopped("stopped", too_long(self._bench.minutes))
            # A paused one has no time that runs out: pinned it would keep all others from theirs for ever.
            if (not self.pinned or self.asked == "pause") and self._watchers.why_end() is not None:
                raise Stopped("stopped", NOT_WATCHED)


def too_long(minutes: float) -> Message:
    return Message(
        "It has computed for {minutes:g} min, the most that this server gives a sweep. What is done is kept; with this "
        "sweep’s link `python -m core sweep --link` has no such limit on your own machine.",
        {"minutes": minutes},
    )


def id_of(sweep: Sweep) -> str:
    """The same sweep has the same id, on any server."""
    return hashlib.sha256(json.dumps(links.to_query(sweep), sort_keys=True).encode()).hexdigest()[:20]
