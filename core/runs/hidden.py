"""Arms that train and are shown to nobody until they are revealed.

hide         all of a run's arms but the first
reveal       the next one of them, with its whole history
show         all of them
without      a record without them; None where it was about one of them alone
card_without a list's card without them

Who can read the folder of the runs sees all of them: `python -m core runs` leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.experiment.config import PRESETS, ExperimentConfig
from core.language.message import Message
from core.store.card import Card
from core.training.records import ArmStarted, Record, StatusChanged, fields_of

if TYPE_CHECKING:
    from core.runs.kept_run import KeptRun
    from core.runs.recorded_run import RecordedRun
    from core.runs.run import Run

LATER = Message("Why the run ended is told when all its arms are revealed.")


def hide(run: Run | KeptRun | RecordedRun, key: str) -> None:
    """Whoever guesses what they will do needs one to compare with, so the first stays. Raises NotTheOwner."""
    run.hide(key, tuple(arm.name for arm in run.config.arms[1:]))


def reveal(run: Run | KeptRun | RecordedRun, key: str) -> None:
    """In the order of the experiment. Raises NotTheOwner."""
    run.hide(key, run.hidden[1:])


def show(run: Run | KeptRun | RecordedRun, key: str) -> None:
    """Raises NotTheOwner."""
    run.hide(key, ())


def config_without(config: ExperimentConfig, hidden: Collection[str]) -> ExperimentConfig:
    return replace(config, arms=tuple(arm for arm in config.arms if arm.name not in hidden))


def without(record: Record, config: ExperimentConfig, hidden: Collection[str]) -> Record | None:
    """`config` is the whole run's: its arms' titles may be in what is told."""
    if getattr(record, "arm", "") in hidden:
        return None
    if isinstance(record, StatusChanged):
        return replace(record, message=told_without(record.message, config, hidden))
    values = fields_of(record)
    kept = {name: _kept(value, hidden) for name, value in values.items()}
    changed = {name: value for name, value in kept.items() if value is not values[name]}
    return replace(record, **changed) if changed else record


def _kept(value: Any, hidden: Collection[str]) -> Any:
    """Of what goes by arms, those that are shown; all else as it is."""
    if isinstance(value, Mapping):
        return {name: each for name, each in value.items() if name not in hidden}
    if isinstance(value, tuple) and value and isinstance(value[0], ArmStarted):
        return tuple(arm for arm in value if arm.name not in hidden)
    return value


def told_without(said: Message | str, config: ExperimentConfig, hidden: Collection[str]) -> Message | str:
    """`said` unless it speaks of a hidden arm."""
    arms = [arm for arm in config.arms if arm.name in hidden]
    return LATER if _speaks_of(said, [*(arm.name for arm in arms), *(arm.title for arm in arms)]) else said


def _speaks_of(said: Any, words: list[Any]) -> bool:
    if said in words:
        return True
    if isinstance(said, Message):
        return any(_speaks_of(value, words) for value in said.values.values())
    return isinstance(said, list | tuple) and any(_speaks_of(each, words) for each in said)


def card_without(card: Card) -> Card:
    """As a list may show it; the card itself where nothing is hidden."""
    hidden = card.hidden
    if not hidden:
        return card
    return replace(
        card,
        name="" if card.name in PRESETS else card.name,  # it says which arms there are; one that was given says nothing
        config=config_without(card.config, hidden),
        asked=config_without(card.asked, hidden),
        accuracies=_kept(card.accuracies, hidden),
        ended=tuple(name for name in card.ended if name not in hidden),
        message=told_without(card.message, card.config, hidden),
    )
