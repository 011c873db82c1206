"""experiment/fitting.py: an experiment goes to the built-in digits and comes back, and keeps what was chosen for it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.fitting import DIGITS, from_digits, on_digits, to_digits
from core.experiment.rules import ConfigError
from tests.core.drawn import valid_configs


def values_of(config: ExperimentConfig) -> dict[str, Any]:
    return asdict(config)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_takes_all_the_settings_of_the_digits_and_gets_its_own_back(name: str) -> None:
    before = values_of(PRESETS[name])
    there = before | to_digits(before)
    assert {setting: there[setting] for setting in DIGITS} == DIGITS
    assert there | from_digits(there, before) == before


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(("setting", "own"), [("batch_size", 48), ("learning_rate", 0.07), ("epochs", 2)])
def test_what_somebody_has_chosen_stays_there_and_back(name: str, setting: str, own: float) -> None:
    before = values_of(PRESETS[name]) | {setting: own}
    there = before | to_digits(before)
    assert there == values_of(PRESETS[name]) | DIGITS | {setting: own}
    assert there | from_digits(there, before) == before


def test_a_choice_that_is_what_the_digits_take_is_still_a_choice() -> None:
    before = values_of(ExperimentConfig(batch_size=DIGITS["batch_size"]))
    there = before | to_digits(before)
    assert there | from_digits(there, before) == before


def test_what_is_changed_on_the_digits_stays_on_the_way_back() -> None:
    before = values_of(ExperimentConfig())
    there = before | to_digits(before) | {"epochs": 5, "seed": 9}
    assert there | from_digits(there, before) == before | {"epochs": 5, "seed": 9}


def test_without_a_memory_the_way_back_leads_to_first_look() -> None:
    there = values_of(ExperimentConfig(data="digits", **DIGITS | {"learning_rate": 0.7}))
    back = there | from_digits(there, {}) | {"data": "fashion-mnist"}
    assert back == values_of(ExperimentConfig(learning_rate=0.7))


def test_more_images_than_there_are_become_all_of_them_and_fewer_stay() -> None:
    more, fewer = (values_of(ExperimentConfig(examples=n)) for n in (30_000, 300))
    assert to_digits(more)["examples"] == 1437
    assert "examples" not in to_digits(fewer)
    assert from_digits(more | to_digits(more), more)["examples"] == 30_000


def test_no_batch_is_larger_than_the_images_that_were_chosen() -> None:
    few = values_of(ExperimentConfig(examples=20, batch_size=20)) | {"batch_size": 256}
    assert to_digits(few)["batch_size"] == 20


def test_nor_is_it_on_the_way_back() -> None:
    before = values_of(ExperimentConfig())
    there = before | to_digits(before) | {"examples": 100}
    assert there | from_digits(there, before) == before | {"examples": 100, "batch_size": 100}


def test_an_emptied_field_stays_empty() -> None:
    for setting in DIGITS:
        emptied = values_of(ExperimentConfig()) | {setting: None}
        there = emptied | to_digits(emptied)
        assert there[setting] is None
        assert there | from_digits(there, {}) | {"data": "fashion-mnist"} == emptied


@given(valid_configs(), st.booleans())
def test_the_same_experiment_on_the_digits_is_always_a_valid_one(config: ExperimentConfig, drop_last: bool) -> None:
    try:
        config = replace(config, drop_last=drop_last)
    except ConfigError:
        return
    used = on_digits(config)  # which checks itself
    assert used.data == "digits"
    assert used.steps_per_epoch >= 1
    kept = set(values_of(config)) - set(DIGITS) - {"data", "drop_last"}
    assert {name: values_of(used)[name] for name in kept} == {name: values_of(config)[name] for name in kept}


def test_a_last_batch_of_one_is_dropped_where_it_would_be_refused() -> None:
    assert on_digits(ExperimentConfig(batch_size=4, drop_last=False)).drop_last  # 1,437 = 359 × 4 + 1
