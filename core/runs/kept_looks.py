"""What was seen inside a run's networks, and the networks themselves, read from the shelf when somebody asks.

KeptLooks     the looks, as Observations has those of a run that is executed
KeptNetworks  the networks of the steps that are kept
loaded        arms with weights that were kept
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from core.experiment.config import ExperimentConfig
from core.language.message import Message, Plural
from core.probes.summary import NetworkSummary
from core.runs.asking import NothingToSee
from core.runs.looks import KEPT_WHOLE, MAX_OBSERVATIONS, SOURCES, Observation, Observations, as_json
from core.store.reading import networks
from core.store.recording import Networks
from core.store.run_file import RunFile
from core.store.troubles import Damaged
from core.training.arms import Arm, build_arms
from core.training.records import NetworksSeen
from core.words.evidence import FIRST, Evidence

NONE_KEPT = Message("No networks of this run were kept; it ended before it had any.")
OF_A_SWEEP = Message("This is a run of a sweep, which keeps its curves, and not its looks or networks.")


@contextmanager
def reading(folder: Path) -> Iterator[RunFile]:
    file = RunFile.read(folder, checked=False)
    try:
        yield file
    finally:
        file.close()


class KeptLooks:
    """A source's looks are read when a page first shows it; of very many, some that are evenly spread."""

    def __init__(self, folder: Path, config: ExperimentConfig) -> None:
        self.folder = folder
        self._titles = {arm.name: arm.title for arm in config.arms}
        self._read: dict[str, Observations] = {}
        self._until: dict[str, int] = defaultdict(int)
        self._evidence = 0, Evidence()  # as of which look
        self._damaged: set[int] = set()
        self._gathering = threading.Lock()  # all who watched a run ask at once when it has ended

    def follow(self, source: str) -> None:
        """Read what has come of `source`."""
        found = self._read.setdefault(source, Observations(self._titles, keeps_whole=False))
        with reading(self.folder) as file:
            news = [sequence for sequence, _, of in file.looks(self._until[source]) if of == source]
            for sequence in spread(news, MAX_OBSERVATIONS):
                look = self._sound(file, sequence)
                if look is not None:
                    found.append(look, sequence)
            self._until[source] = max([self._until[source], *news])

    def _sound(self, file: RunFile, sequence: int) -> NetworksSeen | None:
        """A look that is damaged is left out, which is told; the others are there."""
        try:
            return file.look(sequence)
        except Damaged:
            self._damaged.add(sequence)
            return None

    @property
    def said(self) -> str | Message:
        """What whoever sees them should know."""
        if not self._damaged:
            return ""
        return Plural(
            "{n} look of this run is damaged in its file and left out here; the others are as they were written.",
            "{n} looks of this run are damaged in its file and left out here; the others are as they were written.",
            len(self._damaged),
        )

    @property
    def latest(self) -> int:
        """The newest sequence number that has been read."""
        return max(self._until.values(), default=0)

    @property
    def evidence(self) -> Evidence:
        """Why the arms stand where they stand: as of a run that is executed, without reading all looks."""
        with self._gathering, reading(self.folder) as file:
            latest = file.last_look()
            if latest != self._evidence[0]:
                self._evidence = latest, Evidence(_telling(file))
        return self._evidence[1]

    def look(self, sequence: int) -> tuple[int, Mapping[str, NetworkSummary]] | None:
        """Its step and the networks; None if it is not kept."""
        with reading(self.folder) as file:
            look = file.look(sequence)
        return None if look is None else (look.step, look.arms)

    def since(self, sequence: int, source: str) -> list[Observation]:
        """What is newer than `sequence`, of a source that was followed."""
        return self._read[source].since(sequence, source)

    def whole(self, sequence: int) -> bytes | None:
        """The complete look as JSON, {arm: NetworkSummary}; None if it is not kept."""
        found = self.look(sequence)
        return None if found is None else as_json(found[1])


def _telling(file: RunFile) -> Iterator[NetworksSeen]:
    """The first looks at the fixed images, the last one at each source, and the last one that each arm was in."""
    numbers: dict[str, list[int]] = {source: [] for source in SOURCES}
    for sequence, _, source in file.looks():
        numbers[source].append(sequence)
    for source, all_of in numbers.items():
        first = all_of[: FIRST if source == "fixed" else 0]
        yield from (look for sequence in first if (look := _readable(file, sequence)) is not None)
        yield from _last_of_each(file, all_of[len(first) :])


def _last_of_each(file: RunFile, sequences: list[int]) -> Iterator[NetworksSeen]:
    """Arms leave and none comes back, so that whole stretches with as many arms at both ends need not be read."""
    if not sequences:
        return
    ends = [_readable(file, sequence) for sequence in (sequences[0], sequences[-1])]
    if len(sequences) > 2 and _how_many(ends[0]) != _how_many(ends[1]):
        middle = len(sequences) // 2
        yield from _last_of_each(file, sequences[: middle + 1])
        yield from _last_of_each(file, sequences[middle:])
    else:
        yield from (look for look in ends if look is not None)


def _readable(file: RunFile, sequence: int) -> NetworksSeen | None:
    """None of a damaged one, too: the curves are there, and a page that draws the look itself tells of it."""
    with suppress(Damaged):
        return file.look(sequence)
    return None


def _how_many(look: NetworksSeen | None) -> int:
    return 0 if look is None else len(look.arms)


def spread(sequences: list[int], most: int) -> list[int]:
    """All, or of too many the first ones, where most happens, and then `most` evenly spread; the last is among them."""
    if len(sequences) <= most:
        return sequences
    head, rest, places = sequences[:KEPT_WHOLE], sequences[KEPT_WHOLE:], most - KEPT_WHOLE
    return head + [rest[(place + 1) * len(rest) // places - 1] for place in range(places)]


class KeptNetworks:
    """Weights and buffers by step; `none` says why there are none, where there are none."""

    def __init__(self, folder: Path, none: Message) -> None:
        self.folder, self._none = folder, none

    @property
    def steps(self) -> list[int]:
        """The steps that are kept, in order."""
        with reading(self.folder) as file:
            return file.network_steps()

    def arms(self, config: ExperimentConfig, step: int, device: torch.device) -> list[Arm]:
        """The arms as they were after `step` updates. Raises LookupError for a step that was not kept."""
        if not self.steps:
            raise NothingToSee(self._none)
        return loaded(config, networks(self.folder, step), device)


def loaded(config: ExperimentConfig, kept: Networks, device: torch.device) -> list[Arm]:
    """The arms that were alive, with the weights and buffers that were kept of them."""
    arms = [arm for arm in build_arms(config, device) if arm.name in kept]
    for arm in arms:
        arm.model.load_state_dict(dict(kept[arm.name]))
    return arms
