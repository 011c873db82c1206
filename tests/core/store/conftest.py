"""What a test of the store leaves open is closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.store.run_file import RunFile


@pytest.fixture(autouse=True)
def close_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened, make = [], RunFile.__init__
    monkeypatch.setattr(RunFile, "__init__", lambda self, *rest: (opened.append(self), make(self, *rest))[1])
    yield
    for each in opened:
        each.close()
