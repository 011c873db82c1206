"""Why the arms of a run stand where they stand, as far as its own looks show: the most important reasons first.

reasons  at most three, each of another kind; none without a number of this run's looks behind it
KINDS    most important first

Of several arms with one kind of reason the one speaks in which it shows most.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from core.experiment.config import ExperimentConfig
from core.training.records import ArmDiverged, Record, TestMeasured, TrainMeasured
from core.words import causes, statistics_causes
from core.words.causes import Case, Reason
from core.words.evidence import Evidence
from core.words.verdict import behind

MOST = 3
QUERY_KEY = (
    "look"  # in the address of a page that looks inside: where a reason is seen, as assets/shared/place.js writes it
)

KINDS: tuple[Callable[[Sequence[Case]], Reason | None], ...] = (
    causes.not_finite,
    causes.dead,
    statistics_causes.start_of_running_variance,
    statistics_causes.noise_of_tiny_batches,
    causes.steps_too_large,
    causes.dead_units,
    causes.vanishing_gradient,
    causes.same_for_every_image,
    causes.shared_part_kept,
    statistics_causes.late_running_means,
)


def reasons(
    config: ExperimentConfig, history: Iterable[Record], evidence: Evidence, arms: Collection[str] | None = None
) -> list[Reason]:
    """What explains the latest test of `arms` (names; None: of all); the others are as if they were not there."""
    cases = _cases(config, list(history), evidence, arms)
    found = (kind(cases) for kind in KINDS)
    return [reason for reason in found if reason is not None][:MOST]


def _cases(
    config: ExperimentConfig, facts: Sequence[Record], evidence: Evidence, arms: Collection[str] | None
) -> list[Case]:
    spoken_of = {arm.name: arm for arm in config.arms if arms is None or arm.name in arms}
    tests = [fact for fact in facts if isinstance(fact, TestMeasured) and fact.step > 0]
    are_behind = behind(config, tests, frozenset(spoken_of))
    learnt = [fact for fact in facts if isinstance(fact, TrainMeasured)]
    ends = {fact.arm: fact for fact in facts if isinstance(fact, ArmDiverged)}
    return [
        Case(
            config=config,
            arm=arm,
            network=network,
            step=evidence.step(name),
            batch=evidence.network(name, "batch"),
            batch_step=evidence.step(name, "batch"),
            update=evidence.largest_update(name),
            tests=[test for test in tests if name in test.accuracy],
            is_behind=name in are_behind and name not in ends,
            learnt=learnt,
            diverged=ends.get(name),
        )
        for name, arm in spoken_of.items()
        if (network := evidence.network(name)) is not None
    ]
