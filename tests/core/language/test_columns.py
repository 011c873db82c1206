"""core.language.columns: a Chinese character is as wide as two letters."""

from __future__ import annotations

import textwrap

import pytest

from core.language.columns import padded, width, wrapped

CHINESE = "训练一个逐行读取图像的GRU，带LN和不带LN各一次（默认：digits）。每个网络的初始权重都相同，“见下”。"


def test_what_is_wide_counts_twice() -> None:
    assert [width(text) for text in ("", "bn", "批量", "批bn，")] == [0, 2, 4, 6]


def test_a_text_is_filled_up_to_its_column() -> None:
    assert (padded("批量", 6), padded("bn", 6), padded("批量", 6, ">")) == ("批量  ", "bn    ", "  批量")


@pytest.mark.parametrize("columns", [12, 20, 33])
def test_lines_are_no_wider_than_they_may_be_and_nothing_is_lost(columns: int) -> None:
    lines = wrapped(CHINESE, columns)
    assert max(map(width, lines)) <= columns
    assert "".join(lines) == CHINESE


@pytest.mark.parametrize("columns", range(8, 60))
def test_no_line_begins_with_a_closing_sign_or_ends_with_an_opening_one_or_breaks_a_word(columns: int) -> None:
    lines = wrapped(CHINESE, columns)
    assert not [line for line in lines if line[0] in "，。）”：" or line[-1] in "（“"]
    assert all(any(word in line for line in lines) for word in ("GRU", "LN", "digits"))


@pytest.mark.parametrize("columns", [10, 25, 50])
def test_letters_are_wrapped_as_python_does(columns: int) -> None:
    text = "train  a GRU that reads images row by row, with and without LN (default: digits)"
    assert wrapped(text, columns) == textwrap.wrap(" ".join(text.split()), columns)
