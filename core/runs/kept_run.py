"""A run that is on the shelf, ended or under way in another process, for whoever watches it: it answers as a Run does.

KeptRun  its history, looks and networks are read when somebody asks for them
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from core.experiment.config import ExperimentConfig
from core.experiment.schedule import shown_rate
from core.language.message import Message
from core.runs.asking import Answer, Question
from core.runs.gallery import Gallery
from core.runs.kept_looks import NONE_KEPT, OF_A_SWEEP, KeptLooks, KeptNetworks
from core.runs.looks import Observation
from core.runs.origin import SWEEP
from core.runs.owner import NotTheOwner
from core.runs.pace import LOOK_SECONDS
from core.runs.run import ENDED
from core.runs.wishes import wish
from core.store.card import INTERRUPTED, UNDER_WAY, is_owner, read_hidden, write_hidden
from core.store.run_file import RunFile
from core.store.shelf import Shelf
from core.store.troubles import StoreError
from core.training.records import History, LearningRateChanged, Snapshot, StatusChanged

LIVE_SECONDS, ENDED_SECONDS = 0.2, 2.0  # apart at least: two looks into the file of a run that is under way, or not

_versions = itertools.count(-1, -1)  # those of executed runs are above 0: an answer is never taken for another's


class KeptRun:
    """Raises StoreError where it cannot be read. Who steers it sits in the process that executes it.

    `is_swept`: it is a point of a sweep, which keeps neither looks nor networks, and belongs to nobody.
    """

    def __init__(self, shelf: Shelf, run_id: str, gallery: Gallery) -> None:
        self.id = run_id
        self._shelf, self._gallery = shelf, gallery
        self._lock, self._answering = threading.RLock(), threading.Lock()
        self._history, self._version = History(), next(_versions)
        self._told, self._step = "queued", 0  # by the records
        self._hidden: tuple[str, ...] = ()
        self._lost = False
        with self._file(checked=True) as file:
            begun = file.begun()
            self.asked, self._config, self._owner = begun.asked, begun.config, begun.owner
            self.is_swept = begun.origin.by == SWEEP
            self.inside = KeptLooks(file.folder, begun.config)
            self.snapshots = KeptNetworks(file.folder, OF_A_SWEEP if self.is_swept else NONE_KEPT)
        self._rate, self._next = 0.0, 0.0  # the learning rate that was last ordered, 0 before
        self._follow()

    @contextmanager
    def _file(self, checked: bool = False) -> Iterator[RunFile]:
        file = self._shelf.read(self.id, checked)
        try:
            yield file
        finally:
            file.close()

    # --- what watchers see -------------------------------------------------------------------------------------

    @property
    def config(self) -> ExperimentConfig:
        """What was run; other than asked for, once its data were not to be had."""
        self._follow()
        return self._config

    @property
    def history(self) -> History:
        """All that has been measured until now, whoever asks, and whether or not anybody else does."""
        self._follow()
        return self._history

    @property
    def version(self) -> int:
        """Another one after each change."""
        self._follow()
        return self._version

    @property
    def status(self) -> str:
        self._follow()
        return self._stands

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def snapshot(self, since: int = 0) -> Snapshot:
        """The run as it stood a moment ago, with the records newer than `since`."""
        with self._lock:
            self._follow()
            return Snapshot(
                status=self._stands,
                asked="",
                place=0,
                step=self._step,
                learning_rate=self._rate or shown_rate(self._config, self._step),
                eta_seconds=None,
                version=self._version,
                latest=self._history.latest,
                news=self._history.since(since),
            )

    def seen(self) -> None:
        """Somebody asks for news: a run under way elsewhere is not left alone."""
        if not self.ended:
            wish(self.inside.folder)

    def join(self, watcher: str) -> None:
        self.seen()

    def leave(self, watcher: str) -> None:
        """Nobody waits for it."""

    def seen_inside(self, since: int, source: str, apart: float = LOOK_SECONDS) -> tuple[int, list[Observation]]:
        """(newest sequence number, looks newer than `since`); asking makes them come more often, elsewhere, too.

        Who wants them `apart` by more than a page does takes those that come.
        """
        if not self.ended and apart <= LOOK_SECONDS:
            wish(self.inside.folder, source)
        with self._lock:
            self.inside.follow(source)
            return self.inside.latest, self.inside.since(since, source)

    def ask(self, question: Question[Answer], step: int | None = None) -> Future[Answer]:
        """Have `question` answered with the networks that were kept at `step`, or last; by whoever asks, at once."""
        asked: Future[Answer] = Future()
        with self._answering:
            try:
                images = self._gallery.images_of(self.config.data)
                arms = self.snapshots.arms(self.config, self.shown_step(step), images.train_images.device)
                asked.set_result(question(arms, images))
            except Exception as error:  # noqa: BLE001 - it goes to whoever asked
                asked.set_exception(error)
        return asked

    def shown_step(self, step: int | None = None) -> int:
        """The step of the networks that a question is answered with."""
        steps = self.snapshots.steps
        if step is not None or not steps:
            return step or 0
        return steps[-1]

    def is_owned_by(self, key: str) -> bool:
        """Whether `key` is its owner's, who may have it go on."""
        return is_owner(key, self._owner)

    # --- orders --------------------------------------------------------------------------------------------------

    @property
    def hidden(self) -> tuple[str, ...]:
        """Arms that nobody is shown, see core.runs.shown."""
        self._follow()
        return self._hidden

    def hide(self, key: str, arms: tuple[str, ...]) -> None:
        """Show all but these `arms` from now on. Raises NotTheOwner."""
        if not self.is_owned_by(key) or not self.ended:
            self._refuse()
        with self._lock:
            write_hidden(self.inside.folder, arms)
            self._see_hidden()

    def _see_hidden(self) -> None:
        if (hidden := read_hidden(self.inside.folder)) != self._hidden:
            self._hidden, self._version = hidden, next(_versions)

    # To the others there is nobody here to listen.

    def _refuse(self, *_order: object) -> None:
        raise NotTheOwner(
            Message("This run is steered where it was started: by another process, which may have ended.")
        )

    pause = resume = step_once = stop = change_learning_rate = _refuse

    # --- followed --------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Read what has come since the last time, if that is a while ago."""
        with self._lock:
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + (ENDED_SECONDS if self._stands in ENDED else LIVE_SECONDS)
            try:
                self._see_hidden()
                self._read()
                if self._told in UNDER_WAY and not self._shelf.is_written(self.id):
                    self._shelf.settle(self.id)  # its process is gone, and it says so from now on
                    self._read()
                self._lose(False)
            except StoreError:
                if not self._history.latest:
                    raise
                self._lose(True)  # deleted, or not to be read for now: what is known stays

    def _lose(self, lost: bool) -> None:
        if lost != self._lost:
            self._lost = lost
            self._version = next(_versions)

    @property
    def _stands(self) -> str:
        return INTERRUPTED if self._lost else self._told

    def _read(self) -> None:
        with self._file() as file:
            news = file.records(self._history.latest)
            if not news:
                return
            self._config = file.begun().config
        for _, record in news:
            self._history.append(record)
            self._step = max(self._step, getattr(record, "step", 0))
            if isinstance(record, StatusChanged):
                self._told = record.status
            if isinstance(record, LearningRateChanged):
                self._rate = record.new
        self._version = next(_versions)
