"""Whether a file of the store is there, as far as that can be seen: a folder may be closed to this user.

is_missing   it surely isn't: where nobody may look, it may be
unseen       why that can't be seen, if so
"""

from __future__ import annotations

from pathlib import Path

from core.store.troubles import StoreError, told


def is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def unseen(path: Path) -> StoreError | None:
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return told(error, path)
    return None
