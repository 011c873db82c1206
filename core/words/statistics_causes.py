"""Reasons that lie in BatchNorm's statistics, each where this run has the numbers for it, else None.

start_of_running_variance  the running variance is still that of the start
noise_of_tiny_batches      of two images' values only the sign is left
late_running_means         the running means describe slightly older weights
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from core.language.message import Message
from core.probes.summary import LayerSummary, NetworkSummary, NormSummary
from core.words.causes import Case, Reason, percent, strongest
from core.words.numerals import digits
from core.words.verdict import is_at_chance, sampling_error

KEPT = 0.9  # of the running statistics, at each step
CARRIED = 0.01  # of the start value of 1, at least
OFF = 1.5  # times the images' own variance, or a part of it
LATE = 0.02  # of accuracy, at least
ASTRAY = 2.0  # standard errors of a mean over as many independent images as are looked at, at least
SIGN = 0.99  # normalized values beyond it in magnitude are little but a sign


@strongest
def start_of_running_variance(case: Case) -> Reason | None:
    """Prediction mode reads worse than batch statistics while the start value still counts in the running variance."""
    carried = KEPT**case.step
    if case.step == 0 or carried < CARRIED or not _is_worse_in_prediction(case):
        return None
    layer, ratio = max(_variances(case.network), key=lambda found: abs(math.log(found[1])), default=(None, 1.0))
    if layer is None or max(ratio, 1 / ratio) < OFF:
        return None
    values = _accuracies(case) | {
        "layer": layer.name,
        "ratio": digits(ratio),
        "carried": digits(carried),
        "step": case.step,
    }
    at_chance = case.test is not None and is_at_chance(case.accuracy, case.test.examples)
    said = (
        Message(
            "{arm} is at chance in prediction mode, while with its own batches’ statistics it reads {own}: at step "
            "{step:,} the running variance of {layer} carries {carried} of its start value and is {ratio} × that of "
            "the images.",
            values,
        )
        if at_chance
        else Message(
            "{arm} reads {accuracy} in prediction mode, and {own} with its own batches’ statistics: at step "
            "{step:,} the running variance of {layer} carries {carried} of its start value and is {ratio} × that of "
            "the images.",
            values,
        )
    )
    return case.reason(said, "parameters", layer.name, weight=abs(math.log(ratio)))


@strongest
def noise_of_tiny_batches(case: Case) -> Reason | None:
    """Normalized over a batch of two, a value of a linear layer says which of the two is larger, and no more."""
    if case.batch is None or not (case.is_behind or case.never_left_chance):
        return None
    layer = next((each for each in case.batch.layers if _is_sign_alone(each, case.batch.examples)), None)
    if layer is None:
        return None
    said = Message(
        "{arm} normalizes {layer} over {n} values at a time: nearly all come out as +1 or −1, so that only their sign "
        "is left.",
        {"arm": case.arm.title, "layer": layer.name, "n": case.batch.examples},
    )
    return Reason((case.name,), said, "activations", layer.name, case.batch_step, "batch", "normalized")


def _is_sign_alone(layer: LayerSummary, examples: int) -> bool:
    is_linear = layer.before.values == examples * len(layer.before.unit_means)
    if layer.normalized is None or not _running(layer) or not is_linear:
        return False
    fifth, quarter, _, three_quarters, ninety_fifth = layer.normalized.percentiles[1:-1]
    return all(SIGN < abs(value) < 1 / SIGN for value in (fifth, quarter, three_quarters, ninety_fifth))


@strongest
def late_running_means(case: Case) -> Reason | None:
    """Prediction mode reads worse though the start value counts no more: the running means are of earlier weights."""
    if KEPT**case.step >= CARRIED or not _is_worse_in_prediction(case, LATE):
        return None
    layer, off = max(_means_off(case.network), key=lambda found: found[1], default=(None, 0.0))
    if layer is None or off < ASTRAY / math.sqrt(case.network.examples):
        return None
    said = Message(
        "{arm} reads {accuracy} in prediction mode, and {own} with its own batches’ statistics: the running means of "
        "{layer} lie {off} standard deviations from those of the images, for they describe slightly older weights.",
        _accuracies(case) | {"layer": layer.name, "off": digits(off)},
    )
    return case.reason(said, "parameters", layer.name, weight=off)


def _is_worse_in_prediction(case: Case, least: float = 0.0) -> bool:
    if case.test is None or case.own is None:
        return False
    error = sampling_error(case.own, case.accuracy, case.test.examples)
    return case.own - case.accuracy > max(error, least)


def _accuracies(case: Case) -> dict[str, Any]:
    return {"arm": case.arm.title, "accuracy": percent(case.accuracy), "own": percent(case.own or 0.0)}


def _running(layer: LayerSummary) -> NormSummary | None:
    """Its norm, if that keeps running statistics."""
    return layer.norm if layer.norm is not None and layer.norm.running_var else None


def _variances(network: NetworkSummary) -> Iterator[tuple[LayerSummary, float]]:
    """Each such layer, and its running variance over that of the images looked at."""
    for layer in network.layers:
        norm = _running(layer)
        if norm is not None and sum(norm.batch_var) > 0:
            ratio = sum(norm.running_var) / sum(norm.batch_var)
            if math.isfinite(ratio) and ratio > 0:
                yield layer, ratio


def _means_off(network: NetworkSummary) -> Iterator[tuple[LayerSummary, float]]:
    """Each such layer, and how far its running means lie from the images', in their standard deviations (RMS)."""
    for layer in network.layers:
        norm = _running(layer)
        if norm is None:
            continue
        moves = zip(norm.running_mean, norm.batch_mean, norm.batch_var, strict=True)
        squares = [(running - own) ** 2 / variance for running, own, variance in moves if variance > 0]
        off = math.sqrt(sum(squares) / len(squares)) if squares else math.nan
        if math.isfinite(off):
            yield layer, off
