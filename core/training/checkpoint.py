"""A training as it stands between two mini-batches, in bytes and back: numbers and tensors, nothing that is executed.

State     what the next mini-batch depends on, and what has been measured since the last point
of_arm    an arm's part of it
restore   the same, put into an arm that has just been built
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from core.nets.lenet import Dropout
from core.training.arms import Arm

VALUES = "values.json"  # as bytes among the tensors

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """`values` are JSON's, `tensors` lie on the CPU and are nobody else's. The order of images is the config's."""

    values: dict[str, Any]
    tensors: Tensors

    def to_bytes(self) -> bytes:
        """In safetensors' format. Raises ValueError on a value that JSON does not have, such as NaN."""
        text = json.dumps(self.values, allow_nan=False).encode()
        return save(self.tensors | {VALUES: torch.frombuffer(bytearray(text), dtype=torch.uint8)})

    @classmethod
    def from_bytes(cls, content: bytes) -> State:
        """Raises ValueError on bytes that to_bytes has not made."""
        try:
            tensors = load(content)
            return cls(json.loads(tensors.pop(VALUES).numpy().tobytes()), tensors)
        except (SafetensorError, KeyError, ValueError) as error:
            raise ValueError(
                f"A training goes on from what State.to_bytes has written; got other bytes ({error})."
            ) from error


def of_arm(arm: Arm) -> tuple[dict[str, Any], Tensors]:
    """(values, tensors by name): weights, buffers, the optimizer's own, dropout's random streams."""
    values = {key: getattr(arm, key) for key in ("learning_rate", "by_hand", "seconds", "examples", "alive")}
    return values, {name: tensor.detach().cpu().clone().contiguous() for name, tensor in _tensors(arm).items()}


def _tensors(arm: Arm) -> Tensors:
    optimizer = arm.optimizer.state_dict()["state"]
    return (
        {f"model/{name}": tensor for name, tensor in arm.model.state_dict().items()}
        | {
            f"optimizer/{i}/{key}": tensor
            for i, kept in optimizer.items()
            for key, tensor in kept.items()
            if tensor is not None
        }
        | {
            f"dropout/{name}": dropout.generator.get_state()
            for name, dropout in _streams(arm).items()
            if dropout.generator
        }
    )


def _streams(arm: Arm) -> dict[str, Dropout]:
    return {name: layer for name, layer in arm.model.named_children() if isinstance(layer, Dropout)}


def restore(arm: Arm, values: dict[str, Any], tensors: Tensors) -> None:
    """Raises KeyError or RuntimeError where they are not this arm's."""
    for key in ("seconds", "examples", "alive"):
        setattr(arm, key, values[key])
    arm.by_hand = values.get("by_hand", False)  # what was kept before there were schedules has no such word
    arm.model.load_state_dict(_part(tensors, "model/"))
    _restore_optimizer(arm, _part(tensors, "optimizer/"))
    arm.follow(values["learning_rate"])
    device = next(arm.model.parameters()).device
    for name, state in _part(tensors, "dropout/").items():
        _streams(arm)[name].resume(device, state)


def _restore_optimizer(arm: Arm, tensors: Tensors) -> None:
    kept: dict[int, Tensors] = {}
    for name, tensor in tensors.items():
        i, _, key = name.partition("/")
        kept.setdefault(int(i), {})[key] = tensor.clone()  # which the optimizer would go on writing to
    arm.optimizer.load_state_dict(arm.optimizer.state_dict() | {"state": kept})


def _part(tensors: Tensors, start: str) -> Tensors:
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
