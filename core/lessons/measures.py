"""Every number that a lesson's check may name: a pure function of one run's evidence and one arm.

MEASURES  by name, with its title, how two of it are compared, and what it must be told
Where     at which layer, after how many steps, …
Measure   one of them

None means that this run does not have the number. An arm that was lost on the way reads 0 % and has an infinite loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import fsum, inf, isfinite, sqrt
from typing import Any

from core.language.message import Message
from core.lessons import units
from core.lessons.evidence import Evidence
from core.training.records import EpochFinished, TestMeasured, TrainMeasured
from core.words.verdict import largest_fall

DIFFERENCE, FACTOR = "difference", "factor"


@dataclass(frozen=True, slots=True)
class Where:
    """`at` is a number of steps, None the end; `reach` an accuracy; `unit` one of the layer's, from 1."""

    layer: str = ""
    at: int | None = None
    reach: float | None = None
    unit: int | None = None


Find = Callable[[Evidence, str, Where], float | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """`scale` says what a margin of it is: a difference, or a factor of at least 1. `looks`: it is seen in a look.

    `shown`: it is no run's, but read by a demonstration.
    """

    title: Message
    find: Find
    scale: str
    told: Callable[[float], str]
    takes: tuple[str, ...] = ()
    looks: bool = False
    question: str = ""
    shown: bool = False

    @property
    def in_percent(self) -> bool:
        """Whether it is a share, or a difference of shares."""
        return self.told in (units.percent, units.points)


# --- tests and epochs -----------------------------------------------------------------------------------------------


def _test(evidence: Evidence, arm: str, at: int | None) -> TestMeasured | None:
    step = evidence.config.total_steps if at is None else at
    tests = (r for r in evidence.records if isinstance(r, TestMeasured))
    return next((test for test in tests if test.step == step and arm in test.accuracy), None)


def _tested(read: Callable[[TestMeasured, str], float | None], lost: float) -> Find:
    def find(evidence: Evidence, arm: str, where: Where) -> float | None:
        end = evidence.lost_at(arm)
        if end is not None and (where.at is None or where.at >= end):
            return lost
        test = _test(evidence, arm, where.at)
        return read(test, arm) if test is not None else None

    return find


def _epoch(read: Callable[[EpochFinished, str], float], lost: float) -> Find:
    def find(evidence: Evidence, arm: str, where: Where) -> float | None:
        if evidence.lost_at(arm) is not None:
            return lost
        epochs = [r for r in evidence.records if isinstance(r, EpochFinished) and arm in r.train_loss]
        return read(epochs[-1], arm) if epochs else None

    return find


def _mode_gap(test: TestMeasured, arm: str) -> float | None:
    own = test.batch_accuracy.get(arm)
    return None if own is None else own - test.accuracy[arm]


TEST_ACCURACY = _tested(lambda test, arm: test.accuracy[arm], 0.0)
BATCH_ACCURACY = _tested(lambda test, arm: test.batch_accuracy.get(arm), 0.0)
TEST_LOSS = _tested(lambda test, arm: test.loss[arm], inf)
TRAIN_ACCURACY = _epoch(lambda epoch, arm: epoch.train_accuracy[arm], 0.0)
TRAIN_LOSS = _epoch(lambda epoch, arm: epoch.train_loss[arm], inf)


def _less(one: Find, other: Find) -> Find:
    def find(evidence: Evidence, arm: str, where: Where) -> float | None:
        found = [each(evidence, arm, where) for each in (one, other)]
        known = [value for value in found if value is not None and isfinite(value)]
        return known[0] - known[1] if len(known) == 2 and evidence.lost_at(arm) is None else None

    return find


def _steps_to(evidence: Evidence, arm: str, where: Where) -> float | None:
    tests = [r for r in evidence.records if isinstance(r, TestMeasured) and r.step > 0 and arm in r.accuracy]
    return next((float(t.step) for t in tests if t.accuracy[arm] >= (where.reach or 0)), inf)


def _swing(evidence: Evidence, arm: str, where: Where) -> float | None:
    """Over the second half, where an arm has learned."""
    half = evidence.config.total_steps / 2
    tests = [r for r in evidence.records if isinstance(r, TestMeasured) and r.step >= half and arm in r.accuracy]
    return largest_fall(tests, arm) if len(tests) > 1 else None


def _survived(evidence: Evidence, arm: str, where: Where) -> float | None:
    end = evidence.lost_at(arm)
    return 1.0 if end is None else (end - 1) / evidence.config.total_steps


def _speed(evidence: Evidence, arm: str, where: Where) -> float | None:
    points = [r for r in evidence.records if isinstance(r, TrainMeasured) and arm in r.loss]
    last = points[-1] if points else None
    return last.examples[arm] / last.seconds[arm] if last is not None and last.seconds[arm] > 0 else None


# --- looks ----------------------------------------------------------------------------------------------------------


def _seen(view: str, read: Callable[[dict[str, Any]], float | None]) -> Find:
    """Of the named layer."""

    def find(evidence: Evidence, arm: str, where: Where) -> float | None:
        look = evidence.look(where.at)
        layer = getattr(look, view).get(arm, {}).get(where.layer) if look is not None else None
        return read(layer) if layer is not None else None

    return find


def _gradient_ratio(evidence: Evidence, arm: str, where: Where) -> float | None:
    look = evidence.look(where.at)
    layers = list(look.gradients.get(arm, {}).values()) if look is not None else []
    if not layers or None in (layers[0]["mean_abs"], layers[-1]["mean_abs"]) or not layers[-1]["mean_abs"]:
        return None
    return float(layers[0]["mean_abs"] / layers[-1]["mean_abs"])


def _stage(name: str, key: str) -> Find:
    return _seen("activations", lambda layer: layer["stages"].get(name, {}).get(key))


def _spread(values: Iterable[float]) -> float | None:
    """Their standard deviation."""
    found = list(values)
    if not found:
        return None
    mean = fsum(found) / len(found)
    return sqrt(fsum((value - mean) ** 2 for value in found) / len(found))


def _gamma(evidence: Evidence, arm: str, where: Where) -> float | None:
    """Of one unit."""
    look = evidence.look(where.at)
    norm = look.parameters.get(arm, {}).get(where.layer) if look is not None else None
    values = norm["gamma"] if norm is not None else []
    return float(values[where.unit - 1]) if where.unit and where.unit <= len(values) else None


def _running(norm: dict[str, Any]) -> float | None:
    own, running = fsum(norm["batch_var"]), fsum(norm["running_var"])
    return running / own if len(norm["running_var"]) and own > 0 else None


# --- what the networks are asked ------------------------------------------------------------------------------------


def _asked(question: str, read: Callable[[Any, Where], float | None]) -> Find:
    """Of what they answered for this arm."""

    def find(evidence: Evidence, arm: str, where: Where) -> float | None:
        found = evidence.answers.get(question, {}).get("arms", {}).get(arm)
        return None if found is None else read(found, where)

    return find


_AT, _LAYER = ("at",), ("layer", "at")

MEASURES = {
    "test_accuracy": Measure(
        Message("Test accuracy in prediction mode"), TEST_ACCURACY, DIFFERENCE, units.percent, _AT
    ),
    "batch_accuracy": Measure(
        Message("Test accuracy with batch statistics"), BATCH_ACCURACY, DIFFERENCE, units.percent, _AT
    ),
    "mode_gap": Measure(
        Message("Test accuracy with batch statistics less that in prediction mode"),
        _tested(_mode_gap, 0.0), DIFFERENCE, units.points, _AT,
    ),
    "test_loss": Measure(Message("Test loss"), TEST_LOSS, DIFFERENCE, units.nats, _AT),
    "train_accuracy": Measure(
        Message("Training accuracy of the last epoch"), TRAIN_ACCURACY, DIFFERENCE, units.percent
    ),
    "train_loss": Measure(Message("Training loss of the last epoch"), TRAIN_LOSS, DIFFERENCE, units.nats),
    "accuracy_gap": Measure(
        Message("Training accuracy of the last epoch less test accuracy"),
        _less(TRAIN_ACCURACY, TEST_ACCURACY), DIFFERENCE, units.points,
    ),
    "loss_gap": Measure(
        Message("Test loss less training loss of the last epoch"), _less(TEST_LOSS, TRAIN_LOSS), DIFFERENCE, units.nats
    ),
    "steps_to_accuracy": Measure(
        Message("Steps to the first test at the accuracy asked for"), _steps_to, FACTOR, units.count, ("reach",)
    ),
    "accuracy_fall": Measure(
        Message("Largest fall of the test accuracy in the second half of the run"), _swing, DIFFERENCE, units.points
    ),
    "survived": Measure(Message("Share of the run that it survived"), _survived, DIFFERENCE, units.percent),
    "examples_per_second": Measure(Message("Training images a second"), _speed, FACTOR, units.count),
    "gradient_ratio": Measure(
        Message("Mean gradient of the first layer over that of the last"),
        _gradient_ratio, FACTOR, units.digits, _AT, looks=True,
    ),
    "gradient": Measure(
        Message("Mean gradient"), _seen("gradients", lambda g: g["mean_abs"]), FACTOR, units.digits, _LAYER, looks=True
    ),
    "update_ratio": Measure(
        Message("Update over weight"), _seen("gradients", lambda g: g["update_ratio"]),
        FACTOR, units.digits, _LAYER, looks=True,
    ),
    "unit_spread": Measure(
        Message("Spread of a unit from image to image after the activation"),
        _stage("activated", "unit_std"), FACTOR, units.digits, _LAYER, looks=True,
    ),
    "drift": Measure(
        Message("Drift of the units’ means before the norm since the look before"),
        _stage("before", "drift"), FACTOR, units.digits, _LAYER, looks=True,
    ),
    "drift_after_norm": Measure(
        Message("Drift of the units’ means after γ and β since the look before"),
        _stage("scaled", "drift"), FACTOR, units.digits, _LAYER, looks=True,
    ),
    "inactive_share": Measure(
        Message("Share that is saturated or dead"), _seen("activations", lambda found: found["inactive"]),
        DIFFERENCE, units.percent, _LAYER, looks=True,
    ),
    "gamma_spread": Measure(
        Message("Standard deviation of γ over the units"),
        _seen("parameters", lambda norm: _spread(norm["gamma"])), DIFFERENCE, units.digits, _LAYER, looks=True,
    ),
    "beta_spread": Measure(
        Message("Standard deviation of β over the units"),
        _seen("parameters", lambda norm: _spread(norm["beta"])), DIFFERENCE, units.digits, _LAYER, looks=True,
    ),
    "gamma": Measure(
        Message("γ of one unit"), _gamma, DIFFERENCE, units.digits, ("layer", "at", "unit"), looks=True
    ),
    "running_variance": Measure(
        Message("Running variance over that of the images looked at"),
        _seen("parameters", _running), FACTOR, units.digits, _LAYER, looks=True,
    ),
    "recalibrated_accuracy": Measure(
        Message("Test accuracy with running statistics estimated anew"),
        _asked("recalibration", lambda found, where: found["recalibrated"]),
        DIFFERENCE, units.percent, question="recalibration",
    ),
    "recalibration_gain": Measure(
        Message("What estimating the running statistics anew adds to the test accuracy"),
        _asked("recalibration", lambda found, where: found["recalibrated"] - found["running"]),
        DIFFERENCE, units.points, question="recalibration",
    ),
    "bias_gradient": Measure(
        Message("Largest gradient of the layer’s bias over that of its weight"),
        _asked("bias gradients", lambda found, where: found.get(where.layer)),
        FACTOR, units.digits, ("layer",), question="bias gradients",
    ),
    "batch_noise": Measure(
        Message("Spread of a mini-batch’s mean, in standard deviations of the values that it is taken of"),
        _asked("batch noise", lambda found, where: found.get(where.layer)),
        FACTOR, units.sigmas, ("layer",), question="batch noise",
    ),
    "kept_megabytes": Measure(
        Message("Memory that one mini-batch’s forward pass keeps for the backward pass"),
        _asked("kept bytes", lambda found, where: found / 1e6), FACTOR, units.mb, question="kept bytes",
    ),
}  # fmt: skip
