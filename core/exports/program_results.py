"""What a run measured, in words for the end of its program."""

from __future__ import annotations

from collections.abc import Sequence

from core.experiment.config import ExperimentConfig
from core.language.speech import _
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    DataReplaced,
    Record,
    TestMeasured,
    TrainingStarted,
    reached,
)


def results_words(config: ExperimentConfig, facts: Sequence[Record]) -> tuple[str, ...]:
    """Where it ran, how far it came, each arm's last test, and what went wrong; () before it has begun."""
    started = next((record for record in facts if isinstance(record, TrainingStarted)), None)
    if started is None:
        return ()
    replaced = [_replaced(record) for record in facts if isinstance(record, DataReplaced)]
    arms = [words for arm in config.arms for words in _arm(arm.name, facts)]
    roundings = _(
        "Another processor, or another way to compute the same sums, rounds otherwise, and losses part in time: "
        "soonest with batch norm and a high learning rate."
    )
    return (_("Computed on: {device}", device=started.device), *replaced, *_end(config, facts), *arms, roundings)


def _replaced(record: DataReplaced) -> str:
    return _(
        "{asked} was asked for, and {used} was taken. {why}", asked=record.asked, used=record.used, why=record.reason
    )


def _end(config: ExperimentConfig, facts: Sequence[Record]) -> list[str]:
    where = {"step": reached(facts), "total": config.total_steps}
    if where["step"] >= where["total"]:
        return []
    return [_("The run had come to step {step:,} of {total:,}; this program goes on to the end.", **where)]


def _arm(name: str, facts: Sequence[Record]) -> list[str]:
    tested = next((r for r in reversed(facts) if isinstance(r, TestMeasured) and name in r.loss), None)
    lost = next((r for r in facts if isinstance(r, ArmDiverged | ArmFailed) and r.arm == name), None)
    words = []
    if tested is not None:
        values = {"arm": name, "step": tested.step, "loss": tested.loss[name], "accuracy": tested.accuracy[name]}
        values["images"] = tested.examples
        words.append(
            _(
                "{arm}: test loss {loss:.4f} and test accuracy {accuracy:.4f} at step {step:,}, on {images:,} images",
                **values,
            )
        )
    if isinstance(lost, ArmDiverged):
        words.append(_("{arm}: the loss was not finite at step {step:,}", arm=name, step=lost.step))
    if isinstance(lost, ArmFailed):
        words.append(_("{arm}: failed at step {step:,} ({what})", arm=name, step=lost.step, what=lost.what))
    return words
