"""A run as everybody is shown it: without the arms that its owner hides. What is not here never leaves the server.

shown     the run itself where nothing is hidden
executed  the run behind what is shown; is_swept: whether it is a point of a sweep
ShownRun  it answers as the run does, of the other arms
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache

from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.runs.asking import Answer, NothingToSee, Question
from core.runs.hidden import config_without, without
from core.runs.kept_looks import KeptNetworks
from core.runs.kept_run import KeptRun
from core.runs.looks import MAX_OBSERVATIONS, Observation, as_json, narrowed
from core.runs.pace import LOOK_SECONDS
from core.runs.recorded_run import RecordedNetworks, RecordedRun
from core.runs.run import Run
from core.runs.snapshots import Snapshots
from core.training.arms import Arm
from core.training.records import Record, Snapshot
from core.words.evidence import Evidence

AnyWhole = Run | KeptRun | RecordedRun
MOST_AT_HAND = 16  # runs with hidden arms, and how much of them is shown


class ShownRun:
    """Raises what the run raises. It takes no orders: these go to the run itself."""

    def __init__(self, run: AnyWhole, hidden: tuple[str, ...]) -> None:
        self.of, self.id, self.hidden = run, run.id, hidden
        self.history, self.inside = ShownHistory(run, hidden), ShownLooks(run, hidden)

    @property
    def config(self) -> ExperimentConfig:
        return config_without(self.of.config, self.hidden)

    @property
    def asked(self) -> ExperimentConfig:
        return config_without(self.of.asked, self.hidden)

    @property
    def version(self) -> int:
        return self.of.version

    @property
    def status(self) -> str:
        return self.of.status

    @property
    def ended(self) -> bool:
        return self.of.ended

    @property
    def snapshots(self) -> Snapshots | KeptNetworks | RecordedNetworks:
        return self.of.snapshots

    def snapshot(self, since: int = 0) -> Snapshot:
        """As the run's; numbers of records that are left out are missing among the news."""
        found = self.of.snapshot(since)
        news = [(sequence, record) for sequence, record in self.history.since(since) if sequence <= found.latest]
        return replace(found, news=news)

    def seen(self) -> None:
        self.of.seen()

    def join(self, watcher: str) -> None:
        self.of.join(watcher)

    def leave(self, watcher: str) -> None:
        self.of.leave(watcher)

    def is_owned_by(self, key: str) -> bool:
        return self.of.is_owned_by(key)

    def seen_inside(self, since: int, source: str, apart: float = LOOK_SECONDS) -> tuple[int, list[Observation]]:
        latest, looks = self.of.seen_inside(since, source, apart)
        return latest, [self.inside.narrowed(look) for look in looks]

    def ask(self, question: Question[Answer], step: int | None = None) -> Future[Answer]:
        """Have `question` answered by the networks of the arms that are shown."""

        def of_the_others(arms: list[Arm], data: Images) -> Answer:
            others = [arm for arm in arms if arm.name not in self.hidden]
            if not others:
                raise NothingToSee(Message("The arms that are shown have no networks here; others are hidden."))
            return question(others, data)

        return self.of.ask(of_the_others, step)


class ShownHistory:
    """The records without the hidden arms, each made once: there are thousands, asked for five times a second."""

    def __init__(self, run: AnyWhole, hidden: tuple[str, ...]) -> None:
        self._run, self._hidden = run, hidden
        self._lock = threading.Lock()
        self._read, self._shown = 0, list[tuple[int, Record]]()

    @property
    def latest(self) -> int:
        return self._run.history.latest

    def since(self, sequence: int) -> list[tuple[int, Record]]:
        """All (sequence number, record) newer than `sequence`."""
        shown = self._up_to_now()
        start = next((at for at in range(len(shown), 0, -1) if shown[at - 1][0] <= sequence), 0)
        return shown[start:]

    def __iter__(self) -> Iterator[Record]:
        return iter([record for _, record in self._up_to_now()])

    def _up_to_now(self) -> list[tuple[int, Record]]:
        with self._lock:
            for sequence, record in self._run.history.since(self._read):
                kept = without(record, self._run.config, self._hidden)
                if kept is not None:
                    self._shown.append((sequence, kept))
                self._read = sequence
            return list(self._shown)


class ShownLooks:
    """The looks without the hidden arms; what they say is concluded from the others, once a look."""

    def __init__(self, run: AnyWhole, hidden: tuple[str, ...]) -> None:
        self._run, self._hidden = run, hidden
        self._titles = {arm.name: arm.title for arm in run.config.arms}
        self._narrowed: dict[tuple[int, tuple[int, int]], Observation] = {}

    @property
    def latest(self) -> int:
        return self._run.inside.latest

    @property
    def said(self) -> str | Message:
        return self._run.inside.said

    @property
    def evidence(self) -> Evidence:
        """Of all arms, each by its name: who asks, asks for those that the settings have."""
        return self._run.inside.evidence

    def narrowed(self, look: Observation) -> Observation:
        key = look.sequence, look.steps
        found = self._narrowed.get(key)  # another thread may empty it at any moment
        if found is None:
            whole = self._run.inside.look(look.sequence)
            found = narrowed(look, self._hidden, whole[1] if whole else {}, self._titles)
            if len(self._narrowed) >= 4 * MAX_OBSERVATIONS:
                self._narrowed.clear()
            self._narrowed[key] = found
        return found

    def whole(self, sequence: int) -> bytes | None:
        """The complete look as JSON; None if it is not kept."""
        found = self._run.inside.look(sequence)
        return as_json({name: each for name, each in found[1].items() if name not in self._hidden}) if found else None


AnyRun = AnyWhole | ShownRun


@lru_cache(MOST_AT_HAND)
def _without(run: AnyWhole, hidden: tuple[str, ...]) -> ShownRun:
    return ShownRun(run, hidden)


def shown(run: AnyWhole) -> AnyRun:
    """The run as everybody sees it now, its owner too."""
    hidden = run.hidden
    return _without(run, hidden) if hidden else run


def is_swept(run: AnyRun) -> bool:
    """Whether it is a point of a sweep: of these there are neither looks nor networks."""
    whole = executed(run)
    return isinstance(whole, KeptRun) and whole.is_swept


def executed(run: AnyRun) -> AnyWhole:
    """The run itself: what is found in it must not leave the server."""
    return run.of if isinstance(run, ShownRun) else run
