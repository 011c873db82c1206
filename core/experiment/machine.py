"""How many processor cores this process may use: those it may be scheduled on, and what its cgroup grants it of them.

A container's `cpus:` or systemd's CPUQuota= takes no core away; who has used up the share waits for the next tenth of a
second. So nothing but the cgroup's files tells of it, and threads for all cores of the host would mostly wait.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Whole cores, at least one."""
    share = granted(ROOT, OWN)
    return cores() if share is None else max(1, min(cores(), int(share)))


def cores() -> int:
    """Those that this process may be scheduled on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def granted(root: Path, own: Path) -> float | None:
    """The least that this process's cgroup, or one around it, is limited to, in cores; None where none is."""
    limits = [limit for folder in _folders(root, own) for limit in _limits(folder)]
    return min(limits, default=None)


def _folders(root: Path, own: Path) -> Iterator[Path]:
    """Of cgroup v2 at `root`, of v1 in cpu/ below it; within a container its own cgroup is the top there."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "cpu" if controllers else root
        below = top / path.lstrip("/")
        yield from [below, *below.parents[: len(below.parts) - len(top.parts)]] if ".." not in below.parts else [top]


def _limits(folder: Path) -> Iterator[float]:
    try:
        if (folder / "cpu.max").exists():
            share, _, period = (folder / "cpu.max").read_text().partition(" ")
        else:
            share, period = ((folder / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
        if share.strip() not in ("max", "-1"):
            yield int(share) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return  # what cannot be read limits nothing
