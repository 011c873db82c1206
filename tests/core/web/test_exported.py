"""core.web.exported: a kept run as a file, one format each."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import re
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from anyio import to_thread
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.exports import formats
from core.language.message import Message
from core.runs.manager import RunManager
from core.store.card import Begun
from core.store.recording import Recording
from core.store.run_file import FILE
from core.store.shelf import Shelf
from core.web import exported
from core.web.exported import PREFIX
from core.web.routes import routes, routes_below
from tests.core.store.recorded import recorded
from tests.core.store.test_shelf import CONFIG
from tests.core.web.test_api import status_of


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(CONFIG)


@pytest.fixture
def client(
    manager: RunManager, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """Of a server that keeps the run “a”; what it writes on the way lies in tmp_path/made."""
    manager.shelf = Shelf(tmp_path / "home", 10**9)
    file = manager.shelf.create("a", Begun(CONFIG, CONFIG, recording.origin))
    file.write(list(enumerate(recording.records, 1)))
    file.close(ended=True)
    (tmp_path / "made").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "made"))
    yield TestClient(Starlette(routes=routes))
    assert not list((tmp_path / "made").iterdir())  # nothing of it stays
    manager.shelf = None


def test_one_file_comes_as_it_is_under_the_runs_name(client: TestClient) -> None:
    answer = client.get("/api/runs/a/export/json")
    assert answer.status_code == 200
    assert answer.json()["arms"]["bn"]["title"] == "BatchNorm"
    assert 'filename="normscope-a-results.json"' in answer.headers["content-disposition"]


def test_several_files_come_as_one_zip(client: TestClient) -> None:
    answer = client.get("/api/runs/a/export/csv")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert "arms.csv" in archive.namelist()
        assert archive.read("arms.csv").startswith(b"arm,")
    assert 'filename="normscope-a-csv.zip"' in answer.headers["content-disposition"]


def test_it_is_in_the_language_that_is_asked_for(client: TestClient) -> None:
    english, chinese = (client.get(f"/api/runs/a/export/script?lang={lang}").text for lang in ("en", "zh"))
    assert english != chinese
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_what_is_no_format_or_no_run_is_refused(client: TestClient) -> None:
    refused = client.get("/api/runs/a/export/exe")
    assert refused.status_code == 400
    assert "format must be one of csv" in refused.json()["error"]
    for run_id in ("nowhere", "..", "a%2F..%2Fa"):
        assert client.get(f"/api/runs/{run_id}/export/json").status_code == 404


def test_a_run_that_cannot_be_exported_says_why(
    client: TestClient, manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> list[Path]:
        raise formats.ExportError(Message("It needs {what}.", {"what": "a card"}))

    monkeypatch.setitem(formats.FORMATS, "script", refuse)
    refused = client.get("/api/runs/a/export/script")
    assert (refused.status_code, refused.json()) == (400, {"error": "It needs a card."})
    (manager.shelf.home / "runs" / "a" / FILE).write_bytes(b"nothing of ours" * 1000)
    refused = client.get("/api/runs/a/export/json")
    assert refused.status_code == 400
    assert "damaged" in refused.json()["error"]


def test_a_fault_of_ours_leaves_no_folder_behind(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_recording: Recording, folder: Path) -> list[Path]:
        (folder / "half").write_text("half")
        raise ZeroDivisionError

    monkeypatch.setitem(formats.FORMATS, "script", stumble)
    with pytest.raises(ZeroDivisionError):
        client.get("/api/runs/a/export/script")


def test_while_a_file_is_sent_nothing_of_it_lies_on_the_disk(client: TestClient, tmp_path: Path) -> None:
    """A server that is stopped then, or killed, clears nothing away."""

    async def lying_there() -> list[list[Path]]:
        found: list[list[Path]] = []

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.body":
                found.append(list((tmp_path / "made").rglob("*")))

        scope = {"type": "http", "method": "GET", "path": "/api/runs/a/export/csv", "headers": [], "query_string": b""}
        await client.app({**scope, "path_params": {}}, asyncio.Event().wait, send)
        return found

    with ThreadPoolExecutor(1) as another:
        found = another.submit(lambda: asyncio.run(lying_there())).result()
    assert found
    assert not any(found)


def test_what_a_killed_server_left_goes_with_the_next_export_and_no_more(client: TestClient, tmp_path: Path) -> None:
    old, new, foreign = (tmp_path / "made" / name for name in (f"{PREFIX}old", f"{PREFIX}new", "another-old"))
    for folder in (old, new, foreign):
        folder.mkdir()
        (folder / "half").write_text("half")
    for folder in (old, foreign):
        os.utime(folder, (0, 0))
    assert client.get("/api/runs/a/export/json").status_code == 200
    assert [folder.exists() for folder in (old, new, foreign)] == [False, True, True]
    for folder in (new, foreign):
        shutil.rmtree(folder)


def test_where_the_disk_for_it_is_full_that_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for stumbling in ("mkdtemp", "_zipped"):
        with monkeypatch.context() as patch:
            patch.setattr(exported, stumbling, full)
            refused = client.get("/api/runs/a/export/csv")
        assert refused.status_code == 400
        assert "does not take it" in refused.json()["error"]
        assert "No space left" in refused.json()["error"]


def test_exports_wait_for_one_another_and_keep_no_file_waiting(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are read by threads, of which there is one here."""
    go_on, inside, at_once = threading.Event(), [], []

    def wait(_recording: Recording, folder: Path) -> list[Path]:
        inside.append(folder)
        at_once.append(len(inside))
        go_on.wait(60)
        inside.remove(folder)
        (folder / "made").write_text("made")
        return [folder / "made"]

    monkeypatch.setitem(formats.FORMATS, "script", wait)

    async def asked_and_loaded() -> tuple[bool, list[int]]:
        to_thread.current_default_thread_limiter().total_tokens = 1
        asked = [asyncio.create_task(status_of(client.app, "/api/runs/a/export/script")) for _ in range(4)]
        while not inside:
            await asyncio.sleep(0)
        loaded = asyncio.create_task(status_of(client.app, "/vendor/plotly.min.js"))
        is_loaded = bool((await asyncio.wait({loaded}, timeout=10))[0])
        go_on.set()
        return is_loaded, [await each for each in (*asked, loaded)]

    with ThreadPoolExecutor(1) as another:  # this thread may have the browser tests' event loop
        assert another.submit(lambda: asyncio.run(asked_and_loaded())).result() == (True, [200] * 5)
    assert max(at_once) <= exported.WRITERS.at_once


# --- a run that comes with NormScope, and the page that asks ----------------------------------------------------------


@pytest.mark.parametrize("form", sorted(set(formats.FORMATS) - {"tensorboard", "onnx"}))
def test_what_comes_with_normscope_is_written_where_no_runs_are_kept(
    manager: RunManager, recording: Recording, form: str
) -> None:
    manager.comes_with("recorded", lambda: recording)
    assert manager.shelf is None
    answer = TestClient(Starlette(routes=routes)).get(f"/api/runs/recorded/export/{form}")
    assert answer.status_code == 200
    assert answer.content
    assert "normscope-recorded-" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("base", "referer", "page"),
    [
        ("", "", "http://a.school:8080/"),
        ("", "https://a.school:8080/runs?lang=zh", "https://a.school:8080/"),  # a proxy speaks https for the server
        ("/norm", "https://a.school:8080/norm/runs", "https://a.school:8080/norm/"),
        ("", "https://evil.example/", "http://a.school:8080/"),
        ("", "javascript://a.school:8080/", "http://a.school:8080/"),
    ],
)
def test_a_reports_link_leads_to_the_page_that_asked(
    manager: RunManager, recording: Recording, base: str, referer: str, page: str
) -> None:
    manager.comes_with("recorded", lambda: recording)
    client = TestClient(Starlette(routes=routes_below(base)), base_url="http://a.school:8080")
    text = client.get(f"{base}/api/runs/recorded/export/report", headers={"referer": referer}).text
    (link,) = re.findall(r"<a href='([^']+)'", text.partition("<script")[0])
    assert link.startswith(f"{page}?")
