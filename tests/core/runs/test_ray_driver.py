"""core.runs.ray_driver: whose fault an end is."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

import pytest

from core.runs.ray_cluster import BROKEN, LOST
from core.runs.ray_driver import Driver, ended_by


def nobodys_task() -> None:
    """A fault such as only a line of the driver itself can have."""
    ray: Any = SimpleNamespace(remote=lambda **_how: lambda work: work)
    Driver(None, ray, "core.lab.measure:measure", 1.0)._ended("of nobody")  # type: ignore[arg-type]


def gone() -> None:
    raise RuntimeError("Failed to connect to GCS")


@pytest.mark.parametrize(("fault", "said"), [(nobodys_task, BROKEN), (gone, LOST)])
def test_a_fault_of_its_own_is_not_told_as_the_clusters_and_the_log_gets_all_of_it(fault: Any, said: Any) -> None:
    with pytest.raises((KeyError, RuntimeError)) as caught:
        fault()
    ending = pickle.loads(pickle.dumps(ended_by(caught.value, "head:6379")))  # through the pipe
    assert ending.args[0].key == said.key
    (note,) = ending.__notes__
    assert fault.__name__ in note
    assert type(caught.value).__name__ in note
