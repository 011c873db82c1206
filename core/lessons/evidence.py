"""What a check reads of a run: its records, its looks, and what its networks answered when they were asked.

Evidence      one run, whoever executed it
of_run        a run of the page, or one that is kept
of_recording  a run as it is kept, such as one that comes with a lesson
QUESTIONS     what networks are asked for a measure
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.runs import questions
from core.runs.looks import Observation, Observations
from core.runs.manager import AnyRun
from core.store.recording import Recording
from core.training.arms import Arm
from core.training.records import ArmDiverged, ArmFailed, NetworksSeen, Record

SOURCE = "fixed"
ANSWER_SECONDS = 20.0

Answer = Mapping[str, Any]
QUESTIONS: dict[str, Callable[[list[Arm], Images, ExperimentConfig], dict[str, Any]]] = {
    "recalibration": lambda arms, data, config: questions.recalibration(arms, data, config.examples),
    "bias gradients": lambda arms, data, config: questions.bias_gradients(arms, data),
    "batch noise": lambda arms, data, config: questions.noise_by_layer(arms, data, config.batch_size),
    "kept bytes": lambda arms, data, config: questions.kept_bytes(arms, data, config.batch_size),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """`asked` is what was to be run, `config` what was: without its images a run is on other ones."""

    config: ExperimentConfig
    asked: ExperimentConfig
    status: str
    records: tuple[Record, ...]
    looks: tuple[Observation, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def lost_at(self, arm: str) -> int | None:
        """The step at which the arm diverged or failed; None for one that came to the end."""
        ends = (r.step for r in self.records if isinstance(r, ArmDiverged | ArmFailed) and r.arm == arm)
        return next(ends, None)

    def look(self, step: int | None) -> Observation | None:
        """The one after `step` updates, or the last one; None where it was not kept."""
        if step is None:
            return self.looks[-1] if self.looks else None
        return next((look for look in self.looks if look.steps[0] <= step <= look.steps[1]), None)


def of_run(run: AnyRun, asked_of: Collection[str] = ()) -> Evidence:
    """As far as the run is. Its networks are asked only once it has ended; a question may take seconds."""
    status, looks = run.status, run.seen_inside(0, SOURCE)[1]
    answers = {name: _answer(run, name) for name in asked_of} if run.ended else {}
    return Evidence(run.config, run.asked, status, tuple(run.history), tuple(looks), answers)


def _answer(run: AnyRun, name: str) -> Answer:
    question, config = QUESTIONS[name], run.config
    return run.ask(lambda arms, data: question(arms, data, config)).result(ANSWER_SECONDS)


def of_recording(recording: Recording) -> Evidence:
    """Without answers, which only networks can give."""
    looks = looks_of(recording.config, (look for look in recording.looks() if look.source == SOURCE))
    return Evidence(recording.config, recording.asked, recording.status, recording.records, looks)


def looks_of(config: ExperimentConfig, seen: Any) -> tuple[Observation, ...]:
    """Looks, one after the other, as a run keeps them."""
    kept = Observations({arm.name: arm.title for arm in config.arms}, keeps_whole=False)
    for look in seen:
        assert isinstance(look, NetworksSeen)
        kept.append(look)
    return tuple(kept.since(0, SOURCE))
