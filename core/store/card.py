"""What a list shows of a run: small, in a file of its own, so that a thousand are read at once; it can be made anew.

Card      as the run stands
Begun     what is known of a run when it begins
touched   a card after some records
Cards     those of many runs, each read once
Label     what its owner has written on it, which stays apart: another process may write the card
Hidden    the arms that its owner hides; apart for the same reason
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.store.codec import Foreign, text_of, value_of
from core.store.recording import IMPORT, Origin
from core.store.troubles import told
from core.training.records import ArmDiverged, ArmFailed, Record, StatusChanged, TestMeasured, reached

UNDER_WAY = frozenset({"queued", "preparing", "running", "paused"})
RESUMABLE = frozenset({"stopped", "interrupted"})
INTERRUPTED = "interrupted"
CARD, LABEL, HIDDEN = "card.json", "label.json", "hidden.json"
RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # it becomes a folder's name
MOST_LETTERS = 80
JOINERS = "\u200c\u200d\u200e\u200f"  # within emoji, Persian, and names that mix directions
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Begun:
    """`owner` is the sha256 of a secret, "" where whoever can read the folder owns the run."""

    config: ExperimentConfig
    asked: ExperimentConfig
    origin: Origin
    owner: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One run. `config` is what was run, `asked` what was asked for; `seconds` is how long it was under way.

    `accuracies` are those of the last test, `ended` says which arms have come to an end before the run, and `bytes` is
    what the run takes on the disk.
    """

    id: str
    config: ExperimentConfig
    asked: ExperimentConfig
    origin: Origin
    owner: str
    name: str
    pinned: bool = False
    status: str = "queued"
    message: Message | str = ""
    step: int = 0
    seconds: float = 0.0
    accuracies: Mapping[str, float] | None = None
    ended: tuple[str, ...] = ()
    bytes: int = 0
    changed: datetime = NEVER
    hidden: tuple[str, ...] = ()

    @property
    def under_way(self) -> bool:
        return self.status in UNDER_WAY

    @property
    def resumable(self) -> bool:
        """Whether it can go on from where it stood; one that was imported came without what it needs for that."""
        return self.status in RESUMABLE and self.origin.by != IMPORT

    def owned_by(self, secret: str) -> bool:
        """Whether `secret` is its owner's; nobody's on a page where the run was begun elsewhere."""
        return is_owner(secret, self.owner)


@dataclass(frozen=True, slots=True)
class Label:
    name: str | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    arms: tuple[str, ...] = ()


def is_name(text: str) -> bool:
    """Whether a run may be called so."""
    return len(text) <= MOST_LETTERS and all(letter.isprintable() or letter in JOINERS for letter in text)


def new_id() -> str:
    """96 random bits: who knows a run's id may watch it. What begins with - a command line takes for a flag."""
    while (made := secrets.token_urlsafe(12)).startswith("-"):
        pass
    return made


def fingerprint(secret: str) -> str:
    """What is kept of an owner's secret: enough to know it again, too little to say it."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def is_owner(secret: str, owner: str) -> bool:
    """Whether `owner` is the fingerprint of `secret`."""
    return bool(owner and secret) and secrets.compare_digest(owner, fingerprint(secret))


def new_card(run_id: str, begun: Begun) -> Card:
    return Card(run_id, begun.config, begun.asked, begun.origin, begun.owner, begun.name, changed=begun.origin.started)


def touched(card: Card, records: Iterable[Record]) -> Card:
    """The card after `records`, which are newer than it."""
    records = list(records)
    status, message, accuracies, ended = card.status, card.message, card.accuracies, card.ended
    for record in records:
        match record:
            case StatusChanged():
                status, message = record.status, record.message
            case TestMeasured():
                accuracies = dict(record.accuracy)
            case ArmDiverged() | ArmFailed():
                ended = (*ended, record.arm)
    step = max(card.step, reached(records))
    return replace(card, status=status, message=message, step=step, accuracies=accuracies, ended=ended)


def write_card(folder: Path, card: Card) -> None:
    _write(folder / CARD, text_of(card))


def read_card(folder: Path, run_id: str = "") -> Card | None:
    """What lies in the folder, with its label; None where there is no card of this run, or none that can be read.

    The run is that of the folder's name, or else `run_id`.
    """
    try:
        card = value_of(Card, (folder / CARD).read_bytes())
    except (OSError, Foreign):
        return None
    return labelled(card, folder) if card.id == (run_id or folder.name) else None


class Cards:
    """Cards as they lie in their folders, each read once as long as nobody writes it anew: a page lists them often."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[object, Card | None]] = {}  # by run: as of which files

    def of(self, folder: Path) -> Card | None:
        """As read_card."""
        now = stamp(folder / CARD), stamp(folder / LABEL), stamp(folder / HIDDEN)
        as_of, card = self._read.get(folder.name, (None, None))  # another thread may forget it meanwhile
        if as_of != now:
            card = read_card(folder)
            self._read[folder.name] = now, card
        return card

    def forget_all_but(self, runs: Iterable[str]) -> None:
        for gone in set(self._read) - set(runs):
            self._read.pop(gone, None)


def stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def labelled(card: Card, folder: Path) -> Card:
    label = read_label(folder)
    name = card.name if label.name is None else label.name
    return replace(card, pinned=label.pinned, name=name, hidden=read_hidden(folder))


def read_label(folder: Path) -> Label:
    with suppress(OSError, Foreign):
        return value_of(Label, (folder / LABEL).read_bytes())
    return Label()


def write_label(folder: Path, label: Label) -> None:
    _write(folder / LABEL, text_of(label))


def read_hidden(folder: Path) -> tuple[str, ...]:
    with suppress(OSError, Foreign):
        return value_of(Hidden, (folder / HIDDEN).read_bytes()).arms
    return ()


def write_hidden(folder: Path, arms: tuple[str, ...]) -> None:
    """Where none is, there is no such file: most runs hide nothing, and a list asks all of them."""
    if arms:
        return _write(folder / HIDDEN, text_of(Hidden(arms)))
    try:
        (folder / HIDDEN).unlink(missing_ok=True)
    except OSError as error:
        raise told(error, folder / HIDDEN) from error


def _write(path: Path, text: str) -> None:
    """At once: whoever reads sees the old or the new."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        part.write_text(text, encoding="ascii")
        part.replace(path)
    except OSError as error:
        raise told(error, path) from error
    finally:
        with suppress(OSError):
            part.unlink()
