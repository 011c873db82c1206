"""Reasons that a look shows in gradients and activations, each where this run has the numbers for it, else None.

Case    one arm: what was measured of it, and how it looked last
Reason  a sentence, and the page, layer and step where it is seen
not_finite, dead, vanishing_gradient, steps_too_large, same_for_every_image, shared_part_kept, dead_units
strongest  of several arms' the one in which it shows most

Bounds lie between what networks that learn and such as do not were measured to have (sigmoid, Xavier, Fashion-MNIST).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.experiment.arm import ArmConfig, Norm
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.probes.summary import LayerSummary, NetworkSummary
from core.training.records import ArmDiverged, TestMeasured, TrainMeasured
from core.words.conclusions import about_dead
from core.words.evidence import Update
from core.words.numerals import digits, in_percent, rounded
from core.words.verdict import is_at_chance

STUCK = 20  # steps: an arm that reads no better than guessing before is said nothing of
VANISHING = 1 / 20  # of the last layer's gradient, at most: without a norm it was 1/185 at the start, with BN 1.4
TOO_LARGE = 0.6  # of the weights' size, at least
RISEN = 2.0  # times the first loss, at least
ALIKE = 0.05  # of the pooled spread is from image to image, at most: without a norm it was 0.003, with BatchNorm 1.0
SHARED = 0.25  # the same where images are normalized one by one: 0.02 at the start
DEAD_UNITS = 0.6  # of a layer's units, at least
# The three above: none, BN and LN with ReLU and He's weights on the digits, rates from 0.05 to 10, two epochs, seeds 0
# to 2 (2026-11-27; tests/core/words/test_bounds_of_reasons.py). Arms that learned, their loss never half as large again
# as at first, took steps of at most 0.50; those that learned nothing and whose loss had doubled, of at least 0.68. With
# sigmoid and small steps a stuck arm's loss rose to 1.4 times the first. Arms that read 80 % had at most 0.19 of a
# layer dead, on another processor three of conv1's six channels; where nothing was learned, 0.86 and more.
WITHIN_AN_IMAGE = (Norm.LN, Norm.GN, Norm.RMS)
SHOWN = {"activations": "activated", "gradients": "mean_abs"}
PAGES = {"activations": Message("Activations"), "gradients": Message("Gradients"), "parameters": Message("Parameters")}


@dataclass(frozen=True, slots=True)
class Reason:
    """`said` of `arms`, as is seen on `page` in `layer` at the look of `step` at these images (`source`)."""

    arms: tuple[str, ...]
    said: Message
    page: str
    layer: str
    step: int
    source: str = "fixed"
    shown: str = ""  # the stage of the activations, or the quantity of the gradients
    weight: float = 0.0  # how much it shows

    @property
    def place(self) -> Message:
        """Where it is seen, in words."""
        where: dict[str, Any] = {"page": PAGES[self.page], "layer": self.layer, "step": self.step}
        return Message("{page}: {layer}, step {step:,}", where)

    def to_json(self) -> dict[str, Any]:
        """As JSON values, in the language spoken here."""
        where = {"page": self.page, "layer": self.layer, "step": self.step, "source": self.source}
        where |= {"shown": self.shown or SHOWN.get(self.page, "")}
        return {"said": str(self.said), "place": str(self.place), "arms": list(self.arms)} | where


@dataclass(frozen=True, slots=True)
class Case:
    """One arm. `network` is how it looked last, at `step`; `batch` on a mini-batch, at `batch_step`, if it was seen.

    `tests` are those after training has begun, `learnt` the points of all arms. `is_behind`: another arm reads
    better, and that can be called; where it cannot, nothing explains it.
    """

    config: ExperimentConfig
    arm: ArmConfig
    network: NetworkSummary
    step: int
    batch: NetworkSummary | None
    batch_step: int
    update: Update | None
    tests: Sequence[TestMeasured]
    is_behind: bool
    learnt: Sequence[TrainMeasured]
    diverged: ArmDiverged | None

    @property
    def name(self) -> str:
        return self.arm.name

    @property
    def test(self) -> TestMeasured | None:
        return self.tests[-1] if self.tests and self.diverged is None else None

    @property
    def accuracy(self) -> float:
        return self.tests[-1].accuracy[self.name]

    @property
    def own(self) -> float | None:
        """The latest accuracy with the batch's own statistics."""
        return self.tests[-1].batch_accuracy.get(self.name)

    @property
    def never_left_chance(self) -> bool:
        """Whether all its tests are such as guessing gives, and not because of running statistics."""
        if self.test is None or self.test.step < STUCK:
            return False
        shares = [(share, test.examples) for test in self.tests for share in self._both(test)]
        return all(is_at_chance(share, examples) for share, examples in shares)

    def _both(self, test: TestMeasured) -> list[float]:
        return [shares[self.name] for shares in (test.accuracy, test.batch_accuracy) if self.name in shares]

    def reason(self, said: Message, page: str, layer: str, weight: float = 0.0) -> Reason:
        return Reason((self.name,), said, page, layer, self.step, weight=weight)


Cases = Sequence[Case]
Cause = Callable[[Case], Reason | None]


def strongest(cause: Cause) -> Callable[[Cases], Reason | None]:
    """The reason of the arm in which it shows most."""

    def of_all(cases: Cases) -> Reason | None:
        found: Iterable[Reason | None] = map(cause, cases)
        return max((each for each in found if each is not None), key=lambda each: each.weight, default=None)

    of_all.__name__, of_all.__doc__ = cause.__name__, cause.__doc__
    return of_all


@strongest
def not_finite(case: Case) -> Reason | None:
    """Where the values of a diverged arm broke first; seen is the last look before."""
    if case.diverged is None:
        return None
    layer = _seen_layer(case.diverged.layer, case.network)
    said = Message(
        "{arm} diverged at step {step:,}: from the input on, {layer} is the first layer with a number that is not "
        "finite. The look before it shows how large its values had become.",
        {"arm": case.arm.title, "step": case.diverged.step, "layer": layer},
    )
    return case.reason(said, "activations", layer, weight=-case.diverged.step)


def _seen_layer(module: str, network: NetworkSummary) -> str:
    """The layer that a module of the network belongs to, such as conv1_norm to conv1; the loss to the last one."""
    names = [layer.name for layer in network.layers]
    return next((name for name in names if name == module.partition("_")[0]), names[-1])


def dead(cases: Cases) -> Reason | None:
    """Layers that are 0 for every image, or gradients that are exactly 0: of all arms at once."""
    latest = max((case.step for case in cases), default=0)
    looked = {case.name: case for case in cases if case.step == latest and case.diverged is None}
    found = about_dead(
        {name: case.network for name, case in looked.items()},
        {name: case.arm.title for name, case in looked.items()},
        latest,
    )
    if not isinstance(found, Message):
        return None
    places = {name: place for name, case in looked.items() if (place := _dead_place(case.network)) is not None}
    page, layer = next(iter(places.values()))
    return Reason(tuple(places), found, page, layer, latest)


def _dead_place(network: NetworkSummary) -> tuple[str, str] | None:
    zero = next((layer.name for layer in network.layers if layer.zero_share == 1), None)
    if zero is not None:
        return "activations", zero
    still = next((layer.name for layer in network.layers if layer.gradient and layer.gradient.zero_share == 1), None)
    return None if still is None else ("gradients", still)


@strongest
def vanishing_gradient(case: Case) -> Reason | None:
    """The first layer's gradient is a small part of the last one's in an arm that has learned nothing yet."""
    ratio = case.network.gradient_ratio
    if not case.never_left_chance or not ratio or not ratio <= VANISHING:
        return None
    said = Message(
        "{arm} has not left chance ({accuracy}): its first layer gets 1/{n} of the last layer’s gradient.",
        {"arm": case.arm.title, "accuracy": percent(case.accuracy), "n": rounded(1 / ratio)},
    )
    return case.reason(said, "gradients", case.network.layers[0].name, weight=1 / ratio)


@strongest
def steps_too_large(case: Case) -> Reason | None:
    """The first steps of an arm were as large as its weights, its loss rose or was lost, and nothing was learned."""
    if case.update is None or case.update.ratio < TOO_LARGE:
        return None
    values: dict[str, Any] = {
        "arm": case.arm.title,
        "layer": case.update.layer,
        "step": case.update.step,
        "times": digits(case.update.ratio),
    }
    if case.diverged is not None:
        said = Message(
            "The steps of {arm} are too large: the one after step {step:,} changes the weights of {layer} by {times} × "
            "their size.",
            values,
        )
    elif case.never_left_chance and (rise := _risen(case)) is not None:
        losses = {"first": digits(rise[0]), "highest": digits(rise[1])}
        said = Message(
            "The steps of {arm} are too large: the one after step {step:,} changes the weights of {layer} by {times} × "
            "their size, and its training loss rose from {first} to {highest}.",
            values | losses,
        )
    else:
        return None
    found = case.reason(said, "gradients", case.update.layer, weight=case.update.ratio)
    return replace(found, step=case.update.step, shown="update_ratio")


def _risen(case: Case) -> tuple[float, float] | None:
    """(The first loss, the highest), if that is far above it."""
    losses = [point.loss[case.name] for point in case.learnt if case.name in point.loss]
    return (losses[0], max(losses)) if losses and max(losses) >= RISEN * losses[0] else None


@strongest
def same_for_every_image(case: Case) -> Reason | None:
    """The last hidden layer says nearly the same of every image, in an arm that has learned nothing yet."""
    layer = _last_hidden(case.network)
    share = _own_share(layer)
    if not case.never_left_chance or case.arm.fc_norm in WITHIN_AN_IMAGE or share is None or share > ALIKE:
        return None
    if _dead_place(case.network) is not None:
        return None  # which says more
    said = Message(
        "{arm} says nearly the same of every image: a unit of {layer} varies by {unit} from image to image, all its "
        "values together by {pooled}.",
        _spreads(case, layer),
    )
    return case.reason(said, "activations", layer.name, weight=1 / share)


@strongest
def shared_part_kept(case: Case) -> Reason | None:
    """A norm within each image cannot take away what all images share: mostly that is left in the last hidden layer."""
    layer = _last_hidden(case.network)
    share = _own_share(layer)
    if not case.is_behind or case.arm.fc_norm not in WITHIN_AN_IMAGE or share is None or share > SHARED:
        return None
    said = Message(
        "{arm} normalizes within each image, so what all images share stays: a unit of {layer} varies by {unit} from "
        "image to image, all its values together by {pooled}.",
        _spreads(case, layer),
    )
    return case.reason(said, "activations", layer.name, weight=1 / share)


def percent(share: float) -> Message:
    return Message("{points} %", {"points": in_percent(share)})


def _last_hidden(network: NetworkSummary) -> LayerSummary:
    return [layer for layer in network.layers if layer.activated is not None][-1]


def _own_share(layer: LayerSummary) -> float | None:
    """Of the pooled spread after the activation, what is from image to image; None where nothing varies at all."""
    stage = layer.activated
    if stage is None or not (math.isfinite(stage.std) and stage.unit_std > 0):
        return None
    return stage.unit_std / stage.std


def _spreads(case: Case, layer: LayerSummary) -> dict[str, Any]:
    assert layer.activated is not None
    spreads = {"unit": digits(layer.activated.unit_std), "pooled": digits(layer.activated.std)}
    return {"arm": case.arm.title, "layer": layer.name} | spreads


@strongest
def dead_units(case: Case) -> Reason | None:
    """Of a ReLU layer many units are 0 for every image, in an arm that is behind."""
    if case.config.activation != "relu" or not case.is_behind:
        return None
    layers = [layer for layer in case.network.layers if layer.inactive_share is not None and layer.inactive_share < 1]
    layer = max(layers, key=lambda each: each.inactive_share or 0.0, default=None)
    if layer is None or (share := layer.inactive_share or 0.0) < DEAD_UNITS:
        return None
    said = Message(
        "In {arm} {share} of the units of {layer} are dead: 0 for all {images:,} images looked at, so that nothing is "
        "learned through them.",
        {"arm": case.arm.title, "share": percent(share), "layer": layer.name, "images": case.network.examples},
    )
    return case.reason(said, "activations", layer.name, weight=share)
