"""The flags of `runs`: what is done to a run that is kept."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import values
from core.exports.formats import FORMATS
from core.language.message import Message
from core.language.speech import _

RUNS_DESCRIPTION = Message("""\
The runs that are kept in $NORMSCOPE_HOME, of the page and of the command line alike.

RUN is a run's id, its name, or last: the one that was begun last. Exit codes: 0 done, and resume has those of train;
2 there is no such run, or it cannot be read or written, said in one line.""")

RUN_HELP = Message("its id, its name, or last")


def add_runs(commands: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """The command with its actions; returns that of resume, which trains and takes the flags for it as well."""
    parser = commands.add_parser(
        "runs",
        help=_("list the runs that are kept, go on with one, rename or delete it"),
        description=str(RUNS_DESCRIPTION),
    )
    actions = parser.add_subparsers(required=True, metavar=_("ACTION"), dest="action")
    shown = _("JSON alone on stdout")
    _add(actions, "list", _("all of them, the newest first")).add_argument("--json", action="store_true", help=shown)
    show = _of_a_run(actions, "show", _("one of them, with its results"))
    show.add_argument("--json", action="store_true", help=shown)
    resume = _of_a_run(actions, "resume", _("go on with one that was stopped or interrupted"))
    resume.add_argument(
        "--json", type=values.path, metavar="FILE", help=_("write the results here; - is stdout, as with train")
    )
    export = _of_a_run(actions, "export", _("write it into files"))
    export.add_argument(
        "--format",
        required=True,
        metavar="FORMAT",
        help=_("as what: {formats}; several with commas: csv,script", formats=", ".join(FORMATS)),
    )
    export.add_argument("--to", type=values.path, required=True, metavar="FOLDER", help=_("where the files go"))
    taken = _add(actions, "import", _("keep a run of another NormScope, from its bundle"))
    told = _("what `runs export --format bundle` has written")
    taken.add_argument("file", metavar="FILE", type=values.path, help=told)
    rename = _of_a_run(actions, "rename", _("give it another name"))
    rename.add_argument("name", metavar="NAME", help=_("up to 80 letters; empty for none"))
    _of_a_run(actions, "delete", _("delete it; for an hour it can be restored"))
    restore = _add(actions, "restore", _("take back one that was deleted"))
    restore.add_argument("run", metavar="ID", help=_("its id, as delete has said it"))
    _of_a_run(actions, "aside", _("put one that is damaged aside, where nothing reads it any more"))
    return resume


def _add(actions: argparse._SubParsersAction[Any], name: str, words: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=words, description=words)
    return parser


def _of_a_run(actions: argparse._SubParsersAction[Any], name: str, words: str) -> argparse.ArgumentParser:
    parser = _add(actions, name, words)
    parser.add_argument("run", metavar="RUN", help=str(RUN_HELP))
    return parser
