"""The command line as a process: one command, its exit code, and what ends it.

Exit codes: 0 done; 1 done, with nothing to show for it (every arm diverged, a data file is not as it should be);
2 what was asked for cannot be done, said in one line; 3 a fault in NormScope itself; 130 Ctrl-C;
143 SIGTERM while it trained.
"""

from __future__ import annotations

import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Sequence

from core.cli.commands import (
    CANNOT,
    DONE,
    FAULT,
    INTERRUPTED,
    data_command,
    runs_or_resume_command,
    sequence_command,
    train_command,
)
from core.cli.flags import UsageError, parse
from core.cli.progress import say
from core.cli.speech import language_of
from core.cli.status import NoStatus, status_command
from core.cli.streams import prepare
from core.cli.sweeps import sweep_command
from core.data.reasons import why
from core.experiment.environment import fix_products, fix_threads
from core.experiment.rules import ConfigError, printable
from core.language.places import in_full
from core.language.speech import _, speak, speaking

COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "train": train_command,
    "sweep": sweep_command,
    "runs": runs_or_resume_command,
    "sequence": sequence_command,
    "data": data_command,
    "status": status_command,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    with speaking(language_of(words)), in_full():
        return _run(words)


def _run(words: Sequence[str]) -> int:
    try:
        arguments = parse(words)
        return COMMANDS[arguments.command](arguments)
    except (UsageError, ConfigError, NoStatus) as error:  # ConfigError of the environment
        say(_("error: {message}", message=printable(str(error))))
        return CANNOT
    except KeyboardInterrupt:
        say(_("Stopped."))
        return INTERRUPTED
    except SystemExit:  # argparse has shown --help
        return DONE


def process() -> int:
    """Run the command that the process was started with; returns its exit code."""
    out = prepare()
    speak(language_of(sys.argv[1:]))
    fix_products()
    fix_threads()
    try:
        code = main()
    except Exception:  # noqa: BLE001 - its traceback is shown
        traceback.print_exc()
        say(_("This is a fault in NormScope itself, not in what was asked for."))
        code = FAULT
    sys.stdout.flush()
    if out.lost is None or isinstance(out.lost, BrokenPipeError):  # `… | head`: whoever read has enough
        return code
    say(
        _(
            "error: The results cannot be written to stdout ({why}). Free some space, or send them elsewhere.",
            why=why(out.lost),
        )
    )
    return CANNOT
