"""What the engines' tests have their workers do: a function of JSON values, pure but for the files it is given."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.language.message import Message


def work(point: Mapping[str, Any]) -> dict[str, Any]:
    """As `do` says; by default the square of `n`, and who computed it."""
    do = point.get("do", "square")
    if do == "raise":
        raise ValueError(f"{point['n']} is no good")
    if do == "refuse":
        raise ValueError(Message("There is no {n}.", {"n": point["n"]}))
    if do == "fill":
        raise MemoryError
    if do == "die" and _times(point["file"]) <= point["times"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "leave":
        os._exit(3)
    if do == "hang":
        time.sleep(600)
    if do == "deafen":
        ctypes.PyDLL(None).sleep(600)  # without letting go of Python's lock: no handler of a signal is ever called
    if do == "arrive":
        _times(point["file"])
    if do in ("arrive", "wait"):
        while not Path(point["until"]).exists():
            time.sleep(0.005)
    return {"square": point["n"] ** 2, "by": os.getpid(), "nice": os.nice(0)}


def _times(file: str) -> int:
    with open(file, "a+") as counted:
        counted.write(".")
    return len(Path(file).read_text())
