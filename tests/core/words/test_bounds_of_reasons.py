"""The bounds of core.words.causes: over three seeds they lie between arms that learn and such as do not.

ReLU and He's weights on the digits, two epochs; of the arms that core/words/causes.py speaks of, six are measured here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.data.images import Images
from core.lessons.reading import experiment
from core.lessons.trying import ran
from core.training import records
from core.words.causes import DEAD_UNITS, RISEN, TOO_LARGE
from core.words.evidence import Evidence

pytestmark = pytest.mark.slow

SMALL_STEPS = ("none:lr=0.2", "bn:lr=0.2", "ln:lr=0.2")
LARGE_STEPS = ("none:lr=4", "ln:lr=2")


@dataclass(frozen=True, slots=True)
class Found:
    """Of one arm: its largest update of the first looks, how often the first its loss became, and what it reads."""

    update: float
    rise: float
    accuracy: float
    dead: float  # of the units of the layer that has most


@pytest.fixture(scope="module", params=[0, 1, 2], ids="seed {}".format)
def found(request: pytest.FixtureRequest, digits: Images) -> dict[str, Found]:
    names = [*SMALL_STEPS, "bn:lr=1", *LARGE_STEPS]
    settings = {"data": "digits", "activation": "relu", "init": "he", "epochs": 2, "seed": request.param}
    run = ran(experiment(settings | {"arms": names}), "")
    seen, tests = Evidence(run.looks), [each for each in run.records if isinstance(each, records.TestMeasured)]
    return {name: of_arm(name, seen, tests[-1], run.records) for name in names}


def of_arm(name: str, seen: Evidence, last: records.TestMeasured, history: tuple[records.Record, ...]) -> Found:
    losses = [each.loss[name] for each in history if isinstance(each, records.TrainMeasured) and name in each.loss]
    update, network = seen.largest_update(name), seen.network(name)
    assert update is not None
    assert network is not None
    dead = max(layer.inactive_share or 0.0 for layer in network.layers)
    return Found(update.ratio, max(losses) / losses[0], last.accuracy.get(name, 0.0), dead)


def test_the_steps_of_an_arm_that_learns_without_a_rise_of_its_loss_are_not_too_large(found: dict[str, Found]) -> None:
    for name in (*SMALL_STEPS, "bn:lr=1"):
        assert found[name].accuracy > 0.6
        assert found[name].rise < RISEN
        assert found[name].update < TOO_LARGE


def test_those_of_an_arm_that_learns_nothing_at_a_large_rate_are_and_its_loss_has_risen(
    found: dict[str, Found],
) -> None:
    for name in LARGE_STEPS:
        assert found[name].accuracy < 0.2
        assert found[name].update > TOO_LARGE
        assert found[name].rise > RISEN


def test_few_units_of_an_arm_that_reads_well_are_dead_and_most_of_a_layer_where_nothing_is_learned(
    found: dict[str, Found],
) -> None:
    well = [each.dead for each in found.values() if each.accuracy > 0.8]
    assert len(well) >= 3
    assert max(well) < DEAD_UNITS
    assert min(found[name].dead for name in LARGE_STEPS) > DEAD_UNITS
