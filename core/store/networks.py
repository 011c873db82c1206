"""Networks as safetensors, and back: weights and buffers of all arms at one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors import SafetensorError

from core.store.codec import not_ours
from core.store.recording import Networks

if TYPE_CHECKING:
    from core.training.checkpoint import State

PARTED = "|"  # which neither an arm nor a tensor has in its name
MODEL = "model/"


def networks_bytes(networks: Networks) -> bytes:
    """In safetensors' format, "arm|tensor"."""
    from safetensors.torch import save

    named = {
        f"{arm}{PARTED}{name}": tensor.contiguous()
        for arm, tensors in networks.items()
        for name, tensor in tensors.items()
    }
    return save(named)


def networks_from(content: bytes) -> Networks:
    """Raises Foreign on bytes that networks_bytes has not made."""
    from safetensors.torch import load

    try:
        tensors = load(content)
    except SafetensorError as error:
        raise not_ours(str(error)) from error
    found: dict[str, dict[str, object]] = {}
    for name, tensor in tensors.items():
        arm, parted, own = name.partition(PARTED)
        if not parted:
            raise not_ours(name)
        found.setdefault(arm, {})[own] = tensor
    return found  # type: ignore[return-value]


def of_state(state: State) -> Networks:
    """All arms of a training as it stood."""
    starts = {arm: f"{arm}/{MODEL}" for arm in state.values["arms"]}
    return {
        arm: {name.removeprefix(start): tensor for name, tensor in state.tensors.items() if name.startswith(start)}
        for arm, start in starts.items()
    }
