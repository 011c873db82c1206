"""A share of the processors is seen: of cgroup v2 and v1, the own one and those around it, in a container or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.experiment import environment, machine

WITHIN = "0::/system.slice/normscope.service"


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/", {"cpu.max": "max 100000\n"}, None),
        ("0::/", {}, None),
        ("0::/../../x", {"cpu.max": "300000 100000"}, 3),
        (WITHIN, {"system.slice/normscope.service/cpu.max": "200000 100000"}, 2),
        (
            WITHIN,
            {"system.slice/cpu.max": "100000 50000", "system.slice/normscope.service/cpu.max": "400000 100000"},
            2,
        ),
        ("0::/host/path", {"cpu.max": "50000 100000"}, 0.5),
        (
            "4:cpu,cpuacct:/docker/abc\n0::/",
            {"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            2.5,
        ),
        ("4:cpu,cpuacct:/", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("3:cpuset:/a", {"cpu/a/cpu.cfs_quota_us": "100000\n", "cpu/a/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/", {"cpu.max": "many few"}, None),
    ],
)
def test_what_a_cgroup_grants(own: str, files: dict[str, str], cores: float | None, tmp_path: Path) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert machine.granted(tmp_path / "cgroup", tmp_path / "own") == cores


def test_where_there_are_no_cgroups_nothing_is_limited(tmp_path: Path) -> None:
    assert machine.granted(tmp_path, tmp_path / "none") is None


@pytest.mark.parametrize(("share", "cores"), [(None, 16), (64.0, 16), (3.9, 3), (0.25, 1)])
def test_whole_cores_of_those_that_there_are(share: float | None, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(machine, "granted", lambda *_: share)
    assert machine.usable_cores() == cores


@pytest.mark.parametrize(
    ("share", "before", "threads"), [(2.0, None, "2"), (None, None, None), (64.0, None, None), (2.0, "5", "5")]
)
def test_a_share_is_told_to_pytorchs_threads_unless_somebody_said_how_many(
    share: float | None, before: str | None, threads: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(machine, "granted", lambda *_: share)
    monkeypatch.setattr(os, "environ", {} if before is None else {"OMP_NUM_THREADS": before})
    environment.fix_threads()
    assert os.environ.get("OMP_NUM_THREADS") == threads
