"""The commands: train, sequence, data fetch and data verify; each returns the exit code.

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
from core.cli.tables import files_table, results_table, rows_table
from core.data.paths import advice
from core.experiment.config import DATASETS, ExperimentConfig
from core.exports.results import results
from core.language.message import Message, Value
from core.language.speech import _
from core.training.records import History, StatusChanged
from core.words.endings import OUT_OF_MEMORY, none_left
from core.words.verdict import verdict

if TYPE_CHECKING:
    from argparse import Namespace

    import torch

    from core.training.rows import RowsTrained

STDOUT = Path("-")

DONE, NOTHING_TO_SHOW, CANNOT, FAULT, INTERRUPTED = 0, 1, 2, 3, 130


# --- train -------------------------------------------------------------------------------------------------------


def train_command(arguments: Namespace) -> int:
    """Train, print the results and write them to --json."""
    config = experiment(arguments)
    if taken := about_digits(arguments, config):
        say(taken)
    target = writable_file(arguments.json) if arguments.json is not None else None
    history = History()
    with Progress(history) as progress:
        _train(config, arguments, progress)
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
    return {"finished": DONE, "failed": NOTHING_TO_SHOW, "stopped": INTERRUPTED}[outcome.status]


def _train(config: ExperimentConfig, arguments: Namespace, progress: Progress) -> None:
    """Train to the end or to Ctrl-C; the last record says which."""
    if sys.stderr.isatty():  # elsewhere nobody waits, and an error stays one line
        say(_("Getting {data} and PyTorch ready …", data=config.data))
    from core.data.files import DataError
    from core.data.images import load
    from core.training.crew import crew, share_cores
    from core.training.failures import out_of_memory
    from core.training.trainer import train

    share_cores()
    try:
        images = load(config.data, arguments.data_root, device_for(arguments.device), progress.arrived)
        with crew(images.train_images.device, config) as workers:
            arms = train(config, images, progress.publish, crew=workers)
    except DataError as error:
        why = error.args[0]
        or_digits = Message("{why} Or train on --data digits, which are built in.", {"why": why})
        raise UsageError(or_digits if error.missing else why) from error
    except KeyboardInterrupt:
        if progress.step == 0:
            raise
        where = {"step": progress.step, "total": config.total_steps}
        progress.end("stopped", Message("Stopped at step {step:,} of {total:,}.", where))
    except Exception as error:
        if not out_of_memory(error):
            raise
        progress.end("failed", OUT_OF_MEMORY)
    else:
        alive = any(arm.alive for arm in arms)
        progress.end("finished" if alive else "failed", "" if alive else none_left(config, progress.history))


def device_for(name: str) -> torch.device:
    """The device of this name; raises UsageError if this machine does not have it."""
    import torch

    from core.data.device import best_device

    if name == "auto":
        return best_device()
    device = torch.device(name)
    if not _is_here(device):
        raise UsageError(
            Message(
                "--device: It must be one that PyTorch finds on this machine; got “{name}”. Use --device cpu, or leave "
                "the flag out to take the best one, {best}.",
                {"name": name, "best": str(best_device())},
            )
        )
    return device


def _is_here(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or torch.backends.mps.is_available()


def writable_file(path: Path) -> Path:
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
        problem = str(error.strerror)
    raise UsageError(
        Message(
            "--json: It must name a file that can be written; got {path} ({problem}). Name another one.",
            {"path": str(path), "problem": problem},
        )
    )


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Put `found` at `path` at once, so that whoever reads never sees half of it."""
    if path == STDOUT:
        return print(_text(found))
    part = _part(path)
    try:
        part.write_text(_text(found) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        values: dict[str, Value] = {"path": str(path), "why": str(error.strerror), "do": advice(error, "write to")}
        raise UsageError(Message("The results cannot be written to {path} ({why}). {do}.", values)) from error
    finally:
        part.unlink(missing_ok=True)


def _text(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)


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
