"""The real server in a process of its own, as `make run` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@contextmanager
def serving(script: str = "app.py", grace_seconds: int = 60) -> Iterator[str]:
    """Serve `script` as long as the block runs; gives its address."""
    with served(script, NORMSCOPE_GRACE_SECONDS=str(grace_seconds)) as (address, _):
        yield address


@contextmanager
def serving_runs(home: Path) -> Iterator[tuple[str, int]]:
    """Serve the runs in `home`, all of them to everybody; gives the server's address and its process's id."""
    environment = {"NORMSCOPE_STORE": "on", "NORMSCOPE_HOME": str(home)}
    environment |= {"NORMSCOPE_SHARED": "1", "NORMSCOPE_KEEP": "1000 GB"}
    with served("app.py", **environment) as found:
        yield found


@contextmanager
def served(script: str = "app.py", **environment: str) -> Iterator[tuple[str, int]]:
    """Serve `script` with these variables; gives the server's address and its process's id."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    environment = {"PYTHONPATH": str(PROJECT)} | environment
    with running(command, f"http://127.0.0.1:{port}/", environment) as (_, pid):
        yield f"http://127.0.0.1:{port}", pid


def commanded(*words: str, **environment: str) -> None:
    """`python -m core …` with these variables; raises CalledProcessError where it does not end with 0."""
    command = [sys.executable, "-m", "core", *words]
    subprocess.run(command, cwd=PROJECT, env=os.environ | environment, check=True, capture_output=True)


@contextmanager
def started(command: Sequence[str], address: str, environment: dict[str, str] | None = None) -> Iterator[float]:
    """Run `command` as long as the block does; gives the seconds from the start until `address` answered."""
    with running(command, address, environment) as (seconds, _):
        yield seconds


@contextmanager
def running(
    command: Sequence[str], address: str, environment: dict[str, str] | None = None
) -> Iterator[tuple[float, int]]:
    """As `started`; gives the process's id, too."""
    with tempfile.TemporaryFile() as log:
        before = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=PROJECT, env=os.environ | (environment or {}), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(address, process)
            yield time.perf_counter() - before, process.pid
        except ChildProcessError as error:
            log.seek(0)
            raise RuntimeError(f"{error} It said: {log.read().decode(errors='replace')[-2000:]}") from error
        finally:
            _end(process)


def free_port() -> int:
    """A port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ChildProcessError(f"The server ended with status {process.returncode} before it answered.")
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.02)
    raise ChildProcessError(f"The server did not answer within {START_SECONDS:g} s.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its whole process group: `make run` is make, a shell and the server."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, how)
        try:
            process.wait(STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
