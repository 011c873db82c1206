"""Every NORMSCOPE_* variable of the environment, read and checked here and nowhere else.

data_root      NORMSCOPE_DATA: the folder that holds FashionMNIST/raw and its like
grace_seconds  NORMSCOPE_GRACE_SECONDS: how long a run that nobody watches goes on
check          all of them, for a server that is about to start
fix_products   MKL_CBWR, which is another program's, set where numbers would hang on the number of cores

An empty variable is an unset one. For a bad one ConfigError says the rule, what it got and what to do.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from core.experiment.rules import IT, ConfigError, quoted, read_number
from core.language.message import Message

PROJECT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 60.0


def data_root() -> Path:
    """$NORMSCOPE_DATA, else data/. A relative path starts at the project's folder, wherever the program was started."""
    name = "NORMSCOPE_DATA"
    text = os.environ.get(name) or "data"
    try:
        return PROJECT / Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(
            Message(
                "{name}: Its ~ must stand for the home of a user who is here; got {text}. Set it to the whole path, or "
                "leave it unset.",
                {"name": name, "text": quoted(text)},
            )
        ) from None


def grace_seconds() -> float:
    """$NORMSCOPE_GRACE_SECONDS, else 60."""
    name = "NORMSCOPE_GRACE_SECONDS"
    text = os.environ.get(name) or str(GRACE_SECONDS)
    try:
        seconds = float(read_number(text, IT, name, float))
        if 0 <= seconds < math.inf:
            return seconds
    except ConfigError:
        pass
    raise ConfigError(
        Message(
            "{name}: It must be a finite number of seconds, 0 or more; got {text}. Set it to {usual:g}, or leave it "
            "unset.",
            {"name": name, "text": quoted(text), "usual": GRACE_SECONDS},
        )
    )


def check() -> None:
    """Read every variable; raises ConfigError for the first that is not as it must be."""
    data_root()
    grace_seconds()


def fix_products(processor: Path = Path("/proc/cpuinfo")) -> None:
    """Have oneMKL, before PyTorch loads it, sum products up in one order for any number of threads; a value set wins.

    On AMD's processors only, where it costs nothing (measured). On Intel's it takes a fourth of the speed, and products
    of LeNet's sizes are the same without it (docs/decisions/0015).
    """
    if processor.exists() and "AuthenticAMD" in processor.read_text():
        os.environ.setdefault("MKL_CBWR", "AVX2,STRICT")
