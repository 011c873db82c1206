"""Lessons without a page: a step's experiments run to their end, as they are or small, with one seed or several.

found_by     what a step's check finds, from runs made now or from what it shows
evidence_of  what a check reads, from runs made now; ran, one of them with all that is kept of it
small        the experiment in a second: for tests of the way, not of what it says
seeded       the step with another seed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.images import Images, load
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import on_digits
from core.lessons.checks import Outcome, outcome, seen
from core.lessons.evidence import QUESTIONS, SOURCE, Answer, Evidence, looks_of
from core.lessons.lesson import Step
from core.runs.pace import is_look
from core.training.arms import Arm
from core.training.collected import Collected
from core.training.crew import crew
from core.training.records import NetworksSeen, Record
from core.training.trainer import Unattended, train

SMALL_BATCH, SMALL_EXAMPLES = 16, 64


class Looking(Unattended):
    """Looks where a page's run does with nobody there."""

    def __init__(self, total: int) -> None:
        self.total = total

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset({SOURCE} if is_look(step, self.total) else ())


def found_by(step: Step, seed: int) -> Outcome:
    """A demonstration takes the seed; runs have it already."""
    if step.computes is not None:
        return seen(step, step.computes.show(step.computes.example(seed)))
    return outcome(step, evidence_of(step))


def evidence_of(step: Step, root: Path | None = None) -> list[Evidence]:
    """One for each experiment, in order. Raises DataError where its images are not to be had."""
    return [ran(config, step.check.how.question, root).evidence for config in step.experiments]


@dataclass(frozen=True, slots=True)
class Ran:
    """One experiment, at its end."""

    config: ExperimentConfig
    status: str
    records: tuple[Record, ...]
    looks: tuple[NetworksSeen, ...]
    answers: Mapping[str, Answer]

    @property
    def evidence(self) -> Evidence:
        """What a check reads of it."""
        return Evidence(
            self.config, self.config, self.status, self.records, looks_of(self.config, self.looks), self.answers
        )


def ran(config: ExperimentConfig, question: str, root: Path | None = None) -> Ran:
    """Run it, and ask its networks, if there is a `question`. Raises DataError."""
    kept = Collected()
    data = load(config.data, root)
    with crew(data.train_images.device, config) as workers:
        arms = train(config, data, kept.publish, Looking(config.total_steps), workers)
    living = [arm for arm in arms if arm.alive]
    answers = {question: QUESTIONS[question](living, data, config)} if question and living else {}
    status = "finished" if living else "failed"
    return Ran(config, status, tuple(kept.records), tuple(kept.looks), answers)


def seeded(step: Step, seed: int) -> Step:
    """All else as it is. Experiments that differ in their seed stay apart."""
    first = step.experiments[0].seed if step.experiments else 0
    moved = tuple(replace(config, seed=config.seed - first + seed) for config in step.experiments)
    return replace(step, experiments=moved)


def small(config: ExperimentConfig) -> ExperimentConfig:
    """The same arms and network on a few digits."""
    batch = min(config.batch_size, SMALL_BATCH)
    return replace(on_digits(config), examples=SMALL_EXAMPLES, epochs=1, batch_size=batch, drop_last=True)
