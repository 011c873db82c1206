"""A chart's picture can stand alone: large, on the page's paper, under a name that says of which run it is."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.train_page import go

pytestmark = pytest.mark.browser

ARMS = {"light": ("#6b7280", "#0072b2", "#d55e00"), "dark": ("#a3acb9", "#56b4e9", "#ff8c42")}


def saved(page: Page, chart: str) -> tuple[str, Image.Image]:
    """The name and the picture that a chart's own button gives."""
    page.locator(chart).scroll_into_view_if_needed()
    page.locator(chart).hover()
    with page.expect_download() as download:
        page.locator(f"{chart} [data-title='Save as PNG']").click()
    return download.value.suggested_filename, Image.open(BytesIO(Path(download.value.path()).read_bytes()))


def rgb(color: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(color[1:]))


@pytest.mark.parametrize("paper", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_a_saved_chart_is_large_on_the_pages_paper_and_names_the_arms_in_their_colours(ended: Page, paper: str) -> None:
    ended.emulate_media(color_scheme=paper)
    wanted = ARMS[paper][1]
    ended.wait_for_function(
        "color => document.querySelector('[data-part=loss]')?.data?.some(t => t.line.color === color)", arg=wanted
    )
    background = ended.locator(".ns-train").evaluate(
        "e => getComputedStyle(e).getPropertyValue('--st-background-color').trim()"
    )
    box = ended.locator("[data-part=loss]").bounding_box()
    name, image = saved(ended, "[data-part=loss]")
    assert re.fullmatch(r"normscope-loss-run\d+\.png", name)
    assert image.width >= 2 * box["width"] - 2
    assert image.height >= 2 * box["height"] + 100, "words above and below the chart"
    pixels = image.convert("RGBA")
    assert pixels.getextrema()[3] == (255, 255), "no pixel lets a document's own paper through"
    corners = [(0, 0), (image.width - 1, 0), (0, image.height - 1), (image.width - 1, image.height - 1)]
    assert {pixels.getpixel(corner)[:3] for corner in corners} == {rgb(background)}
    above = pixels.crop((0, 0, image.width, 200)).convert("RGB")
    colors = {color for _, color in above.getcolors(1 << 20)}
    assert colors >= {rgb(color) for color in ARMS[paper]}
    ended.emulate_media(color_scheme="light")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "chart", "file"),
    [
        ("Gradients", "[data-part=heats] figure:nth-child(2) .ns-chart", "gradients-heats-bn"),
        pytest.param("Activations", "[data-part=spread]", "activations-spread"),
        pytest.param("Activations", "[data-column=before] .ns-chart", "activations-before"),
        pytest.param("Parameters", "[data-part=gamma]", "parameters-gamma"),
    ],
)
def test_the_pages_that_look_inside_give_their_pictures_too(ended: Page, name: str, chart: str, file: str) -> None:
    go(ended, name)
    ended.wait_for_function("document.querySelector('.ns-inside')?.dataset.shows === 'look'")
    found, image = saved(ended, chart)
    assert re.fullmatch(rf"normscope-{file}-run\d+\.png", found)
    assert image.width >= 2 * 640
    assert image.convert("RGBA").getextrema()[3] == (255, 255)
