"""Actors of live runs with a clock, for bench/ray.py: each notes when it has published a training point.

FOLDER  the variable that names the folder of their notes: a file a run, with a step and its time a line
live    core.runs.ray_live.live with such actors
read    the notes of a run: {step: time}
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from pathlib import Path
from typing import Any

from core.runs import ray_live
from core.runs.ray_host import host_class
from core.training.records import Record

FOLDER = "BENCH_STAMPS"


def live(pipe: Any, address: str, slots: int) -> None:
    here = Path(__file__).parent
    sys.path[:] = [
        each for each in sys.path if Path(each) != here
    ]  # Streamlit's, for the script: bench/ray.py is not Ray
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the cluster's machines have core, and no bench
    folder = os.environ[FOLDER]
    ray_live.host_class = lambda ray: _stamped(host_class(ray), folder)
    ray_live.live(pipe, address, slots)


def _stamped(host: Any, folder: str) -> type:
    class StampedHost(host):  # type: ignore[misc]
        def __init__(self, content: bytes) -> None:
            from core.runs.host import Begun

            begun: Begun = pickle.loads(content)
            _stamp(Path(folder) / begun.id)
            super().__init__(content)

    return StampedHost


def _stamp(notes: Path) -> None:
    """The time is the machine's clock, which the page's server on it shares."""
    from core.runs.run import Run

    publish = Run.publish

    def publish_with_time(run: Run, record: Record) -> None:
        publish(run, record)
        if record.kind == "train":
            line = f"{record.step} {time.time()}\n"
            with notes.open("a") as file:
                file.write(line)

    Run.publish = publish_with_time  # type: ignore[method-assign]


def read(folder: str, run: str) -> dict[int, float]:
    lines = (line.split() for line in (Path(folder) / run).read_text().splitlines())
    return {int(step): float(at) for step, at in lines}
