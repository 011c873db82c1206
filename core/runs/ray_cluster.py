"""The connection to a Ray cluster; why there is none is said in a sentence. Runs in a process of its own (ray_driver).

connect       makes it
cores         how many points at once
told          one of the sentences below
SILENT, LOST  what is said of a cluster that does not answer, or not any more
BROKEN        and where the fault is not the cluster's
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.data.reasons import why
from core.experiment.rules import printable
from core.language.message import Message, Value
from core.runs.engine import EngineError
from core.runs.ray_work import pytorch_version

KNOCK_SECONDS, PROBE_SECONDS = 5.0, 60.0
MOST_LETTERS = 200
VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")

NOT_INSTALLED = Message(
    "NORMSCOPE_RAY: Ray is not installed here. Run pip install -r requirements-ray.txt, or leave the variable unset: "
    "the cores of this machine then compute."
)
UNREACHABLE = Message(
    "NORMSCOPE_RAY: There must be a Ray cluster at {address}; nobody answers there ({why}). Start one (ray start "
    "--head), correct the address, or leave the variable unset: the cores of this machine then compute."
)
OTHER_VERSIONS = Message(
    "NORMSCOPE_RAY: The cluster must have the same Ray and Python as this machine. At {address} it is Ray {ray} with "
    "Python {python}, here Ray {own_ray} with Python {own_python}. Install here what the cluster has, or the other way "
    "round."
)
OTHER_PYTORCH = Message(
    "NORMSCOPE_RAY: The cluster must have the same PyTorch as this machine. At {address} it is {pytorch}, here {own}. "
    "Install NormScope’s requirements.txt on each of its machines."
)
NO_PYTORCH = Message(
    "NORMSCOPE_RAY: The machines of the cluster at {address} must have PyTorch. Install NormScope’s requirements.txt "
    "on each of them."
)
WRONG_TOKEN = Message(
    "NORMSCOPE_RAY: The cluster at {address} must be shown its token, and this machine shows another one or none. Put "
    "the cluster’s into the file ~/.ray/auth_token, or into one that RAY_AUTH_TOKEN_PATH names, and set "
    "RAY_AUTH_MODE=token."
)
NO_CORES = Message(
    "NORMSCOPE_RAY: The cluster must have a core for a run; the one at {address} has none. Have a machine join it (ray "
    "start --address=HOST:PORT)."
)
SILENT = Message(
    "NORMSCOPE_RAY: The cluster at {address} must answer within {seconds:g} s, and has not. Look at it with ray "
    "status, or leave the variable unset: the cores of this machine then compute."
)
REFUSED = Message(
    "NORMSCOPE_RAY: The cluster at {address} must take this machine in, and does not ({why}). From a machine that is "
    "not one of its own, write ray://HOST:10001. Look at the token, too: RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH."
)
LOST = Message(
    "The Ray cluster at {address} does not answer any more. What is done is kept: start again when it is back, and "
    "only the rest is computed."
)

BROKEN = Message(
    "The connection to the Ray cluster at {address} has ended by a fault of NormScope’s own, which its log tells. What "
    "is done is kept: start again, and only the rest is computed."
)


def told(said: Message, **values: Value) -> EngineError:
    return EngineError(replace(said, values=values))


def connect(address: str, packages: Iterable[Path], noise: Callable[[], str]) -> Any:
    """The module ray, connected; its workers get the `packages` of Python from here. Raises EngineError.

    `noise` is what this process has written to stderr: of some troubles Ray speaks nowhere else.
    """
    try:
        import ray
    except ImportError as error:
        raise told(NOT_INSTALLED) from error
    _knock(address)
    try:
        ray.init(
            address=address,
            namespace="normscope",
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"py_modules": [str(package) for package in packages]},
        )
        _ask(ray, address)
    except EngineError:
        raise
    except Exception as error:  # Ray has many, and some are plain RuntimeErrors
        raise _refusal(f"{error}\n{noise()}", error, address) from error
    return ray


def cores(ray: Any, address: str) -> int:
    """How many points at once. Raises EngineError where there is no core."""
    found = int(ray.cluster_resources().get("CPU", 0))
    if not found:
        raise told(NO_CORES, address=address)
    return found


def _knock(address: str) -> None:
    """Ray itself tries for half a minute, and more, where nobody listens."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except OSError as error:
        raise told(UNREACHABLE, address=address, why=why(error)) from error


def _ask(ray: Any, address: str) -> None:
    """One of its machines what it has."""
    asked = ray.remote(num_cpus=0, max_retries=0)(pytorch_version).remote()
    try:
        theirs = ray.get(asked, timeout=PROBE_SECONDS)
    except TimeoutError as error:  # Ray's own is one, too
        raise told(SILENT, address=address, seconds=PROBE_SECONDS) from error
    own = pytorch_version()
    if not theirs:
        raise told(NO_PYTORCH, address=address)
    if theirs != own:
        raise told(OTHER_PYTORCH, address=address, pytorch=theirs, own=own)


def _refusal(text: str, error: Exception, address: str) -> EngineError:
    """What Ray means."""
    versions = VERSIONS.findall(text)
    if len(versions) == 2:
        (ray, python), (own_ray, own_python) = versions
        return told(OTHER_VERSIONS, address=address, ray=ray, python=python, own_ray=own_ray, own_python=own_python)
    if "uthenticat" in text:
        return told(WRONG_TOKEN, address=address)
    reason = printable(_reason(text) or type(error).__name__)[:MOST_LETTERS]
    if isinstance(error, ConnectionError) and address == "auto":  # of the others somebody has answered the knock
        return told(UNREACHABLE, address=address, why=reason)
    refusal = told(REFUSED, address=address, why=reason)
    refusal.add_note(text)
    return refusal


def _reason(text: str) -> str:
    """The line that says it: the first one, but below a heading, and at the end of a traceback that a server sends."""
    lines = [line for line in text.splitlines() if line.strip()]
    while len(lines) > 1 and lines[0].endswith(":"):
        heading, *lines = lines
        if heading.startswith("Traceback"):
            lines = [line for line in lines if not line.startswith(" ")]
    return next(iter(lines), "")
