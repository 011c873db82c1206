"""Whatever goes wrong on the server's disk, no answer names a folder or file of it: visitors may be anybody."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from core.data.images import Images, load
from core.exports import bundle
from core.runs import gallery
from core.runs.library import library
from core.runs.manager import RunManager
from core.runs.manager import manager as the_manager
from core.store.card import fingerprint
from core.store.lock import Lock
from core.store.run_file import FILE, LOCK
from core.store.shelf import Shelf
from core.store.troubles import InUse
from core.training.records import RunNoted
from core.web.failing import Failing
from core.web.owner import OWNER_COOKIE
from core.web.routes import ADDRESSES, routes
from tests.core.store.recorded import recorded
from tests.core.store.test_run_file import DAMAGES
from tests.core.store.test_shelf import CONFIG, keep
from tests.fixtures import wait_until

ME = "my-secret"
SHORT = replace(CONFIG, examples=300)
OF_A_RUN = [
    *(address for address in ADDRESSES if "{run_id}" in address and "{format}" not in address),
    *(f"/api/runs/{{run_id}}/export/{form}" for form in ("csv", "json", "script", "bundle", "weights")),
]
FILLED = {"sequence": "1", "question": "maps", "form": "py"}
Ask = Callable[[str], list[str]]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """What the server keeps: one run of mine. All its folders are in tmp_path."""
    (tmp_path / "made").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "made"))
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    shelf = Shelf(tmp_path / "home", 10**9)
    keep(shelf, "mine", owner=fingerprint(ME))
    the_manager.cache_clear()
    yield shelf
    the_manager().shutdown(20)
    the_manager.cache_clear()


@pytest.fixture
def manager(shelf: Shelf, small_images: Images, monkeypatch: pytest.MonkeyPatch) -> RunManager:
    monkeypatch.setattr(gallery, "load", lambda name, *rest: small_images if name == "digits" else load(name, *rest))
    return the_manager()


@pytest.fixture
def client(shelf: Shelf) -> TestClient:
    app = Starlette(routes=routes, middleware=[Middleware(Failing)])  # as app.py has it
    return TestClient(app, cookies={OWNER_COOKIE: ME})


@pytest.fixture
def ask(client: TestClient, tmp_path: Path) -> Ask:
    """Every route that tells of this run, in both languages: the answers, in which no path stands."""

    def asked(run_id: str) -> list[str]:
        addresses = ["/api/runs", *(each.format(run_id=run_id, **FILLED) for each in OF_A_RUN)]
        answers = [
            client.get(f"{each}?view=depth&lang={lang}" if each.endswith("inside") else f"{each}?lang={lang}")
            for each in addresses
            for lang in ("en", "zh")
        ]
        assert not [answer.url for answer in answers if str(tmp_path) in answer.text]
        return [answer.text for answer in answers]

    return asked


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("damage", [*DAMAGES, "newer"])
def test_of_a_run_that_cannot_be_read(shelf: Shelf, ask: Ask, damage: str) -> None:
    file = shelf.folder("mine") / FILE
    (DAMAGES | {"newer": newer})[damage](file)
    with suppress(Exception):
        shelf.recording("mine")  # found to be damaged, as by who has it open
    assert any("cannot be read" in text or "newer NormScope" in text or "not known" in text for text in ask("mine"))


def test_of_a_folder_of_runs_that_may_not_be_read(
    shelf: Shelf, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> object:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "scandir", refuse)  # root may read anything
    answer = client.get("/api/runs")
    assert answer.status_code == 200  # the runs in memory are listed
    told = "Runs are kept in a folder that can be read and written to; this server’s folder of runs"
    assert told in answer.json()["problem"]
    assert str(shelf.home) not in answer.text


def test_of_a_disk_that_is_full_while_a_run_begins(shelf: Shelf, ask: Ask, manager: RunManager) -> None:
    shutil.rmtree(shelf.home)
    shelf.home.touch()  # a file where the folder was
    run = manager.submit(SHORT)
    manager.join(run, 60)
    wait_until(lambda: any(isinstance(record, RunNoted) for record in run.history))
    assert any("This run is not being kept" in text for text in ask(run.id))


def test_of_images_that_are_not_as_they_should_be(shelf: Shelf, ask: Ask, manager: RunManager, tmp_path: Path) -> None:
    file = tmp_path / "data/FashionMNIST/raw/train-images-idx3-ubyte.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    run = manager.submit(replace(SHORT, data="fashion-mnist"))
    manager.join(run, 60)
    assert any("train-images-idx3-ubyte.gz is corrupt or truncated" in text for text in ask(run.id))


@pytest.mark.parametrize("fault", [FileNotFoundError, ImportError, RuntimeError])
def test_of_a_fault_that_nobody_foresaw(
    shelf: Shelf,
    ask: Ask,
    manager: RunManager,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[Exception],
) -> None:
    def stumble(*_: object) -> object:
        path = tmp_path / "a folder" / "torch.so"
        raise fault(2, "No such file", str(path)) if fault is FileNotFoundError else fault(f"Look into '{path}'.")

    monkeypatch.setattr(gallery, "load", stumble)
    run = manager.submit(SHORT)
    manager.join(run, 60)
    assert run.status == "failed"
    assert any(fault.__name__ in text for text in ask(run.id))
    manager.settled(run.id)
    assert any(fault.__name__ in text for text in ask(run.id))  # from the shelf, where images are asked for once more


def test_of_what_cannot_be_written_on_the_way_to_a_download_or_an_import(
    shelf: Shelf, client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bundle.write(recorded(CONFIG), tmp_path / "run.zip").read_bytes()
    shutil.rmtree(tmp_path / "made")
    answers = [client.get(f"/api/runs/mine/export/{form}") for form in ("csv", "script", "bundle")]
    answers.append(client.post("/api/import", content=content, headers={"content-type": "application/zip"}))
    assert [answer.status_code for answer in answers] == [400] * 4
    assert [answer.text for answer in answers if str(tmp_path) in answer.text] == []


def test_of_a_run_that_another_process_writes(shelf: Shelf, tmp_path: Path) -> None:
    held = Lock(shelf.folder("mine") / LOCK)
    with pytest.raises(InUse, match="another one writes this one") as refused:
        library().delete("mine", ME)
    held.free()
    assert str(tmp_path) not in str(refused.value)
