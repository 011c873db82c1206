"""core.lab.sweep, links and points: what a sweep is, what it refuses, and that a link has all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.cli.settings import FLAGS
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError
from core.lab.links import from_query, read, to_query, written
from core.lab.points import Point, points
from core.lab.ready_made import READY_MADE
from core.lab.sweep import SETTINGS, Sweep

BASE = ExperimentConfig(data="digits", examples=1000, batch_size=20, arms=(parse_arm("none"), parse_arm("bn")))
KEY_OF_BEFORE = "0846c391fff18b33ba18b80e8bc1b0a4"
TWO = Sweep(BASE, (("lr", (0.1, 1.0)), ("batch-size", (10, 20))), seeds=3)


def test_an_entry_is_a_combination_a_seed_and_an_arm_and_a_point_has_all_arms() -> None:
    assert (TWO.entries, len(points(TWO))) == (2 * 2 * 3 * 2, 2 * 2 * 3)
    found = [(point.config.learning_rate, point.config.batch_size, point.config.seed) for point in points(TWO)]
    assert len(set(found)) == len(found)
    assert found[:5] == [(0.1, 10, 0), (0.1, 20, 0), (1.0, 10, 0), (1.0, 20, 0), (0.1, 10, 1)]
    assert {point.config.arms for point in points(TWO)} == {BASE.arms}


def test_a_tenth_of_the_images_is_held_out_and_not_trained_on() -> None:
    assert {(point.config.examples, point.held_out) for point in points(TWO)} == {(900, 100)}
    assert {(p.config.examples, p.held_out) for p in points(replace(TWO, validation=0.25))} == {(750, 250)}


def test_the_key_of_a_point_that_was_kept_before_there_were_decay_and_schedules_is_what_it_was() -> None:
    point = Point(ExperimentConfig(learning_rate=0.25, seed=3), 2000, {})  # whose key a version without them made
    assert point.key == KEY_OF_BEFORE
    for setting in ({"weight_decay": 0.01}, {"schedule": "cosine"}):
        assert replace(point, config=replace(point.config, **setting)).key != KEY_OF_BEFORE


def test_the_key_of_a_point_is_that_of_what_decides_its_numbers() -> None:
    keys = [point.key for point in points(TWO)]
    assert len(set(keys)) == len(keys)
    assert [point.key for point in points(replace(TWO, varied=TWO.varied[::-1]))] != keys
    assert {point.key for point in points(replace(TWO, varied=TWO.varied[::-1]))} == set(keys)
    assert not {point.key for point in points(replace(TWO, validation=0.2))} & set(keys)
    assert {point.key for point in points(replace(TWO, seeds=2))} < set(keys)


def test_a_proportional_rate_follows_the_batch_size_and_a_fixed_one_does_not() -> None:
    sweep = Sweep(BASE, (("batch-size", (10, 20, 40)), ("lr-rule", ("fixed", "proportional"))))
    rates = {(p.values["lr-rule"], p.config.batch_size): p.config.learning_rate for p in points(sweep)}
    assert [rates["fixed", size] for size in (10, 20, 40)] == [0.1, 0.1, 0.1]
    assert [rates["proportional", size] for size in (10, 20, 40)] == [0.05, 0.1, 0.2]
    assert len({point.key for point in points(sweep)}) == 5  # at the base's own size both rules are one experiment


@pytest.mark.parametrize(
    "sweep",
    [
        TWO,
        Sweep(BASE, seeds=7, validation=0.25),
        Sweep(BASE, (("activation", ("relu", "tanh")), ("drop-last", (True, False)))),
        *(Sweep(ExperimentConfig(), each.varied, each.seeds) for each in READY_MADE.values()),
    ],
)
def test_a_link_has_all_of_a_sweep(sweep: Sweep) -> None:
    assert from_query(to_query(sweep)) == sweep


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("lr=0.01,0.1,1", "lr", (0.01, 0.1, 1.0)),
        ("learning_rate=1e-3", "lr", (0.001,)),
        ("batch_size=2，32", "batch-size", (2, 32)),
        ("drop-last=0,1", "drop-last", (False, True)),
        ("lr-rule=fixed,proportional", "lr-rule", ("fixed", "proportional")),
        ("norm=none,bn/none,bn:lr=2", "norm", tuple(map(parse_arm, ("none", "bn/none", "bn:lr=2")))),
    ],
)
def test_what_varies_is_read_from_a_word(text: str, name: str, values: tuple[Any, ...]) -> None:
    assert read(text) == (name, values)
    assert name == "norm" or read(written(name, values)) == (name, values)


@pytest.mark.parametrize("text", ["lr", "lr=", "=1", "", "seed=1,2", "colour=1", "lr=a", "depth=5,x", "norm=xx"])
def test_what_is_no_such_word_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read(text)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"varied": (("lr", (0.1, -1.0)),)}, "above 0; got -1"),
        ({"varied": (("depth", (5, 6)),)}, "got “6”"),
        ({"varied": (("lr", ()),)}, "one value or more"),
        ({"varied": (("lr", (1.0, 1.0)),)}, "each once"),
        ({"varied": (("lr", (1.0,)), ("lr", (2.0,)))}, "each once"),
        ({"varied": (("lr", (1.0,)), ("depth", (5,)), ("epochs", (1,)))}, "up to 2 settings"),
        ({"varied": (("colour", (1.0,)),)}, "colour"),
        ({"varied": (("lr-rule", ("fixed",)),)}, "Vary batch-size"),
        ({"varied": (("batch-size", (1,)), ("lr-rule", ("odd",)))}, "odd"),
        ({"varied": (("batch-size", (950,)),)}, "Of 1,000 training images the sweep holds 100 out, to choose by."),
        ({"seeds": 0}, "1 to 20 seeds, counted from the base's; got 0. Use 1 to 20."),
        ({"seeds": 21}, "got 21. Use 1 to 20."),
        ({"varied": (("lr", tuple(range(1, 202))),)}, "400 entries, .* got 402"),
        ({"validation": 0.0}, "from 0.01 to 0.5"),
        ({"validation": float("nan")}, "from 0.01 to 0.5"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_rule(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Sweep(BASE, **how)


@pytest.mark.parametrize(
    ("arms", "varied"),
    [
        (("none", "bn:lr=0.1"), (("lr", (0.1, 1.0)),)),
        (("none", "bn:lr=0.1"), (("batch-size", (10, 20)), ("lr-rule", ("fixed", "proportional")))),
        (("none", "bn:dropout=0.5"), (("dropout", (0.0, 0.2)),)),
    ],
)
def test_an_arm_with_a_value_of_its_own_does_not_heed_what_is_varied(arms: tuple[str, ...], varied: Any) -> None:
    base = replace(BASE, arms=tuple(map(parse_arm, arms)))
    with pytest.raises(ConfigError, match=f"with {arms[1]}, which keep a value of their own"):
        Sweep(base, varied)
    assert Sweep(base, (("depth", (5, 8)),))


def test_momentum_is_not_varied_where_no_optimizer_has_it() -> None:
    momentum = ("momentum", (0.0, 0.9))
    with pytest.raises(ConfigError, match="Only SGD has momentum"):
        Sweep(replace(BASE, optimizer="adam"), (momentum,))
    with pytest.raises(ConfigError, match="momentum varied with adam"):  # whatever the base has
        Sweep(BASE, (momentum, ("optimizer", ("adam",))))
    assert Sweep(replace(BASE, optimizer="adam"), (momentum, ("optimizer", ("sgd",))))


def test_how_a_stepwise_rate_falls_is_not_varied_where_none_does() -> None:
    for varied in (("step-epochs", (1, 2)), ("step-factor", (0.1, 0.5))):
        with pytest.raises(ConfigError, match=f"Only a stepwise learning rate heeds {varied[0]}"):
            Sweep(replace(BASE, schedule="cosine"), (varied,))
        with pytest.raises(ConfigError, match="with the schedule constant, cosine"):
            Sweep(replace(BASE, schedule="step"), (varied, ("schedule", ("constant", "cosine"))))
        assert Sweep(replace(BASE, schedule="step"), (varied,))
        assert Sweep(BASE, (varied, ("schedule", ("step",))))


def test_the_last_seed_is_one_too() -> None:
    with pytest.raises(ConfigError, match="A seed is"):
        Sweep(replace(BASE, seed=2**32 - 2), seeds=3)


def test_what_can_be_varied_has_the_name_of_its_flag() -> None:
    flags = {field: flag.removeprefix("--") for field, flag in FLAGS.items()}
    assert {field: name for name, field in SETTINGS.items()} == {
        field: flag for field, flag in flags.items() if field not in ("arms", "seed")
    }


def test_one_line_says_what_it_is() -> None:
    assert str(TWO.described()) == (
        "lr 0.1, 1 × batch-size 10, 20 × norm none, bn, 3 seeds: 24 entries; 10 % of the training images are held out "
        "to choose by"
    )
