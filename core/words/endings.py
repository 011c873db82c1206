"""How arms came to an end that was not the run's, in words.

about_failed   which arms raised an exception, and which one
none_left      why a run has failed whose last arm has ended, where one raised an exception
OUT_OF_MEMORY  what to do then
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.training.records import ArmFailed, Record

OUT_OF_MEMORY = "The device ran out of memory. Lower the batch size or the number of arms and start again."
DOING = {"step": "at step", "look": "when looked into after step", "test": "in the test after step"}


def about_failed(history: Iterable[Record], titles: Mapping[str, str]) -> str:
    """A sentence for each; empty when none has failed."""
    return " ".join(f"{titles[r.arm]} failed {_where(r)}: {r.what}." for r in history if isinstance(r, ArmFailed))


def none_left(history: Iterable[Record]) -> str:
    """Empty when no arm has failed: then all have diverged."""
    failed = [record for record in history if isinstance(record, ArmFailed)]
    if not failed:
        return ""
    if len({record.what for record in failed}) == 1 and "out of memory" in failed[0].what:
        return OUT_OF_MEMORY
    return f"No arm is left. {failed[0].arm} failed {_where(failed[0])}: {failed[0].what}. The log has more."


def _where(record: ArmFailed) -> str:
    return f"{DOING[record.doing]} {record.step:,}"
