"""One line an event, for who operates a server: what became of runs, what was refused, what came in.

Nobody who only imports this is told anything: a server gives the lines a place to go.

note     a line
noted    a run's status, on its way to the run's watchers
written  while a server is up the lines go to stderr
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from core.training.records import StatusChanged

_log = logging.getLogger("normscope.events")


def note(line: str, *values: object) -> None:
    """`values` are put in as logging does; none of them may have a line break of its own."""
    _log.info(line, *values)


def noted(run_id: str, record: StatusChanged) -> StatusChanged:
    note("run %s %s at step %d", run_id, record.status, record.step)
    return record


@contextmanager
def written(wanted: bool) -> Iterator[None]:
    """Each with the time, in the zone of the machine, if that is `wanted`."""
    if not wanted:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s normscope: %(message)s"))
    _log.addHandler(handler)
    _log.propagate, before = False, _log.propagate
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.propagate = before
        _log.setLevel(logging.NOTSET)
