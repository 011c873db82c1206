"""core.web.imported: a bundle becomes a run of the browser that sends it, or a sentence says why, and none is kept."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.exports import bundle
from core.runs.library import library
from core.runs.manager import RunManager
from core.store.card import fingerprint
from core.store.recording import Recording
from core.store.shelf import Shelf
from core.web import imported
from core.web.owner import OWNER_COOKIE
from core.web.routes import routes
from tests.core.store.recorded import recorded
from tests.core.store.test_shelf import CONFIG

ME = "my-secret"


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(CONFIG)


@pytest.fixture(scope="module")
def content(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return bundle.write(recording, tmp_path_factory.mktemp("bundle") / "run.zip").read_bytes()


@pytest.fixture
def shelf(manager: RunManager, tmp_path: Path) -> Iterator[Shelf]:
    manager.shelf = Shelf(tmp_path, 10**9)
    yield manager.shelf
    manager.shelf = None


@pytest.fixture
def send() -> Callable[..., tuple[int, str]]:
    """(status, what is said, or the run's id) of a body that a browser sends."""

    def answer(content: bytes, key: str = ME, kind: str = imported.TYPE, language: str = "en") -> tuple[int, str]:
        client = TestClient(Starlette(routes=routes), cookies={OWNER_COOKIE: key} if key else {})
        told = client.post(f"/api/import?lang={language}", content=content, headers={"content-type": kind})
        return told.status_code, told.json().get("error") or told.json()["id"]

    return answer


def is_empty(shelf: Shelf) -> bool:
    return not [path for path in shelf.home.rglob("*") if path.is_file()]


def test_the_run_is_the_senders_own_from_then_on(
    shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes, recording: Recording
) -> None:
    assert send(content) == (200, recording.id)
    (card,) = library().listed(ME).cards
    assert (card.id, card.name, card.status, card.owner) == (recording.id, "First look", "finished", fingerprint(ME))
    assert card.origin.by == "import"
    assert card.origin.processor == recording.origin.processor
    assert library().listed("another one's").cards == []
    library().rename(card.id, "mine now", ME)
    assert shelf.recording(card.id).records == recording.records


def test_it_is_kept_once(
    shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes, recording: Recording
) -> None:
    send(content)
    status, said = send(content, key="another one's")
    assert (status, "is here already" in said) == (400, True)
    assert shelf.card(recording.id).owned_by(ME)


def test_what_comes_with_normscope_needs_no_keeping(
    manager: RunManager, shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes, recording: Recording
) -> None:
    manager.comes_with(recording.id, lambda: recording)
    status, said = send(content)
    assert (status, "comes with NormScope" in said) == (400, True)
    assert is_empty(shelf)


def of_another_version(content: bytes) -> bytes:
    found, made = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in found.namelist():
            archive.writestr(name, found.read(name).replace(b'"version":1', b'"version":9'))
    return made.getvalue()


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda content: b"", "is a zip that NormScope has written"),
    "no zip": (lambda content: b"an e-mail", "is a zip that NormScope has written"),
    "cut off": (lambda content: content[: len(content) // 2], "is a zip that NormScope has written"),
    "a changed byte": (lambda content: content[:5000] + b"\0\0\0\0" + content[5004:], "Copy or download it again"),
    "newer": (of_another_version, "newer NormScope"),
}


@pytest.mark.parametrize("which", BAD)
def test_a_bad_file_gets_a_sentence_and_nothing_of_it_is_kept(
    shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes, which: str
) -> None:
    spoil, words = BAD[which]
    status, said = send(spoil(content))
    assert (status, words in said) == (400, True), said
    assert is_empty(shelf)
    assert send(content)[0] == 200  # nothing stands in its way


def test_more_than_a_bundle_has_is_not_read_to_its_end(
    shelf: Shelf, send: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported, "MOST_BYTES", 1000)
    read: list[bytes] = []

    def parts() -> Iterator[bytes]:  # of no stated length
        for _ in range(100):
            read.append(bytes(100))
            yield read[-1]

    for body in (bytes(1001), parts()):
        status, said = send(body)
        assert (status, "1,000 is the most that is read" in said) == (400, True), said
        assert "Choose another file;" in said
    assert is_empty(shelf)


def test_a_form_of_another_site_cannot_send_one(
    shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes
) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        assert send(content, kind=kind)[0] == 400
    assert is_empty(shelf)


def test_a_browser_that_keeps_no_cookies_is_told_so(
    shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes
) -> None:
    status, said = send(content, key="")
    assert (status, "keeps no cookies" in said) == (400, True)
    assert is_empty(shelf)


def test_where_no_runs_are_kept_a_sentence_says_so_in_the_language_asked_for(
    manager: RunManager, send: Callable[..., tuple[int, str]], content: bytes
) -> None:
    assert manager.shelf is None
    assert send(content) == (400, "This server keeps no runs: it was started with NORMSCOPE_STORE=off.")
    assert "NORMSCOPE_STORE=off" in send(content, language="zh")[1]
    assert "server" not in send(content, language="zh")[1]


def test_a_full_disk_is_a_sentence(
    shelf: Shelf, send: Callable[..., tuple[int, str]], content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(imported, "NamedTemporaryFile", full)
    status, said = send(content)
    assert (status, "space" in said) == (400, True), said


def test_the_route_takes_what_is_sent_and_gives_nothing() -> None:
    assert TestClient(Starlette(routes=routes)).get("/api/import").status_code == 404


@pytest.mark.parametrize(("pause", "said"), [(0.0, ""), (31.0, "Less than 10 kB/s")])
def test_a_bundle_that_drips_is_given_up(
    shelf: Shelf, content: bytes, monkeypatch: pytest.MonkeyPatch, pause: float, said: str
) -> None:
    """The clock that it is held against is the event loop's, which goes on here with each part, in no time."""
    now = 0.0

    async def receive() -> dict[str, object]:
        nonlocal now, left
        now += pause
        await asyncio.sleep(0.01 if pause else 0)
        part, left = left[:100_000], left[100_000:]
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def status() -> tuple[int, str]:
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        headers = [(b"cookie", f"{OWNER_COOKIE}={ME}".encode()), (b"content-type", b"application/zip")]
        scope = {"type": "http", "method": "POST", "path": "/api/import", "query_string": b"", "headers": headers}
        await Starlette(routes=routes)(scope, receive, send)
        return int(str(sent[0]["status"])), json.loads(bytes(sent[1]["body"])).get("error", "")

    left = content
    monkeypatch.setattr(imported, "current_time", lambda: now)
    with ThreadPoolExecutor(1) as another:  # this thread may have the browser tests' event loop
        told = another.submit(lambda: asyncio.run(status())).result()
    assert (told[0], said in told[1]) == (400 if said else 200, True)
    assert is_empty(shelf) is bool(said)
