"""`sweep`: many experiments with one question, on the cores of this machine; what is done already is taken as it is.

sweep_command  returns the exit code
wanted         the sweep that the flags describe
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from core.cli.commands import DONE, INTERRUPTED, NOTHING_TO_SHOW, STDOUT, TERMINATED, writable_file, write
from core.cli.endings import Ending
from core.cli.flags import UsageError, about_digits, experiment
from core.cli.progress import Progress, say
from core.cli.settings import FLAGS
from core.cli.sweep_flags import named, once
from core.cli.sweep_progress import SweepProgress, duration
from core.cli.sweep_tables import along_table, sweep_table
from core.experiment.environment import home, keep_bytes, ray
from core.experiment.links import DEFAULT, QUERY_KEYS
from core.experiment.rules import ConfigError
from core.lab import links
from core.lab.arrived import Findings
from core.lab.conclusions import concluded
from core.lab.document import FORMATS, as_file
from core.lab.entries import Entry
from core.lab.points import Point, points, stand_ins
from core.lab.ready_made import READY_MADE, Question
from core.lab.summary import Group, at_their_best, groups
from core.lab.sweep import LR_RULE, NORM, Sweep
from core.language.message import Message, Value
from core.language.speech import _
from core.training.records import History

if TYPE_CHECKING:
    from pathlib import Path

    from core.experiment.config import ExperimentConfig
    from core.lab.kept import KeptPoints
    from core.runs.engine import Engine

POLL_SECONDS = 0.5
CODES = {"stopped": INTERRUPTED, "interrupted": TERMINATED}
FILES = ("json", "csv", "parquet", "report")  # the flags, by their names


@dataclass(frozen=True, slots=True)
class Part:
    """A sweep, or of a question the one or the other; its entries are told in the language that is spoken here."""

    findings: Findings
    entries: list[Entry]
    groups: list[Group]

    @classmethod
    def of(cls, findings: Findings) -> Part:
        told = [entry | {"message": str(entry["message"])} for entry in findings.entries]
        return cls(findings, told, groups(told))


def sweep_command(arguments: Namespace) -> int:
    """Compute what is missing, print the table and what it says, write the FILES."""
    sweep = wanted(arguments)
    files = _files(arguments)
    _fetch(sweep, arguments)
    with Ending() as ending:
        parts = _computed(sweep, arguments, ending)
    return _conclude(parts, ending.status, files)


def _files(arguments: Namespace) -> dict[str, Path]:
    """Where the results go, by flag. Raises UsageError before anything has begun."""
    targets = {flag: getattr(arguments, flag) for flag in FILES if getattr(arguments, flag) is not None}
    printed = [flag for flag, path in targets.items() if path == STDOUT]
    if len(printed) > 1:
        values: dict[str, Value] = {"flag": f"--{printed[-1]}"}
        raise UsageError(
            Message("{flag}: Only one of --json, --csv, --parquet and --report can go to stdout. Name a file.", values)
        )
    files = {flag: writable_file(path, f"--{flag}") for flag, path in targets.items()}
    for earlier, later in combinations((flag for flag in files if files[flag] != STDOUT), 2):
        if files[earlier] == files[later]:
            values = {"flag": f"--{later}", "other": f"--{earlier}", "path": str(files[later])}
            raise UsageError(Message("{flag}: A file has one result; {path} is that of {other}. Name another.", values))
    return files


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
        asked = _asked(base, linked, arguments.limit)
        varied = dict(question.varied) | dict(asked.varied) | given
        if not (varied or arms or linked or arguments.question or arguments.seeds is not None):
            raise UsageError(
                Message(
                    "--vary: A sweep varies settings, or takes several seeds. Write --vary lr=0.01,0.1,1, or --seeds 5."
                )
            )
        seeds = arguments.seeds if arguments.seeds is not None else max(asked.seeds, question.seeds)
        share = asked.validation if arguments.validation is None else arguments.validation
        along = arguments.along or asked.along or question.along
        then = asked.then or question.then
        sweep = Sweep(base, tuple(varied.items()), seeds, share, arguments.limit, along, then)
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
        if len(rest) < len(pairs) and not QUERY_KEYS.keys() & dict(rest).keys():
            rest.append(("data", DEFAULT.data))  # of what is not in it all is as usual: that is an experiment, too
        arguments.link = address._replace(query=urlencode(rest)).geturl()
        return {key: text for key, text in pairs if key in links.KEYS}
    return {}


def _asked(base: ExperimentConfig, linked: dict[str, str], limit: int) -> Sweep:
    """What the link, if there is one, says of a sweep. Raises UsageError, which names the parameter."""
    try:
        return links.of_base(base, linked, limit)
    except ConfigError as error:
        varied = [each.partition("=")[0].strip() for each in linked.get(links.VARY, "").split(";")]
        parameters = named(error.fields) or [links.VARY]
        if not linked or not {*parameters} <= {*links.KEYS, *named(varied)}:
            raise  # it is about an experiment's settings, or the limit
        values: dict[str, Value] = {"parameters": parameters, "rule": error.args[0]}
        raise UsageError(Message("--link: {parameters}: {rule}", values)) from error


def _flags(error: ConfigError) -> list[str]:
    others = FLAGS | {LR_RULE: "--vary"}  # which has no flag of its own
    both = zip(error.fields, named(error.fields), strict=True)
    return [others.get(field) or f"--{name}" for field, name in both] or ["--vary"]


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
            then = sweep.then if not ending.status else 0
            if then and (after := at_their_best(sweep, parts[0].groups, then)):
                parts.append(_part(after, engine, kept, more, ending, parts[0].findings.total))
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


def _part(
    sweep: Sweep, engine: Engine, kept: KeptPoints | None, more: dict[str, Any], ending: Ending, earlier: int = 0
) -> Part:
    """After `earlier` runs; what follows it counts with it, unless it is there already: then that comes at once."""
    from core.lab.estimate import Estimate
    from core.lab.sweeping import Sweeping

    def estimated(ahead: Collection[Point], places: int) -> Estimate:
        return Estimate([*ahead, *(stand_ins(sweep) if ahead else [])], places)

    say(sweep.described())
    sweeping = Sweeping(points(sweep), engine, kept, more, estimated)
    later = sweep.then if sweeping.before < sweeping.total else 0
    _say_what_is_ahead(sweeping.total + later, sweeping.before, sweeping.estimate.seconds)
    with SweepProgress(sweeping, earlier, later) as progress:
        while sweeping.done < sweeping.total and not ending.status:
            sweeping.advance(POLL_SECONDS)
            progress.show()
    if sweeping.unkept:
        say(_("Some runs are not kept. {why}", why=sweeping.unkept))
    for why in dict.fromkeys(map(str, sweeping.failed.values())):
        say(_("A run has failed: {why}", why=why))
    return Part.of(Findings.of(sweep, sweeping.found, sweeping.failed))


def _say_what_is_ahead(total: int, before: int, seconds: float) -> None:
    if before == total:
        say(_("All {n} runs are there from before.", n=total))
    elif before:
        say(_("{n} runs, {before} from before; about {time} ahead.", n=total, before=before, time=duration(seconds)))
    else:
        say(_("{n} runs; about {time} ahead.", n=total, time=duration(seconds)))


# --- what is told ------------------------------------------------------------------------------------------------


def _conclude(parts: list[Part], status: str, files: dict[str, Path]) -> int:
    said = [concluded(part.findings.sweep, part.groups) for part in parts]
    try:
        _write([part.findings for part in parts], status or "finished", files)
    finally:  # a full disk takes the files, not the numbers
        told = [
            [sweep_table(part.groups), *([along] if (along := along_table(part.groups)) else []), *map(str, of_part)]
            for part, of_part in zip(parts, said, strict=True)
            if part.groups
        ]
        if told:
            words = "\n\n".join("\n".join(each) for each in told)
            print(words, file=sys.stderr if STDOUT in files.values() else sys.stdout)
    for path in files.values():
        if path != STDOUT:
            say(_("The results are in {path}.", path=path))
    if status:
        say(_("Stopped. The same command goes on from here."))
        return CODES[status]
    has_numbers = any(entry["test_accuracy"] is not None for part in parts for entry in part.entries)
    return DONE if has_numbers else NOTHING_TO_SHOW


def _write(parts: list[Findings], status: str, files: Mapping[str, Path]) -> None:
    """What programs read is English, whoever asks, and so has the same words everywhere. Raises UsageError."""
    for flag, path in files.items():
        if flag in FORMATS:
            write(path, as_file(parts, status, flag))
            continue
        from core.lab.report import report

        write(path, report(parts))
