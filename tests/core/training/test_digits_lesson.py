"""What the built-in digits show: the lesson, with the settings that they take, and nothing with First look's."""

from __future__ import annotations

from dataclasses import replace

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import on_digits
from core.training import records
from core.training.trainer import train

TWO_ARMS = ExperimentConfig(arms=(parse_arm("none"), parse_arm("bn")))


def last_accuracy(config: ExperimentConfig, digits: Images) -> dict[str, float]:
    facts: list[records.Record] = []
    train(config, digits, facts.append)
    return dict([fact for fact in facts if isinstance(fact, records.TestMeasured)][-1].accuracy)


def test_with_their_own_settings_batch_norm_learns_while_no_normalization_stays_at_chance(digits: Images) -> None:
    config = on_digits(TWO_ARMS)
    assert config.epochs > 2
    found = last_accuracy(replace(config, epochs=2), digits)  # enough for these two; LayerNorm needs all of them
    assert found["bn"] > 0.8  # 0.908 to 0.950 over six seeds
    assert found["none"] < 0.15


def test_with_first_looks_settings_nothing_would_show(digits: Images) -> None:
    found = last_accuracy(replace(TWO_ARMS, data="digits", examples=1437), digits)
    assert found["bn"] < 0.4  # 0.097 to 0.286 over six seeds
