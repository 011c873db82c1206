"""Every NORMSCOPE_* variable of the environment, read and checked here and nowhere else.

data_root      NORMSCOPE_DATA: the folder that holds FashionMNIST/raw and its like
grace_seconds  NORMSCOPE_GRACE_SECONDS: how long a run that nobody watches goes on
check          all of them, for a server that is about to start

An empty variable is an unset one. For a bad one ConfigError says the rule, what it got and what to do.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from core.experiment.rules import ConfigError, quoted, read_number

PROJECT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 60.0


def data_root() -> Path:
    """$NORMSCOPE_DATA, else data/. A relative path starts at the project's folder, wherever the program was started."""
    name = "NORMSCOPE_DATA"
    text = os.environ.get(name) or "data"
    try:
        return PROJECT / Path(text).expanduser()
    except RuntimeError:
        raise _refused(name, "Its ~ must stand for the home of a user who is here", text, "the whole path") from None


def grace_seconds() -> float:
    """$NORMSCOPE_GRACE_SECONDS, else 60."""
    name = "NORMSCOPE_GRACE_SECONDS"
    text = os.environ.get(name) or str(GRACE_SECONDS)
    try:
        seconds = float(read_number(text, "It", name, float))
        if 0 <= seconds < math.inf:
            return seconds
    except ConfigError:
        pass
    raise _refused(name, "It must be a finite number of seconds, 0 or more", text, f"{GRACE_SECONDS:g}")


def check() -> None:
    """Read every variable; raises ConfigError for the first that is not as it must be."""
    data_root()
    grace_seconds()


def _refused(name: str, rule: str, text: str, use: str) -> ConfigError:
    return ConfigError(f"{name}: {rule}; got {quoted(text)}. Set it to {use}, or leave it unset.")
