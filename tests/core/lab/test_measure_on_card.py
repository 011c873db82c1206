"""A sweep's point on a CUDA card: all of its numbers are there, and they are a processor's but for rounding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.measure import measure
from core.lab.points import points
from core.lab.sweep import Sweep
from core.training import ahead, arms, captured, optimizers

BASE = ExperimentConfig(
    data="digits", examples=512, batch_size=64, epochs=4, learning_rate=0.2, arms=tuple(map(parse_arm, ("bn", "fix")))
)
POINT = points(Sweep(BASE, (("lr", (0.2,)),), along=True))[0].to_json()
# On a processor these take seconds, to imitate what most machines lack.
DEVICES = [pytest.param("cpu", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.cuda)]


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """A card, or a processor that is taken for one."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "cpu":
            for module in (arms, optimizers, ahead):
                patch.setattr(module, "is_card", lambda device: True)
            patch.setattr(captured, "capture", lambda work, stream=None: work)
        yield request.param


def test_a_point_on_a_card_has_all_its_numbers(device: str) -> None:
    found = measure(POINT | {"device": device})["arms"]
    assert list(found) == ["bn", "fix"]
    for numbers in found.values():
        without = {name for name, number in numbers.items() if number is None}
        assert without == {"step_milliseconds"}, "on a card all arms take a step as one"
        assert numbers["status"] == "finished"


def test_its_numbers_are_those_of_a_processor(device: str) -> None:
    found = measure(POINT | {"device": device})["arms"]
    with pytest.MonkeyPatch.context() as patch:
        for module in (arms, optimizers, ahead):
            patch.setattr(module, "is_card", lambda device: False)
        expected = measure(POINT)["arms"]
    for name, numbers in found.items():
        for what, tolerance in (("validation_accuracy", 0.08), ("test_accuracy", 0.08), ("train_loss", 0.05)):
            assert numbers[what] == pytest.approx(expected[name][what], abs=tolerance), (name, what)
