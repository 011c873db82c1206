"""Which sweeps were begun here, so that they can be opened and gone on with after a restart: a small file each.

Noted   one of them
Notes   all of a store
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER = "sweeps"
MOST = 200  # beyond that the oldest are forgotten; their runs stay


@dataclass(frozen=True, slots=True)
class Noted:
    """`owner` is the fingerprint of the secret of who began it last, `query` the sweep as in its link.

    `seconds` is how long it has been computed on this server in all.
    """

    id: str
    owner: str
    query: Mapping[str, str]
    begun: float
    status: str
    seconds: float = 0.0


class Notes:
    """In the store at `home`; in memory alone where there is none, or where it cannot be written."""

    def __init__(self, home: Path | None) -> None:
        self._folder = home / FOLDER if home is not None else None
        self._found: dict[str, Noted] | None = None

    def all(self) -> list[Noted]:
        """The newest first."""
        return sorted(self._all().values(), key=lambda each: -each.begun)

    def find(self, sweep_id: str) -> Noted | None:
        return self._all().get(sweep_id)

    def _all(self) -> dict[str, Noted]:
        if self._found is None:
            self._found = {each.id: each for each in self._read()}
        return self._found

    def write(self, noted: Noted) -> None:
        for old in self.all()[MOST - 1 :]:
            self._forget(old)
        self._all()[noted.id] = noted
        if self._folder is None:
            return
        path, part = self._path(noted.id), self._path(f".{noted.id}.{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps(asdict(noted)), encoding="ascii")
            part.replace(path)
        except OSError as error:
            log.warning("the sweep %s is noted in memory only: %s", noted.id, error)
            with suppress(OSError):
                part.unlink()

    def _forget(self, noted: Noted) -> None:
        self._all().pop(noted.id, None)
        if self._folder is not None:
            with suppress(OSError):
                self._path(noted.id).unlink()

    def _path(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{name}.json"

    def _read(self) -> Iterator[Noted]:
        """Those that can be read."""
        if self._folder is None:
            return
        with suppress(OSError):
            for path in self._folder.glob("[!.]*.json"):
                with suppress(OSError, ValueError, TypeError, KeyError):
                    found = json.loads(path.read_text(encoding="ascii"))
                    yield Noted(
                        path.stem,
                        str(found["owner"]),
                        {str(name): str(value) for name, value in found["query"].items()},
                        float(found["begun"]),
                        str(found["status"]),
                        float(found.get("seconds", 0.0)),
                    )
