"""What watchers in another process want of a run: small files in its folder, whose times say how fresh a wish is.

wanted, watched  what is wanted now
wish             want it
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from core.runs.looks import SOURCES
from core.runs.pace import WANTED_SECONDS

WATCHED = "watched"
WISH_SECONDS = 1.0  # a wish that is so fresh is not said again


def wanted(folder: Path) -> list[str]:
    """The sources of looks that a page elsewhere shows."""
    return [source for source in SOURCES if _is_fresh(folder / f"{WATCHED}-{source}", WANTED_SECONDS)]


def watched(folder: Path) -> bool:
    """Whether anybody elsewhere has asked for news."""
    return _is_fresh(folder / WATCHED, WANTED_SECONDS)


def wish(folder: Path, source: str = "") -> None:
    """Somebody watches the run; `source` is what they look at inside. Where nothing can be written, nothing comes."""
    path = folder / (f"{WATCHED}-{source}" if source else WATCHED)
    if not _is_fresh(path, WISH_SECONDS):
        with suppress(OSError):
            path.touch()


def _is_fresh(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime < seconds
    except OSError:
        return False
