"""A class: a link by which others follow what its teacher has in view. One small file each, beside the runs.

Class      as it stands
ClassFile  where they are kept
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.store.codec import Foreign, text_of, value_of

log = logging.getLogger(__name__)

FOLDER = "classes"


@dataclass(frozen=True, slots=True)
class Class:
    """`run` is what its teacher has in view, `owner` the fingerprint of the teacher's secret.

    Where the teacher `leads`, `page` is the one to be on and `step` where the cursor is held, None while it follows the
    run; `turned` and `moved` count how often these have changed, since whoever follows may go elsewhere in between.
    """

    id: str
    owner: str
    run: str
    leads: bool = False
    page: str = ""
    turned: int = 0
    step: int | None = None
    moved: int = 0


class ClassFiles:
    """Those in the store at `home`. What cannot be written is in memory alone, and the log says so."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def all(self) -> Iterator[Class]:
        """The ones that can be read, the oldest first."""
        with suppress(OSError):
            for path in sorted(self._folder.glob("*.json"), key=_age):
                with suppress(OSError, Foreign):
                    found = value_of(Class, path.read_bytes())
                    if found.id == path.stem:
                        yield found

    def write(self, lesson: Class) -> None:
        path = self._folder / f"{lesson.id}.json"
        part = path.with_name(f".{lesson.id}.{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(text_of(lesson), encoding="ascii")
            part.replace(path)
        except OSError as error:
            log.warning("the class %s is in memory only: %s", lesson.id, error)
            with suppress(OSError):
                part.unlink()

    def delete(self, class_id: str) -> None:
        with suppress(OSError):
            (self._folder / f"{class_id}.json").unlink()


def _age(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
