"""What normalization does, by sweeps: facts 2, 3, 6, 7, 11 and 15 of the project's reference measurements.

The bands are those of the reference. What is trained is as small as they still hold, measured 2026-11-28 with two or
three seeds, of which the slower facts take the first ones only:

- 2 and 3 need one mini-batch.
- 15 holds after 24 steps (BatchNorm 71 to 75 %), but one point above its band; so after 70, on 20,000 images.
- 6 does not hold small: after 105 steps on 10,000 images LayerNorm has 23 to 51 %, BatchNorm 75 to 77 %. So all 210,
  of another seed than tests/core/training/test_first_look.py.
- 7 is held on 20,000 images instead of 60,000, with the test batch's own statistics: the test images are read once, at
  the end, so a sweep over epochs says between which steps BatchNorm comes to 80 %.
- 11 holds with 2,000 images (GroupNorm 71 to 76 % of those held out, BatchNorm 17 to 37 %; at 32 it is ahead), not
  safely with 3,000 (68 and 71 %); with 5,000 it held in the lessons' own code until 2026-11-29, which trains on 2,000
  since then, too (tests/core/lessons/test_lesson_facts.py).
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from core.data.files import verify
from core.data.images import Images, load
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.conclusions import conclusions
from core.lab.entries import entries
from core.lab.measure import measure
from core.lab.points import points
from core.lab.summary import Group, groups
from core.lab.sweep import Sweep

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True, scope="module")
def fashion() -> None:
    if any(check.status != "ok" for check in verify("fashion-mnist")):
        pytest.skip(f"no Fashion-MNIST in NORMSCOPE_DATA={os.environ.get('NORMSCOPE_DATA', '')!r}")


def swept(arms: str, *varied: tuple[str, tuple[Any, ...]], seeds: int, along: bool = False, **base: Any) -> list[Group]:
    config = ExperimentConfig(arms=tuple(map(parse_arm, arms.split(","))), **base)
    sweep = Sweep(config, varied, seeds, along=along)
    asked = points(sweep)
    return groups(entries(asked, {point.key: measure(point.to_json()) | {"run": None} for point in asked}, {}))


def numbers(found: list[Group], arm: str, measured: str, **where: Any) -> list[float]:
    """One a seed, of the arm at these settings."""
    (group,) = [each for each in found if each.arm == arm and where.items() <= dict(each.where).items()]
    return [entry[measured] for entry in group.entries]


def few_tests(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Of so many test images a fact is seen as well, and each reading of all takes seconds."""

    def few(*asked: Any) -> Images:
        images = load(asked[0])
        return replace(images, test_images=images.test_images[:count], test_labels=images.test_labels[:count])

    monkeypatch.setattr("core.lab.measure._images", few)


def test_facts_2_and_3_depth_takes_a_sigmoid_networks_gradient_and_batch_norm_keeps_it_and_relu_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_tests(monkeypatch, 10)
    found = swept(
        "none,bn", ("depth", (5, 12)), ("activation", ("sigmoid", "relu")), seeds=1, examples=285, epochs=1
    )  # one mini-batch of 256
    assert max(numbers(found, "none", "gradient_ratio", depth=12, activation="sigmoid")) < 1e-5
    kept = numbers(found, "bn", "gradient_ratio", depth=12, activation="sigmoid")
    assert 0.4 < min(kept) <= max(kept) < 4
    assert min(numbers(found, "none", "gradient_ratio", depth=5, activation="relu")) > 1


def test_fact_6_sigmoid_learns_with_batch_norm_somewhat_with_layer_norm_and_not_without() -> None:
    found = swept("none,bn,ln", seeds=1, seed=1, examples=20_000)
    assert min(numbers(found, "bn", "test_accuracy")) > 0.74
    assert max(numbers(found, "none", "test_accuracy")) < 0.15
    ln = numbers(found, "ln", "test_accuracy")
    assert 0.45 < min(ln) <= max(ln) < 0.72
    assert {group.arm: group.fate for group in found} == {"none": "survives", "bn": "learns", "ln": "learns"}


def test_fact_7_at_a_large_rate_batch_norm_comes_to_80_percent_while_the_plain_network_still_guesses() -> None:
    """79 steps, which are fewer than it took (75 to 175 in prediction mode, with probes of 2,000 images), and 158."""
    found = swept("none,bn", ("epochs", (1, 2)), seeds=1, examples=22_500, learning_rate=1.0)
    assert max(numbers(found, "bn", "test_accuracy_batch", epochs=1)) < 0.8
    assert min(numbers(found, "bn", "test_accuracy_batch", epochs=2)) > 0.8
    assert max(numbers(found, "none", "test_accuracy", epochs=2)) < 0.3
    losses = numbers(found, "none", "train_loss", epochs=1)
    assert 2.29 < min(losses) <= max(losses) < 2.36


@pytest.mark.timeout(600)  # five seeds: 40 to 60 s where nobody else works
def test_fact_11_at_batch_size_two_batch_norm_falls_behind_group_norm_and_at_32_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_tests(monkeypatch, 2000)
    found = swept(
        "bn,gn",
        ("batch-size", (2, 32)),
        ("lr-rule", ("proportional",)),
        seeds=5,
        examples=2222,  # of which 2,000 are trained on
        batch_size=32,
        epochs=1,
        activation="relu",
        init="he",
        learning_rate=0.1,
    )
    bn, gn = (numbers(found, arm, "test_accuracy", **{"batch-size": 2}) for arm in ("bn", "gn"))
    assert max(bn) < 0.55
    assert min(gn) > 0.68
    assert min(g - b for b, g in zip(bn, gn, strict=True)) > 0.2
    said = [str(each) for each in conclusions(found, {"bn": "BatchNorm", "gn": "GroupNorm"})]
    (behind,) = [each for each in said if "falls behind:" in each]
    assert ", at batch size 2 BatchNorm falls behind: " in behind
    assert behind.endswith("; at 32 it does not.")


def test_fact_15_at_a_rate_where_relu_alone_is_lost_batch_norm_learns() -> None:
    found = swept("none,bn", seeds=2, examples=20_000, epochs=1, activation="relu", init="he", learning_rate=1.0)
    assert min(numbers(found, "bn", "test_accuracy")) > 0.7
    assert max(numbers(found, "none", "test_accuracy")) < 0.3
    assert {group.arm: group.fate for group in found} == {"none": "survives", "bn": "learns"}
