"""`runs`: what is kept, listed, shown, gone on with, renamed, deleted. Who can read the folder owns what is in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.flags import UsageError
from core.cli.progress import Progress, say
from core.cli.tables import cards_table, results_table
from core.cli.training import images_of
from core.data.reasons import why
from core.experiment.environment import home, keep_bytes
from core.exports.formats import ExportError, export
from core.exports.results import results
from core.language.languages import ENGLISH
from core.language.message import Message, Value
from core.language.speech import _, speaking
from core.store.shelf import Shelf
from core.store.soundness import trouble_of
from core.store.troubles import Damaged, NoSuchRun, StoreError, comes_along, only_damaged, told
from core.training.records import History
from core.words.verdict import verdict

if TYPE_CHECKING:
    from argparse import Namespace

    from core.store.card import Card

DONE = 0


def runs_command(arguments: Namespace) -> int:
    """One action; what cannot be done is a UsageError. Returns the exit code of all but resume."""
    try:
        ACTIONS[arguments.action](the_shelf(), arguments)
    except Damaged as error:
        raise UsageError(_with_command(error, arguments.run)) from error
    except StoreError as error:
        raise UsageError(error.args[0]) from error
    return DONE


def _with_command(error: StoreError, run: str) -> Message:
    """Why a run cannot be read, and, where it is damaged, how it is put aside from here."""
    why: Message = error.args[0]
    if not isinstance(error, Damaged):
        return why
    return Message("{why} Here `python -m core runs aside {run}` puts it aside.", {"why": why, "run": run})


def the_shelf() -> Shelf:
    folder = home()
    if folder is None:
        raise UsageError(Message("NORMSCOPE_STORE is off, so no runs are kept. Leave it unset to have them."))
    _check_readable(folder)
    return Shelf(folder, keep_bytes())


def _check_readable(folder: Path) -> None:
    """What is no folder, or may not be read, has no runs to show; one that is not there yet has none so far."""
    try:
        os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(told(error, folder).args[0]) from error


def _list(shelf: Shelf, arguments: Namespace) -> None:
    cards = shelf.cards()
    if arguments.json:
        print(_text([as_json(card) for card in cards]))
    elif cards:
        print(cards_table(cards))
    else:
        say(_("No runs are kept in {home}.", home=shelf.home))
    for name, problem in shelf.broken().items():
        say(_("Run {id} cannot be read. {why}", id=name, why=_with_command(problem, name)))


def _show(shelf: Shelf, arguments: Namespace) -> None:
    card = shelf.find(arguments.run)
    recording = shelf.recording(card.id)
    found = results(card.config, recording.records)
    if arguments.json:
        print(_text(as_json(card) | {"results": found}))
        return
    said = verdict(card.config, History(recording.records), card.status == "finished")
    print(f"{cards_table([card])}\n\n{results_table(found)}\n{said}")
    if card.message:
        say(card.message)


def _export(shelf: Shelf, arguments: Namespace) -> None:
    formats = [name.strip() for name in arguments.format.replace("，", ",").split(",")]
    try:
        paths = export(shelf.recording(shelf.find(arguments.run).id), formats, arguments.to)
    except ExportError as error:
        raise UsageError(error.args[0]) from error
    print("\n".join(map(str, paths)))


def _import(shelf: Shelf, arguments: Namespace) -> None:
    from core.exports.bundle import read
    from core.exports.recorded import RUN_ID as RECORDED
    from core.exports.troubles import BundleError
    from core.store.taking_in import take_in

    try:
        recording = read(arguments.file)
    except BundleError as error:
        raise UsageError(error.args[0]) from error
    except OSError as error:
        what: dict[str, Value] = {"path": str(arguments.file), "why": why(error)}
        raise UsageError(
            Message("A bundle is a file that can be read; {path} cannot be ({why}). Give another one.", what)
        ) from error
    if recording.id == RECORDED:
        raise comes_along(RECORDED)
    say(_("It is kept as {id}.", id=take_in(shelf, recording).id))


def _rename(shelf: Shelf, arguments: Namespace) -> None:
    shelf.rename(shelf.find(arguments.run).id, arguments.name)


def _delete(shelf: Shelf, arguments: Namespace) -> None:
    run_id = _id_of(shelf, arguments.run)
    shelf.delete(run_id)
    say(_("Deleted. For an hour `python -m core runs restore {id}` takes it back.", id=run_id))


def _restore(shelf: Shelf, arguments: Namespace) -> None:
    shelf.undelete(arguments.run)


def _aside(shelf: Shelf, arguments: Namespace) -> None:
    run_id = _id_of(shelf, arguments.run)
    found = trouble_of(shelf, run_id)
    if not isinstance(found, NoSuchRun):  # else there may be a folder without its file, or nothing
        only_damaged(found)
    say(_("It is in {folder} now.", folder=shelf.move_aside(run_id)))


def _id_of(shelf: Shelf, wanted: str) -> str:
    """Of a run that may be damaged: then `wanted` can only be its id."""
    try:
        return shelf.find(wanted).id
    except StoreError:
        return wanted


ACTIONS: dict[str, Callable[[Shelf, Namespace], None]] = {
    "list": _list,
    "show": _show,
    "export": _export,
    "import": _import,
    "rename": _rename,
    "delete": _delete,
    "restore": _restore,
    "aside": _aside,
}


def gone_on_with(arguments: Namespace, progress: Progress) -> tuple[Card, History]:
    """Take up a run and train it to its end: (its card, all that it has measured)."""
    from core.cli.kept import Kept

    shelf = the_shelf()
    try:
        card = shelf.find(arguments.run)
        images = images_of(card.config, arguments, progress)
        return card, Kept.taken_up(shelf, card.id, images, progress).train()
    except StoreError as error:
        raise UsageError(error.args[0]) from error


def as_json(card: Card) -> dict[str, Any]:
    """For programs, in English: what a list shows of a run."""
    with speaking(ENGLISH):
        return {
            "id": card.id,
            "name": card.name,
            "status": card.status,
            "message": str(card.message),
            "step": card.step,
            "total_steps": card.config.total_steps,
            "started": card.origin.started.isoformat(),
            "by": card.origin.by,
            "seconds": card.seconds,
            "test_accuracy": dict(card.accuracies or {}),
            "ended": list(card.ended),
            "resumable": card.resumable,
            "pinned": card.pinned,
            "bytes": card.bytes,
            "config": card.config.to_json(),
        }


def _text(found: Any) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
