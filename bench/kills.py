"""A training that is killed with kill -9 and goes on in another process: what is lost, and whether its numbers change.

killed       a process that trains on the digits, killed at a moment; what it had said, and what was on the shelf
resumed      the same run, to its end
measured     what must be the same as in a run that was never interrupted
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.manager import RunManager
from core.store.recording import Recording
from core.store.shelf import Shelf
from core.training import records
from core.training.records import Record, RunNoted, StatusChanged

OWNER = "who kills it"
PATIENCE = 300.0

# Momentum, dropout, batch norm with its running statistics, the book's too, and a last short batch.
CONFIG = ExperimentConfig(
    data="digits",
    examples=330,
    batch_size=32,
    drop_last=False,
    momentum=0.9,
    learning_rate=0.05,
    arms=tuple(map(parse_arm, ("bn:dropout=0.3", "bn:book"))),
)

# It says how many records there are each time there are more, so that whoever kills it knows what it had measured.
PROGRAM = """
import json, sys, time
from pathlib import Path

import torch

from core.runs.manager import RunManager
from core.runs.run import Run
from core.store.codec import config_from
from core.store.shelf import Shelf
from core.training import crew

crew.usable_cores = lambda: 1
publish = Run.publish
Run.publish = lambda run, record: (publish(run, record), time.sleep(float(sys.argv[4])))
manager = RunManager(device=torch.device("cpu"), shelf=Shelf(Path(sys.argv[1]), 10**12))
run = manager.submit(config_from(json.loads(sys.argv[2])), key=sys.argv[3])
run.join("somebody")
said = 0
while True:
    if run.history.latest > said:
        said = run.history.latest
        print(said, run.id, flush=True)
    time.sleep(0.001)  # or it would take the processor from the training
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """`measured` records were there at the kill, as far as the process could say; `kept` of them are on the shelf."""

    run_id: str
    measured: int
    kept: int


def killed(shelf: Shelf, config: ExperimentConfig, after: int, pace: float = 0.05) -> Killed:
    """Train in a process of its own, `pace` seconds a record, and kill it once `after` records are there."""
    command = [sys.executable, "-c", PROGRAM, str(shelf.home), json.dumps(config.to_json()), OWNER, str(pace)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        said, run_id = 0, ""
        for line in process.stdout:
            said, run_id = int(line.split()[0]), line.split()[1]
            if said >= after:
                break
        process.kill()
        for line in process.stdout:  # what it said before it knew
            said = int(line.split()[0])
    if not shelf.knows(run_id):
        return Killed(run_id, said, 0)
    return Killed(run_id, said, len(shelf.recording(run_id).records))


def resumed(shelf: Shelf, run_id: str) -> Recording:
    """In this process, as after the next start of the server."""
    manager = RunManager(device=torch.device("cpu"), shelf=shelf)
    run = manager.resume(run_id, OWNER)
    run.join("somebody")
    manager.join(run, PATIENCE)
    manager.shutdown(PATIENCE)
    return shelf.recording(run_id)


def measured(facts: Iterable[Record]) -> list[str]:
    """What must be the same bit for bit: all but the clock, and how the run stood."""
    return [repr(_timeless(fact)) for fact in facts if not isinstance(fact, StatusChanged | RunNoted)]


def _timeless(fact: Record) -> Record:
    if isinstance(fact, records.TrainMeasured | records.TestMeasured):
        return replace(fact, seconds={})
    # The device is told with its threads, which change no number.
    return replace(fact, device="") if isinstance(fact, records.TrainingStarted) else fact
