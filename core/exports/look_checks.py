"""What a look of a bundle must be so that every page can draw it: of the form of one at the experiment's networks.

check_summary  raises BundleError

The form is that of a look at a network that has not learnt: as many units, bins and parameters in each layer, the same
norms, the same ends of the fixed histograms. The numbers may be any that a network in float32 can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from math import inf, isfinite, isnan
from typing import Any

import torch

from core.experiment.arm import ArmConfig
from core.experiment.config import ExperimentConfig
from core.exports.troubles import check_fit
from core.nets.lenet import build_lenet
from core.probes.stats import summarise
from core.probes.summary import NetworkSummary, StageSummary
from core.probes.watch import probe

IMAGES = 2  # as few as batch norm takes
LARGEST = 1e39  # a little beyond float32, as a deviation over all units may be
LARGEST_RATIO = 1e84  # of the largest float32 to the smallest

WITHOUT_GRADIENTS = {"gradient", "update_ratio", "gamma_grad", "beta_grad"}  # may be missing where nothing was learnt
FROM_ELSEWHERE = {"rule", "sampled", "examples"}  # words, and counts by which nothing is divided
SHARES = {"inactive_share", "zero_share"}
SAME_ENDS = {"fixed", "histogram"}  # in all looks


def check_summary(config: ExperimentConfig, arm: ArmConfig, summary: NetworkSummary) -> None:
    check_fit(summary.examples > 0, "examples", summary.examples)
    _check("look", summary, _model(config, arm), summary.examples)
    for layer in summary.layers:
        for stage in filter(None, (layer.before, layer.normalized, layer.scaled, layer.activated)):
            _check_stage(stage)


@lru_cache(16)
def _model(config: ExperimentConfig, arm: ArmConfig) -> NetworkSummary:
    """A look at the arm's network as it is made; a bundle has hundreds of looks at each."""
    images, labels = torch.zeros(IMAGES, 1, 28, 28), torch.zeros(IMAGES, dtype=torch.int64)
    return summarise(probe(build_lenet(arm, config), images, labels), learning_rate=1.0)


def _check(name: str, found: Any, model: Any, examples: int, within: str = "") -> None:
    """`found`, in a look at `examples` images, is as `model`, in one at IMAGES: each the `name` of what is `within`."""
    if name in FROM_ELSEWHERE or (name in WITHOUT_GRADIENTS and found in (None, ())):
        return
    if name == "update_ratio":
        return _check_numbers(name, [found], are_counts=False)
    check_fit((found is None) == (model is None), name, found)
    if is_dataclass(model):
        for field in fields(model):
            _check(field.name, getattr(found, field.name), getattr(model, field.name), examples, name)
    elif isinstance(model, tuple):
        check_fit(len(found) == len(model), name, len(found))
        _check_row(name, found, model, examples)
    elif name == "values":
        check_fit(found * IMAGES == model * examples, name, found)
    elif isinstance(model, str) or (name in ("low", "high") and within in SAME_ENDS):
        check_fit(found == model, name, found)
    elif model is not None:
        _check_numbers(name, [found], isinstance(model, int))


def _check_row(name: str, found: Sequence[Any], model: Sequence[Any], examples: int) -> None:
    if model and is_dataclass(model[0]):
        for own, expected in zip(found, model, strict=True):
            _check(name, own, expected, examples)
    elif model:
        _check_numbers(name, found, isinstance(model[0], int))


def _check_numbers(name: str, found: Sequence[float], are_counts: bool) -> None:
    if are_counts:
        return check_fit(min(found) >= 0, name, min(found))
    if name in SHARES:
        return check_fit(all(0 <= share <= 1 for share in found), name, found)
    most = LARGEST_RATIO if name == "update_ratio" else LARGEST
    check_fit(all(-most <= number <= most or not isfinite(number) for number in found), name, found)


def _check_stage(stage: StageSummary) -> None:
    """Extremes and percentiles are of the finite values, which may be none; a deviation is no less than 0."""
    ends = (stage.low, stage.high)
    check_fit(all(map(isnan, ends)) or -inf < stage.low <= stage.high < inf, "low, high", ends)
    check_fit(repr(ends) == repr((stage.adaptive.low, stage.adaptive.high)), "adaptive", ends)
    is_known = [isfinite(each) for each in stage.percentiles]
    check_fit(all(is_known) or all(map(isnan, stage.percentiles)), "percentiles", stage.percentiles)
    for deviation in (stage.std, stage.unit_std):
        check_fit(not deviation < 0, "deviation", deviation)
