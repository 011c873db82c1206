"""What was ordered of a run, until its worker has confirmed it.

Orders      pause, single steps, another learning rate, the end
Change      what of them a worker elsewhere has not been told
new_rate    a learning rate that is ordered, if it is another one
"""

from __future__ import annotations

from dataclasses import dataclass

from core.experiment.config import CONSTANT, LARGEST_RATE, ExperimentConfig
from core.experiment.rules import ConfigError, check_learning_rate
from core.language.message import Message


@dataclass(frozen=True, slots=True)
class Change:
    """`steps` come to those that are still to be made, or, `anew`, in their place."""

    pause: bool
    anew: bool
    steps: int
    steers: bool
    rate: float | None
    ending: tuple[str, Message | str] | None


@dataclass(slots=True)
class Orders:
    """Not locked: its run does that. `ending` is the status that the run is to end with, and why."""

    pause: bool = False
    steps: int = 0  # single ones, still to be made
    stepping: bool = False  # in one of them
    rate: float | None = None
    stop: bool = False
    ending: tuple[str, Message | str] = "stopped", ""

    @property
    def pauses(self) -> bool:
        """Whether the next mini-batch is to wait."""
        return self.pause and not self.steps

    def told(self, status: str) -> str:
        """The one that a run of this status has not confirmed yet, if any."""
        if self.stop:
            return "stop"
        if self.pause:
            return "step" if self.steps or self.stepping else "pause" * (status != "paused")
        return "resume" * (status == "paused")

    def change(self, known: Orders) -> Change | None:
        """What a worker elsewhere has to be told who knows of other orders, and may have made steps meanwhile."""
        anew = self.pause != known.pause or self.steps < known.steps
        steps = self.steps if anew else self.steps - known.steps
        steers = self.rate != known.rate
        ending = self.ending if self.stop and not known.stop else None
        is_one = anew or steps or steers or ending is not None
        return Change(self.pause, anew, steps, steers, self.rate, ending) if is_one else None

    def take(self, change: Change) -> None:
        """Be told so."""
        self.pause, self.steps = change.pause, change.steps + (0 if change.anew else self.steps)
        self.rate = change.rate if change.steers else self.rate
        if change.ending is not None:
            self.end(*change.ending)

    def begin_step(self) -> None:
        if self.steps:
            self.steps, self.stepping = self.steps - 1, True

    def end(self, status: str, why: Message | str) -> None:
        """The last order; the first of them counts."""
        if not self.stop:
            self.stop, self.ending = True, (status, why)


def new_rate(config: ExperimentConfig, ordered: float, rate: float) -> float | None:
    """`rate`; None where it is in force already and stays: as it was last `ordered` (0: never), or is always here.

    Raises ConfigError unless it is one and an arm follows it.
    """
    check_learning_rate(rate, "learning_rate", LARGEST_RATE[config.optimizer])
    if all(arm.learning_rate is not None for arm in config.arms):
        raise ConfigError(
            Message("Every arm here has a learning rate of its own. Start a run without lr= to change it.")
        )
    stays = ordered or (config.learning_rate if config.schedule == CONSTANT else 0.0)
    return None if rate == stays else rate
