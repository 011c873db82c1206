"""A run as it is kept: all that leaves the page is made of this, and of nothing else.

Recording  what was asked for, what was measured, what the networks looked like, and their weights
Origin     where, when and with what
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from core.experiment.config import ExperimentConfig
from core.training.records import NetworksSeen, Record

if TYPE_CHECKING:  # a list of runs needs none
    from torch import Tensor

Networks: TypeAlias = "Mapping[str, Mapping[str, Tensor]]"  # arm: its state_dict, on the CPU


IMPORT = "import"  # by whom a run came that was begun elsewhere


@dataclass(frozen=True, slots=True)
class Origin:
    """`started` is in UTC, `by` "page", "command line", "import" or "sweep".

    `processor`, `torch` and `threads` decide the bits.
    """

    started: datetime
    by: str
    normscope: str
    python: str
    torch: str
    processor: str
    threads: int


@dataclass(frozen=True, slots=True)
class Recording:
    """One run. `records` are in order, the looks are not among them: they are large, and read one at a time.

    `config` is what was run, `asked` what was asked for (they differ where its data were not to be had). `looks` gives
    every look that is kept, by step, unmerged. `networks(step)` are the living arms after `step` updates, for the steps
    in `network_steps`, the last of which is where the run ended. `seconds` is how long it was under way.
    """

    id: str
    name: str
    config: ExperimentConfig
    asked: ExperimentConfig
    status: str
    origin: Origin
    records: tuple[Record, ...]
    looks: Callable[[], Iterable[NetworksSeen]]
    network_steps: tuple[int, ...]
    networks: Callable[[int], Networks]
    seconds: float = 0.0
