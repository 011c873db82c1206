"""One lesson step and one run's evidence, made by hand, so that what a check says can be worked out on paper."""

from __future__ import annotations

from typing import Any

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lessons.check import Check, Target
from core.lessons.evidence import Evidence
from core.lessons.lesson import Pointer, Slider, Step
from core.training.records import ArmDiverged, Record, TestMeasured

CONFIG = ExperimentConfig(
    data="digits", examples=320, batch_size=32, epochs=2, arms=tuple(map(parse_arm, ("none", "bn", "ln")))
)


def check(**changed: Any) -> Check:
    """Which arm reads the test images best, by at least 5 points."""
    usual = {
        "kind": "most",
        "measure": "test_accuracy",
        "of": (Target("none"), Target("bn"), Target("ln")),
        "answers": ("none", "bn", "ln"),
        "margin": 0.05,
        "seeds": (0.2, 0.3, 0.25),
        "origin": "made up",
    }
    return Check(**usual | changed)


def step(asked: Check, slider: Slider | None = None, **changed: Any) -> Step:
    choices = () if slider else (*dict.fromkeys((*asked.outcomes, "another")),)
    usual = {
        "experiments": (CONFIG,),
        "place": "lenet",
        "choices": choices,
        "explains": "" if slider else asked.outcomes[0],
        "slider": slider,
        "chart": "accuracy",
        "chart_at": None,
        "chart_layer": "",
        "check": asked,
        "pointers": (Pointer("train"),),
    }
    return Step(**usual | changed)


def evidence(*records: Record, status: str = "finished", config: ExperimentConfig = CONFIG, **more: Any) -> Evidence:
    return Evidence(config, config, status, records, **more)


def measured(at: int = 20, batch: dict[str, float] | None = None, **accuracy: float) -> TestMeasured:
    """After `at` of 20 steps."""
    seconds = dict.fromkeys(accuracy, 1.0)
    loss = {name: 2 - value for name, value in accuracy.items()}
    return TestMeasured(at, at / 10, 360, True, loss, accuracy, {}, batch or {}, seconds)


def lost(arm: str, at: int) -> ArmDiverged:
    return ArmDiverged(at, arm, "fc1", "is not finite")
