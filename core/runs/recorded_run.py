"""A run that comes with NormScope, to be looked at by who has none yet: it answers as a Run does, and never changes.

Recordings   those that there are, each read when somebody first asks for it
RecordedRun  one of them, for all who watch it
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import torch

from core.data.files import DataError
from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.experiment.schedule import shown_rate
from core.language.message import Message
from core.runs.asking import Answer, Question
from core.runs.gallery import Gallery
from core.runs.kept_looks import loaded
from core.runs.looks import Observation, Observations
from core.runs.owner import NotTheOwner
from core.runs.pace import LOOK_SECONDS
from core.runs.questions import NoSuchThing
from core.store.recording import Recording
from core.training.arms import Arm
from core.training.rates import by_hand
from core.training.records import History, Snapshot

log = logging.getLogger(__name__)

Read = Callable[[], Recording]
Few = Callable[[], Images]  # some of its images, which come with it


class Recordings:
    """By id. One that cannot be read is not there, and the log says why."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery, self._lock = gallery, threading.Lock()
        self._reads: dict[str, tuple[Read, Few | None]] = {}
        self._found: dict[str, RecordedRun | None] = {}

    def add(self, run_id: str, read: Read, few: Few | None = None) -> None:
        self._reads[run_id] = read, few
        self._found.pop(run_id, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._reads)

    def find(self, run_id: str) -> RecordedRun | None:
        """None where there is none."""
        if run_id not in self._reads:
            return None
        with self._lock:  # the first visitors may come at once
            if run_id not in self._found:
                self._found[run_id] = self._read(run_id)
            return self._found[run_id]

    def _read(self, run_id: str) -> RecordedRun | None:
        read, few = self._reads[run_id]
        try:
            return RecordedRun(read(), self._gallery, few)
        except (OSError, ValueError) as error:
            log.warning("the recorded run %s cannot be read: %s", run_id, error)
            return None


class RecordedRun:
    """Belongs to nobody, and nothing of it is on the shelf."""

    hidden: tuple[str, ...] = ()
    version = 0  # of a run that is executed it is above 0, of a kept one below

    def __init__(self, recording: Recording, gallery: Gallery, few: Few | None = None) -> None:
        self.id, self.recording, self._gallery, self._few = recording.id, recording, gallery, few
        self.asked, self.config, self.status = recording.asked, recording.config, recording.status
        self.ended = True
        self.history = History(recording.records)
        self.snapshots = RecordedNetworks(recording)
        self._lock = threading.Lock()

    # --- what watchers see ---------------------------------------------------------------------------------------

    def snapshot(self, since: int = 0) -> Snapshot:
        ordered = [record.new for record in by_hand(self.history)]
        step = max((getattr(record, "step", 0) for record in self.history), default=0)
        return Snapshot(
            status=self.status,
            asked="",
            place=0,
            step=step,
            learning_rate=ordered[-1] if ordered else shown_rate(self.config, step),
            eta_seconds=None,
            version=self.version,
            latest=self.history.latest,
            news=self.history.since(since),
        )

    @property
    def inside(self) -> Observations:
        """All looks; read once, by whoever first asks for one."""
        with self._lock:
            return self._looks

    @functools.cached_property
    def _looks(self) -> Observations:
        looks = Observations({arm.name: arm.title for arm in self.config.arms})
        for seen in self.recording.looks():
            looks.append(seen)
        return looks

    def seen_inside(self, since: int, source: str, apart: float = LOOK_SECONDS) -> tuple[int, list[Observation]]:
        """(newest sequence number, looks newer than `since`)."""
        looks = self.inside
        return looks.latest, looks.since(since, source)

    def ask(self, question: Question[Answer], step: int | None = None) -> Future[Answer]:
        """Have `question` answered with the networks that were kept at `step`, or last; by whoever asks, at once."""
        asked: Future[Answer] = Future()
        try:
            asked.set_result(self._answer(question, step))
        except Exception as error:  # noqa: BLE001 - it goes to whoever asked
            asked.set_exception(error)
        return asked

    def _answer(self, question: Question[Answer], step: int | None) -> Answer:
        try:
            return self._answer_with(self._gallery.images_of(self.config.data), question, step)
        except DataError as missing:
            if self._few is None:
                raise
            try:
                return self._answer_with(self._few(), question, step)
            except NoSuchThing:  # it takes more than came with the run
                raise missing from None

    def _answer_with(self, images: Images, question: Question[Answer], step: int | None) -> Answer:
        return question(self.snapshots.arms(self.config, self.shown_step(step), images.train_images.device), images)

    def shown_step(self, step: int | None = None) -> int:
        """The step of the networks that a question is answered with."""
        return max(self.snapshots.steps, default=0) if step is None else step

    def seen(self) -> None:
        """Nothing runs that would end if nobody asked."""

    def join(self, watcher: str) -> None:
        """As `seen`."""

    def leave(self, watcher: str) -> None:
        """As `seen`."""

    # --- it belongs to nobody --------------------------------------------------------------------------------------

    def is_owned_by(self, key: str) -> bool:
        return False

    def _refuse(self, *_order: object) -> None:
        raise NotTheOwner(Message("This run was recorded and is not running here. Run it yourself to steer it."))

    pause = resume = step_once = stop = change_learning_rate = hide = _refuse


class RecordedNetworks:
    """Weights and buffers by step, unpacked when they are asked for."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def steps(self) -> list[int]:
        """The steps that were kept, in order."""
        return list(self._recording.network_steps)

    def arms(self, config: ExperimentConfig, step: int, device: torch.device) -> list[Arm]:
        """The arms as they were after `step` updates. Raises LookupError for a step that was not kept."""
        return loaded(config, self._recording.networks(step), device)
