"""All runs of a process, and the thread of each: who is started, found again, forgotten and ended."""

from __future__ import annotations

import functools
import logging
import threading
import time
from pathlib import Path

import torch

from core.data.files import DataError
from core.experiment.config import ExperimentConfig
from core.experiment.environment import GRACE_SECONDS, grace_seconds
from core.experiment.rules import ConfigError
from core.language.message import Message
from core.runs.asking import QueueFull
from core.runs.gallery import Gallery, get_ready
from core.runs.line import Line
from core.runs.run import Run
from core.training.crew import crew
from core.training.failures import out_of_memory
from core.training.trainer import RunStopped, train
from core.words.endings import OUT_OF_MEMORY, none_left

log = logging.getLogger(__name__)

KEPT_RUNS = 20  # ended runs that stay in memory, so that links to them and ghosts of them work

KEPT_NETWORKS = 5  # of those, how many keep their networks of earlier steps


MAX_ACTIVE_RUNS = 8


class RunManager:
    """Starts runs, finds them again, and ends them all."""

    def __init__(
        self,
        root: Path | None = None,
        device: torch.device | None = None,
        grace: float = GRACE_SECONDS,
        capacity: int = MAX_ACTIVE_RUNS,
    ) -> None:
        self._gallery, self._grace, self._capacity = Gallery(root, device), grace, capacity
        self._line, self._ready = Line(), threading.Thread(target=get_ready, name="ready", daemon=True)
        self._runs: dict[str, Run] = {}
        self._threads: dict[str, threading.Thread] = {}

    def get_ready(self) -> None:
        """Begin, once, to import what the first run would wait for."""
        with self._line.changed:  # two visitors may be the first
            if self._ready.ident is None:
                self._ready.start()

    def submit(self, config: ExperimentConfig, replaces: Run | None = None) -> Run:
        """Start `config` as soon as the device is free; `replaces` is stopped first. Raises QueueFull before that."""
        with self._line.changed:  # two visitors may press Start at once
            waiting = [run for run in self.active() if run is not replaces]
            if len(waiting) >= self._capacity:
                raise QueueFull(
                    Message(
                        "At most {most} experiments may run or wait at a time, and {waiting} do. Your settings are "
                        "kept; press Start again in a minute.",
                        {"most": self._capacity, "waiting": len(waiting)},
                    )
                )
            if replaces is not None and not replaces.ended:
                replaces.stop(replaces.key)
            run = Run(config, self._line, self._grace)
            self._runs[run.id] = run
            self._line.join(run)  # here, so that who pressed first is first
            self._forget_old_runs()
            self._threads[run.id] = threading.Thread(target=self._work, args=(run,), name=f"run-{run.id}", daemon=True)
            self._threads[run.id].start()
        return run

    def find(self, run_id: str) -> Run | None:
        """The run with this id, if it is still remembered."""
        return self._runs.get(run_id)

    def active(self) -> list[Run]:
        """The runs that have not ended."""
        return [run for run in list(self._runs.values()) if not run.ended]

    def seconds_for(self, config: ExperimentConfig) -> float | None:
        """About how long `config` takes here, at the pace of the latest run that is like it; None where none was."""
        for run in reversed(list(self._runs.values())):
            seconds = run.seconds_per_step
            if seconds is not None and _alike(run.config, config):
                return seconds * config.total_steps * config.batch_size / run.config.batch_size
        return None

    def join(self, run: Run, timeout: float | None = None) -> None:
        """Wait until the run's thread has ended."""
        self._threads[run.id].join(timeout)

    def shutdown(self, timeout: float = 2.0) -> None:
        """Stop every run and wait for their threads, `timeout` seconds in all."""
        deadline = time.monotonic() + timeout
        for run in self.active():
            run.stop(run.key)
        for thread in list(self._threads.values()):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _forget_old_runs(self) -> None:
        ended = [run_id for run_id, run in self._runs.items() if run.ended]
        for run_id in ended[: max(0, len(ended) - KEPT_NETWORKS)]:
            self._runs[run_id].snapshots.forget()
        for run_id in ended[: max(0, len(ended) - KEPT_RUNS)]:
            self._runs.pop(run_id)
            self._threads.pop(run_id)

    def _work(self, run: Run) -> None:
        """The worker thread: whatever happens here becomes a record that every watcher sees."""
        try:
            run.config = self._gallery.download(run.config, run.publish, run.check_stopped, run.step_aside)
            run.prepare()
            run.config, images = self._gallery.images_for(run.config, run.publish, run.check_stopped)
            with crew(images.train_images.device, run.config, spare=1) as each:
                arms = train(run.config, images, run.publish, run, each)
            why = "" if any(arm.alive for arm in arms) else none_left(run.config, run.history)
            run.end("failed" if why else "finished", why)
        except RunStopped as stopped:
            run.end("stopped", stopped.args[0])
        except (DataError, ConfigError) as error:
            run.end("failed", error.args[0])
        except Exception as error:  # the last line of defence: shown on the page and logged
            log.exception("run %s failed", run.id)
            run.end("failed", OUT_OF_MEMORY if out_of_memory(error) else f"{type(error).__name__}: {error}")


def _alike(one: ExperimentConfig, other: ExperimentConfig) -> bool:
    """Whether a step of the one takes about as long as a step of the other, image for image."""
    batches = sorted([one.batch_size, other.batch_size])
    return (len(one.arms), one.depth) == (len(other.arms), other.depth) and batches[1] <= 2 * batches[0]


@functools.cache
def manager() -> RunManager:
    """The process's one run manager; made at the first call, never at import."""
    return RunManager(grace=grace_seconds())
