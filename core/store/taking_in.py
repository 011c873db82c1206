"""A run of another NormScope comes onto the shelf: as a whole, or not at all."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from core.store.card import CARD, Begun, Card
from core.store.leftovers import delete_older
from core.store.limit import make_room
from core.store.networks import networks_bytes
from core.store.recording import IMPORT, Recording
from core.store.run_file import Look, RunFile
from core.store.shelf import RUNS, Shelf
from core.store.troubles import here_already, told

INCOMING = "incoming"  # a run lies there until it is whole
LEFT_SECONDS = 3600.0  # so old, it is what a process left that was killed


def take_in(shelf: Shelf, recording: Recording, owner: str = "") -> Card:
    """Keep it; `owner` is the sha256 of a secret. Raises StoreError, as for one that is here already."""
    if shelf.knows(recording.id):
        raise here_already(recording.id)
    make_room(shelf)
    delete_older(shelf.home / INCOMING, LEFT_SECONDS)
    waiting = Shelf(shelf.home / INCOMING / secrets.token_hex(4), shelf.limit)  # others may be coming, too
    try:
        folder = _written(waiting, recording, owner)
        target = shelf.home / RUNS / recording.id
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    except OSError as error:
        raise (here_already(recording.id) if shelf.knows(recording.id) else told(error, shelf.home)) from error
    finally:
        shutil.rmtree(waiting.home, ignore_errors=True)
    return shelf.card(recording.id)


def _written(shelf: Shelf, recording: Recording, owner: str) -> Path:
    r = recording
    file = shelf.create(r.id, Begun(r.config, r.asked, replace(r.origin, by=IMPORT), owner, r.name))
    try:
        _fill(file, recording)
    finally:
        file.close(ended=True)
    (file.folder / CARD).unlink()  # it says that the run is to begin; the next look makes another
    return file.folder


def _fill(file: RunFile, recording: Recording) -> None:
    """A look at a time: together they may be more than memory has room for."""
    file.write(list(enumerate(recording.records, 1)), facts={"seconds": recording.seconds})
    for number, seen in enumerate(recording.looks(), 1):
        file.write(looks=[Look(number, seen, due=True)])
    for step in recording.network_steps:
        file.write(networks={step: networks_bytes(recording.networks(step))})
