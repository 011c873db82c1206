"""Data sets on their way from the network: each is fetched once, by a thread of its own, for all runs that wait for it.

Downloads  wait_for: the images, or why they are not to be had
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.data.files import Progress
from core.data.images import Images

POLL_SECONDS = 0.1  # so often who waits looks whether it is to stop

Load = Callable[[Progress, Callable[[], None]], Images]


class NobodyWaits(Exception):
    """Ends a download that all have left."""


class Download:
    """One data set on its way. `waiting` runs want it; `arrived` is what the last chunk completed."""

    def __init__(self) -> None:
        self.waiting = 0
        self.over = threading.Event()
        self.arrived: tuple[str, int, int] | None = None
        self.images: Images | None = None
        self.error: Exception | None = None

    def progress(self, file: str, done: int, total: int) -> None:
        self.arrived = file, done, total

    def check(self) -> None:
        if not self.waiting:
            raise NobodyWaits


class Downloads:
    """What is under way, by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Download] = {}

    def wait_for(self, name: str, load: Load, progress: Progress, check_stopped: Callable[[], None]) -> Images:
        """The images that `load` gets, or got for whoever asked first. Raises what `load` or check_stopped raises.

        Who stops leaves the download to the others; when nobody is left it ends.
        """
        download = self._join(name, load)
        try:
            while not download.over.wait(POLL_SECONDS):
                check_stopped()
                if download.arrived is not None:
                    progress(*download.arrived)
        finally:
            self._leave(name, download)
        if download.images is None:
            assert download.error is not None
            raise download.error
        return download.images

    def _join(self, name: str, load: Load) -> Download:
        with self._lock:
            is_new = name not in self._under_way
            download = self._under_way.setdefault(name, Download())
            download.waiting += 1  # before it begins: it ends when nobody waits
            if is_new:
                work = threading.Thread(target=self._work, args=(name, download, load), name=f"get-{name}", daemon=True)
                work.start()
            return download

    def _leave(self, name: str, download: Download) -> None:
        with self._lock:
            download.waiting -= 1
            if not download.waiting:
                self._forget(name, download)

    def _forget(self, name: str, download: Download) -> None:
        if self._under_way.get(name) is download:  # who comes now begins another
            del self._under_way[name]

    def _work(self, name: str, download: Download, load: Load) -> None:
        try:
            download.images = load(download.progress, download.check)
        except Exception as error:  # noqa: BLE001 - it goes to all who wait
            download.error = error
        with self._lock:
            self._forget(name, download)
        download.over.set()
