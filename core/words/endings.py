"""How arms came to an end that was not the run's, in words.

about_failed   which arms raised an exception, and which one
none_left      why a run has failed whose last arm has ended
OUT_OF_MEMORY  what to do then
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.experiment.config import ExperimentConfig
from core.training.records import ArmDiverged, ArmFailed, LearningRateChanged, Record
from core.words.numerals import printed

OUT_OF_MEMORY = "The device ran out of memory. Lower the batch size or the number of arms and start again."
DOING = {"step": "at step", "look": "when looked into after step", "test": "in the test after step"}


def about_failed(history: Iterable[Record], titles: Mapping[str, str]) -> str:
    """A sentence for each; empty when none has failed."""
    failed = [record for record in history if isinstance(record, ArmFailed)]
    return " ".join(f"{titles[each.arm]} failed {_where(each)}: {_ended(each.what)}" for each in failed)


def none_left(config: ExperimentConfig, history: Iterable[Record]) -> str:
    """Needs an ArmDiverged or an ArmFailed among `history`."""
    facts = list(history)
    failed = [record for record in facts if isinstance(record, ArmFailed)]
    if not failed:
        return _all_diverged(config, facts)
    if len({record.what for record in failed}) == 1 and "out of memory" in failed[0].what:
        return OUT_OF_MEMORY
    return f"No arm is left. {failed[0].arm} failed {_where(failed[0])}: {_ended(failed[0].what)} The log has more."


def _all_diverged(config: ExperimentConfig, facts: list[Record]) -> str:
    first = next(record for record in facts if isinstance(record, ArmDiverged))
    own = next(arm.learning_rate for arm in config.arms if arm.name == first.arm)
    changes = [fact.new for fact in facts if isinstance(fact, LearningRateChanged) and fact.step <= first.step]
    rate = printed(f"{own or [config.learning_rate, *changes][-1]:g}")
    return (
        f"Every arm's loss stopped being a finite number; the first was {first.arm} at step {first.step:,}: "
        f"{first.what}. Lower the learning rate (it was {rate}) and start again."
    )


def _ended(words: str) -> str:
    """As a sentence: some exceptions' words have a full stop already."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _where(record: ArmFailed) -> str:
    return f"{DOING[record.doing]} {record.step:,}"
