"""One run on its way to the shelf: what has come since the last time, written as a whole or tried again.

Keeping     of a run that is executed here; only the writer's thread calls it
checkpoint  what has been captured, in bytes
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.language.message import Message
from core.language.unforeseen import unforeseen
from core.runs.run import Run
from core.runs.unkept import MOST_LOOKS, Captured
from core.runs.wishes import wanted, watched
from core.store.card import Begun, Card, fingerprint, new_card, touched, write_card, write_hidden
from core.store.limit import make_room
from core.store.networks import networks_bytes
from core.store.run_file import Checkpoint, Look, RunFile
from core.store.shelf import Shelf
from core.store.troubles import StoreError
from core.training.records import Record, RunNoted

log = logging.getLogger(__name__)

CARD_SECONDS = 1.0  # apart, while nothing but the step changes
AGAIN_SECONDS = 5.0  # after a failure


class Keeping:
    """`begun` says of what the run is, when its file is made; a run that goes on has a `file` already."""

    def __init__(self, shelf: Shelf, run: Run, begun: Callable[[], Begun], file: RunFile | None = None) -> None:
        self.run, self._shelf, self._begun, self._file = run, shelf, begun, file
        self._card: Card | None = None
        self._written, self._steps = 0, set[int]()
        self._looks: list[Look] = []
        self._captured: Captured | None = None
        self._pause_until = self._card_at = 0.0
        self._told_why = False
        self._hides: tuple[str, ...] | None = None  # as the shelf knows it
        self.begun = file is not None  # the shelf has it
        self.over = False  # all of it is on the shelf, and nothing will follow
        run.unkept.wanted = True

    @property
    def unwritten(self) -> int:
        """How many records it has that are not on the disk yet."""
        return max(0, self.run.history.latest - self._written)

    def go_on(self) -> None:
        """Write what has come, unless that failed a moment ago. What goes wrong is told to the run's watchers, once."""
        if self.over or time.monotonic() < self._pause_until:
            return
        try:
            self._go_on()
        except StoreError as error:
            self._fail(error.args[0])
        except Exception as error:  # the other runs are to be written all the same
            log.exception("run %s could not be kept", self.run.id)
            self._fail(unforeseen(error))

    def close(self) -> None:
        """Nothing more is written; what could not be is lost with the process."""
        if self._file is not None:
            self._file.close(ended=self.over)

    def _fail(self, why: Message | str) -> None:
        self._pause_until = time.monotonic() + AGAIN_SECONDS
        if not self._told_why:
            self._told_why = True
            told = Message("This run is not being kept; it is in memory only. {why}", {"why": why})
            self.run.publish(RunNoted(self.run.snapshot().step, told))

    def _go_on(self) -> None:
        run, ended = self.run, self.run.ended  # first: what comes after it is the next time's
        file = self._opened()
        self._keep_hidden(file)
        looks, captured = run.unkept.take()
        self._looks = (self._looks + looks)[-MOST_LOOKS:]
        self._captured = captured or self._captured
        records = run.history.since(self._written)
        steps = [step for step in run.snapshots.steps if step not in self._steps]
        if records or self._looks or steps or self._captured:
            self._write(file, records, steps)
        if ended:
            self._end(file)
            return
        for source in wanted(file.folder):
            run.seen_inside(run.inside.latest, source)
        if watched(file.folder):
            run.seen()

    def _opened(self) -> RunFile:
        if self._file is None:
            make_room(self._shelf)
            self._file = self._shelf.create(self.run.id, self._begun(), self.run.hidden)
            self.begun = True
        if self._card is None:
            self._written = self._file.last_record()
            self._steps = set(self._file.network_steps(with_checkpoint=False))
            self._card = touched(new_card(self.run.id, self._file.begun()), (r for _, r in self._file.records()))
        return self._file

    def _write(self, file: RunFile, records: list[tuple[int, Record]], steps: list[int]) -> None:
        assert self._card is not None
        run, captured = self.run, self._captured
        facts: dict[str, Any] = {"seconds": run.clock.seconds}
        if self._card.config != run.config:  # its data were not to be had
            facts |= {"config": run.config}
        owner = fingerprint(run.key) if self._card.owner else ""
        if self._card.owner != owner:  # it is shared since, and belongs to nobody
            facts |= {"owner": owner}
        file.write(
            records,
            self._looks,
            {step: networks_bytes(run.snapshots.networks(step)) for step in steps},
            checkpoint(captured),
            facts,
        )
        self._written += len(records)
        self._steps |= set(steps)
        self._looks, self._captured = [], None
        before = self._card
        self._card = touched(replace(before, config=run.config, owner=owner), (record for _, record in records))
        if self._card.status != before.status or time.monotonic() - self._card_at >= CARD_SECONDS:
            self._write_card(file)

    def _keep_hidden(self, file: RunFile) -> None:
        """A restart reveals nothing."""
        if (hidden := self.run.hidden) != self._hides:
            write_hidden(file.folder, hidden)
            self._hides = hidden

    def _write_card(self, file: RunFile) -> None:
        assert self._card is not None
        self._card_at = time.monotonic()
        seconds = self.run.clock.seconds
        write_card(file.folder, replace(self._card, changed=datetime.now(UTC), seconds=seconds, bytes=file.size()))

    def _end(self, file: RunFile) -> None:
        if self.run.status == "finished":
            file.forget_checkpoint()
        self._write_card(file)  # while nobody else can
        file.close(ended=True)
        self._file = None
        with suppress(StoreError):  # all but this is kept
            self._write_card(file)  # with the size that it has now
            self._keep_hidden(file)
        self.over = True
        make_room(self._shelf, besides=self.run.id)


def checkpoint(captured: Captured | None) -> Checkpoint | None:
    if captured is None:
        return None
    return Checkpoint(captured.step, captured.records, captured.looks, captured.state.to_bytes())
