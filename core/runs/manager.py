"""All runs of a process, and the thread of each: who is started, found again, forgotten and ended."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from core.data.files import DataError
from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.experiment.environment import GRACE_SECONDS, grace_seconds, home, keep_bytes, most_work
from core.experiment.rules import ConfigError
from core.language.message import Message
from core.runs.archive import Archive
from core.runs.asking import QueueFull
from core.runs.classes import Classes
from core.runs.elsewhere import Elsewhere, elsewhere
from core.runs.faults import SHUT_DOWN, of_error
from core.runs.gallery import Gallery, get_ready
from core.runs.hidden import hide
from core.runs.kept_run import KeptRun
from core.runs.line import Line
from core.runs.origin import PAGE, begun
from core.runs.paces import Paces
from core.runs.recorded_run import RecordedRun, Recordings
from core.runs.run import Run
from core.runs.shared_runs import SharedRuns
from core.runs.taking_up import compare, go_on, in_memory_only, recall, taken_up, to_go_on
from core.runs.work import check_work
from core.runs.writer import Writer
from core.store.recording import Recording
from core.store.run_file import RunFile
from core.store.shelf import Shelf
from core.store.troubles import StoreError
from core.training.crew import crew
from core.training.records import RunReplaced
from core.training.trainer import RunStopped, train
from core.words.endings import none_left

log = logging.getLogger(__name__)

KEPT_RUNS = 20  # ended runs that stay in memory where no store has them, so that links to them and ghosts of them work
KEPT_NETWORKS = 5  # of those, how many keep their networks of earlier steps
MAX_ACTIVE_RUNS = 8
SHUTDOWN_SECONDS = 4.0

AnyRun = Run | KeptRun | RecordedRun


class RunManager:
    """Starts runs, finds them again, and ends them all. Without a `shelf` they are in memory only."""

    def __init__(
        self,
        root: Path | None = None,
        device: torch.device | None = None,
        grace: float = GRACE_SECONDS,
        capacity: int = MAX_ACTIVE_RUNS,
        shelf: Shelf | None = None,
        most_work: int | None = None,
    ) -> None:
        self.gallery, self.grace, self.most_work, self._capacity = Gallery(root, device), grace, most_work, capacity
        self.elsewhere: Elsewhere | None = None
        self.line, self.spare = Line(), 1  # of the cores
        self._ready = threading.Thread(target=self._prepare, name="ready", daemon=True)
        self._runs: dict[str, Run] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._paces = Paces()
        self.shelf, self.writer = shelf, Writer(shelf) if shelf is not None else None
        self._archive = Archive(shelf, self.gallery) if shelf is not None else None
        self._recordings = Recordings(self.gallery)
        self.classes, self.shared = Classes(shelf.home if shelf is not None else None), SharedRuns(self)

    def get_ready(self) -> None:
        """Begin, once, what the first run would wait for."""
        with self.line.changed:  # two visitors may be the first
            if self._ready.ident is None:
                self._ready.start()

    def _prepare(self) -> None:
        if self._archive is not None:
            self._archive.tidy()
        get_ready()

    def submit(
        self, config: ExperimentConfig, replaces: AnyRun | None = None, key: str = "", hides: bool = False
    ) -> Run:
        """Start `config` as soon as the device is free; `replaces` is stopped first. Raises ConfigError or QueueFull.

        Who has `key` may steer it, and owns it on the shelf. With `hides` all its arms but the first are hidden.
        """
        check_work(config, self.most_work)
        with self.line.changed:  # two visitors may press Start at once
            self.check_room(replaces)
            run = Run(config, self.line, self.grace, key)
            if hides:
                hide(run, run.key)
            self.replace(replaces, run)
            self.begin(run)
        return run

    def replace(self, before: AnyRun | None, run: Run) -> None:
        if isinstance(before, Run) and not before.ended:
            before.publish(RunReplaced(before.snapshot().step, run.id))
            before.stop(before.key)

    def resume(self, run_id: str, key: str) -> Run:
        """Have a run go on that was stopped or interrupted, or is paused.

        As `submit`; raises NotTheOwner, too, and StoreError where it can't be read or another process has it under way.
        """
        run = self._runs.get(run_id)
        if run is not None and not run.ended:
            run.resume(key)
            return run
        if self.shelf is None:
            raise in_memory_only()
        self.settled(run_id)
        card, file = to_go_on(self.shelf, run_id, key)
        try:
            with self.line.changed:
                self.check_room(None)
                check_work(card.config, self.most_work)
                run = taken_up(card, file, self.line, self.grace, key)
                self.begin(run, file)
        except BaseException:
            file.close(ended=True)
            raise
        return run

    def check_room(self, replaces: AnyRun | None) -> None:
        waiting = [run for run in self.active() if run is not replaces]
        if len(waiting) >= (most := self._capacity + 2 * (self.line.places - 1)):
            said = Message(
                "At most {most} experiments may run or wait at a time, and {waiting} do. Your settings are "
                "kept; press Start again in a minute."
            )
            raise QueueFull(replace(said, values={"most": most, "waiting": len(waiting)}))

    def begin(self, run: Run, file: RunFile | None = None) -> None:
        self._runs[run.id] = run
        self.line.join(run)  # here, so that who pressed first is first
        self._forget_old_runs()
        if self.writer is not None and self._archive is not None:
            self._archive.forget(run.id)
            self.writer.keep(run, partial(begun, run, PAGE, self.gallery.device), file)
        self._threads[run.id] = threading.Thread(target=self._work, args=(run,), name=f"run-{run.id}", daemon=True)
        self._threads[run.id].start()

    def comes_with(self, run_id: str, read: Callable[[], Recording], few: Callable[[], Images] | None = None) -> None:
        """Have a recorded run be found by this id, and read when first asked for; `few` images may do."""
        self._recordings.add(run_id, read, few)

    def find(self, run_id: str) -> AnyRun | None:
        """The run with this id: executed here, kept on the shelf or one that NormScope comes with.

        None where there is none, or it cannot be read. What NormScope comes with is never another's of the same id.
        """
        if run_id in self._recordings:
            return self._recordings.find(run_id)
        return self.executed(run_id) or (self._archive.find(run_id) if self._archive is not None else None)

    def has_recording(self, run_id: str) -> bool:
        """Whether exports of the run can be made: it is on the shelf, or NormScope comes with it."""
        return run_id in self._recordings or (self.shelf is not None and self.shelf.knows(run_id))

    def recording(self, run_id: str) -> Recording:
        """What they are made of. Raises StoreError."""
        recorded = self._recordings.find(run_id)
        if recorded is not None:
            return recorded.recording
        if self.shelf is None:
            raise in_memory_only()
        return self.shelf.recording(run_id)

    def settled(self, run_id: str) -> AnyRun | None:
        """As `find`; of one that has just ended not before all of it is kept: what is changed then lasts."""
        run = self._runs.get(run_id)
        if run is not None and run.ended and self.writer is not None:
            self.writer.wait_for(run, SHUTDOWN_SECONDS)
        return self.find(run_id)

    def executed(self, run_id: str) -> Run | None:
        """The run with this id if it is in memory, at once; one that has ended may go on elsewhere: see the shelf."""
        run = self._runs.get(run_id)
        return None if run is None or self._has_all_of(run) else run

    def _has_all_of(self, run: Run) -> bool:
        return self.writer is not None and self.writer.has_all_of(run)

    def problem(self, run_id: str) -> Message | str:
        """Why a run that is on the shelf was not found, as far as somebody has looked for it; empty elsewhere."""
        return self._archive.problem(run_id) if self._archive is not None else ""

    def active(self) -> list[Run]:
        """The runs that have not ended."""
        return [run for run in list(self._runs.values()) if not run.ended]

    def is_busy_for(self, replaces: AnyRun | None) -> bool:
        """Whether what is submitted now, maybe in place of another, would wait: a run that is paused lets it pass."""
        return sum(run is not replaces and run.status != "paused" for run in self.active()) >= self.line.places

    def unkept(self) -> list[Run]:
        """The runs that are in memory alone: no store has them, or had them until they were deleted there."""
        return [run for run in list(self._runs.values()) if not self._has_begun_to_keep(run)]

    def _has_begun_to_keep(self, run: Run) -> bool:
        if self.shelf is None or self.writer is None or self.shelf.unseen(run.id) is not None:
            return False
        return self.shelf.knows(run.id) or self.writer.has_begun(run)

    def seconds_for(self, config: ExperimentConfig) -> float | None:
        """About how long `config` takes here, at the pace of the latest run that is like it; None where none was."""
        return self._paces.seconds_for(config, list(self._runs.values()))

    def seconds_until(self, run: AnyRun) -> float | None:
        """About how long `run` waits for the device; None where nobody knows how long one ahead of it takes."""
        with self.line.changed:
            ahead = [other for other in self.line.ahead(run) if isinstance(other, Run)] if isinstance(run, Run) else []
        return self._paces.seconds_of(ahead, list(self._runs.values()))

    def join(self, run: Run, timeout: float | None = None) -> None:
        """Wait until the run's thread has ended, as that of one that is forgotten has."""
        if (thread := self._threads.get(run.id)) is not None:
            thread.join(timeout)

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> None:
        """Interrupt every run, write what there is, and wait for that, `timeout` seconds in all."""
        deadline = time.monotonic() + timeout
        for run in self.active():
            run.interrupt(SHUT_DOWN)
        for thread in list(self._threads.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        if self.writer is not None:
            self.writer.close(max(0.5, deadline - time.monotonic()))

    def _forget_old_runs(self) -> None:
        ended = [run for run in self._runs.values() if run.ended]
        kept = [run for run in ended if self._has_all_of(run)]
        unkept = [run for run in ended if run not in kept]
        for run in unkept[: max(0, len(unkept) - KEPT_NETWORKS)]:
            run.snapshots.forget()
        for run in kept + unkept[: max(0, len(unkept) - KEPT_RUNS)]:
            self._runs.pop(run.id)
            self._threads.pop(run.id)
            self._paces.remember(run)

    def _work(self, run: Run) -> None:
        """The worker thread: whatever happens here becomes a record that every watcher sees."""
        try:
            if self.shelf is not None and run.again.taken_up:
                recall(run, self.shelf)
                compare(run, self.shelf.card(run.id).origin, self.gallery.device)
            if self.elsewhere is not None:
                return run.end(*self.elsewhere(run))
            images = self._images(run)
            with crew(images.train_images.device, run.config, spare=self.spare) as each:
                if run.again.checkpoint is not None:
                    arms = go_on(run, images, each)
                else:
                    arms = train(run.config, images, run.publish, run, each)
            why = "" if any(arm.alive for arm in arms) else none_left(run.config, run.history)
            run.end("failed" if why else "finished", why)
        except RunStopped as stopped:
            run.end(*stopped.args)
        except (DataError, ConfigError, StoreError) as error:
            run.end("interrupted" if run.again.taken_up else "failed", error.args[0])
        except Exception as error:  # the last line of defence: shown on the page and logged
            log.exception("run %s failed", run.id)
            run.end("failed", of_error(error))

    def _images(self, run: Run) -> Images:
        """Those of the run, or of the digits in their place: but not where a run goes on that was on others."""
        config = self.gallery.download(run.config, run.publish, run.check_stopped, run.step_aside)
        run.config = config if not run.again.taken_up else run.config
        run.prepare()
        config, images = self.gallery.images_for(config, run.publish, run.check_stopped)
        if run.again.taken_up and config != run.config:
            raise DataError(Message("A run goes on with the images that it was begun with; these are not here."))
        run.config = config
        return images


@functools.cache
def manager() -> RunManager:
    """The process's one run manager; made at the first call, never at import."""
    folder = home()
    shelf = None if folder is None else Shelf(folder, keep_bytes())
    found = RunManager(grace=grace_seconds(), shelf=shelf, most_work=most_work())
    found.elsewhere = elsewhere(found.line, found.gallery)
    return found
