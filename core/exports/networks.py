"""The networks as they were at the end of a recording, and the names of their files.

at_the_end  every arm that was alive then, as a module, in evaluation mode
file_name   an arm's name as a file's: bn/none:dropout=0.5 is bn-none-dropout=0.5
"""

from __future__ import annotations

from torch import nn

from core.experiment.arm import ArmConfig
from core.exports.troubles import NoNetworks
from core.language.message import Message
from core.nets import fast
from core.nets.lenet import build_lenet
from core.store.recording import Recording


def at_the_end(recording: Recording) -> tuple[int, dict[ArmConfig, nn.Module]]:
    """The last step whose networks are kept, and these: torch.nn's own layers, as `core.nets.fast.plain` has them.

    Raises NoNetworks where there are none.
    """
    step = recording.network_steps[-1] if recording.network_steps else 0
    try:
        kept = recording.networks(step) if recording.network_steps else {}
    except LookupError as error:  # of a run under way, whose older ones leave
        raise NoNetworks(error.args[0]) from error
    if not kept:
        raise NoNetworks(
            Message(
                "No network of this run was kept at its end, so there are no weights to write. Networks that ended "
                "before their run, and runs that ended before their first mini-batch, leave none: start it again."
            )
        )
    built = {arm: fast.plain(build_lenet(arm, recording.config)) for arm in recording.config.arms if arm.name in kept}
    for arm, network in built.items():
        network.load_state_dict(dict(kept[arm.name]))
        network.eval()
    return step, built


def file_name(arm: ArmConfig) -> str:
    """Which no other arm has: no part of an arm's name has a hyphen but a number's exponent."""
    return arm.name.replace("/", "-").replace(":", "-")
