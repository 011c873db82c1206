"""What is under way, on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from core.language.lists import enumerated
from core.language.message import Message
from core.language.speech import _, pgettext
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


def say(line: Message | str) -> None:
    """A line for whoever waits; stdout has the results alone."""
    print(" ".join(str(line).splitlines()), file=sys.stderr, flush=True)


class Progress:
    """What is under way, as a bar on stderr; keeps what was measured in `history`."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.step = 0  # of a run that goes on, where it stood
        self._bar: tqdm[NoReturn] | None = None
        self._file = ""
        self._losses: dict[str, Message | str] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
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
                where = {"data": record.data, "examples": record.examples, "device": record.device}
                say(_("{data}, {examples:,} examples, on {device}", **where))
                self._bar = self._open(
                    desc=_("training"),
                    total=record.total_steps,
                    initial=self.step,
                    unit=pgettext("unit of a progress bar", "step"),
                )
            case TrainMeasured():
                self._losses |= {name: f"{loss:.3f}" for name, loss in record.loss.items()}
                self._move(record.step)
            case EpochFinished():
                self._move(record.step)
            case ArmDiverged():
                self._losses[record.arm] = Message("diverged")
            case ArmFailed():
                self._losses[record.arm] = Message("failed")

    def say(self, line: Message | str) -> None:
        """A line of its own, above the bar."""
        if self._bar is not None:
            self._bar.clear()
        say(line)
        if self._bar is not None:
            self._bar.refresh()

    def end(self, status: str, message: Message | str = "") -> None:
        """The run's last word."""
        self.history.append(StatusChanged(status, self.step, message))

    def _move(self, step: int) -> None:
        assert self._bar is not None
        losses = enumerated(f"{arm} {loss}" for arm, loss in self._losses.items())
        self._bar.set_postfix_str(_("batch loss {losses}", losses=losses), False)
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
