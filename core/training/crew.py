"""Who does the work of an experiment's arms: one arm after the other, or as many at once as there are cores.

IN_TURN     an Executor without threads: what it is given is done at once, by whoever asks
crew        `with crew(device) as crew:` the Executor that suits the device and its cores
share_cores how many threads each operation of PyTorch takes, so that three arms at once leave a core to the page

An arm computes the same, bit for bit, whoever does it and whatever the others do meanwhile: the number of threads of an
operation, which decides how its sums are rounded, is the same for one arm and for six.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import torch

ARMS_AT_ONCE = 3  # as many as First look has


class InTurn(Executor):
    """Does what it is given at once, and starts nothing."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))  # an error goes to whoever asked, as from any other call
        return done


IN_TURN = InTurn()


def crew(device: torch.device, spare: int = 0) -> Executor:
    """What trains the networks on `device`, leaving `spare` cores alone, which the page needs to stay quick.

    On a GPU no threads: they would wait for one another to launch kernels.
    """
    at_once = max(1, (usable_cores() - spare) // _threads())
    if device.type != "cpu" or at_once == 1:
        return IN_TURN
    return ThreadPoolExecutor(at_once, thread_name_prefix="arm", initializer=share_cores)


def share_cores() -> None:
    """Give each operation of PyTorch a third of all cores but one, at least one.

    Whole arms side by side keep cores busier than the pieces of one small operation do, and wait for one another once
    a step instead of at each of its hundred operations, where two busy threads are slower than one (measured).
    """
    torch.set_num_threads(_threads())


def usable_cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _threads() -> int:
    return max(1, (usable_cores() - 1) // ARMS_AT_ONCE)
