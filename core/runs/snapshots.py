"""The networks of a run as they were at a few steps, so that an earlier one can be asked again."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from core.data.streams import Moment
from core.language.message import Message
from core.store.recording import Networks
from core.training.arms import Arm


class Snapshots:
    """Weights and buffers of all arms by step, on their device: some 0.2 MB an arm and step."""

    def __init__(self) -> None:
        self._kept: dict[int, Networks] = {}
        self._moments: dict[int, Moment] = {}

    def keep(self, step: int, arms: list[Arm]) -> None:
        """Remember every arm as it is now, after `step` updates."""
        self._kept[step] = {
            arm.name: {name: values.detach().clone() for name, values in arm.model.state_dict().items()} for arm in arms
        }
        if arms:
            self._moments[step] = Moment(next(arms[0].model.parameters()).device)

    def put(self, step: int, networks: Networks) -> None:
        """Remember what was kept elsewhere."""
        self._kept[step] = networks

    def networks(self, step: int) -> Networks:
        """Those after `step` updates, once the device has come so far."""
        if step in self._moments:
            self._moments[step].wait()
        return self._kept[step]

    @property
    def steps(self) -> list[int]:
        """The steps that are remembered, in order."""
        return sorted(self._kept)

    def arms(self, step: int, now: list[Arm]) -> list[Arm]:
        """Copies of the arms as they were after `step` updates. Raises LookupError for a step that was not kept."""
        if step not in self._kept:
            raise LookupError(
                Message(
                    "The networks were kept at steps {steps}; got step {step}.", {"steps": self.steps, "step": step}
                )
            )
        return [replace(arm, model=_loaded(arm.model, self._kept[step][arm.name])) for arm in now]

    def forget(self) -> None:
        """Free the memory."""
        self._kept.clear()


def _loaded(model: nn.Sequential, state: Mapping[str, Tensor]) -> nn.Sequential:
    copied = copy.deepcopy(model)
    copied.load_state_dict(state)
    return copied
