"""A training of the command line that is on the shelf: pages show it while it is under way, and it can go on later.

Kept  begun anew, or taken up; Ctrl-C and SIGTERM end it between two mini-batches, where it is kept
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from core.cli.progress import Progress
from core.cli.training import attempt
from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.language.speech import _
from core.language.unforeseen import unforeseen
from core.runs.line import Line
from core.runs.origin import COMMAND_LINE, begun
from core.runs.run import Run
from core.runs.taking_up import compare, go_on, recall, taken_up, to_go_on
from core.runs.writer import Writer
from core.store.run_file import RunFile
from core.store.shelf import Shelf
from core.training.arms import Arm
from core.training.crew import crew
from core.training.records import History, NetworksSeen, Record, RunNoted, TrainingStarted
from core.training.trainer import train

WRITING_SECONDS = 3.0  # at the end, for what is still to be written
KILLED = Message("The process was told to end while it ran.")


class Kept:
    """One run, its own thread being this process's first."""

    def __init__(self, shelf: Shelf, run: Run, images: Images, progress: Progress, file: RunFile | None = None) -> None:
        self._run, self._images, self._progress = run, images, progress
        self._writer, self._told = Writer(shelf), run.history.latest
        self._knows_id = file is not None  # who has it go on has named it
        self._writer.keep(run, partial(begun, run, COMMAND_LINE, images.train_images.device), file)

    @classmethod
    def begun(cls, shelf: Shelf, config: ExperimentConfig, images: Images, progress: Progress) -> Kept:
        return cls(shelf, Run(config, Line(), math.inf), images, progress)

    @classmethod
    def taken_up(cls, shelf: Shelf, run_id: str, images: Images, progress: Progress) -> Kept:
        """Raises StoreError where it cannot go on."""
        card, file = to_go_on(shelf, run_id, None)
        run = taken_up(card, file, Line(), math.inf, "")
        recall(run, shelf)
        kept = cls(shelf, run, images, progress, file)
        compare(run, card.origin, images.train_images.device)
        progress.step = 0 if run.again.checkpoint is None else run.again.checkpoint.step
        started = [record for record in run.history if isinstance(record, TrainingStarted)]
        for record in started[-1:]:
            progress.publish(record)
        return kept

    def train(self) -> History:
        """To its end; the last record says which."""
        run = self._run
        try:
            with self._signals():
                ending = attempt(self._work, run.config, self._progress, run.history)
            run.end(*ending)
        except KeyboardInterrupt:
            run.end("stopped")
            raise
        except Exception as error:
            run.end("failed", unforeseen(error))
            raise
        finally:
            deadline = time.monotonic() + WRITING_SECONDS
            self._writer.wait_for(run, WRITING_SECONDS)
            self._writer.close(max(0.5, deadline - time.monotonic()))
            self._tell()
        return run.history

    def _work(self) -> list[Arm]:
        run, images = self._run, self._images
        with crew(images.train_images.device, run.config) as workers:
            if run.again.checkpoint is not None:
                return go_on(run, images, workers, self._publish)
            return train(run.config, images, self._publish, run, workers)

    def _publish(self, record: Record) -> None:
        self._run.publish(record)
        if not isinstance(record, NetworksSeen):
            self._progress.publish(record)
        self._tell()

    def _tell(self) -> None:
        """What the writer has to say, and the run's id once that leads to something."""
        if not self._knows_id and self._writer.has_begun(self._run):
            self._knows_id = True
            self._progress.say(_("This run’s id is {id}.", id=self._run.id))
        news = self._run.history.since(self._told)
        self._told += len(news)
        for _number, record in news:
            if isinstance(record, RunNoted):
                self._progress.say(record.said)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first Ctrl-C and SIGTERM end the run between two mini-batches; a second one ends the process at once."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def end(number: int, _frame: FrameType | None) -> None:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            if number == signal.SIGINT:
                self._run.stop(self._run.key)
            else:
                self._run.interrupt(KILLED)

        try:
            for number, handler in before.items():
                if handler is not signal.SIG_IGN:  # as in the background of a shell
                    signal.signal(number, end)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
