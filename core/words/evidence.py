"""What a run's looks have to show for a reason, arm by arm, of the many numbers that a look has.

Evidence  the last look that each arm was in, and the largest step that an arm took while the looks lay close
Update    how far one step moves a layer's weights
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from core.probes.summary import NetworkSummary
from core.training.records import NetworksSeen

FIRST = 8  # looks of a run, at which most happens


@dataclass(frozen=True, slots=True)
class Update:
    """One step changes the weights of `layer` by `ratio` of their size (RMS over RMS)."""

    ratio: float
    layer: str
    step: int


class Evidence:
    """What is added is kept as it is but for a few comparisons: numbers are read when somebody asks for reasons."""

    def __init__(self, looks: Iterable[NetworksSeen] = ()) -> None:
        self._last: dict[tuple[str, str], NetworksSeen] = {}  # by source and arm
        self._largest: dict[str, Update] = {}
        self._looks = 0  # at the fixed images
        for look in looks:
            self.add(look)

    def add(self, look: NetworksSeen) -> None:
        """`look` is the newest of its source."""
        if look.source == "fixed":
            self._looks += 1
            if self._looks <= FIRST:
                self._note_updates(look)
        self._last |= {(look.source, arm): look for arm in look.arms}

    def _note_updates(self, look: NetworksSeen) -> None:
        for arm, summary in look.arms.items():
            updates = [
                Update(layer.gradient.update_ratio, layer.name, look.step)
                for layer in summary.layers
                if layer.gradient and layer.gradient.update_ratio and isfinite(layer.gradient.update_ratio)
            ]
            known = [self._largest[arm]] if arm in self._largest else []
            if known or updates:
                self._largest[arm] = max(known + updates, key=lambda update: update.ratio)

    def network(self, arm: str, source: str = "fixed") -> NetworkSummary | None:
        """How `arm` looked when it was last looked at."""
        look = self._last.get((source, arm))
        return None if look is None else look.arms[arm]

    def step(self, arm: str, source: str = "fixed") -> int:
        """After how many updates that was; 0 where it never was."""
        look = self._last.get((source, arm))
        return 0 if look is None else look.step

    def largest_update(self, arm: str) -> Update | None:
        """The largest of the first looks; None without one that is a finite number."""
        return self._largest.get(arm)
