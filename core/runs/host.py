"""A run in a process that is not the page's, possibly on another machine: today's run, which answers by bytes.

Host    has the run's mini-batches made, and is asked what has come
Begun   what it is told first
News    what it answers

The bytes are pickled: both ends are one program's, and the way between them is Ray's, whose word is executed anyway.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass

from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.experiment.machine import usable_cores
from core.runs.again import Again
from core.runs.asking import NothingToSee
from core.runs.clock import Clock
from core.runs.keeping import checkpoint
from core.runs.manager import RunManager
from core.runs.mirror import left, obey, ordered
from core.runs.orders import Change, Orders
from core.runs.origin import PAGE, origin
from core.runs.run import Run
from core.store.networks import networks_bytes
from core.store.recording import Origin
from core.store.run_file import Checkpoint, Look
from core.training.arms import Arm
from core.training.records import Record

NETWORKS_SECONDS = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """`records` have been told already, and `again` says from where it goes on; `orders` are to be obeyed at once."""

    id: str
    config: ExperimentConfig
    asked: ExperimentConfig
    records: list[Record]
    again: Again
    clock: Clock
    orders: Orders


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """Since the last time; numbers of records and looks are the host's own.

    `orders` are those it has left when it had been told of `obeyed` changes. `ended` are its last networks.
    """

    records: list[tuple[int, Record]]
    looks: list[Look]
    captured: Checkpoint | None
    networks: dict[int, bytes]
    config: ExperimentConfig
    step: int
    clock: Clock
    orders: Orders
    obeyed: int
    origin: Origin
    ended: bytes = b""


class Host:
    """`content` is a Begun. It takes one core of its machine."""

    def __init__(self, content: bytes) -> None:
        begun: Begun = pickle.loads(content)
        self._manager = RunManager(grace=math.inf)
        self._manager.spare = usable_cores() - 1
        self._run = run = Run(begun.config, self._manager.line, math.inf, run_id=begun.id)
        run.take_up(begun.asked, begun.records, begun.again, begun.clock)
        run.unkept.wanted = True
        ordered(run, begun.orders)
        self._record, self._steps, self._obeyed, self._told = run.history.latest, set[int](), 0, 0
        self._origin = origin(PAGE, self._manager.gallery.device)
        self._manager.begin(run)

    def order(self, content: bytes) -> None:
        """Of a Change; told to be obeyed before the next mini-batch."""
        change: Change = pickle.loads(content)
        with self._manager.line.changed:
            self._obeyed += 1
            obey(self._run, change)

    def news(self, content: bytes) -> bytes:
        """Of what pages want to see, and how long to wait for something new: the News."""
        wishes, seconds = pickle.loads(content)
        run, changed = self._run, self._manager.line.changed
        with changed:
            for source, apart in wishes:
                run.seen_inside(run.inside.latest, source, apart)
            changed.wait_for(lambda: run.version > self._told, seconds)
            self._told = run.version
            news = self._news()
        return pickle.dumps(news)

    def _news(self) -> News:
        run = self._run
        looks, captured = run.unkept.take()
        records = run.history.since(self._record)
        steps = [step for step in run.snapshots.steps if step not in self._steps]
        self._record, self._steps = run.history.latest, self._steps.union(steps)
        return News(
            records,
            looks,
            checkpoint(captured),
            {step: networks_bytes(run.snapshots.networks(step)) for step in steps},
            run.config,
            run.snapshot(run.history.latest).step,
            run.clock,
            left(run),
            self._obeyed,
            self._origin,
            self.networks() if run.ended else b"",
        )

    def networks(self) -> bytes:
        """Those of now, between two mini-batches; empty where there are none yet."""
        try:
            return self._run.ask(_networks).result(NETWORKS_SECONDS)
        except (NothingToSee, TimeoutError):
            return b""


def _networks(arms: list[Arm], _data: Images) -> bytes:
    return networks_bytes({arm.name: arm.model.state_dict() for arm in arms})
