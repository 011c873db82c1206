"""core.training.seeds: several seeds at once are the single runs, one by one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError
from core.training import records
from core.training.records import EpochFinished, Record
from core.training.seeds import train_seeds
from core.training.trainer import train

ARMS = tuple(map(parse_arm, ("none", "bn", "ln", "bn:book", "gn", "in/rms:lr=0.05")))
CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=50, epochs=3, learning_rate=0.01, arms=ARMS)
PARTS = tuple(map(parse_arm, ("fix", "bn/fix")))  # some of whose numbers are not learned


@pytest.mark.parametrize("arms", [ARMS, PARTS], ids=["norms", "parts"])
@pytest.mark.parametrize(
    "device", [pytest.param("cpu", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.cuda)]
)
def test_each_seed_has_the_numbers_of_a_run_of_its_own(small_images: Images, device: str, arms) -> None:
    config = replace(CONFIG, arms=arms)
    names = ("train_images", "train_labels", "test_images", "test_labels")
    data = replace(small_images, **{name: getattr(small_images, name).to(device) for name in names})
    together = train_seeds(config, data, (0, 7))
    assert [(found.arm, found.seed) for found in together] == [(arm.name, seed) for arm in arms for seed in (0, 7)]
    for seed in (0, 7):
        history: list[Record] = []
        train(replace(config, seed=seed), small_images, history.append)
        epochs = [r for r in history if isinstance(r, EpochFinished)]
        tests = {r.step: r for r in history if isinstance(r, records.TestMeasured)}
        for found in (found for found in together if found.seed == seed):
            assert found.train_loss == pytest.approx([r.train_loss[found.arm] for r in epochs], abs=2e-3)
            assert found.train_accuracy == pytest.approx([r.train_accuracy[found.arm] for r in epochs], abs=0.011)
            assert found.test_loss == pytest.approx([tests[r.step].loss[found.arm] for r in epochs], abs=0.01)
            assert found.test_accuracy == pytest.approx([tests[r.step].accuracy[found.arm] for r in epochs], abs=0.03)


def test_a_seed_that_diverges_leaves_the_others_alone(small_images: Images) -> None:
    wild = replace(CONFIG, activation="relu", arms=(parse_arm("none:lr=1e6"), parse_arm("ln")), epochs=1)
    found = train_seeds(wild, small_images, (0, 1))
    assert all(math.isnan(trained.train_accuracy[-1]) for trained in found[:2])
    alone = train_seeds(replace(wild, arms=wild.arms[1:]), small_images, (0, 1))
    assert [trained.test_loss for trained in found[2:]] == [trained.test_loss for trained in alone]


@pytest.mark.parametrize(
    "settings", [{"optimizer": "adam"}, {"momentum": 0.9}, {"dropout": 0.1}, {"batch_size": 64, "drop_last": False}]
)
def test_what_is_not_done_together_is_refused(small_images: Images, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="one after another"):
        train_seeds(replace(CONFIG, **settings), small_images, (0, 1))
