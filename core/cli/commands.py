"""The commands: train, runs, sequence, data fetch and data verify; each returns the exit code.

Progress goes to stderr, the results to stdout. torch is imported only once it is needed.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.flags import UsageError, about_digits, experiment
from core.cli.progress import Progress, say
from core.cli.runs import gone_on_with, runs_command
from core.cli.streams import put
from core.cli.tables import files_table, results_table, rows_table
from core.cli.training import train_to_the_end
from core.data.paths import advice
from core.data.reasons import why
from core.experiment.config import DATASETS, ExperimentConfig
from core.exports.results import results
from core.language.message import Message, Value
from core.language.speech import _
from core.training.records import History, StatusChanged
from core.words.verdict import verdict

if TYPE_CHECKING:
    from argparse import Namespace

    from core.training.rows import RowsTrained

STDOUT = Path("-")

DONE, NOTHING_TO_SHOW, CANNOT, FAULT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143
EXIT_CODES = {"finished": DONE, "failed": NOTHING_TO_SHOW, "stopped": INTERRUPTED, "interrupted": TERMINATED}


# --- train -------------------------------------------------------------------------------------------------------


def train_command(arguments: Namespace) -> int:
    """Train, print the results and write them to --json."""
    config = experiment(arguments)
    if taken := about_digits(arguments, config):
        say(taken)
    target = writable_file(arguments.json) if arguments.json is not None else None
    with Progress(History()) as progress:
        history = train_to_the_end(config, arguments, progress)
    return _conclude(config, history, target)


def runs_or_resume_command(arguments: Namespace) -> int:
    """What is done to the runs that are kept; resume is as train."""
    if arguments.action != "resume":
        return runs_command(arguments)
    target = writable_file(arguments.json) if arguments.json is not None else None
    with Progress(History()) as progress:
        card, history = gone_on_with(arguments, progress)
    return _conclude(card.config, history, target)


def _conclude(config: ExperimentConfig, history: History, target: Path | None) -> int:
    """Say and write what was measured; returns the exit code."""
    outcome = next(record for record in reversed(list(history)) if isinstance(record, StatusChanged))
    found = results(config, history)
    try:
        if target is not None:
            write_json(target, found)
    finally:  # a full disk takes the file, not the numbers
        words = f"{results_table(found)}\n{verdict(config, history, outcome.status == 'finished')}"
        print(words, file=sys.stderr if target == STDOUT else sys.stdout)
    if outcome.message:
        say(outcome.message)
    if target not in (None, STDOUT):
        say(_("The results are in {path}.", path=target))
    return EXIT_CODES[outcome.status]


def writable_file(path: Path, flag: str = "--json") -> Path:
    """`path` without links, or STDOUT; raises UsageError if no file can be put there."""
    if path == STDOUT:
        return path
    path = Path(os.path.realpath(path))
    problem: Message | str = Message("it is a folder, a device or write-protected")
    try:
        if not path.exists() or (path.is_file() and os.access(path, os.W_OK)):
            part = _part(path)
            part.touch(exist_ok=False)  # asks the folder itself: root ignores its permission bits
            part.unlink()
            return path
    except OSError as error:
        problem = why(error)
    raise UsageError(
        Message(
            "{flag}: It must name a file that can be written; got {path} ({problem}). Name another one.",
            {"flag": flag, "path": str(path), "problem": problem},
        )
    )


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Put `found` at `path`, as `write` does."""
    write(path, json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write(path: Path, content: str | bytes) -> None:
    """Put `content` at `path` at once, so that whoever reads never sees half of it."""
    content = content.encode() if isinstance(content, str) else content
    if path == STDOUT:
        return put(content)
    part = _part(path)
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        values: dict[str, Value] = {"path": str(path), "why": why(error), "do": advice(error, "write to")}
        raise UsageError(Message("The results cannot be written to {path} ({why}). {do}.", values)) from error
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(4)}.part")


# --- sequence ----------------------------------------------------------------------------------------------------


def sequence_command(arguments: Namespace) -> int:
    """Train the row reader without LayerNorm and with it; print every epoch of both."""
    from core.data.files import DataError
    from core.data.images import load
    from core.training.crew import share_cores
    from core.training.rows import train_rows

    share_cores()
    rows: list[RowsTrained] = []
    try:
        images = load(arguments.data, arguments.data_root)
        for layer_norm in (False, True):
            say(_("Training with LayerNorm …") if layer_norm else _("Training without LayerNorm …"))
            rows += train_rows(images, layer_norm, arguments.epochs, arguments.examples, arguments.lr, arguments.seed)[
                1
            ]
    except DataError as error:
        raise UsageError(error.args[0]) from error
    print(rows_table(rows))
    return DONE if all(math.isfinite(row.train_loss) for row in rows) else NOTHING_TO_SHOW


# --- data --------------------------------------------------------------------------------------------------------


def data_command(arguments: Namespace) -> int:
    """Fetch or verify; print how every file stands."""
    from core.data.files import DataError, fetch, verify

    names = [name for name in DATASETS if arguments.data in (name, "all")]
    try:
        if arguments.action == "fetch":
            with Progress(History()) as progress:
                for name in names:
                    fetch(name, arguments.data_root, progress.arrived)
        checks = {name: verify(name, arguments.data_root) for name in names}
    except DataError as error:
        raise UsageError(error.args[0]) from error
    print(files_table(checks))
    broken = {name: [check for check in files if check.status != "ok"] for name, files in checks.items()}
    if not any(broken.values()):
        return DONE
    wanted = [name for name, files in broken.items() if files]
    say(
        _(
            "{broken} of {all} files are missing or corrupt; `python -m core data fetch --data {name}` gets them.",
            broken=sum(map(len, broken.values())),
            all=sum(map(len, checks.values())),
            name=wanted[0] if len(wanted) == 1 else "all",
        )
    )
    return NOTHING_TO_SHOW
