"""The command line as a process: one command, its exit code, and what ends it.

Exit codes: 0 done; 1 done, with nothing to show for it (every arm diverged, a data file is not as it should be);
2 what was asked for cannot be done, said in one line; 130 Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from core.cli.commands import CANNOT, DONE, INTERRUPTED, data_command, sequence_command, train_command
from core.cli.flags import UsageError, build_parser
from core.cli.progress import say
from core.experiment.rules import ConfigError

COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "train": train_command,
    "sequence": sequence_command,
    "data": data_command,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        arguments, unknown = build_parser().parse_known_args(argv)
        if unknown:
            raise UsageError(f"{unknown[0]}: There is no such flag. See `python -m core {arguments.command} --help`.")
        return COMMANDS[arguments.command](arguments)
    except (UsageError, ConfigError) as error:  # the latter of the environment
        say(f"error: {error}")
        return CANNOT
    except KeyboardInterrupt:
        say("Stopped.")
        return INTERRUPTED
    except SystemExit:  # argparse has shown --help
        return DONE


def process() -> int:
    """Run the command that the process was started with; returns its exit code."""
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
