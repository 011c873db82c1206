"""The command line: `python -m core train`, `python -m core sequence` and `python -m core data fetch|verify`.

Reads an experiment from flags, trains it with the page's engine, shows progress on stderr and the results on stdout.
Exit codes: 0 done; 1 done, with nothing to show for it (every arm diverged, a data file is not as it should be);
2 what was asked for cannot be done, said in one line; 130 Ctrl-C. torch is imported only once it is needed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

from core.config import (
    ACTIVATIONS,
    DATASETS,
    DEPTHS,
    INITS,
    OPTIMIZERS,
    POOLS,
    PRESETS,
    ConfigError,
    ExperimentConfig,
    from_query,
    parse_arm,
)
from core.records import ArmDiverged, EpochFinished, History, Record, StatusChanged, TrainingStarted, TrainMeasured
from core.results import results
from core.verdict import verdict

if TYPE_CHECKING:
    import torch
    from tqdm import tqdm

    from core.data import FileCheck
    from core.sequence import RowsTrained

DONE, NOTHING_TO_SHOW, CANNOT, INTERRUPTED = 0, 1, 2, 130
PRESET_FLAGS = {"first-look": "First look", "book-zh": "The book, zh edition", "book-en": "The book, en edition"}
FIRST_LOOK = PRESETS["First look"]
LOG_SECONDS = 10.0  # between two lines of progress where stderr is a file


class UsageError(Exception):
    """What was asked for cannot be done; its text says the rule, what it got and what to do."""


# --- what can be said --------------------------------------------------------------------------------------------


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
    parser.set_defaults(run=train_command)


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
    parser.set_defaults(run=sequence_command)


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
    parser.set_defaults(run=data_command)


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


# --- from words to an experiment ---------------------------------------------------------------------------------


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
    pairs = [(key, value) for key, value in pairs if key != "run"]  # names the page's run, not a setting
    if not pairs:
        raise UsageError(f"--link: Its settings follow a “?”; got “{link}”. Copy the whole address from the page.")
    config, problems = from_query(dict(pairs))
    if problems:
        # The page goes on without such a setting and says so; numbers that nobody asked for are no use here.
        raise UsageError(f"--link: {' '.join(problems).replace('was ignored', 'cannot be used')}")
    return config


def device_for(name: str) -> torch.device:
    """The device of this name; raises UsageError if this machine does not have it."""
    import torch

    from core.device import best_device

    if name == "auto":
        return best_device()
    device = torch.device(name)
    if not _is_here(device):
        raise UsageError(
            f"--device: It must be one that PyTorch finds on this machine; got “{name}”. "
            f"Use --device cpu, or leave the flag out to take the best one, {best_device()}."
        )
    return device


def _is_here(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or torch.backends.mps.is_available()


# --- train -------------------------------------------------------------------------------------------------------


def train_command(arguments: argparse.Namespace) -> int:
    """Train, print the results and write them to --json."""
    config = experiment(arguments)
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
        print(results_table(found))
        print(verdict(config, history, outcome.status == "finished"))
    if outcome.message:
        _say(outcome.message)
    if target is not None:
        _say(f"The results are in {target}.")
    return {"finished": DONE, "failed": NOTHING_TO_SHOW, "stopped": INTERRUPTED}[outcome.status]


def _train(config: ExperimentConfig, arguments: argparse.Namespace, progress: Progress) -> None:
    """Train to the end or to Ctrl-C; the last record says which."""
    if sys.stderr.isatty():  # elsewhere nobody waits, and an error stays one line
        _say(f"Getting {config.data} and PyTorch ready …")
    import torch

    from core.data import DataError, load
    from core.device import leave_a_core_free
    from core.runs import OUT_OF_MEMORY
    from core.trainer import train

    leave_a_core_free()
    try:
        images = load(config.data, arguments.data_root, device_for(arguments.device), progress.arrived)
        arms = train(config, images, progress.publish)
    except DataError as error:
        raise UsageError(f"{error}{' Or train on --data digits, which are built in.' * error.missing}") from error
    except torch.OutOfMemoryError:
        progress.end("failed", OUT_OF_MEMORY)
    except KeyboardInterrupt:
        if progress.step == 0:
            raise
        progress.end("stopped", f"Stopped at step {progress.step:,} of {config.total_steps:,}.")
    else:
        alive = any(arm.alive for arm in arms)
        progress.end("finished" if alive else "failed", "" if alive else _all_diverged(config, progress.history))


def _all_diverged(config: ExperimentConfig, history: History) -> str:
    first = next(record for record in history if isinstance(record, ArmDiverged))
    return (
        f"Every arm's loss stopped being a finite number; the first was {first.arm} at step {first.step}: {first.what}."
        f" Lower the learning rate (it was {config.learning_rate:g})."
    )


class Progress:
    """What is under way, as a bar on stderr; keeps what was measured in `history`."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.step = 0
        self._bar: tqdm[NoReturn] | None = None
        self._file = ""
        self._losses: dict[str, str] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def arrived(self, file: str, done: int, total: int) -> None:
        """A download's next bytes are here (core.data.Progress)."""
        if self._bar is None or file != self._file:
            self._file = file
            self._bar = self._open(desc=file, total=total or None, unit="B", unit_scale=True, unit_divisor=1024)
        self._bar.update(done - self._bar.n)

    def publish(self, record: Record) -> None:
        """Keep `record` and show what it changes (core.trainer.Publish)."""
        self.history.append(record)
        match record:
            case TrainingStarted():
                self._losses = {arm.name: "…" for arm in record.arms}
                self._close()
                _say(f"{record.data}, {record.examples:,} examples, on {record.device}")
                self._bar = self._open(desc="training", total=record.total_steps, unit="step")
            case TrainMeasured():
                self._losses |= {name: f"{loss:.3f}" for name, loss in record.loss.items()}
                self._move(record.step)
            case EpochFinished():
                self._move(record.step)
            case ArmDiverged():
                self._losses[record.arm] = "diverged"

    def end(self, status: str, message: str = "") -> None:
        """The run's last word."""
        self.history.append(StatusChanged(status, self.step, message))

    def _move(self, step: int) -> None:
        assert self._bar is not None
        self._bar.set_postfix_str("loss " + ", ".join(f"{arm} {loss}" for arm, loss in self._losses.items()), False)
        before, self.step = self.step, step
        self._bar.update(step - before)

    def _open(self, **settings: Any) -> tqdm[NoReturn]:
        from tqdm import tqdm

        self._close()
        tqdm.monitor_interval = 0  # no watching thread: core.runs alone has threads
        seconds = 0.1 if sys.stderr.isatty() else LOG_SECONDS
        return tqdm(**settings, file=sys.stderr, mininterval=seconds, maxinterval=seconds, dynamic_ncols=True)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


# --- results -----------------------------------------------------------------------------------------------------


def results_table(found: dict[str, Any]) -> str:
    """One line per arm with the numbers of its last finished epoch."""
    head = ("arm", "parameters", "steps", "train loss", "test loss", "test acc.", "batch stat.", "examples/s", "status")
    return table("<>>>>>>><", head, [_arm_row(name, arm) for name, arm in found["arms"].items()])


def _arm_row(name: str, arm: dict[str, Any]) -> tuple[str, ...]:
    epoch = arm["epochs"][-1] if arm["epochs"] else {}
    return (
        name,
        _or_dash(arm["parameters"], "{:,}"),
        _or_dash(arm["steps"], "{:,}"),
        _or_dash(epoch.get("train_loss"), "{:.4f}"),
        _or_dash(epoch.get("test_loss"), "{:.4f}"),
        _or_dash(epoch.get("test_accuracy"), "{:.1%}"),
        _or_dash(epoch.get("test_accuracy_batch"), "{:.1%}"),
        _or_dash(arm["examples_per_second"], "{:,.0f}"),
        arm["status"],
    )


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value).replace("%", " %")


def table(align: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they must be, each with its own sign in `align`: "<" for words, ">" for numbers."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{a}{w}}" for cell, a, w in zip(line, align, widths, strict=True)).rstrip() for line in lines
    )


def writable_file(path: Path) -> Path:
    """`path` without links; raises UsageError if no file can be put there."""
    path = Path(os.path.realpath(path))
    problem = "it is a folder, a device or write-protected"
    try:
        if not path.exists() or (path.is_file() and os.access(path, os.W_OK)):
            part = _part(path)
            part.touch(exist_ok=False)  # asks the folder itself: root ignores its permission bits
            part.unlink()
            return path
    except OSError as error:
        problem = str(error.strerror)
    raise UsageError(f"--json: It must name a file that can be written; got {path} ({problem}). Name another one.")


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Put `found` at `path` at once, so that whoever reads never sees half of it."""
    part = _part(path)
    try:
        part.write_text(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise UsageError(f"The results cannot be written to {path} ({error.strerror}). Free some space.") from error
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(4)}.part")


# --- sequence ----------------------------------------------------------------------------------------------------


def sequence_command(arguments: argparse.Namespace) -> int:
    """Train the row reader without LayerNorm and with it; print every epoch of both."""
    from core.data import DataError, load
    from core.device import leave_a_core_free
    from core.sequence import train_rows

    leave_a_core_free()
    rows: list[RowsTrained] = []
    try:
        images = load(arguments.data, arguments.data_root)
        for layer_norm in (False, True):
            _say(f"Training {'with' if layer_norm else 'without'} LayerNorm …")
            rows += train_rows(images, layer_norm, arguments.epochs, arguments.examples, arguments.lr, arguments.seed)[
                1
            ]
    except DataError as error:
        raise UsageError(str(error)) from error
    print(rows_table(rows))
    return DONE if all(math.isfinite(row.train_loss) for row in rows) else NOTHING_TO_SHOW


def rows_table(rows: Sequence[RowsTrained]) -> str:
    """One line per network and epoch."""
    head = ("norm", "epoch", "train loss", "test acc.")
    lines = (
        ("ln" if r.layer_norm else "none", str(r.epoch), f"{r.train_loss:.4f}", f"{100 * r.test_accuracy:.1f} %")
        for r in rows
    )
    return table("<>>>", head, lines)


# --- data --------------------------------------------------------------------------------------------------------


def data_command(arguments: argparse.Namespace) -> int:
    """Fetch or verify; print how every file stands."""
    from core.data import DataError, fetch, verify

    names = [name for name in DATASETS if arguments.data in (name, "all")]
    try:
        if arguments.action == "fetch":
            with Progress(History()) as progress:
                for name in names:
                    fetch(name, arguments.data_root, progress.arrived)
        checks = {name: verify(name, arguments.data_root) for name in names}
    except DataError as error:
        raise UsageError(str(error)) from error
    print(files_table(checks))
    broken = {name: [check for check in files if check.status != "ok"] for name, files in checks.items()}
    if not any(broken.values()):
        return DONE
    wanted = [name for name, files in broken.items() if files]
    _say(
        f"{sum(map(len, broken.values()))} of {sum(map(len, checks.values()))} files are missing or corrupt; "
        f"`python -m core data fetch --data {wanted[0] if len(wanted) == 1 else 'all'}` gets them."
    )
    return NOTHING_TO_SHOW


def files_table(checks: dict[str, list[FileCheck]]) -> str:
    """One line per file; the built-in digits have none and get a line of their own."""
    rows: list[Sequence[str]] = []
    for name, files in checks.items():
        rows += [(name, _size(check.path), check.status, str(check.path)) for check in files]
        rows += [] if files else [(name, "", "built in", "scikit-learn")]
    return table("<><<", ("dataset", "size", "status", "file"), rows)


def _size(path: Path) -> str:
    return f"{math.ceil(path.stat().st_size / 1024):,} KiB" if path.exists() else "–"


# --- the process -------------------------------------------------------------------------------------------------


def _say(line: str) -> None:
    print(" ".join(line.splitlines()), file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        arguments, unknown = build_parser().parse_known_args(argv)
        if unknown:
            raise UsageError(f"{unknown[0]}: There is no such flag. See `python -m core {arguments.command} --help`.")
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except UsageError as error:
        _say(f"error: {error}")
        return CANNOT
    except KeyboardInterrupt:
        _say("Stopped.")
        return INTERRUPTED
    except SystemExit:  # argparse has shown --help
        return DONE


def _process() -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # “·” and “±” on a terminal that has neither
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # `… | head`: whoever read has gone, and Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


if __name__ == "__main__":
    sys.exit(_process())
