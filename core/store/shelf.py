"""All runs that are kept on this machine: a folder a run, in a folder of the user's, within a limit.

Shelf  listed, opened, named, pinned, deleted and taken back; a run that is being written can be read all the same
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.experiment.rules import quoted
from core.language.message import Message, Value
from core.store.card import (
    INTERRUPTED,
    MOST_LETTERS,
    RUN_ID,
    Begun,
    Card,
    Cards,
    is_name,
    labelled,
    new_card,
    read_card,
    read_label,
    write_card,
    write_hidden,
    write_label,
)
from core.store.failures import Failures
from core.store.killed import ENDING, Killed, interrupted
from core.store.leftovers import delete_older, free_place, moved, of_one_run, size_of
from core.store.lock import is_held
from core.store.presence import is_missing, unseen
from core.store.run_file import FILE, LOCK, RunFile, owner_in
from core.store.troubles import MISSING, StoreError, damaged, full, here_already, in_use, no_such_run, not_deleted, told
from core.training.records import StatusChanged

if TYPE_CHECKING:
    from core.store.recording import Recording

RUNS, TRASH, ASIDE = "runs", "trash", "aside"
SPARE_BYTES = 32 << 20  # so much must be left on the disk where a run begins
UNDO_SECONDS = 3600.0  # so long a deleted run can be taken back
LAST = "last"


class Shelf:
    """The runs in `home`, which take `limit` bytes at most, as far as they may be deleted."""

    def __init__(self, home: Path, limit: int) -> None:
        self.home, self.limit = home, limit
        self._written, self._killed, self._failures = Cards(), Killed(), Failures()

    # --- listed ------------------------------------------------------------------------------------------------------

    def cards(self) -> list[Card]:
        """All of them, the newest first; one that cannot be read, or has lost its file, is among `broken`."""
        found = {folder.name: self._card(folder) for folder in self._folders()}
        self._written.forget_all_but(found)
        cards = (card for card in found.values() if card is not None)
        return sorted(cards, key=lambda card: card.origin.started, reverse=True)

    def broken(self) -> dict[str, StoreError]:
        """What is wrong with the runs that cannot be listed, or were found to be damaged, by their folder's name."""
        found = {folder.name: self._problem(folder) for folder in self._folders()}
        return {name: error for name, error in found.items() if isinstance(error, StoreError)}

    def _problem(self, folder: Path) -> Card | StoreError | None:
        if (card := self._written.of(folder)) is not None and self._is_lost(folder):
            return damaged(folder / FILE, MISSING)
        if card is not None or is_missing(folder / FILE) or is_held(folder / LOCK):
            return self._failures.of(folder / FILE)
        return self._made_anew(folder)

    def owner_of(self, run_id: str) -> str | None:
        """Whose it is, as Begun has it, as far as a run that cannot be read says so. Raises NoSuchRun."""
        card = self._written.of(self._runs / run_id) if RUN_ID.fullmatch(run_id) else None
        return owner_in(self.folder(run_id)) if card is None else card.owner

    def card(self, run_id: str) -> Card:
        """One run's. Raises NoSuchRun, or StoreError where it cannot be read."""
        folder = self.folder(run_id)
        return self._card(folder) or self._rebuilt(folder)

    def find(self, wanted: str) -> Card:
        """The one that was begun `last`, whatever others are called, or that of this id, or name. Raises NoSuchRun."""
        if wanted != LAST and RUN_ID.fullmatch(wanted) and not is_missing(self._runs / wanted):
            return self.card(wanted)
        named = [card for card in self.cards() if wanted and wanted in (LAST, card.name)]  # many have no name
        if not named:
            raise no_such_run(wanted, self.home)
        return named[0]

    def knows(self, run_id: str) -> bool:
        return bool(RUN_ID.fullmatch(run_id)) and os.path.isfile(self._runs / run_id / FILE)

    def unseen(self, run_id: str) -> StoreError | None:
        """Why nobody may look whether there is such a run, if so."""
        return unseen(self._runs / run_id / FILE) if RUN_ID.fullmatch(run_id) else None

    def is_written(self, run_id: str) -> bool:
        """Whether a process, this one maybe, has the run under way."""
        return is_held(self.folder(run_id) / LOCK)

    def killed(self) -> list[str]:
        """The ids of the runs whose process has ended without a word, as far as nobody has settled them."""
        return [folder.name for folder in self._folders() if self._is_killed(folder)]

    def _is_killed(self, folder: Path) -> bool:
        card = read_card(folder)
        return card is not None and card.under_way and not is_held(folder / LOCK)

    def deleted_card(self, run_id: str) -> Card:
        """That of a run which can still be taken back. Raises NoSuchRun."""
        folder = self._deleted(run_id)
        card = read_card(folder, run_id) if folder is not None else None
        if card is None:
            raise not_deleted(run_id, self.trash)
        return card

    def _card(self, folder: Path) -> Card | None:
        card = self._written.of(folder)
        if card is not None and self._is_lost(folder):
            return None
        if card is None and not is_missing(folder / FILE):
            found = self._made_anew(folder)
            return found if isinstance(found, Card) else None
        if card is not None and card.under_way and not is_held(folder / LOCK):
            return self._killed.card(folder, card)
        return card

    def _is_lost(self, folder: Path) -> bool:
        """Whether there is nothing of a run but its card; not of one that has just left, folder and all."""
        return not self.knows(folder.name) and self.unseen(folder.name) is None and not is_missing(folder)

    def _made_anew(self, folder: Path) -> Card | StoreError:
        """The card, or why there is none; a run that cannot be read is not read at every look."""
        if (why := self._failures.of(folder / FILE)) is not None:
            return why
        try:
            return self._rebuilt(folder)
        except StoreError as error:
            if not is_held(folder / LOCK):  # else it begins
                self._failures.keep(folder / FILE, error)
            return error

    def _rebuilt(self, folder: Path) -> Card:
        """The card, made of the file and written again where that is possible."""
        with self._failures.noted(folder / FILE), closing(RunFile.read(folder)) as file:
            card = file.card()
        if not is_held(folder / LOCK):  # else its writer does
            with suppress(StoreError):
                write_card(folder, card)
            card = interrupted(card)
        return labelled(card, folder)

    def _folders(self) -> Iterator[Path]:
        """Of all runs; of one whose process was killed at once there may be nothing in it. Raises StoreError."""
        try:
            with os.scandir(self._runs) as entries:
                yield from (Path(entry.path) for entry in entries if RUN_ID.fullmatch(entry.name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise told(error, self._runs) from error

    @property
    def _runs(self) -> Path:
        return self.home / RUNS

    @property
    def trash(self) -> Path:
        """Where deleted runs lie, as long as they can be taken back."""
        return self.home / TRASH

    def folder(self, run_id: str) -> Path:
        if not self.knows(run_id):
            raise self.unseen(run_id) or no_such_run(run_id, self.home)
        return self._runs / run_id

    # --- opened ------------------------------------------------------------------------------------------------------

    def create(self, run_id: str, begun: Begun, hidden: tuple[str, ...] = ()) -> RunFile:
        """A new run's file, to write. Raises StoreError; then nothing of it is left."""
        folder, file = self._runs / run_id, None
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # whoever knows a run's id may watch it
            folder.mkdir(parents=True)
            if shutil.disk_usage(folder).free < SPARE_BYTES:
                raise full(folder)
            write_hidden(folder, hidden)  # before anybody can find it
            file = RunFile.create(folder, begun)
            write_card(folder, new_card(run_id, begun))
        except OSError as error:
            raise told(error, folder) from error
        except StoreError:
            if file is not None:
                file.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return file

    def read(self, run_id: str, checked: bool = True) -> RunFile:
        """To read only. Raises StoreError."""
        folder = self.folder(run_id)
        with self._failures.noted(folder / FILE):
            return RunFile.read(folder, checked)

    def write_to(self, run_id: str) -> RunFile:
        """To go on writing. Raises InUse while another process does, StoreError where it cannot be."""
        return RunFile.write_to(self.folder(run_id))

    def settle(self, run_id: str) -> None:
        """Have a run that was killed say so itself: `interrupted` becomes its last record. Raises StoreError."""
        if self.card(run_id).status != INTERRUPTED and not self._is_killed(self.folder(run_id)):
            return
        file = self.write_to(run_id)
        try:
            card = file.card()
            if card.under_way:
                file.write([(file.last_record() + 1, StatusChanged(INTERRUPTED, card.step, ENDING))])
            write_card(file.folder, file.card())
        finally:
            file.close(ended=True)

    def recording(self, run_id: str) -> Recording:
        """The run as it stands, to be read; looks and networks on demand. Raises StoreError."""
        from core.store.reading import recording

        folder = self.folder(run_id)
        with self._failures.noted(folder / FILE):
            return recording(self.card(run_id), folder)

    # --- named, pinned, deleted --------------------------------------------------------------------------------------

    def rename(self, run_id: str, name: str) -> None:
        """Raises StoreError on a name that is none."""
        name = " ".join(name.split())
        if not is_name(name):
            values: dict[str, Value] = {"most": MOST_LETTERS, "given": quoted(name), "count": len(name)}
            raise StoreError(
                Message("A name has up to {most} letters, all printable; got {given} ({count}). Give another.", values)
            )
        folder = self.folder(run_id)
        write_label(folder, replace(read_label(folder), name=name))

    def pin(self, run_id: str, pinned: bool = True) -> None:
        """A pinned run stays, whatever space is needed."""
        folder = self.folder(run_id)
        write_label(folder, replace(read_label(folder), pinned=pinned))

    def delete(self, run_id: str) -> None:
        """Out of sight, to be taken back for an hour. Raises InUse while the run is under way."""
        folder = self.folder(run_id)
        if is_held(folder / LOCK):
            raise in_use(folder)
        moved(folder, free_place(self.trash, run_id))

    def undelete(self, run_id: str) -> None:
        """Take a deleted run back. Raises NoSuchRun once it is gone, StoreError where it is here again."""
        folder = self._deleted(run_id)
        if folder is None:
            raise not_deleted(run_id, self.trash)
        if not is_missing(self._runs / run_id):
            raise here_already(run_id)
        moved(folder, self._runs / run_id)

    def _deleted(self, run_id: str) -> Path | None:
        """Where it lies; of several that had the id one after the other, the one that was deleted last."""
        found = of_one_run(self.trash, run_id) if RUN_ID.fullmatch(run_id) else []
        return max(found, key=lambda folder: folder.stat().st_mtime_ns, default=None)

    def move_aside(self, run_id: str) -> Path:
        """Put a run that cannot be read where nothing touches it; returns the folder. Raises InUse as `delete`."""
        folder = self._runs / run_id
        if not RUN_ID.fullmatch(run_id) or is_missing(folder):
            raise no_such_run(run_id, self.home)
        if is_held(folder / LOCK):
            raise in_use(folder)
        return moved(folder, free_place(self.home / ASIDE, run_id))

    def empty_trash(self, seconds: float = UNDO_SECONDS) -> None:
        """Delete for good what has been deleted `seconds` ago."""
        delete_older(self.trash, seconds)

    # --- the limit ---------------------------------------------------------------------------------------------------

    def used(self) -> int:
        """Bytes that all runs take, without those that are deleted."""
        return self.used_by(folder.name for folder in self._folders())

    def used_by(self, runs: Iterable[str]) -> int:
        """Bytes that these take."""
        return sum(size_of(self._runs / run_id) for run_id in runs)
