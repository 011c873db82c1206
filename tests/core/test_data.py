"""core.data: what is fetched, what is checked, what reaches the device, and what is said when it cannot.

torchvision, scikit-learn and scipy are imported in the tests that ask them: they take seconds, and every worker of the
test suite imports every file.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from core import data
from core.config import DATASETS
from core.data import DataError, FileCheck, Images

NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
needs_fashion_mnist = pytest.mark.skipif(
    not all((data.data_root() / "FashionMNIST/raw" / name).exists() for name in NAMES),
    reason=f"needs the four real Fashion-MNIST files in {data.data_root()}/FashionMNIST/raw (set NORMSCOPE_DATA)",
)


def idx(values: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(header + values.tobytes(), mtime=0)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A Fashion-MNIST of 300 training and 50 test images of noise; torchvision's checksums become theirs.

    Noise does not shrink, so the training images take several chunks to download.
    """
    random = np.random.default_rng(0)
    sizes = [(300, 28, 28), (300,), (50, 28, 28), (50,)]
    arrays = [random.integers(0, 256 if len(size) == 3 else 10, size, dtype=np.uint8) for size in sizes]
    contents = {name: idx(array) for name, array in zip(NAMES, arrays, strict=True)}
    resources = [(name, md5(content)) for name, content in contents.items()]
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.resources", resources)
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [closed_port()])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return contents


def closed_port() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/"


def put(files: dict[str, bytes], root: Path) -> Path:
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@dataclass
class Mirror:
    """A web server on this machine; `send` may be replaced to make it misbehave."""

    files: dict[str, bytes]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    send: Callable[[BaseHTTPRequestHandler, bytes], None] | None = None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.rsplit("/", 1)[-1]
        self.asked.append(name)
        if name not in self.files:
            return request.send_error(404)
        request.send_response(200)
        (self.send or send_whole)(request, self.files[name])


def send_whole(request: BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def send_half(request: BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content[: len(content) // 2])


def send_without_length(request: BaseHTTPRequestHandler, content: bytes) -> None:
    request.end_headers()
    request.wfile.write(content)


@pytest.fixture
def mirror(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """The one mirror of `files`."""
    mirror = Mirror(dict(files))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.answer(self)

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        mirror.url = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [mirror.url])
        yield mirror
        server.shutdown()
        thread.join()


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name not in NAMES)


def statuses(root: Path) -> list[str]:
    return [check.status for check in data.verify("fashion-mnist", root)]


def fails(root: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        data.load("fashion-mnist", root)
    return caught.value


# --- reading what is there -------------------------------------------------------------------------------------------


def unpacked(content: bytes, path: Path) -> str:
    path.write_bytes(gzip.decompress(content))
    return str(path)


def test_the_files_are_decoded_as_torchvision_decodes_them(files: dict[str, bytes], tmp_path: Path) -> None:
    from torchvision.datasets.mnist import read_image_file, read_label_file

    put(files, tmp_path)
    images = data.load("fashion-mnist", tmp_path)
    raw = [unpacked(files[name], tmp_path / name[:-3]) for name in NAMES]
    assert torch.equal(images.train_images, read_image_file(raw[0]).unsqueeze(1))
    assert torch.equal(images.train_labels, read_label_file(raw[1]))
    assert torch.equal(images.test_images, read_image_file(raw[2]).unsqueeze(1))
    assert torch.equal(images.test_labels, read_label_file(raw[3]))


def test_images_are_uint8_and_labels_int64_with_a_channel_axis(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    images = data.load("fashion-mnist", tmp_path)
    assert images.train_images.shape == (300, 1, 28, 28)
    assert images.test_images.shape == (50, 1, 28, 28)
    assert {images.train_images.dtype, images.test_images.dtype} == {torch.uint8}
    assert {images.train_labels.dtype, images.test_labels.dtype} == {torch.int64}


def test_everything_is_on_the_device_asked_for(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    for images in (data.load("fashion-mnist", tmp_path, "meta"), data.load("digits", tmp_path, "meta")):
        tensors = [images.train_images, images.train_labels, images.test_images, images.test_labels]
        assert {tensor.device.type for tensor in tensors} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_values_survive_the_move_to_cuda(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    for name in ("fashion-mnist", "digits"):
        here, there = data.load(name, tmp_path), data.load(name, tmp_path, "cuda")
        assert there.train_images.is_cuda
        assert torch.equal(here.train_images, there.train_images.cpu())
        assert torch.equal(here.test_labels, there.test_labels.cpu())


def test_reading_leaves_the_folder_as_it_was(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = put(files, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    data.load("fashion-mnist", tmp_path)
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == before


def test_files_that_are_there_need_no_network_and_report_no_progress(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)  # the mirror is a closed port
    seen: list[str] = []
    data.load("fashion-mnist", tmp_path, progress=lambda file, done, total: seen.append(file))
    assert seen == []


def test_images_cannot_be_exchanged(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    images = data.load("fashion-mnist", tmp_path)
    with pytest.raises(FrozenInstanceError):
        images.name = "mnist"  # type: ignore[misc]


@needs_fashion_mnist
def test_real_fashion_mnist_has_its_published_sizes_classes_and_mean() -> None:
    images = data.load("fashion-mnist")
    sizes = len(images.train_images), len(images.test_images)
    assert sizes == (len(images.train_labels), len(images.test_labels)) == DATASETS["fashion-mnist"]
    assert images.train_labels.bincount().tolist() == [6_000] * 10
    assert images.test_labels.bincount().tolist() == [1_000] * 10
    assert images.classes[0] == "T-shirt/top"
    assert images.classes[9] == "Ankle boot"
    assert images.train_labels[:5].tolist() == [9, 0, 0, 3, 0]
    floats = data.as_floats(images.train_images)
    assert floats.mean().item() == pytest.approx(0.2860, abs=5e-5)  # the constants that everyone normalizes with
    assert floats.std().item() == pytest.approx(0.3530, abs=5e-5)


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("kmnist", "KMNIST")])
def test_mnist_and_kmnist_are_looked_for_where_torchvision_puts_them(name: str, folder: str, tmp_path: Path) -> None:
    from torchvision import datasets

    checks = data.verify(name, tmp_path)
    torchvision = getattr(datasets, folder)
    assert [check.path for check in checks] == [tmp_path / folder / "raw" / file for file in NAMES]
    assert [(check.path.name, check.expected) for check in checks] == torchvision.resources
    assert checks[0].expected != datasets.FashionMNIST.resources[0][1]
    assert len(torchvision.classes) == 10


def test_an_unknown_dataset_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fashion-mnist, mnist, kmnist, digits; got “cifar”"):
        data.load("cifar", tmp_path)


# --- where the data lies ---------------------------------------------------------------------------------------------


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path))
    assert data.data_root() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_folder_is_data_in_the_project_wherever_one_stands(
    value: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NORMSCOPE_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("NORMSCOPE_DATA", value)
    monkeypatch.chdir(tmp_path)
    assert data.data_root() == Path(__file__).parents[2] / "data"


def test_load_looks_in_the_environments_folder(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(files, tmp_path)
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path))
    assert len(data.load("fashion-mnist").train_images) == 300


# --- verify ----------------------------------------------------------------------------------------------------------


def test_verify_tells_ok_missing_and_corrupt_apart(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = put(files, tmp_path)
    (folder / NAMES[1]).unlink()
    (folder / NAMES[2]).write_bytes(b"<html>")
    ok, missing, corrupt, also_ok = data.verify("fashion-mnist", tmp_path)
    assert ok == FileCheck(folder / NAMES[0], md5(files[NAMES[0]]), md5(files[NAMES[0]]))
    assert [ok.status, missing.status, corrupt.status, also_ok.status] == ["ok", "missing", "corrupt", "ok"]
    assert missing.got is None
    assert corrupt.got == md5(b"<html>")


def test_the_digits_have_no_files_to_verify_or_fetch(tmp_path: Path) -> None:
    assert data.verify("digits", tmp_path) == []
    data.fetch("digits", tmp_path)
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
    images = data.load("fashion-mnist", tmp_path / "not" / "there" / "yet")
    assert len(images.train_images) == 300
    assert mirror.asked == NAMES
    assert statuses(tmp_path / "not" / "there" / "yet") == ["ok"] * 4
    assert leftovers(tmp_path) == []


def test_fetch_downloads_only_what_is_missing_or_corrupt(mirror: Mirror, tmp_path: Path) -> None:
    folder = put(mirror.files, tmp_path)
    (folder / NAMES[0]).unlink()
    (folder / NAMES[2]).write_bytes(b"?")
    data.fetch("fashion-mnist", tmp_path)
    assert mirror.asked == [NAMES[0], NAMES[2]]
    assert statuses(tmp_path) == ["ok"] * 4


def test_progress_grows_by_chunks_to_the_files_size(mirror: Mirror, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    data.fetch("fashion-mnist", tmp_path, lambda *report: seen.append(report))
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
    data.fetch("fashion-mnist", tmp_path, lambda file, done, total: totals.add(total))
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
        data.load("fashion-mnist", tmp_path, "cpu", lambda file, done, total: seen.append(done), check_stopped)
    assert len(seen) == 1
    assert seen[0] < len(mirror.files[NAMES[0]])
    assert list(tmp_path.iterdir()) == []


def test_files_that_arrived_before_a_stop_are_kept(mirror: Mirror, tmp_path: Path) -> None:
    def stop_at_third(file: str, done: int, total: int) -> None:
        if file == NAMES[2]:
            raise Stopped

    with pytest.raises(Stopped):
        data.fetch("fashion-mnist", tmp_path, stop_at_third)
    assert statuses(tmp_path) == ["ok", "ok", "missing", "missing"]
    assert leftovers(tmp_path) == []


def test_the_second_mirror_serves_when_the_first_is_down(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [closed_port(), mirror.url])
    data.fetch("fashion-mnist", tmp_path)
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
    monkeypatch.setattr(data, "_TIMEOUT_S", 0.1)
    given_up = threading.Event()

    def send_nothing(request: BaseHTTPRequestHandler, content: bytes) -> None:
        given_up.wait(60)

    mirror.send = send_nothing
    error = fails(tmp_path)
    given_up.set()
    assert error.missing is True
    assert "timed out" in str(error)


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
        data.fetch("fashion-mnist", tmp_path)
    assert caught.value.missing is False
    assert (folder / NAMES[0]).read_bytes() == b"?"


# --- a disk that refuses ---------------------------------------------------------------------------------------------


def test_an_unwritable_folder_is_named_before_anything_is_downloaded(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK))  # root may write anywhere
    error = fails(tmp_path)
    assert f"{tmp_path} is not a folder that this user may write to" in str(error)
    assert "NORMSCOPE_DATA" in str(error)
    assert error.missing is True
    assert mirror.asked == []


def test_a_file_in_the_place_of_the_data_folder_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    error = fails(tmp_path / "data")
    assert f"{tmp_path / 'data'} is not a folder that this user may write to" in str(error)
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
    assert "no space is left. Free some" in str(error)
    assert str(tmp_path / "FashionMNIST/raw") in str(error)
    assert error.missing is True
    assert [path.suffix for path in written] == [".part"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# --- digits ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> Images:
    return data.load("digits")


def test_the_digits_have_the_sizes_that_the_config_promises(digits: Images) -> None:
    train_size, test_size = DATASETS["digits"]
    assert digits.train_images.shape == (train_size, 1, 28, 28)
    assert digits.test_images.shape == (test_size, 1, 28, 28)
    assert (digits.train_labels.shape, digits.test_labels.shape) == ((train_size,), (test_size,))
    assert {digits.train_images.dtype, digits.test_images.dtype} == {torch.uint8}
    assert {digits.train_labels.dtype, digits.test_labels.dtype} == {torch.int64}
    assert digits.classes == tuple("0123456789")


def test_the_digits_use_the_whole_range_of_uint8(digits: Images) -> None:
    assert digits.train_images.min() == 0
    assert digits.train_images.max() >= 250


def test_the_digits_are_scikit_learns_enlarged_as_scipy_enlarges_them_each_once(digits: Images) -> None:
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    originals = load_digits()
    zoomed = zoom(originals.images * (255 / 16), (1, 3.5, 3.5), order=1, mode="nearest", grid_mode=True)
    expected = torch.from_numpy(zoomed).float().flatten(1)
    got = torch.cat([digits.train_images, digits.test_images]).float().flatten(1)
    nearest = torch.cdist(got, expected).argmin(dim=1)
    assert len(nearest.unique()) == 1_797  # so training and test share no image
    assert (got - expected[nearest]).abs().max() <= 0.51  # rounded to whole numbers
    assert originals.target[nearest].tolist() == torch.cat([digits.train_labels, digits.test_labels]).tolist()


def test_the_digits_split_keeps_each_classs_share(digits: Images) -> None:
    from sklearn.datasets import load_digits

    counts = np.bincount(load_digits().target)
    expected = torch.from_numpy(counts * 360 / 1_797)
    assert (digits.test_labels.bincount() - expected).abs().max() <= 1


def test_the_digits_split_is_the_same_in_every_release(digits: Images) -> None:
    again = data.load("digits")
    assert torch.equal(again.train_images, digits.train_images)
    assert torch.equal(again.test_labels, digits.test_labels)
    assert md5(digits.test_labels.numpy().astype("<i8").tobytes()) == "eff59bacc24de44fc202d2b2edba0705"


# --- small things ----------------------------------------------------------------------------------------------------


def test_floats_are_the_bytes_over_255_and_nothing_else() -> None:
    every_byte = torch.arange(256, dtype=torch.uint8)
    floats = data.as_floats(every_byte)
    assert floats.dtype is torch.float32
    assert floats.numpy().tolist() == (np.arange(256, dtype=np.float32) / np.float32(255)).tolist()


def test_images_are_not_divided_by_255_twice() -> None:
    with pytest.raises(TypeError, match=r"uint8 .* got torch.float32"):
        data.as_floats(data.as_floats(torch.ones(2, dtype=torch.uint8)))
