"""nginx and Caddy with the settings of docs/deployment.md, in front of the real server: pages, scripts and WebSocket.

The settings are read from the document, so that what is written there is what has been run.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from core.web.assets import assets_address

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
PATIENCE_SECONDS = 100
NAME = "normscope.example.edu"
SERVED = "127.0.0.1:8501"  # in the document

Behind = Callable[..., str]


def settings(language: str) -> str:
    """The document's one block in this language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return block


def nginx(folder: Path, port: int, block: str) -> list[str]:
    """nginx with the block's map beside a server, and the rest in it; all that it writes is in `folder`."""
    outside, within = block.split("location", 1)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{outside}\nserver {{ listen 127.0.0.1:{port};\nlocation{within} }} }}\n"
    )
    return [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, block: str) -> list[str]:
    """Caddy at this port in place of the block's host name, without the certificates that it would ask for."""
    address = re.sub(r"^\S+ \{", f"http://:{port} {{", block, flags=re.MULTILINE)
    (folder / "Caddyfile").write_text(f"{{\nadmin off\nauto_https off\n}}\n{address}")
    return [
        shutil.which("caddy") or "/usr/bin/caddy",
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        f"{folder}/Caddyfile",
    ]


PROXIES = {"nginx": nginx, "caddy": caddy}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path, address: str, **environment: str) -> Iterator[None]:
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=file, stderr=file) as process,
    ):
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                with suppress(OSError):
                    get(address)
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server below /norm."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.baseUrlPath", "norm"]
    with running(command, log, f"http://127.0.0.1:{port}/norm/_stcore/health"):
        yield port


@pytest.fixture
def behind(server: int, tmp_path: Path) -> Iterator[Behind]:
    """behind("nginx", settings): start that proxy before the server; its host and port."""
    with ExitStack() as still:

        def start(name: str, block: str) -> str:
            if not (shutil.which(name) or Path(f"/usr/sbin/{name}").exists()):
                pytest.skip(f"needs {name}, as Debian has it: apt-get install {name}")
            port = free_port()
            command = PROXIES[name](tmp_path, port, block.replace(SERVED, f"127.0.0.1:{server}"))
            home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
            still.enter_context(running(command, tmp_path / "log", f"http://127.0.0.1:{port}/norm/api/health", **home))
            return f"127.0.0.1:{port}"

        yield start


def get(address: str) -> tuple[int, bytes]:
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def websocket_status(host: str) -> int:
    """Of the answer to a browser that opens the connection to Streamlit from a page of the server's name."""
    name, port = host.split(":")
    asked = [
        "GET /norm/_stcore/stream HTTP/1.1",
        f"Host: {NAME}",
        f"Origin: https://{NAME}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: streamlit",
    ]
    with socket.create_connection((name, int(port)), timeout=30) as connection:
        connection.sendall("\r\n".join([*asked, "", ""]).encode())
        return int(connection.recv(4096).split()[1])


@pytest.mark.parametrize("place", ["/", "/norm/"])
def test_behind_nginx_all_arrives(behind: Behind, place: str) -> None:
    all_arrives(behind("nginx", settings("nginx").replace("location / {", f"location {place} {{")))


def test_behind_caddy_all_arrives(behind: Behind) -> None:
    all_arrives(behind("caddy", settings("caddy")))


def all_arrives(host: str) -> None:
    assert websocket_status(host) == 101
    for path in (
        "",
        "train",
        "api/runs",
        "_stcore/health",
        "vendor/plotly.min.js",
        f"{assets_address()}/train/live.js",
    ):
        status, content = get(f"http://{host}/norm/{path}")
        assert (status, bool(content)) == (200, True), path
    status, content = get(f"http://{host}/norm/api/nothing")
    assert (status, content) == (404, b'{"error":"There is nothing at /norm/api/nothing."}')


def test_without_the_lines_that_the_document_asks_for_no_page_would_have_its_connection(behind: Behind) -> None:
    without_host = re.sub(r".*proxy_set_header Host.*\n", "", settings("nginx"))
    assert websocket_status(behind("nginx", without_host)) == 403
