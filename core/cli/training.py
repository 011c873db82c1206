"""`train` from its images to its last record: in memory, or on the shelf as well, where pages see it.

train_to_the_end  whatever ends it, what was measured is there
images_of         what it trains on
device_for        the device of a name
attempt           how some training ended
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.cli.flags import UsageError
from core.cli.progress import Progress, say
from core.experiment.config import ExperimentConfig
from core.experiment.environment import home, keep_bytes
from core.language.message import Message
from core.language.speech import _
from core.training.records import History
from core.words.endings import OUT_OF_MEMORY, none_left

if TYPE_CHECKING:
    from argparse import Namespace

    import torch

    from core.data.images import Images
    from core.training.arms import Arm

Ending = tuple[str, Message | str]  # a status, and why


def train_to_the_end(config: ExperimentConfig, arguments: Namespace, progress: Progress) -> History:
    """Train to the end, to Ctrl-C or to SIGTERM; the last record says which."""
    folder = home() if arguments.store else None
    images = images_of(config, arguments, progress)
    if folder is None:
        return _in_memory(config, images, progress)
    from core.cli.kept import Kept
    from core.store.shelf import Shelf

    return Kept.begun(Shelf(folder, keep_bytes()), config, images, progress).train()


def images_of(config: ExperimentConfig, arguments: Namespace, progress: Progress) -> Images:
    """On the device that is asked for, once PyTorch is there. Raises UsageError where they cannot be had."""
    if sys.stderr.isatty():  # elsewhere nobody waits, and an error stays one line
        say(_("Getting {data} and PyTorch ready …", data=config.data))
    from core.data.files import DataError
    from core.data.images import load
    from core.training.crew import share_cores

    share_cores()
    try:
        return load(config.data, arguments.data_root, device_for(arguments.device), progress.arrived)
    except DataError as error:
        why = error.args[0]
        or_digits = Message("{why} Or train on --data digits, which are built in.", {"why": why})
        can_choose = error.missing and arguments.command == "train"  # a run that goes on has its images
        raise UsageError(or_digits if can_choose else why) from error


def _in_memory(config: ExperimentConfig, images: Images, progress: Progress) -> History:
    from core.training.crew import crew
    from core.training.trainer import train

    def work() -> list[Arm]:
        with crew(images.train_images.device, config) as workers:
            return train(config, images, progress.publish, crew=workers)

    progress.end(*attempt(work, config, progress, progress.history))
    return progress.history


def attempt(work: Callable[[], list[Arm]], config: ExperimentConfig, progress: Progress, history: History) -> Ending:
    """Do `work`, a training, which `history` has all of; raises what is none of its ends.

    That is, too, Ctrl-C before anything was measured; SIGTERM is always an end.
    """
    from core.training.failures import out_of_memory
    from core.training.trainer import RunStopped

    try:
        arms = work()
    except (KeyboardInterrupt, RunStopped) as stopped:
        if progress.step == 0 and stopped.args[:1] != ("interrupted",):
            raise KeyboardInterrupt from stopped
        where = {"step": progress.step, "total": config.total_steps}
        status, why = stopped.args or ("stopped", "")
        return status, why or Message("Stopped at step {step:,} of {total:,}.", where)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return "failed", OUT_OF_MEMORY
    alive = any(arm.alive for arm in arms)
    return ("finished", "") if alive else ("failed", none_left(config, history))


def device_for(name: str) -> torch.device:
    """The device of this name; raises UsageError if this machine does not have it."""
    import torch

    from core.data.device import best_device

    if name == "auto":
        return best_device()
    device = torch.device(name)
    if not _is_here(device):
        raise UsageError(
            Message(
                "--device: It must be one that PyTorch finds on this machine; got “{name}”. Use --device cpu, or leave "
                "the flag out to take the best one, {best}.",
                {"name": name, "best": str(best_device())},
            )
        )
    return device


def _is_here(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or torch.backends.mps.is_available()
