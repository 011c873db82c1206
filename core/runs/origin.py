"""Where, when and with what a run was begun; and whether it goes on with the same."""

from __future__ import annotations

import platform
from datetime import UTC, datetime

import torch

from core.data.device import kind_of
from core.experiment.config import PRESETS
from core.language.message import Message
from core.language.several import Sentences
from core.runs.run import Run
from core.store.card import Begun, fingerprint
from core.store.recording import Origin

PAGE, COMMAND_LINE, SWEEP = "page", "command line", "sweep"  # by whom a run was begun
VERSION = "0.1.0"  # of NormScope


def origin(by: str, device: torch.device) -> Origin:
    """Here and now; `by` is PAGE, COMMAND_LINE or SWEEP."""
    return Origin(
        started=datetime.now(UTC),
        by=by,
        normscope=VERSION,
        python=platform.python_version(),
        torch=torch.__version__.partition("+")[0],
        processor=kind_of(device),
        threads=torch.get_num_threads(),
    )


def begun(run: Run, by: str, device: torch.device) -> Begun:
    """What the shelf is told of a run that begins. On a page its owner is who has its key."""
    name = next((name for name, preset in PRESETS.items() if preset == run.asked), "")
    owner = fingerprint(run.key) if by == PAGE else ""
    return Begun(run.config, run.asked, origin(by, device), owner, name)


def differences(before: Origin, now: Origin) -> Message | str:
    """What differs, here and now, from where a run was begun, in sentences; empty where its numbers stay the same."""
    said = []
    if before.torch != now.torch:
        values = {"before": before.torch, "now": now.torch}
        said.append(
            Message(
                "This run was begun with PyTorch {before} and is continued with PyTorch {now}: from here on its "
                "numbers may differ in their last digits from those of a run that was never interrupted.",
                values,
            )
        )
    if before.processor != now.processor:
        values = {"before": before.processor, "now": now.processor}
        said.append(
            Message(
                "This run was begun on {before} and is continued on {now}: from here on its numbers may differ in "
                "their last digits from those of a run that was never interrupted.",
                values,
            )
        )
    return Sentences(said)
