"""core.data.files: what is fetched, what is checked, and what is said when it cannot.

torchvision is imported in the tests that ask it: it takes seconds, and every worker of the
test suite imports every file.
"""

from __future__ import annotations

import gzip
import os
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from core.data.files import DataError, FileCheck, fetch, verify
from core.data.images import load
from core.data.sources import SOURCES
from tests.core.data.served import NAMES, Mirror, closed_port, md5, put, send_half, send_without_length


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name not in NAMES)


def statuses(root: Path) -> list[str]:
    return [check.status for check in verify("fashion-mnist", root)]


def fails(root: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        load("fashion-mnist", root)
    return caught.value


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_looked_for_where_torchvision_puts_them_with_its_checksums(name: str, tmp_path: Path) -> None:
    from torchvision import datasets

    checks, folder = verify(name, tmp_path), SOURCES[name].folder
    torchvision = getattr(datasets, folder)
    assert [check.path for check in checks] == [tmp_path / folder / "raw" / file for file in NAMES]
    assert [(check.path.name, check.expected) for check in checks] == torchvision.resources
    assert list(SOURCES[name].classes) == torchvision.classes


def test_an_unknown_dataset_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fashion-mnist, mnist, kmnist, digits; got “cifar”"):
        load("cifar", tmp_path)


def test_files_that_are_there_need_no_network_and_report_no_progress(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)  # the mirror is a closed port
    seen: list[str] = []
    load("fashion-mnist", tmp_path, progress=lambda file, done, total: seen.append(file))
    assert seen == []


# --- where the data lies ---------------------------------------------------------------------------------------------


def test_load_looks_in_the_environments_folder(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(files, tmp_path)
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path))
    assert len(load("fashion-mnist").train_images) == 300


# --- verify ----------------------------------------------------------------------------------------------------------


def test_verify_tells_ok_missing_and_corrupt_apart(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = put(files, tmp_path)
    (folder / NAMES[1]).unlink()
    (folder / NAMES[2]).write_bytes(b"<html>")
    ok, missing, corrupt, also_ok = verify("fashion-mnist", tmp_path)
    assert ok == FileCheck(folder / NAMES[0], md5(files[NAMES[0]]), md5(files[NAMES[0]]))
    assert [ok.status, missing.status, corrupt.status, also_ok.status] == ["ok", "missing", "corrupt", "ok"]
    assert missing.got is None
    assert corrupt.got == md5(b"<html>")


def test_the_digits_have_no_files_to_verify_or_fetch(tmp_path: Path) -> None:
    assert verify("digits", tmp_path) == []
    fetch("digits", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 20_000, -1], ids=["empty", "half", "one byte short"])
def test_a_truncated_file_is_named_with_the_remedy(keep: int, files: dict[str, bytes], tmp_path: Path) -> None:
    broken = put(files, tmp_path) / NAMES[2]
    broken.write_bytes(files[NAMES[2]][:keep])
    error = fails(tmp_path)
    assert error.missing is False
    for part in (str(broken), md5(files[NAMES[2]]), md5(files[NAMES[2]][:keep]), "Delete it"):
        assert part in str(error)
    assert "python -m core data fetch --data fashion-mnist" in str(error)


def test_a_flipped_bit_is_found_though_it_still_unpacks(files: dict[str, bytes], tmp_path: Path) -> None:
    labels = np.frombuffer(gzip.decompress(files[NAMES[1]]), np.uint8).copy()
    labels[-1] ^= 1
    (put(files, tmp_path) / NAMES[1]).write_bytes(gzip.compress(labels.tobytes()))
    assert NAMES[1] in str(fails(tmp_path))


def test_a_corrupt_file_is_reported_before_anything_is_downloaded(mirror: Mirror, tmp_path: Path) -> None:
    folder = put(mirror.files, tmp_path)
    (folder / NAMES[0]).unlink()
    (folder / NAMES[3]).write_bytes(b"?")
    assert str(folder / NAMES[3]) in str(fails(tmp_path))
    assert mirror.asked == []


def test_a_folder_in_the_place_of_a_file_is_named(files: dict[str, bytes], tmp_path: Path) -> None:
    path = put(files, tmp_path) / NAMES[0]
    path.unlink()
    path.mkdir()
    error = fails(tmp_path)
    assert f"{path} cannot be read" in str(error)
    assert error.missing is False


# --- fetching --------------------------------------------------------------------------------------------------------


def test_missing_files_are_fetched_and_then_loaded(mirror: Mirror, tmp_path: Path) -> None:
    images = load("fashion-mnist", tmp_path / "not" / "there" / "yet")
    assert len(images.train_images) == 300
    assert mirror.asked == NAMES
    assert statuses(tmp_path / "not" / "there" / "yet") == ["ok"] * 4
    assert leftovers(tmp_path) == []


def test_fetch_downloads_only_what_is_missing_or_corrupt(mirror: Mirror, tmp_path: Path) -> None:
    folder = put(mirror.files, tmp_path)
    (folder / NAMES[0]).unlink()
    (folder / NAMES[2]).write_bytes(b"?")
    fetch("fashion-mnist", tmp_path)
    assert mirror.asked == [NAMES[0], NAMES[2]]
    assert statuses(tmp_path) == ["ok"] * 4


def test_progress_grows_by_chunks_to_the_files_size(mirror: Mirror, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    fetch("fashion-mnist", tmp_path, lambda *report: seen.append(report))
    for name in NAMES:
        size = len(mirror.files[name])
        done = [bytes_done for file, bytes_done, total in seen if file == name]
        assert {total for file, _, total in seen if file == name} == {size}
        assert done == sorted(set(done))
        assert done[-1] == size
    assert sum(file == NAMES[0] for file, _, _ in seen) >= 3  # 235,200 bytes of noise, at most 65,536 at once


def test_a_server_that_gives_no_length_reports_a_total_of_zero(mirror: Mirror, tmp_path: Path) -> None:
    mirror.send = send_without_length
    totals: set[int] = set()
    fetch("fashion-mnist", tmp_path, lambda file, done, total: totals.add(total))
    assert totals == {0}
    assert statuses(tmp_path) == ["ok"] * 4


class Stopped(Exception):
    pass


@pytest.mark.parametrize("kind", [Stopped, InterruptedError], ids=["own error", "an OSError"])
def test_a_stop_ends_the_download_at_the_next_chunk_and_leaves_nothing(
    kind: type[Exception], mirror: Mirror, tmp_path: Path
) -> None:
    seen: list[int] = []

    def check_stopped() -> None:
        if seen:
            raise kind

    with pytest.raises(kind):
        load("fashion-mnist", tmp_path, "cpu", lambda file, done, total: seen.append(done), check_stopped)
    assert len(seen) == 1
    assert seen[0] < len(mirror.files[NAMES[0]])
    assert list(tmp_path.iterdir()) == []


def test_files_that_arrived_before_a_stop_are_kept(mirror: Mirror, tmp_path: Path) -> None:
    def stop_at_third(file: str, done: int, total: int) -> None:
        if file == NAMES[2]:
            raise Stopped

    with pytest.raises(Stopped):
        fetch("fashion-mnist", tmp_path, stop_at_third)
    assert statuses(tmp_path) == ["ok", "ok", "missing", "missing"]
    assert leftovers(tmp_path) == []


def test_the_second_mirror_serves_when_the_first_is_down(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [closed_port(), mirror.url])
    fetch("fashion-mnist", tmp_path)
    assert statuses(tmp_path) == ["ok"] * 4


def test_without_network_the_error_says_what_is_missing_where_why_and_what_to_do(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    put(files, tmp_path)
    (tmp_path / "FashionMNIST/raw" / NAMES[0]).unlink()
    (tmp_path / "FashionMNIST/raw" / NAMES[3]).unlink()
    error = fails(tmp_path)
    assert error.missing is True
    assert f"{tmp_path / 'FashionMNIST' / 'raw'} lacks {NAMES[0]}, {NAMES[3]}" in str(error)
    assert "Connection refused" in str(error)
    assert "`python -m core data fetch --data fashion-mnist`" in str(error)
    assert f"put the four .gz files in {tmp_path / 'FashionMNIST' / 'raw'}" in str(error)
    assert "NORMSCOPE_DATA" in str(error)


def test_without_network_no_empty_folder_is_left(files: dict[str, bytes], tmp_path: Path) -> None:
    assert fails(tmp_path).missing is True
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server_is_given_up(mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("core.data.files._TIMEOUT_S", 0.1)
    given_up = threading.Event()

    def send_nothing(request: BaseHTTPRequestHandler, content: bytes) -> None:
        given_up.wait(60)

    mirror.send = send_nothing
    error = fails(tmp_path)
    given_up.set()
    assert error.missing is True
    assert "timed out" in str(error)


@pytest.mark.parametrize("what", ["content", "header"])
def test_a_server_that_drips_is_given_up_though_each_byte_comes_in_time(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    """One byte each nine seconds, as far as the clock is asked, never a wait that is too long."""
    monkeypatch.setattr("core.data.pace.monotonic", count(0, 9).__next__)
    sent: list[int] = []

    def drip(request: BaseHTTPRequestHandler, content: bytes) -> None:
        request.wfile.write(b"HTTP/1.0 200 OK\r\n" + b"Content-Length: 9999\r\n\r\n" * (what == "content"))
        with suppress(OSError):  # nobody reads any more
            for _ in range(2000):
                request.wfile.write(b"x")
                sent.append(1)
                time.sleep(0.002)

    mirror.send = drip
    error = fails(tmp_path)
    assert error.missing is True
    assert f"{mirror.url}: sent " in str(error)
    assert "which is too slow" in str(error)
    assert len(sent) < 2000
    assert mirror.asked == NAMES[:1]
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_just_fast_enough_may_take_its_time(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Some thousand bytes a read, 0.05 s apart: minutes in all, at 20 kB/s and more."""
    times = count(0, 0.05)
    monkeypatch.setattr("core.data.pace.monotonic", times.__next__)

    def in_pieces(request: BaseHTTPRequestHandler, content: bytes) -> None:
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        for start in range(0, len(content), 1500):
            request.wfile.write(content[start : start + 1500])

    mirror.send = in_pieces
    monkeypatch.setattr("core.data.pace.SECONDS", 0.2)
    fetch("fashion-mnist", tmp_path)
    assert statuses(tmp_path) == ["ok"] * 4


def test_a_server_that_never_ends_is_given_up_before_memory_is_full(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("core.data.files._MOST_BYTES", 1 << 20)
    sent: list[int] = []

    def endless(request: BaseHTTPRequestHandler, content: bytes) -> None:
        request.end_headers()
        with suppress(OSError):
            for _ in range(1000):
                sent.append(request.wfile.write(bytes(1 << 16)))

    mirror.send = endless
    error = fails(tmp_path)
    assert "sends more than 1 MiB" in str(error)
    assert error.missing is True
    assert len(sent) < 1000


@pytest.mark.parametrize(
    "proxy",
    [
        "http:/proxy.example:3128",
        "http://.proxy.example",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:3128a",
        "http://[",
        "http://",
        "://",
        "not a proxy",
        "http://ﾟ.example:²",
        "http://user:secret@.proxy.example",
    ],
)
def test_a_malformed_proxy_is_as_no_network(
    proxy: str, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", ["http://mirror.invalid/"])
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy")
    error = fails(tmp_path)
    assert error.missing is True
    assert "the download failed (http://mirror.invalid/: " in str(error)
    assert "secret" not in str(error)
    assert "the proxy in http_proxy" in str(error)


def test_a_proxy_that_works_is_used(mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", ["http://mirror.invalid/"])
    monkeypatch.setenv("http_proxy", mirror.url)
    monkeypatch.delenv("no_proxy")
    fetch("fashion-mnist", tmp_path)
    assert mirror.asked == NAMES


def test_a_broken_off_download_is_reported_by_its_bytes_and_not_kept(mirror: Mirror, tmp_path: Path) -> None:
    mirror.send = send_half
    size = len(mirror.files[NAMES[0]])
    error = fails(tmp_path)
    assert error.missing is True
    assert f"broke off after {size // 2:,} of {size:,} bytes" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_wrong_content_is_reported_by_its_md5_and_not_kept(mirror: Mirror, tmp_path: Path) -> None:
    page = b"<html>Please log in to the guest network</html>"
    expected = md5(mirror.files[NAMES[0]])
    mirror.files[NAMES[0]] = page
    error = fails(tmp_path)
    assert error.missing is True
    assert f"sent a file with md5 {md5(page)} instead of {expected}" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_without_the_file_is_named_with_its_answer(mirror: Mirror, tmp_path: Path) -> None:
    del mirror.files[NAMES[0]]
    error = fails(tmp_path)
    assert f"{mirror.url}: HTTP Error 404" in str(error)
    assert error.missing is True


def test_a_failed_repair_keeps_the_corrupt_file_and_is_not_called_missing(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    folder = put(files, tmp_path)
    (folder / NAMES[0]).write_bytes(b"?")
    with pytest.raises(DataError, match="Connection refused") as caught:
        fetch("fashion-mnist", tmp_path)
    assert caught.value.missing is False
    assert (folder / NAMES[0]).read_bytes() == b"?"


# --- a disk that refuses ---------------------------------------------------------------------------------------------


def test_an_unwritable_folder_is_named_before_anything_is_downloaded(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK))  # root may write anywhere
    error = fails(tmp_path)
    assert f"this user may not write to {tmp_path}, or that is no folder" in str(error)
    assert "NORMSCOPE_DATA" in str(error)
    assert error.missing is True
    assert mirror.asked == []


def test_a_file_in_the_place_of_the_data_folder_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    error = fails(tmp_path / "data")
    assert f"this user may not write to {tmp_path / 'data'}, or that is no folder" in str(error)
    assert error.missing is True


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that is always full")
def test_no_space_left_is_said_and_the_partial_file_removed(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written: list[Path] = []

    def write_until_full(path: Path, content: bytes) -> None:
        written.append(path)
        with path.open("wb") as file:
            file.write(content[:1000])
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(content[1000:])

    monkeypatch.setattr(Path, "write_bytes", write_until_full)
    error = fails(tmp_path)
    assert "No space left on device. Free some space, put the four .gz files there by hand" in str(error)
    assert str(tmp_path / "FashionMNIST/raw") in str(error)
    assert error.missing is True
    assert [path.suffix for path in written] == [".part"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
