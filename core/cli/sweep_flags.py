"""The flags of `sweep`, besides those of an experiment, which it shares with `train`.

add_sweep  the command
once       what is varied, by name
named      settings as a sweep calls them, in its link and its flags
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from core.cli import values
from core.experiment.rules import ConfigError
from core.lab.links import read
from core.lab.ready_made import READY_MADE
from core.lab.sweep import LR_RULE, MOST_ENTRIES, MOST_SEEDS, NORM, SETTINGS, SHARE
from core.language.message import Message
from core.language.speech import _
from core.runs.local_engine import LIMIT_SECONDS

SWEEP_DESCRIPTION = Message("""\
Many experiments with one question: all combinations of one or two settings, and of the norms, with several seeds. Each
is a run of its own in $NORMSCOPE_HOME; the same command again computes only what is missing there.

The last tenth of the training images is held out: settings and winners are chosen by it, and the test images are read
once, at the end of each run.""")

SWEEP_EPILOG = Message("""\
examples:
  python -m core sweep --question ladder --data digits
  python -m core sweep --vary lr=0.01,0.1,1,10 --vary norm=none,bn,ln --seeds 5 --json out.json --csv out.csv

stdout has the table and what it says, stderr the progress. Exit codes: 0 done; 1 no run has numbers; 2 bad input, or
results that cannot be written, said in one line; 3 a fault in NormScope itself; 130 stopped by Ctrl-C, 143 by SIGTERM
(the files get what is done, and the same command goes on).""")


def add_sweep(commands: argparse._SubParsersAction[Any]) -> Any:
    """Without the flags of an experiment, and of where it runs."""
    parser = commands.add_parser(
        "sweep",
        help=_("answer one question with many experiments: settings, norms and seeds"),
        description=str(SWEEP_DESCRIPTION),
        epilog=str(SWEEP_EPILOG),
    )
    group = parser.add_argument_group(_("The question"))
    asked = "; ".join(f"{name}: {question.answers}" for name, question in READY_MADE.items())
    group.add_argument("--question", choices=tuple(READY_MADE), help=_("a ready-made one. {asked}", asked=asked))
    group.add_argument(
        "--vary",
        type=_varied,
        action="append",
        metavar="NAME=VALUE,VALUE",
        help=_(
            "a setting and its values; up to two, and norm=none,bn,ln besides. NAME is that of a flag below: {names}; "
            "or {rule}=fixed,proportional beside batch-size",
            names=", ".join(SETTINGS),
            rule=LR_RULE,
        ),
    )
    told = _("so many seeds, up to {most}, from --seed on (default: 1)", most=MOST_SEEDS)
    group.add_argument("--seeds", type=values.whole, metavar="N", help=told)
    told = _("the share of the training images that is held out to choose by (default: {share})", share=SHARE)
    group.add_argument("--validation", type=values.number, metavar="P", help=told)
    told = _("measure, too, what steps along the gradient do to the loss and to the gradient")
    group.add_argument("--along", action="store_true", help=told)
    told = _("refuse more entries, that is, combinations × seeds × arms (default: {most})", most=MOST_ENTRIES)
    group.add_argument("--limit", type=values.count, metavar="N", default=MOST_ENTRIES, help=told)
    told = _("give up a run that takes longer (default: {seconds:.0f})", seconds=LIMIT_SECONDS)
    group.add_argument("--run-seconds", type=values.count, metavar="N", default=int(LIMIT_SECONDS), help=told)
    group = parser.add_argument_group(_("Results"))
    told = _("write the entries here, and what is said of them; - is stdout, and the table goes to stderr")
    group.add_argument("--json", type=values.path, metavar="FILE", help=told)
    told = _("write the entries here, a row each")
    group.add_argument("--csv", type=values.path, metavar="FILE", help=told)
    told = _("the same as a Parquet file, for pandas and its like")
    group.add_argument("--parquet", type=values.path, metavar="FILE", help=told)
    told = _("write what it found here as a page that opens offline, as the Lab saves it")
    group.add_argument("--report", type=values.path, metavar="FILE", help=told)
    told = _("keep nothing in $NORMSCOPE_HOME: what is stopped cannot go on")
    group.add_argument("--no-store", dest="store", action="store_false", help=told)
    return parser


def _varied(text: str) -> tuple[str, tuple[Any, ...]]:
    try:
        return read(text)
    except ConfigError as error:
        named = [name for name, field in SETTINGS.items() if field in error.fields]
        told = Message("{settings}: {rule}", {"settings": named, "rule": error.args[0]}) if named else error
        raise argparse.ArgumentTypeError(str(told)) from None


def once(given: Iterable[tuple[str, tuple[Any, ...]]]) -> dict[str, tuple[Any, ...]]:
    """By their names. Raises ConfigError on one that is given twice."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, each in given:
        if name in found:
            raise ConfigError(
                Message("Each setting is varied once; got {name} twice. Join them.", {"name": name}), "vary"
            )
        found[name] = each
    return found


def named(fields: Iterable[str]) -> list[str]:
    """What is no setting of an experiment is called as it is."""
    names = {field: name for name, field in SETTINGS.items()} | {"arms": NORM}
    return [names.get(field, field) for field in fields]
