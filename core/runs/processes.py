"""A process of an engine, and the pipe to it.

begun  starts one
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker, spawn
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

_beginning = threading.Lock()


def begun(method: str, target: Callable[..., None], *args: Any) -> tuple[Connection, BaseProcess]:
    """By one of multiprocessing's methods; `target` gets the other end of the pipe, and then `args`.

    It ends with the process that asks for it. Whoever of the two dies, the other reads the end of the pipe.
    """
    context = multiprocessing.get_context(method)
    pipe, its_end = context.Pipe()
    process: BaseProcess = context.Process(target=target, args=(its_end, *args), daemon=True)  # type: ignore[attr-defined]
    with _without_main():
        if method == "forkserver":
            _have_server()
        process.start()
    its_end.close()  # so that its death is seen here
    return pipe, process


def _have_server() -> None:
    """Ctrl-C and a stop reach all processes of a terminal, and a server that still imports would die of them.

    It ends with the process that began it, and so need not hear them.
    """
    resource_tracker.ensure_running()  # which would unblock both, where the server has to begin it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """A process that is begun inside needs no main module; Streamlit puts its pages in the place of Python's.

    Else each worker would first run, as its main module, the page that somebody looks at just then.
    """
    with _beginning:
        usual = spawn.get_preparation_data
        spawn.get_preparation_data = lambda name: _no_main(usual(name))
        try:
            yield
        finally:
            spawn.get_preparation_data = usual


def _no_main(prepared: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in prepared.items() if not name.startswith("init_main")}
