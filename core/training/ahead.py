"""On a card the host runs ahead: mini-batches are launched one after another, and read and published some time later.

Ahead          what Training does on a card
can_run_ahead  whether an experiment's steps can be captured at all
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import torch

from core.data.device import is_card
from core.data.images import Images, as_floats
from core.experiment.config import ExperimentConfig
from core.training.arms import Arm, Batches
from core.training.captured import CapturedLook, CapturedStep, NotCaptured, Reading
from core.training.failures import attempt, failed
from core.training.meter import Measured
from core.training.records import NetworksSeen, Record
from core.training.steps import PROBE_IMAGES, diagnose, networks_seen, plain_rate

READ_SECONDS = 0.1  # so long, at most, what was measured stays on the card while there are further steps

log = logging.getLogger(__name__)

Later = Callable[[], Record]


class Counts(Protocol):
    """Who is told what was measured: the Training."""

    def count(self, step: int, measured: Measured, examples: int) -> None: ...

    def publish(self, record: Record) -> None: ...


def can_run_ahead(config: ExperimentConfig, data: Images) -> bool:
    """Dropout draws from generators of its own, of which a captured graph would know nothing."""
    shares = [config.dropout if arm.dropout is None else arm.dropout for arm in config.arms]
    return is_card(data.train_images.device) and not any(shares)


class Ahead:
    """Launches captured steps and looks; publishes what they measured in order, at most two readings behind."""

    def __init__(self, config: ExperimentConfig, data: Images, arms: list[Arm], batches: Batches) -> None:
        self._config, self._data, self._arms, self._batches = config, data, arms, batches
        self._step: CapturedStep | None = None
        self._looks: dict[str, CapturedLook] = {}
        self._refused = False
        self._told: list[int | Later] = []  # since the last reading: steps that were taken, and what came between
        self._readings: deque[tuple[Reading | None, list[int | Later]]] = deque()
        self._read_at = time.monotonic()

    def takes(self, step: int, sources: frozenset[str], counts: Counts) -> bool:
        """Whether mini-batch `step` can be taken so: not the first, not a last short one, not one that is watched."""
        whole = len(self._batches.rows(step)) == self._config.batch_size
        if not whole or step == 1 or "batch" in sources or self._refused:
            return False
        try:
            return self._is_captured(counts) and ("fixed" not in sources or all(map(self._look_at, self._living)))
        except NotCaptured as error:
            log.warning("The card takes each step call by call: %s", error)
        except torch.OutOfMemoryError:
            raise  # not one arm's: all are captured together
        except Exception:  # maybe one arm's; call by call it shows whose, and ends that arm alone
            log.exception("The card takes each step call by call")
        self._refused = True
        return False

    def _is_captured(self, counts: Counts) -> bool:
        if self._step is not None and self._step.arms != self._living:
            self.settle(counts)
            self._step = None  # somebody has died: the others need not carry him along
        living = self._living
        if self._step is None and living:
            self._step = CapturedStep(self._config, self._data, living)
        return self._step is not None

    @property
    def _living(self) -> list[Arm]:
        return [arm for arm in self._arms if arm.alive]

    def advance(self, step: int, look: bool, counts: Counts) -> None:
        """Launch mini-batch `step`, and before it a look at the networks; publish what is known by now."""
        assert self._step is not None
        if look:
            self._told.append(self._begin_look(step - 1))
        epoch = self._batches.epoch_of(step)
        start = (step - 1) % self._config.steps_per_epoch * self._config.batch_size
        self._step.take(step, self._batches.order(epoch), start)
        self._told.append(step)
        if self._step.is_full or time.monotonic() - self._read_at > READ_SECONDS:
            self.read(counts)

    def tell(self, later: Later) -> None:
        """Publish this after all that was launched before."""
        self._told.append(later)

    def settle(self, counts: Counts) -> None:
        """Publish all that was launched or told."""
        self.read(counts)
        while self._readings:
            self._publish(*self._readings.popleft(), counts)

    def read(self, counts: Counts) -> None:
        """Begin to read what was launched or told; publish what was being read before."""
        if self._told:
            taken = any(isinstance(what, int) for what in self._told)
            reading = self._step.read() if taken and self._step is not None else None
            self._readings.append((reading, self._told))
            self._told = []
        self._read_at = time.monotonic()
        while len(self._readings) > 1:  # the card is at work on the last of them meanwhile
            self._publish(*self._readings.popleft(), counts)

    def _publish(self, reading: Reading | None, told: list[int | Later], counts: Counts) -> None:
        rows = iter(reading.rows() if reading is not None else [])
        for what in told:
            if not self._living:
                return
            if isinstance(what, int):
                assert reading is not None
                counts.count(what, self._measured(what, reading, next(rows), counts), self._config.batch_size)
            else:
                counts.publish(what())

    def _measured(self, step: int, reading: Reading, row: list[tuple[float, float]], counts: Counts) -> Measured:
        measured: Measured = {}
        for arm, (loss, correct) in zip(reading.arms, row, strict=True):
            if not arm.alive:
                continue
            arm.seconds += reading.seconds
            arm.examples += self._config.batch_size
            if math.isfinite(loss):
                measured[arm.name] = loss, correct
            else:
                self._bury(arm, step, counts)
        return measured

    def _bury(self, arm: Arm, step: int, counts: Counts) -> None:
        arm.alive = False
        assert self._step is not None
        self._step.thaw(arm)
        found = attempt(lambda: diagnose(arm, self._batches.at(step)))
        counts.publish(failed(arm, step, "step", found) if isinstance(found, Exception) else found)

    def _begin_look(self, step: int) -> Callable[[], NetworksSeen]:
        looks = {arm: self._look_at(arm) for arm in self._living}
        summaries = {arm: look.begin(plain_rate(self._config, arm)) for arm, look in looks.items()}

        def seen() -> NetworksSeen:
            found = {arm.name: summary() for arm, summary in summaries.items() if arm.alive}
            return networks_seen(self._config, step, "fixed", found)

        return seen

    def _look_at(self, arm: Arm) -> CapturedLook:
        if arm.name not in self._looks:
            images, labels = self._data.test_images[:PROBE_IMAGES], self._data.test_labels[:PROBE_IMAGES]
            self._looks[arm.name] = CapturedLook(arm, self._arms.index(arm), as_floats(images), labels)
        return self._looks[arm.name]
