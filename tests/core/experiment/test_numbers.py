"""experiment/rules.py: numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment.arm import parse_arm
from core.experiment.rules import ConfigError, read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.3", 0.3),
        ("0,3", 0.3),
        (" 0,001 ", 0.001),
        (",5", 0.5),
        ("1,5", 1.5),
        ("1,25", 1.25),
        ("1000,5", 1000.5),
        ("-0,3", -0.3),
        ("1,5e-3", 0.0015),
        ("2E−05", 2e-5),  # with the minus that the pages write
        ("1e3", 1000.0),
        ("０．３", 0.3),  # as a Chinese input method writes them
        ("0。3", 0.3),
        ("0，3", 0.3),
        ("１ｅ－３", 0.001),
        ("\u3000＋５\u3000", 5.0),
    ],
)
def test_a_decimal_number_may_have_a_point_or_a_comma(text: str, value: float) -> None:
    assert read_number(text, "It", "learning_rate", float) == value


@pytest.mark.parametrize("text", ["1,000", "12,345", "-1,000", "999,999"])
def test_a_comma_that_could_mean_either_is_refused_with_both_ways_to_write_it(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_number(text, "The learning rate", "learning_rate", float)
    assert str(refusal.value) == (
        f"The learning rate must be a number that reads in one way only; got “{text}”. "
        f"Write {text.replace(',', '')} or {text.replace(',', '.')}."
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("20", 20), ("60,000", 60_000), ("4,294,967,295", 2**32 - 1), ("−3", -3), ("６０，０００", 60_000)],
)
def test_a_whole_number_may_be_written_as_the_pages_write_it(text: str, value: int) -> None:
    assert read_number(text, "It", "seed", int) == value


@pytest.mark.parametrize("text", ["0,3", "1,5", "60,00", "6,0000", "1.5", "20.000", "0,300"])
def test_a_whole_number_has_no_decimals(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_number(text, "It", "seed", int)
    assert str(refusal.value) == f"It must be a whole number; got “{text}”. Write it like 20."


@pytest.mark.parametrize(
    "text", ["1,2,3", "1,000.5", "1.000,5", "1,000,000", "3,", ",", "0,3 and more", "0、3", "٣", "1_0.5", "²"]
)
def test_other_commas_are_no_number(text: str) -> None:
    with pytest.raises(ConfigError, match=r"It must be a number; got “.*”\. Write it like 0\.1\."):
        read_number(text, "It", "learning_rate", float)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_number_is_called_empty(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_number(text, "The learning rate", "learning_rate", float)
    assert str(refusal.value) == "The learning rate is empty and must be a number. Write it like 0.1."


@given(st.floats(allow_nan=False))
def test_every_number_reads_back_as_itself_with_either_decimal_sign(value: float) -> None:
    written = repr(value)
    assert read_number(written, "It", "learning_rate", float) == value
    before, _, after = written.lstrip("-").partition(".")
    if len(before) > 3 or before.startswith("0") or len(after) != 3:  # else it reads in two ways
        assert read_number(written.replace(".", ","), "It", "learning_rate", float) == value


def test_an_arms_own_numbers_may_have_a_comma() -> None:
    assert parse_arm("none:lr=0,3") == parse_arm("none:lr=0.3")
    assert parse_arm("bn:dropout=0,5:lr=1,5").name == "bn:dropout=0.5:lr=1.5"
    with pytest.raises(ConfigError, match="lr in “none:lr=1,000” must be a number that reads in one way only"):
        parse_arm("none:lr=1,000")
