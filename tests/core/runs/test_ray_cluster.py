"""core.runs.ray_cluster: why a cluster cannot be used, in a sentence. Here Ray's API is made up."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.runs import ray_cluster
from core.runs.engine import EngineError
from core.runs.ray_cluster import connect, cores
from core.runs.ray_work import pytorch_version

PROJECT = Path(__file__).parents[3]
MISMATCH = """Version mismatch: The cluster was started with:
    Ray: 2.55.1
    Python: 3.12.9
This process on 10.0.0.3 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""


class Ray:
    """`init` raises what `refuses` is; its workers have PyTorch `pytorch`."""

    def __init__(self, refuses: Exception | None = None, pytorch: str = "", cores: float = 2.0) -> None:
        self.refuses, self.pytorch, self.cores = refuses, pytorch or pytorch_version(), cores
        self.asked: dict[str, Any] = {}

    def init(self, **asked: Any) -> None:
        self.asked = asked
        if self.refuses:
            raise self.refuses

    def remote(self, **_how: Any) -> Callable[[Any], Any]:
        return lambda work: SimpleNamespace(remote=lambda: work)

    def get(self, _work: Any, timeout: float) -> str:
        return self.pytorch.replace("none", "")

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": self.cores} if self.cores else {}


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Everybody answers a knock; those who were knocked at."""
    found: list[tuple[str, int]] = []

    def answer(address: tuple[str, int], seconds: float) -> Any:
        found.append(address)
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr(ray_cluster.socket, "create_connection", answer)
    return found


def test_the_manifest_for_kubernetes_asks_for_the_ray_that_is_installed() -> None:
    (pinned,) = re.findall(r"^ray\[client\]==(.+)$", (PROJECT / "requirements-ray.txt").read_text(), re.MULTILINE)
    assert re.findall(r'rayVersion: "(.+)"', (PROJECT / "docs/kuberay.yaml").read_text()) == [pinned]


def said(monkeypatch: pytest.MonkeyPatch, ray: Ray | None, noise: str = "") -> str:
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(EngineError) as caught:
        cores(connect("head:6379", [], lambda: noise), "head:6379")
    return str(caught.value)


def test_a_cluster_that_can_be_used_gets_the_code_and_says_how_many_at_once(
    monkeypatch: pytest.MonkeyPatch, heard: list[tuple[str, int]]
) -> None:
    ray = Ray()
    monkeypatch.setitem(sys.modules, "ray", ray)
    for address in ("head:6379", "ray://head:10001", "[::1]:6379", "auto"):
        assert cores(connect(address, [Path("/srv/core")], str), address) == 2
        assert (ray.asked["address"], ray.asked["runtime_env"]) == (address, {"py_modules": ["/srv/core"]})
    assert heard == [("head", 6379), ("head", 10001), ("::1", 6379)]


def test_a_cluster_that_takes_this_machine_in_and_then_does_not_answer_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full(Ray):
        def get(self, _work: Any, timeout: float) -> str:
            raise TimeoutError("Get timed out: some object(s) not ready.")

    assert said(monkeypatch, Full()).startswith(
        "NORMSCOPE_RAY: The cluster at head:6379 must answer within 60 s, and has not. Look at it with ray status"
    )


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, None) == (
        "NORMSCOPE_RAY: Ray is not installed here. Run pip install -r requirements-ray.txt, or leave the variable "
        "unset: the cores of this machine then compute."
    )


def test_where_nobody_listens_it_says_so_before_ray_tries_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_to: Any) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    ray = Ray()
    monkeypatch.setattr(ray_cluster.socket, "create_connection", refuse)
    told = said(monkeypatch, ray)
    assert told.startswith("NORMSCOPE_RAY: There must be a Ray cluster at head:6379; nobody answers there (Connection")
    assert ray.asked == {}


def test_a_wrong_token_is_told_though_ray_says_it_to_stderr_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = Ray(ConnectionError("Failed to connect to Ray cluster at head:6379"))
    noise = "gcs_client.cc:210: Failed to get cluster ID from GCS server: Unauthenticated: RPC error: InvalidAuthToken"
    assert "must be shown its token" in said(monkeypatch, ray, noise)


SENT = """Initialization failure from server:
Traceback (most recent call last):
  File "/srv/ray/util/client/server/proxier.py", line 676, in Datapath
    raise RuntimeError(
RuntimeError: Proxy failed to Connect to backend! Check `ray_client_server.err`.
"""


def test_what_a_server_sends_below_a_heading_is_what_is_told_and_the_log_gets_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = Ray(ConnectionAbortedError(SENT))
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(EngineError, match="not \\(RuntimeError: Proxy failed to Connect to backend! Check") as caught:
        connect("ray://head:10001", [], lambda: "raylet.cc: and this")
    assert caught.value.__notes__ == [f"{SENT}\nraylet.cc: and this"]


@pytest.mark.parametrize("words", ["Initialization failure from server:", "Traceback (most recent call last):\n", ""])
def test_of_a_heading_with_nothing_below_it_something_is_told(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"does not ({words.strip() or 'ConnectionError'})." in said(monkeypatch, Ray(ConnectionError(words)))


@pytest.mark.parametrize(
    ("ray", "told"),
    [
        (
            Ray(RuntimeError(MISMATCH)),
            "At head:6379 it is Ray 2.55.1 with Python 3.12.9, here Ray 2.60.0 with Python 3.11.7. Install here what "
            "the cluster has, or the other way round.",
        ),
        (Ray(RuntimeError("Invalid authentication token")), "must be shown its token, and this machine shows another"),
        (Ray(ConnectionError("Could not find any running Ray instance.\nMore.")), "(Could not find any running Ray"),
        (
            Ray(ValueError("no raylet here")),
            "does not (no raylet here). From a machine that is not one of its own, write",
        ),
        (Ray(pytorch="2.0.1"), "At head:6379 it is 2.0.1, here "),
        (Ray(pytorch="none"), "must have PyTorch"),
        (Ray(cores=0), "must have a core for a run; the one at head:6379 has none"),
    ],
)
def test_what_is_refused_has_the_rule_and_what_to_do(ray: Ray, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = said(monkeypatch, ray)
    assert sentence.startswith("NORMSCOPE_RAY: ")
    assert told in sentence
