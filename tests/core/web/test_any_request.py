"""Whatever the routes are asked, they answer, with what their description says, and tell nothing of the server."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from anyio import sleep_forever
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.laboratory import laboratory
from core.lab.timing import Timing
from core.runs import gallery
from core.runs.manager import manager as the_manager
from core.web import api, classes, code, description, exported, imported, lab, lessons, listing, parameters, terms
from core.web.guarding import Guarding
from core.web.owner import Owning
from core.web.routes import ADDRESSES, TAKING, routes

CONFIG = ExperimentConfig(
    data="digits", examples=300, batch_size=50, epochs=1, arms=(parse_arm("none"), parse_arm("bn"))
)
MODULES = (api, classes, code, exported, imported, lab, lessons, listing, terms)
TOLD = description.openapi(ADDRESSES, TAKING)
SLOW_FORMATS = {"onnx", "tensorboard", "report"}  # seconds each, and asked with the same parameters

Ask = Callable[[str, str, bytes, dict[str, str]], tuple[int, dict[str, str], bytes]]

ODD = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "-1", "0", "1e9", "9" * 39, "٣", "..", "../../etc/passwd", "%00", "null", "nan", "{run_id}", "'"]
    ),
)


@pytest.fixture(scope="module")
def ended(small_images: Images) -> Iterator[str]:
    """The id of a run that has ended, of the process's own manager."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "load", lambda *rest: small_images)
        patch.setenv("NORMSCOPE_GRACE_SECONDS", "60")
        patch.setattr(Timing, "step_seconds", lambda timing, config: 0.01)
        the_manager.cache_clear()
        laboratory.cache_clear()
        run = the_manager().submit(CONFIG)
        run.join("a watcher")
        the_manager().join(run, 60)
        yield run.id
        the_manager().shutdown()
        the_manager.cache_clear()
        laboratory.cache_clear()


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def ask(portal: BlockingPortal) -> Ask:
    """The app as it is served, asked without a network: (status, headers, content)."""
    app = Starlette(routes=routes, middleware=[Middleware(Guarding), Middleware(Owning)])

    async def asked(
        method: str, address: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        path, _, query = address.partition("?")
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "server": ("norm.test", 80),
            "path": unquoted(path),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return parts.pop() if parts else await sleep_forever()  # who asks stays until it is answered

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app(scope, receive, send)
        told = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])

    return lambda *what: portal.call(asked, *what)


def unquoted(path: str) -> str:
    """As a server hands it on: what is no UTF-8 is kept as well as that can be."""
    from urllib.parse import unquote

    return unquote(path, errors="replace")


def well_formed(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from([value for value in schema["enum"] if value not in SLOW_FORMATS])
    if schema.get("type") == "integer":
        return st.integers(0, 40).map(str)
    return (
        st.from_regex(schema["pattern"], fullmatch=True)
        if "pattern" in schema
        else st.sampled_from(["", "1", "a,b", "bn"])
    )


def request_of(draw: Any, address: str, operation: dict[str, Any], run_id: str) -> tuple[str, bool]:
    """An address with its parameters filled in, each as described or not; and whether all of them are."""
    path, query, is_well = address, [], True
    for parameter in operation["parameters"]:
        name, is_odd = parameter["name"], draw(st.integers(0, 4)) == 0
        if parameter["in"] == "query" and not parameter["required"] and draw(st.booleans()):
            continue
        known = st.just(run_id) if name == "run_id" else well_formed(parameter["schema"])
        value = draw(ODD if is_odd else known)
        is_well = is_well and not is_odd
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe="") or "x")
        else:
            query += [f"{name}={quote(value)}"] * (2 if is_odd and draw(st.booleans()) else 1)
    query += [f"{quote(draw(ODD))}={quote(draw(ODD))}"] if draw(st.integers(0, 4)) == 0 else []
    return f"{path}?{'&'.join(query)}", is_well


OPERATIONS = [(address, method) for address, methods in TOLD["paths"].items() for method in methods]
TELLS = re.compile(rb"Traceback|\.py\"|site-packages|/root/|/work/|/home/|/tmp/|line \d+, in ")


def holds(ask: Ask, draw: Any, run_id: str, address: str, method: str) -> None:
    operation = TOLD["paths"][address][method]
    path, _ = request_of(draw, address, operation, run_id)
    body = draw(st.binary(max_size=60)) if method == "post" else b""
    headers = {"cookie": f"normscope_owner={draw(st.sampled_from(['me', '']))}"}
    headers |= {"content-type": draw(st.sampled_from(["application/zip", "text/plain"]))} if method == "post" else {}
    status, told, content = ask(method.upper(), path, body, headers)
    assert str(status) in operation["responses"] or status in (304, 405), (status, path)
    if status != 200:
        assert told["content-type"] == "application/json"
        error = json.loads(content)["error"]
        assert isinstance(error, str)
        assert error
        assert not TELLS.search(content), content
    else:
        (kind,) = operation["responses"]["200"]["content"]
        assert kind == "*/*" or told["content-type"].split(";")[0] == kind
        if told["content-type"] == "application/json":
            json.loads(content, parse_constant=pytest.fail)  # NaN is no JSON


@pytest.mark.parametrize(("address", "method"), OPERATIONS, ids=lambda part: part)
def test_whatever_a_route_is_asked_it_answers_as_described(ask: Ask, ended: str, address: str, method: str) -> None:
    @settings(max_examples=6)
    @given(st.data())
    def any_of_them(data: st.DataObject) -> None:
        holds(ask, data.draw, ended, address, method)

    any_of_them()


@pytest.mark.slow
@pytest.mark.parametrize(("address", "method"), OPERATIONS, ids=lambda part: part)
def test_however_often_a_route_is_asked_it_answers_as_described(
    ask: Ask, ended: str, address: str, method: str
) -> None:
    """10,000 in all."""

    @settings(max_examples=-(-10_000 // len(OPERATIONS)))
    @given(st.data())
    def any_of_them(data: st.DataObject) -> None:
        holds(ask, data.draw, ended, address, method)

    any_of_them()


# --- the description itself -------------------------------------------------------------------------------------------


def test_every_address_is_described_and_no_other(ask: Ask) -> None:
    told = json.loads(ask("GET", "/api/openapi.json", b"", {})[2])
    described = {path: set(methods) for path, methods in told["paths"].items()}
    served = {route.path.replace(":path}", "}"): set() for route in routes if "{rest" not in route.path}
    for route in routes:
        path = route.path.replace(":path}", "}")
        if path in described:
            served[path] |= {method.lower() for method in route.methods} - {"head"}
    folders = {"/api", "/vendor", "/assets"}
    assert described == {path: methods for path, methods in served.items() if path not in folders}
    assert all(operation["summary"] for methods in told["paths"].values() for operation in methods.values())


def test_every_parameter_that_is_read_is_described_and_no_other() -> None:
    """What is read is told by the code itself: the names that are handed to core.web.parameters."""
    readers = {"one", "whole", "choice", "given"}
    read = {"lang"} | set(description.QUERY_KEYS) | set(description.SWEEP_KEYS)
    for module in (*MODULES, parameters):
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in readers:
                read |= {arg.value for arg in call.args[1:2] if isinstance(arg, ast.Constant)}
    told = {
        parameter["name"]
        for methods in TOLD["paths"].values()
        for operation in methods.values()
        for parameter in operation["parameters"]
    }
    in_path = {"run_id", "version", "file"}  # not read by these
    assert told - in_path == read


def test_a_request_as_described_for_a_run_that_is_there_is_answered(ask: Ask, ended: str) -> None:
    for path in (
        "points",
        "inside?view=gradients",
        "inside?view=depth&layer=conv1",
        "ask/maps?layer=conv1",
        "results.json",
    ):
        assert ask("GET", f"/api/runs/{ended}/{path}", b"", {})[0] == 200, path
