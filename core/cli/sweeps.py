"""`sweep`: many experiments with one question, on the cores of this machine; what is done already is taken as it is.

sweep_command  returns the exit code
wanted         the sweep that the flags describe
"""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from core.cli.commands import DONE, INTERRUPTED, NOTHING_TO_SHOW, STDOUT, TERMINATED, writable_file, write, write_json
from core.cli.endings import Ending
from core.cli.flags import UsageError, about_digits, experiment
from core.cli.progress import Progress, say
from core.cli.settings import FLAGS
from core.cli.sweep_flags import once
from core.cli.sweep_progress import SweepProgress, duration
from core.cli.sweep_tables import sweep_table
from core.experiment.environment import home, keep_bytes, ray
from core.experiment.rules import ConfigError
from core.lab import links
from core.lab.conclusions import conclusions
from core.lab.document import document
from core.lab.entries import Entry, csv_text, entries
from core.lab.points import points
from core.lab.ready_made import READY_MADE, Question
from core.lab.summary import Group, at_their_best, groups
from core.lab.sweep import NORM, SETTINGS, Sweep
from core.language.message import Message
from core.language.speech import _
from core.training.records import History

if TYPE_CHECKING:
    from core.lab.kept import KeptPoints
    from core.runs.engine import Engine

POLL_SECONDS = 0.5
CODES = {"stopped": INTERRUPTED, "interrupted": TERMINATED}
Part = tuple[Sweep, list[Entry], list[Group]]


def sweep_command(arguments: Namespace) -> int:
    """Compute what is missing, print the table and what it says, write --json and --csv."""
    sweep = wanted(arguments)
    targets = {flag: getattr(arguments, flag) for flag in ("json", "csv")}
    if targets["json"] == targets["csv"] == STDOUT:
        raise UsageError(Message("--csv: Only one of --json and --csv can go to stdout. Name a file."))
    files = {flag: path and writable_file(path, f"--{flag}") for flag, path in targets.items()}
    _fetch(sweep, arguments)
    with Ending() as ending:
        parts = _computed(sweep, arguments, ending)
    return _conclude(parts, ending.status, files)


# --- what is asked -----------------------------------------------------------------------------------------------


def wanted(arguments: Namespace) -> Sweep:
    """Raises UsageError, which names the flag."""
    question = READY_MADE[arguments.question] if arguments.question else Question(Message(""), seeds=1)
    linked = _of_link(arguments)
    try:
        given = once(arguments.vary or ())
        if NORM in given and hasattr(arguments, "arms"):
            raise UsageError(Message("--vary norm: --norm says the same. Leave one of them out."))
        arms = given.pop(NORM, None)
        base = experiment(arguments)
        if arms:
            base = replace(base, arms=arms)
        asked = links.of_base(base, linked, arguments.limit)
        varied = dict(question.varied) | dict(asked.varied) | given
        if not (varied or arms or linked or arguments.question or arguments.seeds not in (None, 1)):
            raise UsageError(
                Message(
                    "--vary: A sweep varies settings, or takes several seeds. Write --vary lr=0.01,0.1,1, or --seeds 5."
                )
            )
        seeds = arguments.seeds if arguments.seeds is not None else max(asked.seeds, question.seeds)
        share = asked.validation if arguments.validation is None else arguments.validation
        along = arguments.along or asked.along or question.along
        sweep = Sweep(base, tuple(varied.items()), seeds, share, arguments.limit, along)
    except ConfigError as error:
        raise UsageError(Message("{settings}: {rule}", {"settings": _flags(error), "rule": error.args[0]})) from error
    if taken := about_digits(arguments, base):
        say(taken)
    return sweep


def _of_link(arguments: Namespace) -> dict[str, str]:
    """The link's own parameters of a sweep, which are taken out of it: the rest is an experiment's."""
    if arguments.link is None:
        return {}
    with suppress(ValueError):  # of which `experiment` says what is wrong
        address = urlsplit(arguments.link)
        pairs = parse_qsl(address.query, keep_blank_values=True)
        rest = [(key, text) for key, text in pairs if key not in links.KEYS]
        arguments.link = address._replace(query=urlencode(rest)).geturl()
        return {key: text for key, text in pairs if key in links.KEYS}
    return {}


def _flags(error: ConfigError) -> list[str]:
    names = {field: name for name, field in SETTINGS.items()}
    flags = [FLAGS.get(field) or f"--{names.get(field, field)}" for field in error.fields]
    return flags or ["--vary"]


# --- what is computed --------------------------------------------------------------------------------------------


def _fetch(sweep: Sweep, arguments: Namespace) -> None:
    """All images are there before anything begins."""
    from core.data.files import DataError, ready

    names = {point.config.data for point in points(sweep)}
    try:
        with Progress(History()) as progress:
            for name in sorted(names):
                ready(name, arguments.data_root, progress.arrived)
    except DataError as error:
        why = error.args[0]
        or_digits = Message("{why} Or train on --data digits, which are built in.", {"why": why})
        raise UsageError(or_digits if error.missing else why) from error


def _computed(sweep: Sweep, arguments: Namespace, ending: Ending) -> list[Part]:
    from core.experiment.machine import usable_cores
    from core.lab.measure import measure
    from core.runs.engine import EngineError
    from core.runs.engines import begin_engine

    device = _device(arguments.device)
    places = usable_cores() if device.type == "cpu" else 1
    more = {"root": str(arguments.data_root) if arguments.data_root else None, "device": str(device)}
    kept = _kept(arguments, device)
    try:
        with closing(begin_engine(measure, places, [], arguments.run_seconds)) as engine:
            parts = [_part(sweep, engine, kept, more, ending)]
            question = READY_MADE.get(arguments.question or "")
            then = question.then if question and not ending.status else None
            if then and (after := at_their_best(sweep, parts[0][2], then)):
                parts.append(_part(after, engine, kept, more, ending))
    except EngineError as error:
        raise UsageError(error.args[0]) from error
    return parts


def _device(name: str) -> Any:
    """Where the points are computed; on a cluster nobody asks for a card."""
    from core.cli.training import device_for

    if not ray():
        return device_for(name)
    if name not in ("auto", "cpu"):
        raise UsageError(
            Message(
                "--device: On a Ray cluster it must be cpu; got “{name}”. Leave the flag out, or NORMSCOPE_RAY unset "
                "to compute on this machine.",
                {"name": name},
            )
        )
    return device_for("cpu")


def _kept(arguments: Namespace, device: Any) -> KeptPoints | None:
    from core.lab.kept import KeptPoints
    from core.store.shelf import Shelf

    folder = home() if arguments.store else None
    return None if folder is None else KeptPoints(Shelf(folder, keep_bytes()), device, anywhere=bool(ray()))


def _part(sweep: Sweep, engine: Engine, kept: KeptPoints | None, more: dict[str, Any], ending: Ending) -> Part:
    from core.lab.sweeping import Sweeping

    say(sweep.described())
    asked = points(sweep)
    sweeping = Sweeping(asked, engine, kept, more)
    _say_what_is_ahead(sweeping.total, sweeping.before, sweeping.estimate.seconds)
    with SweepProgress(sweeping) as progress:
        while sweeping.done < sweeping.total and not ending.status:
            sweeping.advance(POLL_SECONDS)
            progress.show()
    if sweeping.unkept:
        say(_("Some runs are not kept. {why}", why=sweeping.unkept))
    for why in dict.fromkeys(map(str, sweeping.failed.values())):
        say(_("A run has failed: {why}", why=why))
    found = entries(asked, sweeping.found, sweeping.failed)
    return sweep, found, groups(found)


def _say_what_is_ahead(total: int, before: int, seconds: float) -> None:
    if before == total:
        say(_("All {n} runs are there from before.", n=total))
    elif before:
        say(_("{n} runs, {before} from before; about {time} ahead.", n=total, before=before, time=duration(seconds)))
    else:
        say(_("{n} runs; about {time} ahead.", n=total, time=duration(seconds)))


# --- what is told ------------------------------------------------------------------------------------------------


def _conclude(parts: list[Part], status: str, files: dict[str, Any]) -> int:
    sweep, _entries, found = parts[-1]
    said = conclusions(found, {arm.name: arm.title for arm in sweep.base.arms}) if found else []
    every = [entry for _sweep, entries, _groups in parts for entry in entries]
    try:
        if files["json"]:
            write_json(files["json"], document(parts, status or "finished", said))
        if files["csv"]:
            write(files["csv"], csv_text(every))
    finally:  # a full disk takes the files, not the numbers
        tables = [sweep_table(groups) for _sweep, _entries, groups in parts if groups]
        words = "\n".join([*tables, *map(str, said)])
        if words:
            print(words, file=sys.stderr if STDOUT in files.values() else sys.stdout)
    for path in files.values():
        if path not in (None, STDOUT):
            say(_("The results are in {path}.", path=path))
    if status:
        say(_("Stopped. The same command goes on from here."))
        return CODES[status]
    has_numbers = any(entry["test_accuracy"] is not None for entry in every)
    return DONE if has_numbers else NOTHING_TO_SHOW
