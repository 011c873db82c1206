"""What docs/ has for a server's operator holds: systemd's service, the manifest, several servers, named proxies."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bench.asking import Client
from bench.server import served
from core.web.routes import ADDRESSES
from tests.test_proxies import SERVED, free_port, nginx, running, settings

ROOT = Path(__file__).parent.parent
SERVICE = (ROOT / "docs/normscope.service").read_text(encoding="utf-8")
MANIFEST = (ROOT / "docs/kubernetes.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "core/experiment/environment.py").read_text(encoding="utf-8")
HEALTH = "/_stcore/health"  # Streamlit's own
MOST_EXPOSED = 2.0  # of 10, as systemd-analyze reckons


def unknown_variables(text: str) -> set[str]:
    """Those of NormScope's that it names and the server does not read."""
    return set(re.findall(r"NORMSCOPE_[A-Z_]+", text)) - set(re.findall(r'"(NORMSCOPE_[A-Z_]+)"', ENVIRONMENT))


@pytest.mark.parametrize("text", [SERVICE, MANIFEST], ids=["systemd", "Kubernetes"])
def test_every_variable_that_is_set_is_one_that_the_server_reads(text: str) -> None:
    assert "NORMSCOPE_" in text
    assert unknown_variables(text) == set()
    assert unknown_variables(text.replace("NORMSCOPE_", "NORMSCOPE_NOT_", 1)) != set()


# --- systemd ----------------------------------------------------------------------------------------------------------


def systemd(tmp_path: Path, *words: str, text: str = SERVICE) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says of the service, with the Python that is here."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    file = tmp_path / "normscope.service"
    file.write_text(text.replace("/opt/normscope/.venv/bin/python", sys.executable))
    return subprocess.run(
        ["systemd-analyze", *words, str(file)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def test_systemd_understands_all_of_the_service(tmp_path: Path) -> None:
    said = systemd(tmp_path, "verify")
    assert (said.returncode, said.stderr) == (0, "")
    misspelt = systemd(tmp_path, "verify", text=SERVICE.replace("MemoryMax=", "MemoryMost="))
    assert "MemoryMost" in misspelt.stderr


def test_the_service_has_few_rights(tmp_path: Path) -> None:
    def exposure(text: str) -> float:
        told = systemd(tmp_path, "security", "--offline=yes", text=text).stdout
        return float(re.findall(r"exposure level for normscope.service: ([0-9.]+)", told)[0])

    assert exposure(SERVICE) <= MOST_EXPOSED
    assert exposure(SERVICE.replace("CapabilityBoundingSet=\n", "").replace("NoNewPrivileges=yes\n", "")) > MOST_EXPOSED


def test_the_service_starts_the_server_as_the_container_does(tmp_path: Path) -> None:
    words = re.findall(r'"([^"]+)"', re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[0])
    (started,) = re.findall(r"^ExecStart=\S+ (.+)$", SERVICE, re.MULTILINE)
    assert started.split() == [word.replace("0.0.0.0", "127.0.0.1") for word in words[1:]]


# --- Kubernetes -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pod() -> dict[str, Any]:
    """What the manifest says of the pods."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML, which comes with requirements-ray.txt")
    found: dict[str, Any] = next(yaml.safe_load_all(MANIFEST))["spec"]["template"]["spec"]
    return found


def test_the_probes_ask_where_the_server_answers(pod: dict[str, Any]) -> None:
    (page,) = pod["containers"]
    asked = {name: page[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert asked["livenessProbe"] != asked["readinessProbe"]
    assert set(asked.values()) <= {HEALTH, *ADDRESSES}
    ports = {each["name"]: each["containerPort"] for each in page["ports"]}
    assert f"EXPOSE {ports[page['livenessProbe']['httpGet']['port']]}\n" in DOCKERFILE


def test_the_pod_is_as_narrow_as_compose_makes_the_container(pod: dict[str, Any]) -> None:
    (page,) = pod["containers"]
    assert all(word in COMPOSE for word in ("read_only: true", "cap_drop:\n      - ALL", "no-new-privileges:true"))
    allowed = page["securityContext"]
    assert (allowed["readOnlyRootFilesystem"], allowed["allowPrivilegeEscalation"]) == (True, False)
    assert allowed["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in DOCKERFILE
    assert {"cpu", "memory"} == set(page["resources"]["limits"])


def test_all_that_the_server_writes_to_can_be_written_to(pod: dict[str, Any]) -> None:
    places = {each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
    scratch = {each.split(":")[0] for each in re.findall(r"^      - (/(?:tmp|home)\S*)$", COMPOSE, re.MULTILINE)}
    (home,) = re.findall(r"NORMSCOPE_HOME=(\S+)", DOCKERFILE)
    assert places == {home, *scratch}
    assert len(scratch) == 2


# --- several servers --------------------------------------------------------------------------------------------------

UPSTREAM = re.findall(r"```nginx-upstream\n(.*?)```", (ROOT / "docs/deployment.md").read_text(), re.DOTALL)[0]
VISITORS = [f"127.0.0.{number}" for number in range(2, 14)]


@pytest.fixture(scope="module")
def two_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Their hosts and ports; each has a folder of runs of its own."""
    with ExitStack() as still:
        homes = [str(tmp_path_factory.mktemp("home")) for _ in range(2)]
        kept = {"NORMSCOPE_STORE": "on"}
        yield [still.enter_context(served(**kept, NORMSCOPE_HOME=home))[0].removeprefix("http://") for home in homes]


def answered_by(port: int, visitor: str) -> set[str]:
    """Which servers answered six requests from this address, each over a connection of its own."""
    found = set()
    for path in ("/", "/api/runs", HEALTH) * 2:
        with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(visitor, 0)) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: here\r\n\r\n".encode())
            answer = connection.makefile("rb").read()
        assert answer.split()[1] == b"200"
        found.add(re.findall(rb"X-Server: (\S+)", answer)[0].decode())
    return found


@pytest.mark.slow
def test_a_visitor_stays_with_one_of_several_servers(two_servers: list[str], tmp_path: Path) -> None:
    if not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()):
        pytest.skip("needs nginx, as Debian has it: apt-get install nginx-light")
    upstream = UPSTREAM.replace("127.0.0.1:8501", two_servers[0]).replace("127.0.0.1:8502", two_servers[1])
    assert all(each in upstream for each in two_servers)
    location = settings("nginx").replace(f"http://{SERVED};", "http://normscope; add_header X-Server $upstream_addr;")
    answered = {}
    for name, block in (("sticky", upstream), ("not", upstream.replace("hash $remote_addr consistent;", ""))):
        folder, port = tmp_path / name, free_port()
        folder.mkdir()
        command = nginx(folder, port, block + location)
        with running(command, folder / "log", f"http://127.0.0.1:{port}{HEALTH}"):
            answered[name] = [answered_by(port, visitor) for visitor in VISITORS]
    assert [len(servers) for servers in answered["sticky"]] == [1] * len(VISITORS)
    assert set.union(*answered["sticky"]) == set(two_servers)
    assert max(len(servers) for servers in answered["not"]) == 2


# --- who a visitor is -------------------------------------------------------------------------------------------------

COSTLY, ASKED = "/api/runs/nobodys/results.json", 400  # 100 at once and 20 a second are granted to an address


def statuses(address: str, visitors: list[str]) -> set[int]:
    """Of one costly question by each of these addresses, as a proxy on this machine tells them."""

    async def ask(visitor: str) -> int:
        async with Client(address, X_Forwarded_For=visitor) as client:
            return (await client.ask(COSTLY)).status

    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*(ask(visitor) for visitor in visitors)))

    with ThreadPoolExecutor(1) as apart:  # Playwright's event loop runs in this thread, where browser tests came before
        return set(apart.submit(lambda: asyncio.run(all_of_them())).result())


OTHERS = [f"10.0.{number // 250}.{number % 250}" for number in range(ASKED)]


@pytest.mark.slow
def test_a_named_proxy_tells_visitors_apart() -> None:
    with served(FORWARDED_ALLOW_IPS="127.0.0.1") as (address, _):
        assert 429 not in statuses(address, OTHERS)
        assert 429 in statuses(address, ["10.9.9.9"] * ASKED)
        assert 429 not in statuses(address, ["10.9.9.8"])


@pytest.mark.slow
def test_of_a_proxy_that_nobody_named_all_addresses_are_one_however_many_are_made_up() -> None:
    with served() as (address, _):
        assert 429 in statuses(address, OTHERS)
