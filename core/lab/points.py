"""The experiments of a sweep. A point is one combination with one seed, and all arms in lock-step.

Point      what is trained on, what is held out, and which values of the sweep it stands for
points     all of a sweep's
stand_ins  for those of its second part, of which nobody knows the learning rates yet
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.experiment import links
from core.experiment.config import ExperimentConfig
from core.lab.sweep import Sweep, heeded

USUAL = links.to_query(ExperimentConfig())
LATER = ("decay", "schedule", "step_epochs", "step_factor")


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """`config` trains on its first images; the `held_out` ones that follow them are for validation.

    `along`: what steps along the gradient do is measured, too (core.lab.predictiveness).
    """

    config: ExperimentConfig
    held_out: int
    values: Mapping[str, Any]
    along: bool = False

    @property
    def key(self) -> str:
        """What decides its numbers, and nothing else: two sweeps that share a point share the key.

        A setting that was not there when points were first kept is in it only where it is not as usual.
        """
        query = links.to_query(heeded(self.config))
        experiment = {name: text for name, text in query.items() if name not in LATER or text != USUAL[name]}
        more = {"along": True} if self.along else {}
        text = json.dumps({"experiment": experiment, "held_out": self.held_out} | more, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def name(self) -> str:
        """What its run is called: lr=0.1 seed=3."""
        values = [f"{name}={links.to_text(value)}" for name, value in self.values.items()]
        return " ".join([*values, f"seed={self.config.seed}"])

    def to_json(self) -> dict[str, Any]:
        """What `measure` needs of it."""
        return {"experiment": links.to_query(self.config), "held_out": self.held_out, "along": self.along}


def points(sweep: Sweep) -> list[Point]:
    """Seed after seed, so that each combination is seen early."""
    seeds = range(sweep.base.seed, sweep.base.seed + sweep.seeds)
    return [_point(sweep, values, seed) for seed in seeds for values in sweep.combinations()]


def stand_ins(sweep: Sweep) -> list[Point]:
    """As many, with the base's own rate: with another one they take as long. None where nothing follows."""
    if not sweep.then:
        return []
    base = sweep.base
    arms = tuple(replace(arm, learning_rate=base.learning_rate) for arm in base.arms)
    return points(replace(sweep, base=replace(base, arms=arms), varied=(), seeds=sweep.then, then=0))


def _point(sweep: Sweep, values: Mapping[str, Any], seed: int) -> Point:
    config = sweep.config(values, seed)
    return Point(sweep.trained(config), sweep.held_out(config), values, sweep.along)
