from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from core.data.sources import SOURCES
from core.language.places import in_full
from tests.core.data.served import NAMES, Mirror, closed_port, idx, md5


@pytest.fixture(autouse=True)
def who_reads_sits_at_the_machine() -> Iterator[None]:
    """Folders and files are told in full, as on the command line."""
    with in_full():
        yield


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A Fashion-MNIST of 300 training and 50 test images of noise; the checksums become theirs.

    Noise does not shrink, so the training images take several chunks to download.
    """
    random = np.random.default_rng(0)
    sizes = [(300, 28, 28), (300,), (50, 28, 28), (50,)]
    arrays = [random.integers(0, 256 if len(size) == 3 else 10, size, dtype=np.uint8) for size in sizes]
    contents = {name: idx(array) for name, array in zip(NAMES, arrays, strict=True)}
    sums = tuple((name, md5(content)) for name, content in contents.items())
    monkeypatch.setitem(SOURCES, "fashion-mnist", replace(SOURCES["fashion-mnist"], files=sums))
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [closed_port()])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return contents


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
