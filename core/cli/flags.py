"""What can be said on the command line, and the experiment that it describes.

build_parser   every command with its flags
experiment     what `train` was given -> ExperimentConfig
UsageError     what was asked for cannot be done
"""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

from core.cube.viewpoint import QUERY_KEY
from core.experiment.config import (
    ACTIVATIONS,
    DATASETS,
    DEPTHS,
    INITS,
    OPTIMIZERS,
    POOLS,
    PRESETS,
    ConfigError,
    ExperimentConfig,
    parse_arm,
)
from core.experiment.links import from_query

PRESET_FLAGS = {"first-look": "First look", "book-zh": "The book, zh edition", "book-en": "The book, en edition"}
FIRST_LOOK = PRESETS["First look"]


class UsageError(Exception):
    """What was asked for cannot be done; its text says the rule, what it got and what to do."""


# group, then field of ExperimentConfig: flag, values (a word for them, or all there are), help
SETTINGS: dict[str, dict[str, tuple[str, str | Iterable[object], str]]] = {
    "Data": {
        "data": ("--data", DATASETS, """the images: 60,000 to train on and 10,000 to test on, fetched when missing;
            digits (1,437 and 360) come with scikit-learn and need no network. Clothes are harder to tell apart than
            figures"""),
        "examples": ("--examples", "N", """train on the first N images, or on all where there are fewer. A third of
            Fashion-MNIST already shows every effect; all of it takes three times as long"""),
    },
    "Network": {
        "arms": ("--norm", "SPEC", """an arm, that is, one network of the comparison; repeat it for up to 6. SPEC is
            none, bn, ln, in, gn or rms; gn1 has one group, gn two; bn/none normalizes the convolutions only; bn:book
            is the chapter's own code; :dropout=0.5 and :lr=0.02 hold for this arm alone. All arms start from the same
            weights"""),
        "activation": ("--activation", ACTIVATIONS, """after every layer but the last. With sigmoid the gradient
            shrinks from layer to layer, so normalization decides; with relu, at a sensible learning rate, it matters
            far less"""),
        "pool": ("--pool", POOLS, "how 2×2 values become one; recent editions of the book average"),
        "init": ("--init", INITS, """the initial weights: Xavier, He (made for relu), PyTorch's default, or
            N(0, 0.01). The smaller they are, the less gradient reaches the first layer without BatchNorm"""),
        "depth": ("--depth", DEPTHS, """layers with weights: 5 is LeNet, 8 and 12 add linear layers and
            convolutions. With sigmoid and without BatchNorm each one more shrinks the gradient further"""),
        "dropout": ("--dropout", "P", """share of the linear layers' outputs set to 0 while training, from 0 (none) to
            below 1"""),
    },
    "Training": {
        "optimizer": ("--optimizer", OPTIMIZERS, "how gradients become steps"),
        "learning_rate": ("--lr", "X", """the learning rate, any number above 0. The book takes 1.0 (zh) or 0.1 (en);
            try 0.001 with adam. Too high, an arm diverges and the others go on"""),
        "momentum": ("--momentum", "M", "share of the last SGD step that is kept, from 0 to below 1"),
        "batch_size": ("--batch-size", "N", """images per step, 1 to 1024. BatchNorm's statistics come from these
            alone: with 2 its linear layers hardly learn, with 1 they cannot"""),
        "drop_last": ("--drop-last", "", """leave out a last batch that is not full (the book keeps it). A short one
            unsettles BatchNorm's running statistics at the end of every epoch"""),
        "epochs": ("--epochs", "N", "passes through the training images, 1 to 1000"),
        "seed": ("--seed", "N", """0 to 4294967295; decides the weights, the order of the images and dropout. On a CPU
            the same seed gives the same losses, bit for bit; another seed shows what luck does"""),
    },
}  # fmt: skip
FLAGS = {field: flag for group in SETTINGS.values() for field, (flag, _, _) in group.items()}

DESCRIPTION = """\
NormScope trains the same small LeNet with and without normalization, side by side, on the same batches."""

EPILOG = """\
examples:
  python -m core train
  python -m core train --norm none --norm bn --norm ln --epochs 3 --json out.json
  python -m core data verify

`python -m core COMMAND --help` explains a command. The page is `make run`."""

TRAIN_EPILOG = """\
examples:
  python -m core train                                              First look: none, bn and ln
  python -m core train --preset book-zh --norm bn --norm bn:book    the chapter's code beside PyTorch's
  python -m core train --data digits --norm bn --norm gn2 --batch-size 2 --json small.json

stdout has the results and a sentence on them, stderr the progress. Exit codes: 0 trained; 1 every arm diverged, or
the device ran out of memory; 2 bad input, said in one line; 130 stopped by Ctrl-C (--json gets what was measured)."""

SEQUENCE_DESCRIPTION = """\
A small GRU reads each image row by row, one row per time step; trained without LayerNorm and with it, from the same
weights, on the same batches of 64.

Exit codes: 0 trained; 1 a loss stopped being a number; 2 bad input, said in one line; 130 stopped by Ctrl-C."""

DATA_DESCRIPTION = """\
The image files, four per dataset: fetch downloads what is missing or corrupt; verify reads what is there
and compares its md5.

Exit codes: 0 all is well; 1 verify found a missing or corrupt file; 2 a file cannot be had, kept or read."""


class Parser(argparse.ArgumentParser):
    """argparse with one line per error, and no guessing of flags."""

    def __init__(self, **words: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **words)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')}. See `{self.prog} --help`.")


def build_parser() -> Parser:
    """Every command with its flags. Flags of an experiment that are not given leave no trace in the namespace."""
    parser = Parser(prog="python -m core", description=DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_train(commands)
    _add_sequence(commands)
    _add_data(commands)
    return parser


def _add_train(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = commands.add_parser(
        "train", help="train the arms of an experiment and compare them", description=DESCRIPTION, epilog=TRAIN_EPILOG
    )
    group = parser.add_argument_group("Where to start", "the flags below change what these set")
    start = group.add_mutually_exclusive_group()
    start.add_argument("--preset", choices=PRESET_FLAGS, help="a ready-made experiment (default: first-look)")
    start.add_argument("--link", metavar="URL", help="the experiment in the address of a NormScope page")
    for title, settings in SETTINGS.items():
        group = parser.add_argument_group(title)
        for field, (flag, values, words) in settings.items():
            _add_setting(group, field, flag, values, words)
    group = parser.add_argument_group("Where and what for")
    group.add_argument(
        "--device", type=_device_name, default="auto", help="auto (CUDA, else MPS, else CPU), cpu, cuda, cuda:1, mps"
    )
    _add_root(group)
    group.add_argument(
        "--json",
        type=_path,
        metavar="FILE",
        help="write the results here, every arm's epochs among them; replaced in one go, never half written",
    )


def _add_setting(
    group: argparse._ArgumentGroup, field: str, flag: str, values: str | Iterable[object], words: str
) -> None:
    default = getattr(FIRST_LOOK, field)
    how: dict[str, Any] = {"metavar": values if isinstance(values, str) else _either(values)}
    shown: object = default
    if field == "arms":
        how |= {"action": "append"}
        shown = " ".join(arm.name for arm in default)
    elif isinstance(default, bool):
        how = {"action": argparse.BooleanOptionalAction}
        shown = flag if default else flag.replace("--", "--no-")
    else:
        how |= {"type": {int: _whole, float: _number}.get(type(default), str)}
    group.add_argument(flag, dest=field, default=argparse.SUPPRESS, help=f"{words} (default: {shown})", **how)


def _add_sequence(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = commands.add_parser(
        "sequence",
        help="train a GRU that reads images row by row, with and without LN",
        description=SEQUENCE_DESCRIPTION,
    )
    parser.add_argument("--data", choices=tuple(DATASETS), default="digits", help="the images (default: %(default)s)")
    parser.add_argument(
        "--examples", type=_count, metavar="N", default=1024, help="train on the first N (default: 1024)"
    )
    parser.add_argument("--epochs", type=_count, metavar="N", default=3, help="passes through them (default: 3)")
    parser.add_argument("--lr", type=_rate, metavar="X", default=0.5, help="the learning rate, above 0 (default: 0.5)")
    parser.add_argument("--seed", type=_seed, metavar="N", default=0, help="decides weights and order (default: 0)")
    _add_root(parser)


def _add_data(commands: argparse._SubParsersAction[Parser]) -> None:
    parser = commands.add_parser("data", help="fetch the image files, or check them", description=DATA_DESCRIPTION)
    parser.add_argument("action", choices=("fetch", "verify"), help="what to do")
    parser.add_argument(
        "--data",
        choices=(*DATASETS, "all"),
        default=FIRST_LOOK.data,
        help="which dataset (default: %(default)s); digits are built in and have no files",
    )
    _add_root(parser)


def _add_root(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--data-root",
        type=_path,
        metavar="DIR",
        help="the folder with FashionMNIST/raw and its like (default: $NORMSCOPE_DATA, else data/ in the project)",
    )


def _either(choices: Iterable[object]) -> str:
    return f"{{{','.join(str(choice) for choice in choices)}}}"


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))  # Path.expanduser raises on a user who is not there


def _whole(text: str) -> int:
    try:
        if len(text) <= 40:  # Python answers thousands of digits with an error of its own
            return int(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"It must be a whole number; got “{text[:40]}”. Use one such as 8")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"It must be a number; got “{text[:40]}”. Use one such as 0.1") from None


def _count(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"It must be at least 1; got {number}. Leave the flag out to take the default")
    return number


def _seed(text: str) -> int:
    seed = _whole(text)
    if not 0 <= seed < 2**32:
        raise argparse.ArgumentTypeError(f"A seed is a whole number from 0 to 4294967295; got {seed}. Use 0")
    return seed


def _rate(text: str) -> float:
    rate = _number(text)
    if not (0 < rate < math.inf):
        raise argparse.ArgumentTypeError(f"A learning rate is a finite number above 0; got {text}. Use 0.5")
    return rate


def _device_name(text: str) -> str:
    if re.fullmatch(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?", text):
        return text
    raise argparse.ArgumentTypeError(
        f"A device is auto, cpu, cuda, cuda:N or mps; got “{text}”. Leave the flag out to take the best one"
    )


def experiment(arguments: argparse.Namespace) -> ExperimentConfig:
    """The experiment that the flags describe: a preset or a link, changed by what else is given."""
    base = _from_link(arguments.link) if arguments.link is not None else PRESETS[_preset(arguments)]
    given = {field: getattr(arguments, field) for field in FLAGS if hasattr(arguments, field)}
    try:
        if "arms" in given:
            given["arms"] = tuple(parse_arm(text) for text in given["arms"])
        if "examples" not in given and given.get("data") in DATASETS:
            given["examples"] = min(base.examples, DATASETS[given["data"]][0])
        return replace(base, **given)
    except ConfigError as error:
        flags = ", ".join(flag for field, flag in FLAGS.items() if field in error.fields)
        raise UsageError(f"{flags}: {error}") from error


def _preset(arguments: argparse.Namespace) -> str:
    return PRESET_FLAGS[arguments.preset or "first-look"]


def _from_link(link: str) -> ExperimentConfig:
    try:
        pairs = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    except ValueError as error:
        raise UsageError(f"--link: It must be an address; got “{link}” ({error}). Copy it from the page.") from error
    pairs = [(key, value) for key, value in pairs if key not in ("run", QUERY_KEY)]  # what the page shows: no settings
    if not pairs:
        raise UsageError(f"--link: Its settings follow a “?”; got “{link}”. Copy the whole address from the page.")
    config, problems = from_query(dict(pairs))
    if problems:
        # The page goes on without such a setting and says so; numbers that nobody asked for are no use here.
        said = re.sub("(was|were) ignored", "cannot be used", " ".join(problems))
        raise UsageError(f"--link: {said}")
    return config
