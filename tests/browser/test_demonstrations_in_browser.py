"""A step of a lesson that computes at once: predict, type over the matrix or draw other numbers, read what is found."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_lessons_in_browser import JUDGED, begin_anew, predict

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MATRIX = "/lessons?lesson=what-batch-norm-does&step=1"
THREE_WAYS = "/lessons?lesson=what-batch-norm-does&step=3"


def results(page: Page) -> list[str]:
    """Of the last table, row after row."""
    return page.locator(".ns-shown table").last.locator("td").all_inner_texts()


def test_a_number_typed_over_the_matrix_changes_its_column_and_that_decides(new_page) -> None:
    page = new_page(MATRIX)
    begin_anew(page)
    expect(page.locator("[data-typed]")).to_have_count(0)
    predict(page, "row")
    first = page.locator("[data-typed='0']")
    expect(first).to_have_value("1")
    expect(page.locator(JUDGED)).to_contain_text("No value has been typed over yet.")
    first.fill("-7,5")  # a decimal comma
    first.press("Tab")
    expect(page.locator(JUDGED)).to_have_attribute("data-stands", "wrong")
    expect(page.locator(JUDGED)).to_contain_text("What holds: the results in its column")
    expect(page.locator(".ns-shown table").last.locator(".ns-marked")).to_have_count(4)
    # −7.5, 3, 2, 6: mean 0.875, variance (8.375² + 2.125² + 1.125² + 5.125²) / 4 = 25.547
    assert page.locator(".ns-shown table").last.locator("td.ns-marked").all_inner_texts() == [
        "−1.657", "0.420", "0.223", "1.014",
    ]  # fmt: skip
    first.fill("much")
    first.press("Tab")
    expect(page.locator("[data-part=run] [role=alert]")).to_contain_text("A value of the matrix")
    page.get_by_role("button", name="Put the first numbers back").click()
    expect(page.locator(JUDGED)).to_have_attribute("data-stands", "undecided")


def test_three_ways_are_equal_in_float64_but_for_rounding_and_less_so_in_float32(new_page) -> None:
    page = new_page(THREE_WAYS)
    begin_anew(page)
    predict(page, "rounding")
    page.get_by_role("button", name="Compute").click()
    expect(page.locator(JUDGED)).to_have_attribute("data-stands", "right")
    heads = page.locator(".ns-shown table").last.locator("thead th").all_inner_texts()
    assert heads == ["float32", "float64"]
    sizes = [_number(text) for text in results(page) if text]
    assert len(sizes) == 8
    assert all(size < 1e-3 for size in sizes[::2])
    assert all(size < 1e-11 for size in sizes[1::2])
    before, shown = results(page), page.locator(".ns-shown table").last.inner_text()
    page.get_by_role("button", name="Compute with other random numbers").click()
    page.wait_for_function("before => [...document.querySelectorAll('.ns-shown table')].at(-1).innerText !== before",
        arg=shown)  # fmt: skip
    assert results(page) != before


def _number(text: str) -> float:
    """1.2·10⁻⁷ or 1.2e-07 as it is printed."""
    plain = text.replace("−", "-").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(re.sub(r"·10(-?\d+)", r"e\1", plain))
