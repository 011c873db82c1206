"""The image, once it is built: read-only but for its volume, without rights, healthy, and ended within five seconds.

Building takes minutes and 7 GB, so it is nobody's test: `docker-build . normscope:test` (buildah), then
`pytest -m slow tests/test_image.py` as root. Its files are run here as a container engine would, in namespaces.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.asking import Client
from bench.server import free_port
from bench.tabs import opened
from tests.test_proxies import running

pytestmark = pytest.mark.slow
IMAGE = "localhost/normscope:test"
STOP_SECONDS = 5.0
ROOT_SCRIPT = Path(__file__).with_name("image_root.sh")


def buildah(*words: str) -> str:
    return subprocess.run(["buildah", *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """The image's files."""
    if not shutil.which("buildah") or os.getuid() or not _is_built():
        pytest.skip(f"needs the image {IMAGE}, buildah and root: docker-build . {IMAGE}")
    container = buildah("from", "--pull-never", IMAGE)
    yield Path(buildah("mount", container))
    buildah("rm", container)


def _is_built() -> bool:
    return subprocess.run(["buildah", "images", "-q", IMAGE], capture_output=True, check=False).returncode == 0


@pytest.fixture
def settings() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
    return found


def test_the_image_runs_read_only_without_rights_and_ends_in_time_with_its_run_kept(
    files: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    root, volume, log, port = tmp_path / "root", tmp_path / "data", tmp_path / "log", free_port()
    root.mkdir(), volume.mkdir()
    os.chown(volume, 10001, 10001)
    environment = dict(each.split("=", 1) for each in settings["Env"])
    environment |= {"HOME": "/home/normscope", "NORMSCOPE_STORE": "on"}
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", str(ROOT_SCRIPT)]
    serve = [*settings["Cmd"][:-1], f"--server.port={port}"]
    address = f"http://127.0.0.1:{port}"
    assert (settings["User"], settings["StopSignal"]) == ("normscope", "SIGTERM")
    command = [*apart, str(files), str(root), str(volume), *serve]
    with running(command, log, f"{address}/_stcore/health", **environment):
        (server,) = _first_processes(serve)
        assert _told(server, "NoNewPrivs") == "1"
        assert set(_told(server, "CapEff") + _told(server, "CapBnd")) == {"0"}
        assert _told(server, "Uid").split()[0] == "10001"
        with pytest.raises(OSError, match="Read-only"):
            (Path("/proc") / str(server) / "root/app/written").touch()
        run = asyncio.run(_begun(address))
        before = time.monotonic()
        os.kill(server, signal.SIGTERM)
        while Path(f"/proc/{server}").exists():
            assert time.monotonic() - before < STOP_SECONDS, log.read_text()
            time.sleep(0.02)
    assert f"run {run} interrupted" in log.read_text()
    assert (volume / "normscope/runs" / run / "run.sqlite").stat().st_size > 0


async def _begun(address: str) -> str:
    """The run that a visitor starts, once it computes."""
    async with opened(address) as tab:
        await tab.order("start")
        async with Client(address) as client:
            while (await client.ask(f"/api/runs/{tab.run}/points")).json()["state"]["step"] < 1:
                await asyncio.sleep(0.1)
        return tab.run


def _first_processes(command: list[str]) -> list[int]:
    """Those that run just this command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")[:-1]
        except OSError:  # it has ended
            continue
        found += [int(path.parent.name)] * (words == [each.encode() for each in command])
    return found


def _told(process: int, name: str) -> str:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))
