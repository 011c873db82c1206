"""app.py: what it refuses to serve with, and where it serves."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from core.web.assets import assets_address

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 100


def test_a_server_that_cannot_be_as_it_is_told_does_not_start_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_GRACE_SECONDS", "soon")
    with pytest.raises(SystemExit) as refused:  # with words, which Python writes to stderr, and ends with 1
        runpy.run_path(str(ROOT / "app.py"))
    assert refused.value.code == (
        "NormScope cannot start. NORMSCOPE_GRACE_SECONDS: It must be a finite number of seconds, 0 or more; "
        "got “soon”. Set it to 60, or leave it unset."
    )


@pytest.fixture(scope="module")
def below_norm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that is told to be below /norm, and that a course's site may frame it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.baseUrlPath", "norm"]
    log = tmp_path_factory.mktemp("server") / "log"
    told = os.environ | {"NORMSCOPE_EMBED_SITES": "https://course.example.edu"}
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, env=told, stdout=file, stderr=file) as server,
    ):
        address = f"http://127.0.0.1:{port}/norm"
        try:
            wait_until_up(f"{address}/_stcore/health", server, log)
            yield address
        finally:
            server.terminate()


def wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        with suppress(OSError):
            get(address)
            return
        time.sleep(0.1)
    pytest.fail(f"the server did not come up: {log.read_text()}")


def get(address: str) -> tuple[int, str, bytes]:
    """(status, type, content) of an address on this machine."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=30) as answer:
            return answer.status, answer.headers["content-type"], answer.read()
    except HTTPError as error:
        return error.code, error.headers["content-type"], error.read()


def test_below_a_path_pages_routes_and_scripts_are_all_below_it(below_norm: str) -> None:
    status, kind, content = get(f"{below_norm}/api/health")
    assert (status, kind, json.loads(content)) == (200, "application/json", {"status": "ok", "active_runs": 0})
    for path in (f"{assets_address()}/train/live.js", "vendor/plotly.min.js"):
        status, kind, _ = get(f"{below_norm}/{path}")
        assert (status, kind.split(";")[0].split("/")[1]) == (200, "javascript")
    for page in ("", "/", "/activations", "/cube?cube=left:gn"):
        status, kind, content = get(below_norm + page)
        assert (status, kind.split(";")[0], b"<title>Streamlit</title>" in content) == (200, "text/html", True)
    status, kind, content = get(f"{below_norm}/api/healthy")
    assert (status, kind) == (404, "application/json")
    assert json.loads(content) == {"error": "There is nothing at /norm/api/healthy."}


def test_the_real_page_runs_its_own_script_and_the_sites_of_the_list_alone_may_frame_it(below_norm: str) -> None:
    with build_opener(ProxyHandler({})).open(f"{below_norm}/cube", timeout=30) as page:
        policy = page.headers["content-security-policy"]
        assert policy.endswith("; frame-ancestors https://course.example.edu")
        digest = hashlib.sha256(re.findall(rb"<script>(.*?)</script>", page.read(), re.DOTALL)[0]).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy  # of the page as it is sent
