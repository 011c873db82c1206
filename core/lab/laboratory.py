"""The sweeps of a server: one at a time is computed, as many as there are can be looked at.

laboratory  the process's own
Laboratory  begins, finds and ends them
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from core.data.files import DataError
from core.experiment.config import ExperimentConfig
from core.experiment.environment import Lab, lab, ray
from core.experiment.machine import usable_cores
from core.experiment.rules import ConfigError
from core.lab import links
from core.lab.conducted import Bench, Conducted, id_of
from core.lab.kept import KeptPoints, Remembered
from core.lab.measure import measure
from core.lab.noted import Noted, Notes
from core.lab.sweep import Sweep
from core.lab.timing import PRELOAD, Timing
from core.lab.wording import named
from core.language.message import Message
from core.runs.aside import Aside
from core.runs.engines import begin_engine
from core.runs.manager import RunManager, manager
from core.runs.owner import NotTheOwner, opens
from core.runs.work import check_work
from core.store.card import fingerprint
from core.training.records import DataReplaced, Record

MOST_KNOWN = 16  # that are in memory though nobody computes them
NICENESS = 10  # of the workers: a live run that begins while they are at a point is not slowed by it
INTERRUPTED, UNDER_WAY = "interrupted", "running"

OFF = Message("This server computes no sweeps (NORMSCOPE_LAB=off). `python -m core sweep` does so on your own machine.")
BUSY = Message(
    "One sweep at a time is computed on this server, and another one is under way. Press again when it is done."
)
OWN_IS_UNDER_WAY = Message("Another sweep of yours is under way. Cancel it, or wait for its end; what is done is kept.")
NOT_YOURS = Message("Only who started this sweep can steer it.")
NOT_KNOWN = Message("This sweep is not known here any more. Open its link again.")


class Laboratory:
    """With the runs of `runs`, whose shelf has the sweeps' points, and which have the right of way."""

    def __init__(self, runs: RunManager, allowed: Lab) -> None:
        self._runs, self.allowed = runs, allowed
        self._aside, self._timing = Aside("sweep"), Timing()
        self._known: dict[str, Conducted] = {}
        self._remembered = Remembered()
        self._notes = Notes(runs.shelf.home if runs.shelf is not None else None)
        self.current: Conducted | None = None

    # --- found -----------------------------------------------------------------------------------------------------

    def read(self, params: Mapping[str, str]) -> Sweep:
        """The sweep of a link. Raises ConfigError with the setting's label, also for one that is too large here."""
        if not self.allowed.is_on:
            raise ConfigError(OFF)
        try:
            sweep = links.from_query(params, self.allowed.points)
        except ConfigError as error:
            raise named(error) from error
        for values in sweep.combinations():  # the seed takes no part in it
            check_work(sweep.trained(sweep.config(values, sweep.base.seed)), self._runs.most_work)
        return sweep

    def open(self, sweep: Sweep) -> Conducted:
        """With all that is on the shelf of it; takes as long as it takes to look there."""
        found = self._of(sweep)
        found.look_up()
        return found

    def find(self, sweep_id: str) -> Conducted | None:
        """One that somebody has opened, or begun, not long ago."""
        return self._known.get(sweep_id)

    def begun_by(self, key: str) -> list[Noted]:
        """Those that who has `key` has begun, the newest first."""
        with self._aside.changed:
            mine = [each for each in self._notes.all() if each.owner == fingerprint(key)]
        return [each if self._is_computed(each.id) else replace(each, status=_settled(each.status)) for each in mine]

    def _is_computed(self, sweep_id: str) -> bool:
        return self.current is not None and self.current.id == sweep_id and self.current.is_under_way

    def _of(self, sweep: Sweep) -> Conducted:
        sweep_id = id_of(sweep)
        with self._aside.changed:
            found = self._known.pop(sweep_id, None) or self._made(sweep, sweep_id)
            self._known[sweep_id] = found
            for old in [each for each in self._known.values() if not each.is_under_way][:-MOST_KNOWN]:
                del self._known[old.id]
        return found

    def _made(self, sweep: Sweep, sweep_id: str) -> Conducted:
        """With the time that it has had and how it ended, before it was forgotten here or this process began."""
        noted = self._notes.find(sweep_id)
        before = (noted.seconds, _settled(noted.status)) if noted is not None else ()
        return Conducted(sweep, self._bench(), self._aside, *before)

    # --- ordered ---------------------------------------------------------------------------------------------------

    def begin(self, params: Mapping[str, str], key: str) -> Conducted:
        """Compute what is missing of the sweep in the link. Raises ConfigError, and NotTheOwner where another is on."""
        found = self._of(self.read(params))
        with self._aside.changed:
            if self.current is not None and self.current.is_under_way:
                if self.current is found and opens(key, found.key):
                    found.wish("resume")
                    return found
                raise NotTheOwner(OWN_IS_UNDER_WAY if opens(key, self.current.key) else BUSY)
            self.current = found
            found.begin(key, self._note)
        return found

    def wish(self, sweep_id: str, what: str, key: str) -> None:
        """pause, resume, cancel, pin or unpin. Raises NotTheOwner."""
        found = self.find(sweep_id)
        if found is None:
            raise NotTheOwner(NOT_KNOWN)
        if not opens(key, found.key):
            raise NotTheOwner(NOT_YOURS)
        found.wish(what)

    def join(self, sweep_id: str, watcher: str) -> None:
        """`watcher` has begun it, and is still there."""
        if (found := self.find(sweep_id)) is not None:
            found.join(watcher)

    def leave(self, sweep_id: str, watcher: str) -> None:
        if (found := self.find(sweep_id)) is not None:
            found.leave(watcher)

    def shutdown(self, seconds: float) -> None:
        """End what is under way, which can go on another time; how one has just ended is noted first."""
        if self.current is not None:
            self.current.interrupt()
            self._aside.join(seconds)

    # --- what a sweep is computed with -------------------------------------------------------------------------------

    def _note(self, found: Conducted) -> None:
        """How it stands, when it begins, with each of its points, and when it ends."""
        status = UNDER_WAY if found.is_under_way else found.status
        query = links.to_query(found.sweep)
        noted = Noted(found.id, fingerprint(found.key), query, time.time(), status, found.seconds)
        with self._aside.changed:
            self._notes.write(noted)

    def _bench(self) -> Bench:
        on_cluster = bool(ray())
        device = torch.device("cpu") if on_cluster else self._runs.gallery.device
        places = max(1, usable_cores() - 1) if device.type == "cpu" else 1  # the page has a core to itself
        shelf = self._runs.shelf
        return Bench(
            begin=lambda: begin_engine(measure, places, PRELOAD, niceness=NICENESS),
            places=places,
            kept=KeptPoints(shelf, device, on_cluster) if shelf is not None else self._remembered,
            device=device,
            is_busy=lambda: not on_cluster and self._runs.is_busy_for(None),
            fetch=self._fetch,
            estimate=self._timing.estimate,
            grace=self._runs.grace,
            minutes=self.allowed.minutes,
        )

    def _fetch(self, config: ExperimentConfig, check: Callable[[], None]) -> None:
        """A sweep asks one question: other images than those it names would answer another."""
        replaced: list[Record] = []
        found = self._runs.gallery.download(config, replaced.append, check, lambda: None)
        if found.data != config.data:
            why = next(record.reason for record in replaced if isinstance(record, DataReplaced))
            raise DataError(Message("{why} Or choose the digits, which are built in.", {"why": why}))


def _settled(status: str) -> str:
    """Under way in a process that is not there any more."""
    return INTERRUPTED if status == UNDER_WAY else status


@functools.cache
def laboratory() -> Laboratory:
    """The process's one laboratory; made at the first call, never at import."""
    return Laboratory(manager(), lab())
