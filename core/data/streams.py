"""A card's streams, and nothing of the kind on other devices, where everything happens in turn.

lane     a stream by its name, the same one every time
Beside   work that nothing waits for until the block ends
Moment   a place in a stream's order: when it was reached, and how long after another
aside    `with aside(stream):` what happens inside is the stream's
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import torch
from torch import Tensor

_BESIDE: ContextVar[Beside | None] = ContextVar("beside", default=None)


class Beside:
    """Streams for what nothing waits for until the block ends. In a captured graph they cost nothing, else time.

    with Beside(device, "arm 0") as beside:
        with beside.later(X): ...           # begins when the present stream has come here
    """

    def __init__(self, device: torch.device, name: str, streams: int = 2) -> None:
        some = [lane(device, f"{name}, beside, {number}") for number in range(streams)]
        self._streams = [stream for stream in some if stream is not None]
        self._used: list[torch.cuda.Stream] = []

    @contextmanager
    def later(self, *reads: Tensor) -> Iterator[None]:
        """What runs inside may read `reads` until the end of the whole block."""
        if not self._streams:
            yield
            return
        stream = self._streams[len(self._used) % len(self._streams)]
        stream.wait_stream(torch.cuda.current_stream())
        self._used.append(stream)
        with torch.cuda.stream(stream):
            yield
        for tensor in reads:
            tensor.record_stream(stream)  # its memory is given to nobody else meanwhile

    def __enter__(self) -> Beside:
        self._token = _BESIDE.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _BESIDE.reset(self._token)
        for stream in set(self._used):
            torch.cuda.current_stream().wait_stream(stream)
        self._used.clear()


def present() -> Beside | None:
    """The innermost Beside that this thread is in. Autograd's backward runs in another: a forward pass hands it on."""
    return _BESIDE.get()


def later(beside: Beside | None, *reads: Tensor) -> AbstractContextManager[None]:
    """`beside.later(...)`, or at once without one."""
    return nullcontext() if beside is None else beside.later(*reads)


class Moment:
    """Now in the order of the present stream; on other devices simply now."""

    def __init__(self, device: torch.device) -> None:
        self._seconds = time.perf_counter()
        self._event = _event() if device.type == "cuda" else None
        if self._event is not None:
            self._event.record()

    def wait(self) -> None:
        """Return when the device has come here."""
        if self._event is not None:
            self._event.synchronize()

    def hold(self) -> None:
        """The present stream goes on only when the device has come here."""
        if self._event is not None:
            self._event.wait()

    def seconds_since(self, earlier: Moment) -> float:
        """Both must have been reached."""
        if self._event is None or earlier._event is None:
            return self._seconds - earlier._seconds
        return float(earlier._event.elapsed_time(self._event)) / 1000


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


@contextmanager
def aside(stream: torch.cuda.Stream | None) -> Iterator[None]:
    """Inside, a stream that begins when the present one has come here; the present one does not wait for it."""
    if stream is None:
        yield
        return
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield


@functools.cache
def lane(device: torch.device, name: str) -> torch.cuda.Stream | None:
    """The stream of this name.

    PyTorch has 32 streams and begins anew after the last; and what is done on one stream shares scratch memory in
    cuBLAS, whose kernels wait for one another there. Two graphs that were captured on the same stream and are replayed
    at the same time therefore stop the card for good (seen). So there are few streams, each for one purpose.
    """
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]


def to_host(values: Tensor) -> Tensor:
    """A copy on the host, complete when the stream has come here; the device is not waited for."""
    if values.device.type != "cuda":
        return values.clone()
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    return host.copy_(values, non_blocking=True)
