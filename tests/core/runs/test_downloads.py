"""One download for all who wait for it, which ends when nobody does."""

from __future__ import annotations

import threading

from core.runs.downloads import Downloads


def test_a_download_that_is_quicker_than_whoever_asked_for_it_is_not_one_that_nobody_waits_for(monkeypatch) -> None:
    has_looked, start = threading.Event(), threading.Thread.start

    def start_and_let_it_go_ahead(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "get-images":
            assert has_looked.wait(60)

    def load(progress, check):
        try:
            check()
        finally:
            has_looked.set()
        return "images"

    monkeypatch.setattr(threading.Thread, "start", start_and_let_it_go_ahead)
    assert Downloads().wait_for("images", load, lambda *_: None, lambda: None) == "images"
