"""What a report draws, as JSON values.

points  what was measured, as the page's scripts have it
looks   what the layers looked like at each look, and what that supports, in the language spoken here
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from core.language.several import Sentences
from core.probes.summary import LayerSummary
from core.store.recording import Recording
from core.training.records import DataArrived, NetworksSeen, to_json
from core.words.conclusions import about_activations, about_dead, about_gradients, about_parameters

DIGITS = 5  # that matter, of what is drawn


def points(recording: Recording) -> list[dict[str, Any]]:
    """All records but those of a download."""
    numbered = enumerate(recording.records, start=1)
    return [to_json(record) | {"seq": n} for n, record in numbered if not isinstance(record, DataArrived)]


def looks(recording: Recording, seen: Sequence[NetworksSeen]) -> list[dict[str, Any]]:
    """By step, those at the same test images and those at a mini-batch."""
    return [_look(recording, look) for look in sorted(seen, key=lambda look: look.step)]


def _look(recording: Recording, look: NetworksSeen) -> dict[str, Any]:
    arms = {name: {layer.name: _layer(layer) for layer in summary.layers} for name, summary in look.arms.items()}
    where = {"step": look.step, "epoch": look.epoch, "source": look.source}
    return where | {"arms": arms, "says": _says(recording, look)}


def _says(recording: Recording, look: NetworksSeen) -> dict[str, Any]:
    titles = {arm.name: arm.title for arm in recording.config.arms}
    layers = dict.fromkeys(layer.name for summary in look.arms.values() for layer in summary.layers)
    dead = about_dead(look.arms, titles, look.step)
    return {
        "gradients": str(Sentences([about_gradients(look.arms, titles), dead])),
        "activations": {name: str(about_activations(look.arms, titles, name)) for name in layers},
        "parameters": {name: str(about_parameters(look.arms, titles, name)) for name in layers},
    }


def _layer(layer: LayerSummary) -> dict[str, Any]:
    """Of the stage that the sentences speak of: after the activation, or the output."""
    stage = layer.activated or layer.before
    return {
        "mean_abs": _short(layer.gradient.mean_abs) if layer.gradient else None,
        "unit_std": _short(stage.unit_std),
        "std": _short(stage.std),
        "gamma": [_short(value) for value in layer.norm.gamma] if layer.norm else [],
        "beta": [_short(value) for value in layer.norm.beta] if layer.norm else [],
    }


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
