"""A Ray cluster of two workers, for the tests that need a real one."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
TOKEN = "0123456789abcdef0123456789abcdef"
ENDING_SECONDS = 60.0


@dataclass(frozen=True)
class Machines:
    """`address` is HOST:PORT, `client` ray://HOST:PORT."""

    process: subprocess.Popen[str]
    address: str
    client: str

    def join(self, cores: int = 1, cards: int = 0) -> str:
        """Another machine; returns which. It says that it has so many cards, which Ray believes."""
        return self.order(f"join {cores} {cards}")[0]

    def leave(self, which: str) -> None:
        """As if its plug were pulled."""
        self.order(f"leave {which}")

    def end(self) -> None:
        """All of them, the head, too."""
        ended(self.process)

    def order(self, line: str) -> list[str]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return answer(self.process)


def answer(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("machines:"):
            return line.split()[1:]
    raise AssertionError("the cluster has ended")


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A head without cores, and two machines with one each; it wants a token, which this process has."""
    with cluster(tmp_path_factory.mktemp("ray") / "log") as found:
        found.join()
        found.join()
        yield found


@pytest.fixture
def only_client() -> Iterator[None]:
    """Of all tests on this machine, none other has a client of ray:// meanwhile.

    A head starts the process that serves a client at the first port from 23000 on that is free, and that process takes
    it seconds later, as one that shares it: of two heads on one machine both may have the same, and then a client is
    answered by the other's, who knows nothing of it ("ClientObjectRef … is not found for client …").
    """
    with (Path(tempfile.gettempdir()) / f"normscope-ray-client-{os.getuid()}").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def cluster(log: Path) -> Iterator[Machines]:
    """A head alone. Skips, in words, where Ray is not installed."""
    if find_spec("ray") is None:
        pytest.skip("needs Ray: pip install -r requirements-ray.txt, as `make test-slow` does where PyPI has it")
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        for name, value in {"AUTH_MODE": "token", "AUTH_TOKEN": TOKEN, "USAGE_STATS_ENABLED": "0"}.items():
            patch.setenv(f"RAY_{name}", value)
        patch.setenv("RAY_worker_niceness", "0")  # usually 15: where other tests run, too, such a worker gets nothing
        # Ray gives the process that serves a client 30 s to be there, however many browsers have the two cores, too.
        patch.setenv("RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S", "80")
        patch.setenv("RAY_TMPDIR", folder)  # not pytest's: the path of a socket has at most 107 letters
        process = begun(log)
        try:
            address, client = answer(process)
            yield Machines(process, address, f"ray://{address.partition(':')[0]}:{client}")
        except BaseException as error:
            error.add_note(last_words(Path(folder, "ray")))
            raise
        finally:
            ended(process)


def last_words(folder: Path) -> str:
    """What Ray's own parts have complained of, as far as it is the latest: what a failing test has below its reason."""
    said = []
    for file in sorted(folder.glob("session_2*/logs/*")):
        lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
        complaints = [line for line in lines if re.search(r"\b([EWF] |WARNING|ERROR|Traceback|\w+Error\b)", line)]
        said += [file.name, *complaints[-5:]] if complaints else []
    return "\n".join(said)


def begun(log: Path) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "tests.core.runs.ray_machines"]
    with log.open("w") as errors:
        return subprocess.Popen(
            argv, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            start_new_session=True,
        )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> None:
    """Once more is no harm."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(ENDING_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert process.stdout is not None
        process.stdout.close()
