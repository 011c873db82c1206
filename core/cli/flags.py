"""What can be said on the command line, and the experiment that it describes.

parse          the words after `python -m core` -> what the flags say
build_parser   every command with its flags
experiment     what `train` was given -> ExperimentConfig
about_digits   what the built-in digits have taken by themselves
UsageError     what was asked for cannot be done
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

from core.cli import values
from core.cli.run_flags import add_runs
from core.cli.settings import FIRST_LOOK, FLAGS, PRESET_FLAGS, PRESET_WORDS, SETTINGS
from core.cli.speech import HelpFormatter, add_language, teach_argparse
from core.cli.status import add_status
from core.cli.sweep_flags import add_sweep
from core.cube.viewpoint import QUERY_KEY
from core.experiment.arm import parse_arm
from core.experiment.config import DATASETS, PRESETS, ExperimentConfig
from core.experiment.fitting import DIGITS, from_digits, to_digits
from core.experiment.links import QUERY_KEYS, from_query
from core.experiment.rules import ConfigError
from core.language.languages import QUERY_KEY as LANGUAGE_KEY
from core.language.message import Message
from core.language.several import Sentences
from core.language.speech import _
from core.words.reasons import QUERY_KEY as LOOK_KEY
from core.words.settings import instead_of


class UsageError(Exception):
    """What was asked for cannot be done; its message says the rule, what it got and what to do."""


DESCRIPTION = Message(
    "NormScope trains the same small LeNet with and without normalization, side by side, on the same batches."
)

EPILOG = Message("""\
examples:
  python -m core train
  python -m core train --norm none --norm bn --norm ln --epochs 3 --json out.json
  python -m core data verify

`python -m core COMMAND --help` explains a command. The page is `make run`.""")

TRAIN_EPILOG = Message("""\
examples:
  python -m core train                                              First look: none, bn and ln
  python -m core train --preset book-as-read --epochs 1             the chapter's code beside PyTorch's
  python -m core train --data digits --norm bn --norm gn2 --batch-size 2 --json small.json

stdout has the results and a sentence on them, stderr the progress. Exit codes: 0 trained; 1 no arm was left, or the
device ran out of memory; 2 bad input, or results that cannot be written, said in one line; 3 a fault in NormScope
itself; 130 stopped by Ctrl-C, 143 by SIGTERM (--json gets what was measured).""")

SEQUENCE_DESCRIPTION = Message("""\
A small GRU reads each image row by row, one row per time step; trained without LayerNorm and with it, from the same
weights, on the same batches of 64.

Exit codes: 0 trained; 1 a loss stopped being a number; 2 bad input, said in one line; 130 stopped by Ctrl-C.""")

DATA_DESCRIPTION = Message("""\
The image files, four per dataset: fetch downloads what is missing or corrupt; verify reads what is there
and compares its md5.

Exit codes: 0 all is well; 1 verify found a missing or corrupt file; 2 a file cannot be had, kept or read.""")


class Parser(argparse.ArgumentParser):
    """argparse with one line per error, and no guessing of flags."""

    def __init__(self, **words: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=HelpFormatter, **words)
        add_language(self)

    def error(self, message: str) -> NoReturn:
        said = message.removeprefix("argument ")
        if not said.endswith((".", "。")):  # as argparse's own words
            said = _("{what}.", what=said)
        raise UsageError(_("{error} See `{command} --help`.", error=said, command=self.prog))


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """What the flags say. Raises UsageError for what no flag can say."""
    for flag in (text.removesuffix("=--") for text in argv if re.fullmatch("--[^=]+=--", text)):
        # argparse would make an empty list of it, past every check of the value
        raise UsageError(Message("{flag}: “--” is no value. Give one, or leave the flag out.", {"flag": flag}))
    arguments, unknown = build_parser().parse_known_args(argv)
    if unknown:
        values = {"flag": unknown[0], "command": f"python -m core {arguments.command}"}
        raise UsageError(Message("{flag}: There is no such flag. See `{command} --help`.", values))
    return arguments


def build_parser() -> Parser:
    """Every command with its flags. Flags of an experiment that are not given leave no trace in the namespace."""
    teach_argparse()
    parser = Parser(prog="python -m core", description=str(DESCRIPTION), epilog=str(EPILOG))
    commands = parser.add_subparsers(required=True, metavar=_("COMMAND"), dest="command")
    _add_train(commands)
    _add_experiment(sweep := add_sweep(commands))
    _add_machine(sweep)
    _add_device(resume := add_runs(commands))
    _add_root(resume)
    _add_sequence(commands)
    _add_data(commands)
    add_status(commands)
    return parser


def _add_train(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = commands.add_parser(
        "train",
        help=_("train the arms of an experiment and compare them"),
        description=str(DESCRIPTION),
        epilog=str(TRAIN_EPILOG),
    )
    _add_experiment(parser)
    group = _add_machine(parser)
    group.add_argument(
        "--json",
        type=values.path,
        metavar="FILE",
        help=_(
            "write the results here, every arm's epochs among them; replaced in one go, never half written. - is "
            "stdout, and the table goes to stderr"
        ),
    )
    group.add_argument(
        "--no-store",
        dest="store",
        action="store_false",
        help=_("keep nothing of this run in $NORMSCOPE_HOME: no page shows it, and once stopped it cannot go on"),
    )


def _add_experiment(parser: Parser) -> None:
    group = parser.add_argument_group(_("Where to start"), _("the flags below change what these set"))
    start = group.add_mutually_exclusive_group()
    start.add_argument("--preset", choices=PRESET_FLAGS, help=str(PRESET_WORDS))
    start.add_argument("--link", metavar="URL", help=_("the experiment in the address of a NormScope page"))
    for title, settings in SETTINGS.items():
        group = parser.add_argument_group(str(title))
        for field, (flag, choices, words) in settings.items():
            _add_setting(group, field, flag, choices, words)


def _add_machine(parser: Parser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group(_("Where and what for"))
    _add_device(group)
    _add_root(group)
    return group


def _add_setting(
    group: argparse._ArgumentGroup, field: str, flag: str, choices: str | Iterable[object], words: Message
) -> None:
    default = getattr(FIRST_LOOK, field)
    how: dict[str, Any] = {"metavar": choices if isinstance(choices, str) else _either(choices)}
    shown: object = default
    if field == "arms":
        how |= {"action": "append"}
        shown = " ".join(arm.name for arm in default)
    elif isinstance(default, bool):
        how = {"action": argparse.BooleanOptionalAction}
        shown = flag if default else flag.replace("--", "--no-")
    else:
        how |= {"type": {int: values.whole, float: values.number}.get(type(default), str)}
    told = _("{words} (default: {value})", words=words, value=shown)
    group.add_argument(flag, dest=field, default=argparse.SUPPRESS, help=told, **how)


def _add_sequence(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = commands.add_parser(
        "sequence",
        help=_("train a GRU that reads images row by row, with and without LN"),
        description=str(SEQUENCE_DESCRIPTION),
    )
    told = _("the images (default: %(default)s)")
    parser.add_argument("--data", choices=tuple(DATASETS), default="digits", help=told)
    told = _("train on the first N (default: %(default)s)")
    parser.add_argument("--examples", type=values.count, metavar="N", default=1024, help=told)
    told = _("passes through them (default: %(default)s)")
    parser.add_argument("--epochs", type=values.epochs, metavar="N", default=3, help=told)
    told = _("the learning rate, above 0 (default: %(default)s)")
    parser.add_argument("--lr", type=values.rate, metavar="X", default=0.5, help=told)
    told = _("decides weights and order (default: %(default)s)")
    parser.add_argument("--seed", type=values.seed, metavar="N", default=0, help=told)
    _add_root(parser)


def _add_data(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = commands.add_parser(
        "data", help=_("fetch the image files, or check them"), description=str(DATA_DESCRIPTION)
    )
    parser.add_argument("action", choices=("fetch", "verify"), help=_("what to do"))
    parser.add_argument(
        "--data",
        choices=(*DATASETS, "all"),
        default=FIRST_LOOK.data,
        help=_("which dataset (default: %(default)s); digits are built in and have no files"),
    )
    _add_root(parser)


def _add_device(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--device",
        type=values.device_name,
        default="auto",
        help=_("auto (CUDA, else MPS, else CPU), cpu, cuda, cuda:1, mps"),
    )


def _add_root(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--data-root",
        type=values.path,
        metavar="DIR",
        help=_("the folder with FashionMNIST/raw and its like (default: $NORMSCOPE_DATA, else data/ in the project)"),
    )


def _either(choices: Iterable[object]) -> str:
    return f"{{{','.join(str(choice) for choice in choices)}}}"


def experiment(arguments: argparse.Namespace) -> ExperimentConfig:
    """The experiment that the flags describe: a preset or a link, changed by what else is given."""
    base = _base(arguments)
    given = {field: getattr(arguments, field) for field in FLAGS if hasattr(arguments, field)}
    try:
        if "arms" in given:
            given["arms"] = tuple(parse_arm(text) for text in given["arms"])
        return replace(base, **_fitting(base, given) | given)
    except ConfigError as error:
        flags = [flag for field, flag in FLAGS.items() if field in error.fields]
        raise UsageError(Message("{settings}: {rule}", {"settings": flags, "rule": error.args[0]})) from error


def _fitting(base: ExperimentConfig, given: dict[str, Any]) -> dict[str, Any]:
    """What changes, where no flag says otherwise, because the flags go to the digits or away from them."""
    there = {field: getattr(base, field) for field in FLAGS} | given
    if "digits" not in (base.data, there["data"]) or base.data == there["data"]:
        return {}
    return to_digits(there, given) if there["data"] == "digits" else from_digits(there, {})


def about_digits(arguments: argparse.Namespace, config: ExperimentConfig) -> Message | str:
    """What the digits have taken where neither a flag nor a link to them says otherwise; empty elsewhere."""
    if config.data != "digits":
        return ""
    base = _base(arguments)
    link = parse_qsl(urlsplit(arguments.link or "").query) if base.data == "digits" else []
    said = {QUERY_KEYS.get(key) for key, _text in link} | {field for field in FLAGS if hasattr(arguments, field)}
    now, usual = ({field: getattr(each, field) for field in DIGITS} for each in (config, base))
    before = from_digits(now, {} if base.data == "digits" else usual)
    taken = {field: old for field, old in before.items() if field not in said}
    if not taken:
        return ""
    return Message("{why} Give the flags to choose others.", {"why": instead_of(taken, now, FLAGS)})


def _base(arguments: argparse.Namespace) -> ExperimentConfig:
    return _from_link(arguments.link) if arguments.link is not None else PRESETS[_preset(arguments)]


def _preset(arguments: argparse.Namespace) -> str:
    return PRESET_FLAGS[arguments.preset or "first-look"]


def _from_link(link: str) -> ExperimentConfig:
    try:
        pairs = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    except ValueError as error:
        what = {"link": link, "why": str(error)}
        rule = Message("--link: It must be an address; got “{link}” ({why}). Copy it from the page.", what)
        raise UsageError(rule) from error
    no_settings = ("run", QUERY_KEY, LOOK_KEY, LANGUAGE_KEY)
    pairs = [(key, value) for key, value in pairs if key not in no_settings]
    if not pairs:
        raise UsageError(
            Message(
                "--link: Its settings follow a “?”; got “{link}”. Copy the whole address from the page.", {"link": link}
            )
        )
    # The page goes on without a setting that is wrong and says so; numbers that nobody asked for are no use here.
    config, problems = from_query(dict(pairs), refuses=True)
    if problems:
        raise UsageError(Message("--link: {problems}", {"problems": Sentences(problems)}))
    return config
