"""Who does the work of an experiment's arms: one arm after the other with all cores, or several at once with some each.

Share        how cores are shared out among arms
crew         `with crew(device, config) as crew:` the Crew that suits the device and its cores
InTurn       a Crew without threads of its own: what it is given is done at once, by whoever asks (IN_TURN)
OneByOne     a Crew that does each arm in turn, with all cores
AtOnce       a Crew that does several at once
share_cores  one thread for each operation outside a crew

An arm computes the same, bit for bit, whoever does it, with however many threads (core.nets.steady).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from core.experiment.config import ExperimentConfig
from core.experiment.machine import usable_cores
from core.nets.fast import MANY_IMAGES
from core.nets.steady import threads

MOST_THREADS = 8  # for so many an operation's sums were compared, and more would not pay
SERIAL = 0.3  # share of a step that more threads do not shorten (Amdahl 1967): two take 0.65 of one's time, measured


@dataclass(frozen=True, slots=True)
class Share:
    """So many arms at once, each with so many threads for an operation."""

    at_once: int
    threads: int

    @classmethod
    def of(cls, cores: int, arms: int, most_threads: int = MOST_THREADS) -> Share:
        """The fastest; among equals the one with fewer arms at once, which wait less for each other."""
        most = max(1, min(cores, arms))
        choices = [cls(at_once, min(most_threads, cores // at_once)) for at_once in range(1, most + 1)]
        return max(choices, key=lambda share: share.speed(arms))

    def speed(self, arms: int) -> float:
        """Steps of an arm in the time that one takes with one thread."""
        rounds = -(-arms // self.at_once)
        return arms / rounds / (SERIAL + (1 - SERIAL) / self.threads)


class InTurn(Executor):
    """Does what it is given at once, and starts nothing."""

    @property
    def threads(self) -> int:
        """Of an operation."""
        return torch.get_num_threads()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))  # an error goes to whoever asked, as from any other call
        return done


class OneByOne(Executor):
    """Each arm in turn, with all threads; what is submitted goes on beside them, and takes one meanwhile."""

    def __init__(self, count: int) -> None:
        self.threads = count
        self._beside = ThreadPoolExecutor(1, "beside", torch.set_num_threads, (1,))
        self._going: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._going.append(self._beside.submit(fn, *args, **kwargs))
        return self._going[-1]

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        """As the built-in, but all of it at once: who asks has the results, or the first error."""
        found = []
        for each in zip(*iterables, strict=False):
            self._going = [future for future in self._going if not future.done()]
            with threads(max(1, self.threads - bool(self._going))):
                found.append(fn(*each))
        return iter(found)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._beside.shutdown(wait, cancel_futures=cancel_futures)


class AtOnce(ThreadPoolExecutor):
    """Does as many things at once as its share says."""

    def __init__(self, share: Share) -> None:
        super().__init__(share.at_once, "arm", torch.set_num_threads, (share.threads,))
        self.threads = share.threads


Crew = InTurn | OneByOne | AtOnce

IN_TURN = InTurn()


@contextmanager
def crew(device: torch.device, config: ExperimentConfig, spare: int = 0) -> Iterator[Crew]:
    """What trains the experiment's arms on `device`, leaving `spare` cores alone, which the page needs to stay quick.

    On a GPU no threads: they would wait for one another to launch kernels.
    """
    cores = max(1, usable_cores() - spare)
    if device.type != "cpu" or cores == 1:
        yield IN_TURN
        return
    most_threads = MOST_THREADS if config.batch_size >= MANY_IMAGES else 1  # with few images a second one only costs
    share = Share.of(cores, len(config.arms), most_threads)
    # The caller has one otherwise: OpenMP's threads wait without spinning, and slowly, once they are more than cores.
    with threads(1), OneByOne(share.threads) if share.at_once == 1 else AtOnce(share) as workers:
        yield workers


def share_cores() -> None:
    """Give each operation of this thread one thread: the cores are the arms'."""
    torch.set_num_threads(1)
