"""What was seen inside the networks of a run, kept small enough to follow live.

Observations  the bounded log of a run's NetworksSeen records, and what each page asks of it
Observation   one of them, as it is kept

A complete look at three arms is some 250 kB of JSON, so it is kept pickled and compressed, and becomes JSON when it is
asked for: making that at every look would take the trainer five times as long. What a page draws over time is a few
numbers per layer.
"""

from __future__ import annotations

import json
import pickle
import zlib
from array import array
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.language.message import Message
from core.language.several import Sentences
from core.probes.summary import LayerSummary, NetworkSummary, StageSummary, drift
from core.training.records import NetworksSeen, fields_of, to_finite
from core.words.conclusions import about_activations, about_dead, about_gradients, about_parameters
from core.words.evidence import Evidence

SOURCES = ("fixed", "batch")
STAGES = ("before", "normalized", "scaled", "activated")
MAX_OBSERVATIONS = 160  # a source; beyond it, old neighbours are merged
KEPT_WHOLE = 8  # the first ones, where most happens, are never merged


Said = Message | str


@dataclass(frozen=True, slots=True)
class Observation:
    """One look as it is kept: what the pages draw over time, and the rest compressed.

    `steps` are the first and last step that it stands for after merging; the numbers are of the last one, but low and
    high are the extremes of all and non-finite counts the largest. `says` has each page's conclusion, by layer where it
    speaks of one; like `rule` among the activations it is told when it is asked for, in the language of who asks.
    """

    sequence: int
    step: int
    epoch: float
    source: str
    steps: tuple[int, int]
    gradients: dict[str, Any]
    activations: dict[str, Any]
    parameters: dict[str, Any]
    says: dict[str, Said | dict[str, Said]]
    whole: bytes

    def to_json(self, view: str, layer: str | None) -> dict[str, Any]:
        """One page's part; of the parameters one layer's; "depth" is the strip's below the curves of Train."""
        arms = self._depth() if view == "depth" else getattr(self, view)
        if layer is not None:
            arms = {name: {layer: layers[layer]} for name, layers in arms.items() if layer in layers}
        if view == "parameters":
            arms = {name: {key: _lists(norm) for key, norm in layers.items()} for name, layers in arms.items()}
        if view == "activations":
            arms = {name: {key: _with_rule(part) for key, part in layers.items()} for name, layers in arms.items()}
        where = {"seq": self.sequence, "step": self.step, "epoch": self.epoch, "steps": self.steps}
        return where | {"says": self._told(view, layer), "arms": arms}

    def _depth(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """By arm and layer the mean gradient, and how far a unit after the activation varies from image to image."""
        return {
            arm: {name: _in_depth(self.gradients[arm].get(name), layer) for name, layer in layers.items()}
            for arm, layers in self.activations.items()
        }

    def _told(self, view: str, layer: str | None) -> str | dict[str, str]:
        says = self.says.get(view, "")
        if not isinstance(says, dict):
            return str(says)
        return str(says.get(layer, "")) if layer is not None else {name: str(said) for name, said in says.items()}


class Observations:
    """The looks of a run in order; sequence numbers count from 1 over all sources. Not locked: its run does that."""

    said = ""  # of those that are read from a file there may be something to say

    def __init__(self, titles: Mapping[str, Message], keeps_whole: bool = True) -> None:
        self._titles, self._keeps_whole = titles, keeps_whole  # of the arms, for the sentences
        self._kept: list[Observation] = []
        self._last: dict[str, NetworksSeen] = {}
        self.latest = 0
        self.evidence = Evidence()  # for why the arms stand where they stand

    def append(self, seen: NetworksSeen, sequence: int | None = None) -> None:
        """Keep a look; merges old ones when there are too many. `sequence` is its number where it has one already."""
        self.latest = self.latest + 1 if sequence is None else sequence
        whole = zlib.compress(pickle.dumps(seen.arms), 1) if self._keeps_whole else b""
        self._kept.append(_observation(self.latest, seen, self._last.get(seen.source), self._titles, whole))
        self._last[seen.source] = seen
        self.evidence.add(seen)
        if sum(kept.source == seen.source for kept in self._kept) > MAX_OBSERVATIONS:
            self._merge(seen.source)

    def since(self, sequence: int, source: str) -> list[Observation]:
        """What is newer than `sequence`, of one source."""
        return [kept for kept in self._kept if kept.sequence > sequence and kept.source == source]

    def whole(self, sequence: int) -> bytes | None:
        """The complete look as JSON, {arm: NetworkSummary}; None if it was merged away."""
        found = self.look(sequence)
        return as_json(found[1]) if found else None

    def look(self, sequence: int) -> tuple[int, Mapping[str, NetworkSummary]] | None:
        """Its step and the networks; None if it was merged away."""
        found = next((kept for kept in self._kept if kept.sequence == sequence), None)
        return (found.step, pickle.loads(zlib.decompress(found.whole))) if found and found.whole else None

    def _merge(self, source: str) -> None:
        mine = [kept for kept in self._kept if kept.source == source]
        head, rest = mine[:KEPT_WHOLE], mine[KEPT_WHOLE:]
        pairs = [(_merged(a, b)) for a, b in zip(rest[0:-1:2], rest[1::2], strict=False)]
        left = rest[len(pairs) * 2 :]
        others = [kept for kept in self._kept if kept.source != source]
        self._kept = sorted([*others, *head, *pairs, *left], key=lambda kept: kept.sequence)


def _observation(
    sequence: int, seen: NetworksSeen, before: NetworksSeen | None, titles: Mapping[str, Message], whole: bytes
) -> Observation:
    layers = {name: {layer.name: layer for layer in summary.layers} for name, summary in seen.arms.items()}
    return Observation(
        sequence=sequence,
        step=seen.step,
        epoch=seen.epoch,
        source=seen.source,
        steps=(seen.step, seen.step),
        gradients={name: _each(found, _gradients) for name, found in layers.items()},
        activations={name: _activations(name, found, before) for name, found in layers.items()},
        parameters={name: _each(found, _parameters) for name, found in layers.items()},
        says=_conclusions(seen.arms, titles, seen.step),
        whole=whole,
    )


def narrowed(
    look: Observation, hidden: Collection[str], whole: Mapping[str, NetworkSummary], titles: Mapping[str, Message]
) -> Observation:
    """The look without the `hidden` arms, with what it says of the others; `whole` is all of it, or nothing."""

    def others(arms: Mapping[str, Any]) -> dict[str, Any]:
        return {name: each for name, each in arms.items() if name not in hidden}

    seen = others(whole)
    return replace(
        look,
        gradients=others(look.gradients),
        activations=others(look.activations),
        parameters=others(look.parameters),
        says=_conclusions(seen, titles, look.step) if seen else {},
        whole=b"",
    )


def _conclusions(
    arms: Mapping[str, NetworkSummary], titles: Mapping[str, Message], step: int
) -> dict[str, Said | dict[str, Said]]:
    """What each page says of a look; all of them say which arms are dead."""
    dead = about_dead(arms, titles, step)
    layers = dict.fromkeys(layer.name for summary in arms.values() for layer in summary.layers)

    def with_the_dead(said: Said) -> Said:
        return Sentences([said, dead])

    return {
        "gradients": with_the_dead(about_gradients(arms, titles)),
        "activations": {name: with_the_dead(about_activations(arms, titles, name)) for name in layers},
        "parameters": {name: with_the_dead(about_parameters(arms, titles, name)) for name in layers},
    }


def as_json(arms: Mapping[str, NetworkSummary]) -> bytes:
    """A whole look as a page reads it."""
    return json.dumps(to_finite(arms), separators=(",", ":"), allow_nan=False).encode()


def _in_depth(gradient: dict[str, Any] | None, layer: dict[str, Any]) -> dict[str, float | None]:
    activated = layer["stages"].get("activated")
    return {"gradient": gradient and gradient["mean_abs"], "spread": activated and activated["unit_std"]}


def _with_rule(layer: dict[str, Any]) -> dict[str, Any]:
    return layer | {"rule": str(layer["rule"])}


def _lists(norm: dict[str, Any]) -> dict[str, Any]:
    # Six digits: float32 has no more, and its others would double what travels.
    numbers = {key: [float(f"{x:.6g}") for x in value] for key, value in norm.items() if isinstance(value, array)}
    finite: dict[str, Any] = to_finite(numbers)
    return norm | finite


def _each(layers: dict[str, LayerSummary], view: Callable[[LayerSummary], dict[str, Any] | None]) -> dict[str, Any]:
    found = {name: view(layer) for name, layer in layers.items()}
    return {name: part for name, part in found.items() if part is not None}


def _gradients(layer: LayerSummary) -> dict[str, Any] | None:
    if layer.gradient is None:
        return None
    numbers = fields_of(layer.gradient)
    return {key: to_finite(value) for key, value in numbers.items() if key != "histogram"}


def _activations(arm: str, layers: dict[str, LayerSummary], before: NetworksSeen | None) -> dict[str, Any]:
    earlier = {layer.name: layer for layer in before.arms[arm].layers} if before and arm in before.arms else {}
    return {name: to_finite(_layer(layer, earlier.get(name))) | {"rule": layer.rule} for name, layer in layers.items()}


def _layer(layer: LayerSummary, earlier: LayerSummary | None) -> dict[str, Any]:
    before = own_stages(earlier) if earlier else {}
    stages = {name: _stage(stage, before.get(name)) for name, stage in own_stages(layer).items()}
    return {"stages": stages, "inactive": layer.inactive_share, "zero": layer.zero_share}


def own_stages(layer: LayerSummary) -> dict[str, StageSummary]:
    """The layer's stages by name; without a norm there is none between before and activated."""
    found = {name: getattr(layer, name) for name in STAGES}
    return {name: stage for name, stage in found.items() if stage is not None}


def _stage(stage: StageSummary, earlier: StageSummary | None) -> dict[str, Any]:
    return {
        "low": stage.low,
        "percentiles": stage.percentiles,
        "high": stage.high,
        "mean": stage.mean,
        "std": stage.std,
        "unit_std": stage.unit_std,
        "values": stage.values,
        "nan": stage.nan,
        "inf": stage.positive_inf + stage.negative_inf,
        "drift": drift(earlier, stage) if earlier else None,
    }


def _parameters(layer: LayerSummary) -> dict[str, Any] | None:
    if layer.norm is None:
        return None
    # Four bytes a number: there are thousands, and one observation stays for each of hundreds of steps.
    norm = fields_of(layer.norm)
    return {key: array("f", value) if isinstance(value, tuple) else value for key, value in norm.items()}


def _merged(earlier: Observation, later: Observation) -> Observation:
    """`later`, standing for both: what was extreme in either stays visible."""
    activations = {
        arm: {name: _merge_layer(earlier.activations.get(arm, {}).get(name), part) for name, part in layers.items()}
        for arm, layers in later.activations.items()
    }
    return replace(later, steps=(earlier.steps[0], later.steps[1]), activations=activations)


def _merge_layer(earlier: dict[str, Any] | None, later: dict[str, Any]) -> dict[str, Any]:
    if earlier is None:
        return later
    stages = {name: _merge_stage(earlier["stages"].get(name), stage) for name, stage in later["stages"].items()}
    return later | {"stages": stages}


def _merge_stage(earlier: dict[str, Any] | None, later: dict[str, Any]) -> dict[str, Any]:
    if earlier is None:
        return later
    counts = {key: max(earlier[key], later[key]) for key in ("nan", "inf")}
    return later | counts | {"low": _least(earlier["low"], later["low"]), "high": _most(earlier["high"], later["high"])}


def _least(a: float | None, b: float | None) -> float | None:
    return min((x for x in (a, b) if x is not None), default=None)


def _most(a: float | None, b: float | None) -> float | None:
    return max((x for x in (a, b) if x is not None), default=None)
