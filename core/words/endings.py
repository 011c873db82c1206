"""How arms came to an end that was not the run's, in words.

about_failed   which arms raised an exception, and which one
none_left      why a run has failed whose last arm has ended
OUT_OF_MEMORY  what to do then
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.language.several import Sentences
from core.training.rates import by_hand, rate_of
from core.training.records import NO_MEMORY, ArmDiverged, ArmFailed, Record
from core.words.numerals import printed

OUT_OF_MEMORY = Message("The device ran out of memory. Lower the batch size or the number of arms and start again.")


def about_failed(history: Iterable[Record], titles: Mapping[str, Message | str]) -> Message | str:
    """A sentence for each; empty when none has failed."""
    failed = [record for record in history if isinstance(record, ArmFailed)]
    return Sentences(_failure(each, titles[each.arm]) for each in failed)


def none_left(config: ExperimentConfig, history: Iterable[Record]) -> Message:
    """Needs an ArmDiverged or an ArmFailed among `history`."""
    facts = list(history)
    failed = [record for record in facts if isinstance(record, ArmFailed)]
    if not failed:
        return _all_diverged(config, facts)
    if all(record.what == NO_MEMORY for record in failed):
        return OUT_OF_MEMORY
    return Message("No arm is left. {failure} The log has more.", {"failure": _failure(failed[0], failed[0].arm)})


def _all_diverged(config: ExperimentConfig, facts: list[Record]) -> Message:
    first = next(record for record in facts if isinstance(record, ArmDiverged))
    arm = next(arm for arm in config.arms if arm.name == first.arm)
    rate = printed(f"{rate_of(config, arm, first.step, by_hand(facts)):g}")
    return Message(
        "Every arm's loss stopped being a finite number; the first was {arm} at step {step:,}: {what}. Lower the "
        "learning rate (it was {rate}) and start again.",
        {"arm": first.arm, "step": first.step, "what": first.what, "rate": rate},
    )


def _failure(record: ArmFailed, arm: Message | str) -> Message:
    values = {"arm": arm, "step": record.step, "what": _ended(record.what)}
    return {
        "step": Message("{arm} failed at step {step:,}: {what}", values),
        "look": Message("{arm} failed when looked into after step {step:,}: {what}", values),
        "test": Message("{arm} failed in the test after step {step:,}: {what}", values),
    }[record.doing]


def _ended(what: Message | str) -> Message | str:
    """As a sentence: some exceptions' words have a full stop already."""
    if isinstance(what, str) and what.endswith((".", "!", "?", "…")):
        return what
    return Message("{what}.", {"what": what})
