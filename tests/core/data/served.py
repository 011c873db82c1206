"""A Fashion-MNIST of noise, and a web server on this machine that has its files, or misbehaves."""

from __future__ import annotations

import gzip
import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np

NAMES = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]


def idx(values: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(header + values.tobytes(), mtime=0)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


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
