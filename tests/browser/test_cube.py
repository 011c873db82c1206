"""The cube as a class sees it: pick a cell, turn, walk, take the picture away; by mouse, keys and link."""

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.axes import describe, rule_for
from core.config import Norm
from core.cube import choose

pytestmark = pytest.mark.browser

CONV1 = (256, 6, 24, 24)


@pytest.fixture(scope="module")
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    """One browser cache for all tests of this file; each page load is a session of its own all the same."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def visit(visitor: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    """visit("left:gn,groups:3") opens the cube page at that link; a page's own errors fail the test."""
    errors: list[str] = []

    def open_page(link: str = "", script: str = "") -> Page:
        page = visitor.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{server}/cube?cube={link}")
        expect(said(page)).to_contain_text("cells drawn share", timeout=100_000)
        expect(page.locator(".cube output").first).not_to_have_text("…")
        return page

    yield open_page
    for page in visitor.pages:
        page.close()
    assert errors == []


def said(page: Page):
    return page.locator(".cube [role=status]").first


def canvas(page: Page, side: int = 0):
    return page.locator(".cube canvas").nth(side)


def picked(page: Page) -> tuple[int, ...]:
    words = re.search(r"cell n (\d+), c (\d+), h (\d+), w (\d+)", said(page).inner_text())
    return tuple(int(number) for number in words.groups())


def expected_words(cell, norm: Norm, title: str, groups: int = 2) -> str:
    """What core.axes, which is checked against PyTorch, says of the cell; up to the part about the whole tensor."""
    return describe(title, rule_for(norm, "NCHW", groups), choose(CONV1), cell).split("; in the whole")[0]


def click(page: Page, x: float, y: float, side: int = 0) -> None:
    box = canvas(page, side).bounding_box()
    page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)


def turn(page: Page, dx: int, dy: int) -> None:
    box = canvas(page).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()


def camera(page: Page) -> str:
    return page.locator(".cube").first.get_attribute("data-camera")


def test_a_click_names_the_cell_and_lights_the_family_that_pytorch_averages(visit):
    page = visit()
    before = picked(page)
    click(page, 0.62, 0.5)
    expect(said(page)).not_to_contain_text(", ".join(f"{a} {i}" for a, i in zip("nchw", before, strict=True)))
    cell = picked(page)
    expect(said(page)).to_contain_text(expected_words(cell, Norm.BN, "BatchNorm"))
    expect(said(page)).to_contain_text(expected_words(cell, Norm.LN, "LayerNorm"))
    expect(page.locator(".cube-steps").first).to_contain_text("the mean of 147,456 values")
    expect(page).to_have_url(re.compile("cell%3A" + r"\.".join(map(str, cell))))


def test_the_words_follow_a_click_at_once_and_the_numbers_from_python_soon(visit):
    page = visit()
    milliseconds = page.evaluate(
        """async () => {
            const find = (node) => node.querySelector?.(".cube") ?? [...node.querySelectorAll("*")]
                .filter((e) => e.shadowRoot).map((e) => find(e.shadowRoot)).find(Boolean);
            const cube = find(document);
            const canvas = cube.querySelector("canvas"), words = cube.querySelector("[role=status]");
            const before = words.textContent, start = performance.now();
            canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp" }));
            if (words.textContent === before) throw new Error("nothing was said");
            return performance.now() - start;
        }"""
    )
    assert milliseconds < 100
    expect(page.locator(".cube output").first).to_have_text(re.compile("x = "))


def test_the_camera_stays_where_it_was_put_while_the_picture_changes_three_times(visit):
    page = visit()
    turn(page, 90, 30)
    where = camera(page)
    assert where is not None
    for norm in ("IN", "GN", "RMS"):
        page.get_by_role("radiogroup", name="Norm on the right").get_by_role("radio", name=norm, exact=True).click()
        expect(said(page)).to_contain_text({"IN": "InstanceNorm", "GN": "GroupNorm", "RMS": "RMSNorm"}[norm])
    assert camera(page) == where
    page.get_by_role("button", name="Reset view").click()
    assert camera(page) != where


def test_turning_does_not_pick_a_cell(visit):
    page = visit()
    before = picked(page)
    turn(page, -60, 20)
    assert picked(page) == before


def test_cells_are_picked_with_the_keyboard_alone(visit):
    page = visit("cell:0.2.14.14")
    canvas(page).focus()
    for key, cell in (
        ("ArrowRight", (0, 3, 14, 14)),
        ("PageUp", (1, 3, 14, 14)),
        ("ArrowUp", (1, 3, 14, 8)),
        ("ArrowLeft", (1, 2, 14, 8)),
    ):
        page.keyboard.press(key)
        expect(said(page)).to_contain_text(expected_words(cell, Norm.BN, "BatchNorm"))
    before = camera(page)
    page.keyboard.press("Shift+ArrowLeft")
    assert camera(page) != before


def test_the_flat_grid_has_the_same_selection_and_its_own_arrows(visit):
    page = visit("cell:0.2.14.14,left:gn,groups:3")
    page.get_by_role("button", name="Grid").click()
    expect(said(page)).to_contain_text(expected_words((0, 2, 14, 14), Norm.GN, "GroupNorm, 3 groups", groups=3))
    canvas(page).focus()
    page.keyboard.press("ArrowRight")
    expect(said(page)).to_contain_text("cell n 0, c 2, h 14, w 20")
    page.keyboard.press("ArrowRight")  # over the edge of the map, into the next channel's
    expect(said(page)).to_contain_text("cell n 0, c 3, h 14, w 2:")


def test_a_link_shows_exactly_this_picture_again(visit):
    page = visit("left:in,right:gn,groups:3,cell:1.4.8.20,stage:after")
    assert picked(page) == (1, 4, 8, 20)
    expect(said(page)).to_contain_text(expected_words((1, 4, 8, 20), Norm.IN, "InstanceNorm"))
    expect(page.get_by_role("button", name="scale and shift: y")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".cube output").first).to_contain_text("y = ")
    page.wait_for_timeout(500)
    again = visit(page.url.split("cube=")[1])
    assert said(again).inner_text() == said(page).inner_text()


def test_a_link_with_nonsense_says_so_and_shows_the_rest(visit):
    page = visit("left:nonsense,right:in")
    expect(page.get_by_text("“left:nonsense” in the link was ignored")).to_be_visible()
    expect(said(page)).to_contain_text("BatchNorm")
    expect(said(page)).to_contain_text("InstanceNorm")


def test_the_walk_stops_at_every_stage_with_its_numbers(visit):
    page = visit()
    page.get_by_role("button", name="Walk").click()
    for words in ("mean μ = ", "variance σ² = ", "x̂ = (", "y = "):
        expect(page.locator(".cube output").first).to_contain_text(words, timeout=15_000)


def test_the_picture_can_be_taken_away_as_svg_and_png(visit):
    page = visit()
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    assert download.value.suggested_filename == "normscope-conv1-bn-ln.svg"
    svg = ElementTree.parse(download.value.path()).getroot()
    words = " ".join(text.text for text in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert "64 of 384 cells drawn share" in words
    assert "Statistics are of all 884,736" in words
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert download.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_without_a_canvas_the_same_picture_is_drawn_as_svg(visit):
    page = visit(script="HTMLCanvasElement.prototype.getContext = () => null")
    expect(page.locator(".cube .vector svg").first).to_be_visible()
    assert page.locator(".cube .vector svg").first.locator("polygon").count() > 384


def test_a_linear_layer_is_a_matrix_with_a_column_for_bn_and_a_row_for_ln(visit):
    page = visit("tensor:fc1,batch:16,cell:8.16")
    expect(said(page)).to_contain_text("BatchNorm, cell n 8, d 16: 16 of 512 cells drawn share")
    expect(said(page)).to_contain_text("LayerNorm, cell n 8, d 16: 32 of 512 cells drawn share")
    expect(page.get_by_text("16 values → 120 means").first).to_be_visible()


def test_a_batch_of_one_says_why_batchnorm_cannot_work(visit):
    page = visit("tensor:fc1,batch:1")
    expect(page.get_by_text("A family of one value has no spread")).to_be_visible()


def test_a_right_answer_is_explained_and_drawn(visit):
    page = visit()
    page.get_by_text("values of the same example", exact=True).click()
    expect(page.get_by_text("Not in this code")).to_be_visible()
    page.get_by_text("all values of the tensor", exact=True).click()
    expect(page.get_by_text("Without dim= the mean is of the whole matrix")).to_be_visible()
    expect(page.locator(".cube")).to_have_count(2)


def test_nothing_fails_in_the_browsers_console(visit):
    page = visit()
    failures = []
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    click(page, 0.4, 0.5)
    turn(page, 50, 10)
    page.get_by_role("button", name="Grid").click()
    page.get_by_role("button", name="normalize").click()
    page.wait_for_timeout(800)
    assert failures == []
