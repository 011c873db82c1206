"""What is done on a worker of a Ray cluster: nothing here imports PyTorch, or Ray.

served          one point, with a time limit
pytorch_version PyTorch's there
"""

from __future__ import annotations

import faulthandler
import os
import pkgutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import Any

from core.experiment.environment import fix_products
from core.runs.answers import Why, answered, too_long

GRACE_SECONDS = 5.0  # for Python to get a word in, once the limit is over


class TooLong(BaseException):
    """No Exception: the work takes none of it for its own."""


def served(work: str, point: Mapping[str, Any], limit: float) -> tuple[dict[str, Any] | None, Why, float]:
    """What a worker answers of a point, and after how many seconds; `work` is a function's name, module:function.

    By its name, so that the worker's PyTorch is imported after `fix_products`, as anywhere else.
    """
    fix_products()
    began = time.monotonic()
    try:
        with _limited(limit):
            found, why = answered(lambda point: pkgutil.resolve_name(work)(point), point)
    except TooLong:
        found, why = None, too_long(limit).to_json()
    return found, why, time.monotonic() - began


def pytorch_version() -> str:
    """Empty where there is none. The local part (2.15.0+cu130) is left out: it says how it was built."""
    try:
        return version("torch").partition("+")[0]
    except PackageNotFoundError:
        return ""


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises TooLong in the midst of the work; where that does not let Python speak, the process ends a bit later."""
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=nowhere)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()
            signal.signal(signal.SIGALRM, before)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong
