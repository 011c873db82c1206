"""experiment/config.py and experiment/rules.py: an experiment in words, and what is said of a bad one."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.experiment.arm import ArmConfig, Norm, parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.rules import ConfigError
from core.language.speech import speaking
from core.nets.lenet import build_lenet
from tests.core.drawn import valid_arms

# --- there and back ----------------------------------------------------------------------------------------------


@given(valid_arms())
def test_every_arms_name_reads_back_as_the_same_arm(arm: ArmConfig) -> None:
    assert parse_arm(arm.name) == arm


@given(st.text() | st.from_regex(r"(bn|gn|in|none)[0-9]*(/(bn|gn)[0-9]*)?(:[a-z]+(=.*)?)*", fullmatch=True))
def test_any_text_is_an_arm_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        assert parse_arm(parse_arm(text).name) == parse_arm(text)


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        ("bn", "bn", "BatchNorm"),
        (" BN/BN ", "bn", "BatchNorm"),
        ("bn/none", "bn/none", "BatchNorm on convolutions only"),
        ("none/bn", "none/bn", "BatchNorm on linear layers only"),
        ("in", "in", "InstanceNorm on convolutions only"),
        ("in/none", "in", "InstanceNorm on convolutions only"),
        ("in/ln", "in/ln", "InstanceNorm on convolutions + LayerNorm on linear layers"),
        ("gn2", "gn", "GroupNorm with 2 groups"),
        ("gn1/none", "gn1/none", "GroupNorm on convolutions only with 1 group"),
        ("bn/gn4", "bn/gn4", "BatchNorm on convolutions + GroupNorm on linear layers with 4 groups"),
        ("bn:book", "bn:book", "BatchNorm with the book's own code"),
        ("none:lr=2e-2:dropout=.5", "none:dropout=0.5:lr=0.02", "No normalization (dropout 0.5 and lr 0.02)"),
        ("gn1:lr=0.1", "gn1:lr=0.1", "GroupNorm with 1 group (lr 0.1)"),
    ],
)
def test_an_arm_has_one_name_and_one_title(text: str, name: str, title: str) -> None:
    arm = parse_arm(text)
    assert (arm.name, str(arm.title)) == (name, title)
    assert "," not in title  # which parts the arms of a sentence
    assert not title[-1].isdigit()  # "lr 0.1 92.5 %"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("bn", "批量规范化"),
        ("gn1", "组规范化（1组）"),
        ("gn1:lr=0.3", "组规范化（1组，学习率0.3）"),
        ("bn:book:dropout=0.5", "批量规范化（书中的代码，暂退概率0.5）"),
        ("bn/gn:book:dropout=0.5", "卷积层的批量规范化+全连接层的组规范化（2组，书中的代码，暂退概率0.5）"),
        ("ln:dropout=0.5:lr=2", "层规范化（暂退概率0.5，学习率2）"),
        ("none:lr=0.3", "无规范化（学习率0.3）"),
    ],
)
def test_in_chinese_what_sets_an_arm_apart_stands_in_one_bracket(text: str, title: str) -> None:
    arm = parse_arm(text)
    with speaking("zh"):
        assert str(arm.title) == title


@pytest.mark.parametrize("text", ["ｎｏｎｅ／ｂｎ：ｌｒ＝０．３", "NONE／bn：lr=0，3", "none/bn:lr=0。3"])
def test_an_arm_typed_in_full_width_is_its_ascii_twin(text: str) -> None:
    assert parse_arm(text) == parse_arm("none/bn:lr=0.3")


def test_numbers_that_do_not_fit_six_digits_keep_all_of_them_in_the_name() -> None:
    assert parse_arm("bn:lr=0.123456789").name == "bn:lr=0.123456789"


def test_a_config_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        ExperimentConfig().epochs = 5  # type: ignore[misc]


# --- what is refused, and how it is said -------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    # settings, the rule, what it got, what to do
    ({"data": "cifar"}, "must be one of", "“cifar”", "Use one of them"),
    ({"examples": 60_001}, "fashion-mnist has 60,000 training images", "60,001", "Use 1 to 60,000"),
    ({"examples": 0}, "fashion-mnist has 60,000", "got 0", "Use 1 to 60,000"),
    ({"batch_size": 0}, "1 to 1,024 examples", "got 0", "Use 1 to 1,024"),
    ({"epochs": 0}, "1 to 1,000 epochs", "got 0", "Use 1 to 1,000"),
    ({"epochs": 2.5}, "1 to 1,000 epochs", "“2.5”", "Use a whole number"),
    ({"epochs": True}, "1 to 1,000 epochs", "“True”", "Use a whole number"),
    ({"seed": 2**32}, "from 0 to 4,294,967,295", "4,294,967,296", "Use 0 to"),
    ({"learning_rate": 0.0}, "finite number above 0", "got 0", "Use 0.1"),
    ({"learning_rate": float("nan")}, "finite number above 0", "got nan", "Use 0.1"),
    ({"dropout": 1.0}, "share of values set to 0", "got 1", "Use 0 to 0.9"),
    ({"momentum": -0.1}, "share of the last step", "got -0.1", "Use 0 or 0.9"),
    ({"weight_decay": -0.1}, "Weight decay is 0, for none, or a number", "got -0.1", "Use 0 or 0.0005"),
    ({"weight_decay": 1e39}, "that float32 holds, from 1.2e-38 to 3.4e+38", "got 1e+39", "Use 0 or 0.0005"),
    ({"weight_decay": float("nan")}, "Weight decay is 0, for none", "got nan", "Use 0 or 0.0005"),
    ({"schedule": "linear"}, "must be one of constant, step, cosine", "“linear”", "Use one of them"),
    ({"step_epochs": 0}, "falls every 1 to 1,000 epochs", "got 0", "Use 1 to 1,000"),
    ({"step_factor": 0.0}, "above 0 and below 1", "got 0", "Use 0.5"),
    ({"step_factor": 1.0}, "above 0 and below 1", "got 1", "Use 0.5"),
    ({"step_factor": float("inf")}, "above 0 and below 1", "got inf", "Use 0.5"),
    ({"step_factor": 1e-39}, "above 0 and below 1", "1e-39 is 0 or 1 in float32", "Use 0.5"),
    ({"step_factor": 0.99999999}, "above 0 and below 1", "0.99999999 is 0 or 1 in float32", "Use 0.5"),
    ({"batch_size": 300, "examples": 200}, "cannot be larger", "300 for 200", "Lower the batch size"),
    ({"batch_size": 1}, "no spread", "batch size 1 with BatchNorm on linear layers", "bn/none"),
    ({"examples": 257, "drop_last": False}, "no spread", "257 images in batches of 256", "Drop the last short"),
    ({"arms": ()}, "1 to 6 arms", "got 0", "Choose at least one"),
    ({"arms": tuple(parse_arm(f"bn:lr={i}") for i in range(1, 8))}, "1 to 6 arms", "got 7", "Remove some"),
    ({"arms": (parse_arm("bn"), parse_arm("bn"))}, "must differ", "bn twice", "Remove one"),
]


@pytest.mark.parametrize(("settings", "rule", "got", "do"), REFUSED)
def test_a_refusal_says_the_rule_what_it_got_and_what_to_do(settings, rule: str, got: str, do: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        ExperimentConfig(**settings)
    assert all(part in str(refusal.value) for part in (rule, got, do)), str(refusal.value)
    assert set(refusal.value.fields) & settings.keys()


@pytest.mark.parametrize(
    ("text", "rule", "got", "do"),
    [
        ("batchnorm", "An arm is a norm", "“batchnorm”", "bn, bn/none, gn1/none"),
        ("none/in", "has neither", "each value would be its own mean", "in/ln"),
        ("ln:book", "writes out batch norm only", "ln/ln", "Use bn:book"),
        ("gn4", "divide the channels of every layer", "4 groups for 6 channels", "Use one of 1, 2"),
        ("gn0", "divide the channels of every layer", "0 groups", "Use one of 1, 2"),
        ("bn4", "gn only", "“bn4”", "gn1/none"),
        ("gn2/gn3", "One number of groups", "“gn2/gn3”", "gn1/none"),
        ("bn:speed=3", "options are book, dropout=P and lr=X", "“speed=3”", "bn:book:dropout=0.5"),
        ("bn:lr=1:lr=2", "each once", "“lr=2”", "bn:book:dropout=0.5"),
        ("bn:lr=fast", "must be a number", "“fast”", "Write it like 0.1"),
        ("bn:lr=0", "above 0", "got 0", "Use 0.1"),
        ("bn:dropout=1", "share of values set to 0", "got 1", "Use 0 to 0.9"),
    ],
)
def test_a_refused_arm_says_the_rule_what_it_got_and_what_to_do(text: str, rule: str, got: str, do: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_arm(text)
    assert all(part in str(refusal.value) for part in (rule, got, do)), str(refusal.value)


def test_groups_without_group_norm_are_refused_since_no_name_could_tell_them() -> None:
    with pytest.raises(ConfigError, match="Only GroupNorm has groups; got 3"):
        ArmConfig(Norm.BN, Norm.BN, groups=3)


# --- batches of one ----------------------------------------------------------------------------------------------


def test_a_batch_of_one_is_refused_exactly_where_pytorch_refuses_it() -> None:
    one_image = torch.rand(1, 1, 28, 28)
    for name in ("none", "bn", "bn:book", "bn/none", "none/bn", "ln", "in", "gn", "rms"):
        arm = parse_arm(name)
        try:
            ExperimentConfig(arms=(arm,), batch_size=1)
            refused = False
        except ConfigError:
            refused = True
        if name != "bn:book":  # the book's own code gives β without a word
            try:
                build_lenet(arm, ExperimentConfig())(one_image)
                broke = False
            except ValueError as error:
                broke = "Expected more than 1 value per channel when training" in str(error)
            assert refused is broke, name
        assert refused is (arm.fc_norm is Norm.BN), name


def test_the_refusal_of_a_batch_of_one_quotes_what_pytorch_says() -> None:
    with pytest.raises(ConfigError, match="Expected more than 1 value per channel when training"):
        ExperimentConfig(batch_size=1)


def test_a_last_batch_of_one_is_refused_only_if_it_is_kept_and_meets_batch_norm_on_linear_layers() -> None:
    with pytest.raises(ConfigError, match="leave a last batch of one"):
        ExperimentConfig(examples=513, drop_last=False)
    assert ExperimentConfig(examples=513, drop_last=True).steps_per_epoch == 2
    assert ExperimentConfig(examples=513, drop_last=False, arms=(parse_arm("bn/none"),)).steps_per_epoch == 3
    assert ExperimentConfig(examples=514, drop_last=False).steps_per_epoch == 3


# --- what follows from a config ----------------------------------------------------------------------------------


def test_steps_count_the_last_short_batch_unless_it_is_dropped() -> None:
    config = ExperimentConfig(examples=1000, batch_size=300, epochs=7)
    assert (replace(config, drop_last=False).steps_per_epoch, replace(config, drop_last=True).steps_per_epoch) == (4, 3)
    assert replace(config, drop_last=True).total_steps == 21


def test_the_config_as_json_names_its_arms() -> None:
    written = ExperimentConfig().to_json()
    assert written["arms"] == ["none", "bn", "ln"]
    assert written["batch_size"] == 256


def test_the_presets_are_what_the_project_promises() -> None:
    first, read, zh, en = PRESETS.values()
    assert list(PRESETS) == ["First look", "The book, as read", "The book, zh edition", "The book, en edition"]
    assert first == ExperimentConfig()
    assert (first.activation, first.init, first.learning_rate, first.batch_size) == ("sigmoid", "xavier", 0.1, 256)
    assert (first.examples, first.epochs, first.data) == (20_000, 3, "fashion-mnist")
    assert [arm.name for arm in first.arms] == ["none", "bn", "ln"]
    assert (read.learning_rate, read.batch_size, read.epochs, read.examples, read.pool) == (1.0, 256, 10, 60_000, "max")
    assert [arm.name for arm in read.arms] == ["none", "bn:book", "bn"]
    assert (zh.learning_rate, zh.batch_size, zh.epochs, zh.examples, zh.pool) == (1.0, 256, 10, 60_000, "avg")
    assert (en.learning_rate, en.batch_size, en.epochs, en.examples, en.pool) == (0.1, 128, 10, 60_000, "avg")


def test_no_refusal_names_a_setting_as_the_code_does() -> None:
    """Whoever tells it puts the label or the flag before it; batch_size is neither."""
    for settings, *_ in REFUSED:
        with pytest.raises(ConfigError) as refusal:
            ExperimentConfig(**settings)
        assert "_" not in str(refusal.value)
        assert not re.search(r"got (examples|epochs|seed|data) ", str(refusal.value))


def test_no_message_forgets_what_to_do() -> None:
    """Every refusal above ends in a sentence of its own, in the imperative or naming a form."""
    for settings, *_ in REFUSED:
        with pytest.raises(ConfigError) as refusal:
            ExperimentConfig(**settings)
        last = re.split(r"(?<=[.;]) ", str(refusal.value))[-1]
        assert re.match(r"(Use|Lower|Drop|Choose|Remove|Write)\b", last), str(refusal.value)
