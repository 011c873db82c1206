"""One process writes a run's file and is killed with kill -9, while another one reads it all the time.

writing      a process that writes, and says each record that it has written
read_beside  what is read meanwhile, and what is left
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.server import PROJECT
from core.store.run_file import RunFile
from core.training.records import Record, StatusChanged

# Each batch has a record, and some a look or networks, as a training's have.
PROGRAM = """
import os, sys
from pathlib import Path

from core.store.run_file import Look, RunFile
from core.training.records import NetworksSeen, StatusChanged

file = RunFile.write_to(Path(sys.argv[1]))
for number in range(file.last_record() + 1, 10**9):
    looks = [Look(number, NetworksSeen(number, 1.0, "fixed", {}), True)] if number % 5 == 0 else []
    networks = {number: os.urandom(50_000)} if number % 50 == 0 else {}
    file.write([(number, StatusChanged("running", number))], looks, networks)
    print(number, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """`reads` of the file, of which `torn` were not the beginning of what was written, or lacked what was said to be.

    `said` records were written when the writer was killed, as far as it could say; `kept` are there, `lost` of `said`
    are not, and `wrong` are not as they were written.
    """

    reads: int
    torn: int
    said: int
    kept: int
    wrong: int

    @property
    def lost(self) -> int:
        return max(0, self.said - self.kept)


@contextmanager
def writing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Goes on behind the last record that is there, until it is killed."""
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        yield process
        process.kill()


def read_beside(folder: Path, records: int) -> Beside:
    """Read until `records` more have been written, kill who writes, and read what is left."""
    with writing(folder) as process, closing(RunFile.read(folder)) as reader:
        assert process.stdout is not None
        first = said = int(process.stdout.readline())
        latest, reads, torn = first - 1, 0, 0
        while said < first + records:
            found = reader.records(latest)
            is_beginning = found == _written(latest, len(found))
            latest += len(found)
            reads, torn = reads + 1, torn + (not is_beginning or latest < said)
            said = int(process.stdout.readline())
        process.kill()
        said = int([str(said), *process.stdout.read().split()][-1])
    with closing(RunFile.write_to(folder)) as again:  # may find one that was not announced to readers yet
        kept = again.records()
        wrong = sum(one != other for one, other in zip(kept, _written(0, len(kept)), strict=True))
        return Beside(reads, torn, said, len(kept), wrong)


def _written(after: int, count: int) -> list[tuple[int, Record]]:
    return [(number, StatusChanged("running", number)) for number in range(after + 1, after + count + 1)]
