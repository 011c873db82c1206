"""What is under way, on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from core.training.records import (
    ArmDiverged,
    ArmFailed,
    EpochFinished,
    History,
    Record,
    StatusChanged,
    TrainingStarted,
    TrainMeasured,
)

if TYPE_CHECKING:
    from tqdm import tqdm

LOG_SECONDS = 10.0  # between two lines of progress where stderr is a file


def say(line: str) -> None:
    """A line for whoever waits; stdout has the results alone."""
    print(" ".join(line.splitlines()), file=sys.stderr, flush=True)


class Progress:
    """What is under way, as a bar on stderr; keeps what was measured in `history`."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.step = 0
        self._bar: tqdm[NoReturn] | None = None
        self._file = ""
        self._losses: dict[str, str] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def arrived(self, file: str, done: int, total: int) -> None:
        """A download's next bytes are here (core.data.files.Progress)."""
        if self._bar is None or file != self._file:
            self._file = file
            self._bar = self._open(desc=file, total=total or None, unit="B", unit_scale=True, unit_divisor=1024)
        self._bar.update(done - self._bar.n)

    def publish(self, record: Record) -> None:
        """Keep `record` and show what it changes (core.training.trainer.Publish)."""
        self.history.append(record)
        match record:
            case TrainingStarted():
                self._losses = {arm.name: "…" for arm in record.arms}
                self._close()
                say(f"{record.data}, {record.examples:,} examples, on {record.device}")
                self._bar = self._open(desc="training", total=record.total_steps, unit="step")
            case TrainMeasured():
                self._losses |= {name: f"{loss:.3f}" for name, loss in record.loss.items()}
                self._move(record.step)
            case EpochFinished():
                self._move(record.step)
            case ArmDiverged():
                self._losses[record.arm] = "diverged"
            case ArmFailed():
                self._losses[record.arm] = "failed"

    def end(self, status: str, message: str = "") -> None:
        """The run's last word."""
        self.history.append(StatusChanged(status, self.step, message))

    def _move(self, step: int) -> None:
        assert self._bar is not None
        losses = ", ".join(f"{arm} {loss}" for arm, loss in self._losses.items())
        self._bar.set_postfix_str(f"batch loss {losses}", False)
        before, self.step = self.step, step
        self._bar.update(step - before)

    def _open(self, **settings: Any) -> tqdm[NoReturn]:
        from tqdm import tqdm

        self._close()
        tqdm.monitor_interval = 0  # no watching thread: core.runs alone has threads
        seconds = 0.1 if sys.stderr.isatty() else LOG_SECONDS
        return tqdm(**settings, file=sys.stderr, mininterval=seconds, maxinterval=seconds, dynamic_ncols=True)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
