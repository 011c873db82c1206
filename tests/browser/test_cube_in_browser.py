"""The cube as a class sees it: pick a cell, turn, walk, take the picture away; by mouse, keys and link."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from playwright.sync_api import BrowserContext, Page, expect

from core.cube.axes import rule_for
from core.cube.naming import Norming
from core.cube.picture import choose, picture
from core.cube.shown import describe
from core.cube.sites import capture
from core.experiment.arm import Norm, parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet
from core.web.assets import assets_address
from tests.browser.train_page import TINY, go, press, settle, status

pytestmark = pytest.mark.browser

CONV1 = (256, 6, 24, 24)


@pytest.fixture(scope="module")
def visit(visitors: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    """visit("left:gn,groups:3") opens the cube page at that link; a page's own errors fail the module's last test."""
    pages, errors = [], list[str]()

    def open_page(link: str = "", script: str = "") -> Page:
        page = visitors.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{server}/cube?cube={link}")
        expect(said(page)).to_contain_text("cells drawn share")
        expect(numbers(page)).not_to_have_text("…")
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []


@pytest.fixture(scope="module")
def opened(visit: Callable[..., Page]) -> Page:
    """The page without a run, opened once."""
    return visit()


@pytest.fixture
def cube(opened: Page) -> Page:
    """The same page for all tests: each leaves BN and LN of conv1 as a cube behind, the cell and camera anywhere."""
    opened.bring_to_front()
    canvas(opened).focus()
    for key, times in (("PageDown", 3), ("ArrowLeft", 5), ("ArrowUp", 15)):
        for _ in range(times):
            opened.keyboard.press(key)
    expect(said(opened)).to_contain_text("cell n 0, c 0, h 2, w 2:")
    return opened


def said(page: Page):
    return page.locator(".cube [data-part=text]").first


def numbers(page: Page):
    return page.locator(".cube output").first


def origin(page: Page):
    return page.locator(".cube [data-part=origin]").first


def canvas(page: Page, side: int = 0):
    return page.locator(".cube canvas").nth(side)


def picked(page: Page) -> tuple[int, ...]:
    words = re.search(r"cell n (\d+), c (\d+), h (\d+), w (\d+)", said(page).inner_text())
    return tuple(int(number) for number in words.groups())


def expected_words(cell, norm: Norm, title: str, groups: int = 2) -> str:
    """What cube/axes.py, which is checked against PyTorch, says of the cell; up to the part about the whole tensor."""
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


def touch(page: Page, *paths: tuple[int, int]) -> None:
    """A finger for each path (dx, dy), the first from the canvas's middle, the next 40 pixels to its right."""
    box, session = canvas(page).bounding_box(), page.context.new_cdp_session(page)
    starts = [(box["x"] + box["width"] / 2 + 40 * i, box["y"] + box["height"] / 2) for i in range(len(paths))]

    def send(kind: str, share: float, fingers: int) -> None:
        moves = zip(starts, paths, strict=True)
        points = [{"x": x + share * dx, "y": y + share * dy, "id": i} for i, ((x, y), (dx, dy)) in enumerate(moves)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points[:fingers]})

    send("touchStart", 0, len(paths))
    if any(map(any, paths)):
        for tenth in range(1, 11):
            send("touchMove", tenth / 10, len(paths))
    send("touchEnd", 1, 0)
    session.detach()


def camera(page: Page) -> str:
    return page.locator(".cube").first.get_attribute("data-camera")


def strike(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_norms_stand_above_their_pictures_and_the_labels_in_one_line(cube):
    for side, name in enumerate(("left", "right")):
        group = cube.get_by_role("radiogroup", name=f"Norm on the {name}")
        figure = cube.locator(".cube figure").nth(side)
        assert group.bounding_box()["x"] == pytest.approx(figure.bounding_box()["x"], abs=2)
    layer, batch = (cube.get_by_text(label, exact=True) for label in ("Output of layer", "Examples in the batch"))
    assert layer.bounding_box()["y"] == pytest.approx(batch.bounding_box()["y"], abs=2)


@pytest.mark.slow
def test_what_is_wrong_in_the_link_is_said_here_too(new_page):
    page = new_page("/cube?foo=2")
    expect(page.get_by_text("“foo” in the link was ignored")).to_be_visible()


def test_a_click_names_the_cell_and_lights_the_family_that_pytorch_averages(cube):
    click(cube, 0.62, 0.5)
    expect(said(cube)).not_to_contain_text("cell n 0, c 0, h 2, w 2:")
    cell = picked(cube)
    expect(said(cube)).to_contain_text(expected_words(cell, Norm.BN, "BatchNorm"))
    expect(said(cube)).to_contain_text(expected_words(cell, Norm.LN, "LayerNorm"))
    expect(cube.locator(".cube-steps").first).to_contain_text("the mean of 147,456 values")
    expect(cube).to_have_url(re.compile("cell%3A" + r"\.".join(map(str, cell))))


def test_the_words_follow_a_key_at_once_and_the_numbers_come_from_python(cube):
    said_at_once = cube.evaluate(
        """() => {
            const find = (node) => node.querySelector?.(".cube") ?? [...node.querySelectorAll("*")]
                .filter((e) => e.shadowRoot).map((e) => find(e.shadowRoot)).find(Boolean);
            const root = find(document);
            const words = root.querySelector("[data-part=text]"), before = words.textContent;
            root.querySelector("canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
            return words.textContent !== before;
        }"""
    )
    assert said_at_once
    expect(numbers(cube)).to_have_text(re.compile("x = "))


@pytest.mark.slow
def test_the_camera_stays_where_it_was_put_while_the_picture_changes_three_times(cube):
    turn(cube, 90, 30)
    where = camera(cube)
    assert where is not None
    norms = cube.get_by_role("radiogroup", name="Norm on the right")
    for norm, title in (("GN", "GroupNorm"), ("RMS", "RMSNorm"), ("LN", "LayerNorm")):
        norms.get_by_role("radio", name=norm, exact=True).click()
        expect(said(cube)).to_contain_text(title)
    assert camera(cube) == where
    cube.get_by_role("button", name="Reset view").click()
    assert camera(cube) != where


@pytest.mark.slow
def test_another_language_writes_the_words_anew_and_leaves_the_camera_and_the_cell(cube):
    turn(cube, 90, 30)
    where = camera(cube)
    cube.get_by_role("button", name="中文", exact=True).click()
    expect(said(cube)).to_contain_text("格子n 0、c 0、h 2、w 2：")
    expect(numbers(cube)).to_contain_text("x = ")
    expect(cube.get_by_role("button", name="恢复视角")).to_be_visible()
    expect(cube.get_by_role("button", name="之前：x")).to_have_attribute("aria-pressed", "true")
    expect(cube.get_by_role("button", name="投影模式")).to_be_visible()
    assert camera(cube) == where
    cube.get_by_role("button", name="English", exact=True).click()
    expect(said(cube)).to_contain_text("cell n 0, c 0, h 2, w 2:")
    assert camera(cube) == where
    cube.get_by_role("button", name="Reset view").click()


def test_turning_does_not_pick_a_cell(cube):
    turn(cube, -60, 20)
    assert picked(cube) == (0, 0, 2, 2)


def test_cells_are_picked_and_the_cube_is_turned_with_the_keyboard_alone(cube):
    for key, cell in (
        ("ArrowRight", (0, 1, 2, 2)),
        ("PageUp", (1, 1, 2, 2)),
        ("ArrowDown", (1, 1, 2, 8)),
        ("ArrowLeft", (1, 0, 2, 8)),
    ):
        strike(cube, key)
        expect(said(cube)).to_contain_text(expected_words(cell, Norm.BN, "BatchNorm"))
    before = camera(cube)
    strike(cube, "Shift+ArrowLeft")
    assert camera(cube) != before


ANSWERED = """async ([address, ...answers]) => {
    const { mount } = await import(new URL(address + "/cube/cube.js", document.baseURI).href);
    const root = document.body.appendChild(document.createElement("div"));
    const said = answers.map((data, i) => {
        mount({ data, key: "answered", parentElement: root, setStateValue: () => {} });
        if (!i) root.querySelector("canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        return root.querySelector("[data-part=text]").textContent;
    });
    root.remove();
    return said.map((words) => words.match(/cell ([^:]+):/)[1]);
}"""


def test_all_families_are_seen_before_any_is_clicked_and_the_link_keeps_it(cube):
    button = cube.get_by_role("button", name="All families")
    button.click()
    expect(said(cube)).to_contain_text("BatchNorm: 6 families, one for each channel; 6 drawn")
    expect(said(cube)).to_contain_text("LayerNorm: 256 families, one for each example; 4 drawn")
    expect(cube).to_have_url(re.compile("lit%3Aall"))
    button.click()
    expect(said(cube)).not_to_contain_text("6 families")


def test_an_answer_to_an_older_click_undoes_no_newer_one_however_late_it_comes(cube):
    config = ExperimentConfig(data="digits", examples=64, batch_size=32)
    site = capture(build_lenet(parse_arm("bn"), config), torch.zeros(8, 1, 28, 28), "test")["conv1"]
    norming = Norming.of(rule_for(Norm.BN, site.layout))

    def answer(cell: tuple[int, ...], to: tuple[int, ...] | None) -> dict[str, Any]:
        drawn = picture(site, [norming], choose(site.shape), cell, "before")
        return drawn | {"view": "cube", "live": False, "answers": {"cell": to and list(to)}}

    start, right, other = (0, 0, 2, 2), (0, 1, 2, 2), (0, 0, 8, 2)
    assert cube.evaluate(
        ANSWERED, [assets_address(), answer(start, None), answer(start, None), answer(other, right)]
    ) == [
        "n 0, c 1, h 2, w 2",
        "n 0, c 1, h 2, w 2",  # the key is newer than what this answers
        "n 0, c 0, h 8, w 2",  # the answer to the key: Python has corrected it
    ]


def test_the_flat_grid_has_the_same_selection_and_its_own_arrows(cube):
    strike(cube, "ArrowRight", "ArrowDown", "ArrowDown")
    cube.get_by_role("button", name="Grid").click()
    expect(said(cube)).to_contain_text(expected_words((0, 1, 2, 14), Norm.BN, "BatchNorm"))
    canvas(cube).focus()
    strike(cube, "ArrowRight")
    expect(said(cube)).to_contain_text("cell n 0, c 1, h 2, w 20:")
    strike(cube, "ArrowRight")  # over the edge of the map, into the next channel's
    expect(said(cube)).to_contain_text("cell n 0, c 2, h 2, w 2:")
    cube.get_by_role("button", name="Cube", exact=True).click()


@pytest.mark.slow
def test_the_walk_says_step_by_step_at_both_pictures_what_happens_and_stands_still_where_motion_is_unwelcome(cube):
    strike(cube, "Home")  # before, nobody may have turned it
    where = camera(cube)
    assert where is not None
    walk = cube.get_by_role("button", name="Walk")
    walk.click()
    for words in ("One cell, at n 0, c 0, h 2, w 2.", "Its family has the same channel: 147,456 cells, 64 drawn."):
        expect(said(cube)).to_contain_text(words)
        strike(cube, "ArrowRight")
    left, right = cube.locator(".cube figure .sum").all()[:2]
    expect(left).to_contain_text("after 147,456 of 147,456 values")
    expect(right).to_contain_text("after 3,456 of 3,456 values")
    for words in (
        "is the mean, μ = ",
        "is the variance, σ² = ",
        "This cell becomes x̂ = (",
        "Scale and shift, with γ and β",
    ):
        strike(cube, "ArrowRight")
        expect(said(cube)).to_contain_text(words)
    expect(cube.get_by_role("button", name="scale and shift: y")).to_have_attribute("aria-pressed", "true")
    expect(cube).to_have_url(re.compile("walk%3Aafter"))
    canvas(cube).focus()
    strike(cube, "ArrowLeft")
    expect(said(cube)).to_contain_text("This cell becomes")
    strike(cube, "Escape")
    expect(walk).to_have_attribute("aria-pressed", "false")
    expect(said(cube)).to_contain_text("cell n 0, c 0, h 2, w 2: 64 of 384 cells drawn")
    expect(cube.locator(".cube").first).to_have_attribute("data-camera", where)  # at the frame after the words
    cube.get_by_role("button", name="before").click()


@pytest.mark.slow
def test_words_of_the_walk_light_what_they_name_and_the_other_way_round(cube):
    cube.get_by_role("button", name="Walk").click()
    expect(said(cube)).to_contain_text("One cell")
    strike(cube, "ArrowRight")
    words = cube.locator(".cube figure").first.locator(".word")
    expect(words).to_have_text(["family", "channel", "others"])
    drawn = """canvas => new Promise((tell) => {
        requestAnimationFrame(() => requestAnimationFrame(() => tell(canvas.toDataURL())));
    })"""
    canvas(cube).focus()
    plain = canvas(cube).evaluate(drawn)
    lit = []
    for word in words.all():
        word.focus()
        lit.append(canvas(cube).evaluate(drawn))
    assert len({plain, *lit}) == 4
    box = canvas(cube).bounding_box()
    cube.mouse.move(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.5)
    expect(words.and_(cube.locator(".pointed"))).to_have_count(1)
    strike(cube, "Escape")
    cube.get_by_role("button", name="before").click()


@pytest.mark.slow
def test_what_is_typed_over_a_cell_is_told_by_number_and_marked_in_the_picture(cube):
    plain = canvas(cube).evaluate("canvas => canvas.toDataURL()")
    field = cube.get_by_label("Type over the value at n 0, c 0, h 2, w 2")
    field.fill("5,5")
    field.press("Enter")
    expect(said(cube)).to_contain_text("BatchNorm: 147,456 of 884,736 results change")
    expect(said(cube)).to_contain_text("LayerNorm: 3,456 of 884,736 results change")
    cube.wait_for_function(
        "([canvas, plain]) => canvas.toDataURL() !== plain", arg=[canvas(cube).element_handle(), plain]
    )
    field.fill("abc")
    field.press("Enter")
    expect(
        cube.get_by_role("alert").filter(has_text="The value of the cell must be a number; got “abc”.")
    ).to_be_visible()
    expect(said(cube)).to_contain_text("BatchNorm: 147,456 of 884,736 results change")
    cube.get_by_role("button", name="Take it back").click()
    expect(said(cube)).not_to_contain_text("results change")
    expect(field).to_have_value("")


@pytest.mark.slow
def test_the_walk_goes_on_by_itself_as_fast_as_one_likes_until_a_stage_is_chosen(cube):
    cube.emulate_media(reduced_motion="no-preference")
    walk = cube.get_by_role("button", name="Walk")
    walk.click()
    cube.get_by_role("slider", name="Speed").press("End")
    for words in ("Its family has", "are summed up", "is the mean, μ = ", "is the variance, σ² = "):
        expect(said(cube)).to_contain_text(words)
    for stage, words in (("normalize", "x̂ = ("), ("scale and shift", "y = "), ("before", "x = ")):
        cube.get_by_role("button", name=stage).click()
        expect(numbers(cube)).to_contain_text(words)
    expect(walk).to_have_attribute("aria-pressed", "false")
    cube.emulate_media(reduced_motion="reduce")  # as all visitors of these tests have it


@pytest.mark.slow
def test_the_picture_can_be_taken_away_as_svg_and_png(cube):
    with cube.expect_download() as download:
        cube.get_by_role("button", name="SVG").click()
    assert download.value.suggested_filename == "normscope-conv1-bn-ln.svg"
    svg = ElementTree.parse(download.value.path()).getroot()
    words = " ".join(text.text for text in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert "64 of 384 cells drawn share" in words
    assert "Statistics are of all 884,736" in words
    with cube.expect_download() as download:
        cube.get_by_role("button", name="PNG").click()
    assert download.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_right_answer_is_explained_and_drawn(cube):
    cube.get_by_text("values of the same example", exact=True).click()
    expect(cube.get_by_text("Not in this code")).to_be_visible()
    cube.get_by_text("all values of the tensor", exact=True).click()
    expect(cube.get_by_text("Without dim= the mean is of the whole matrix")).to_be_visible()
    expect(cube.locator(".cube")).to_have_count(2)
    drawn = cube.locator(".cube").last
    drawn.locator("canvas").first.focus()
    cube.keyboard.press("ArrowDown")
    expect(drawn.locator("figure p").first).to_contain_text("cell n 9, d 16: ")
    expect(drawn.locator("output").first).to_contain_text("x̂ = ")


@pytest.mark.slow
def test_one_finger_turns_the_cube_two_enlarge_it_and_a_tap_picks_a_cell(cube):
    reset = cube.get_by_role("button", name="Reset view").first  # a quiz that was answered has a cube of its own
    reset.click()
    yaw, _, zoom = map(float, camera(cube).split())
    touch(cube, (90, 0))
    turned_to, _, zoom_then = map(float, camera(cube).split())
    assert turned_to > yaw
    assert zoom_then == zoom
    assert picked(cube) == (0, 0, 2, 2)
    touch(cube, (-30, 0), (30, 0))  # 40 pixels apart become 100
    assert float(camera(cube).split()[2]) > 1.5 * zoom
    reset.click()
    touch(cube, (0, 0))
    expect(said(cube)).not_to_contain_text("cell n 0, c 0, h 2, w 2:")


@pytest.mark.slow
def test_a_projector_has_large_type_here_too_and_a_click_picks_what_is_under_it(cube):
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    usual = numbers(cube).evaluate(size)
    projector = cube.get_by_role("button", name="Projector").first
    projector.click()
    expect(cube.get_by_test_id("stSidebar")).to_be_hidden()
    expect(projector).to_have_attribute("aria-pressed", "true")
    expect(numbers(cube)).to_have_css("font-size", f"{usual * 10 / 7:.4f}px")  # with the next picture
    click(cube, 0.62, 0.5)
    expect(said(cube)).not_to_contain_text("cell n 0, c 0, h 2, w 2:")
    projector.click()
    expect(cube.get_by_test_id("stSidebar")).to_be_visible()
    expect(numbers(cube)).to_have_css("font-size", f"{usual:g}px")


@pytest.mark.slow
def test_on_a_projector_one_row_of_controls_leaves_most_of_the_screen_to_the_pictures(cube):
    size = cube.viewport_size
    cube.set_viewport_size({"width": 1280, "height": 720})
    projector = cube.get_by_role("button", name="Projector").first
    projector.click()
    layer = cube.get_by_text("Output of layer", exact=True)
    expect(layer).to_be_hidden()
    bar = cube.locator(".cube .bar").first
    tops = [button.bounding_box()["y"] for button in bar.get_by_role("button").all()]
    assert len(tops) >= 11
    assert max(tops) - min(tops) < 2
    for side in (0, 1):
        box = canvas(cube, side).bounding_box()
        assert box["height"] > 0.58 * 720
        assert box["y"] + box["height"] <= 720
    cube.get_by_role("button", name="Setup").first.click()
    expect(layer).to_be_visible()
    expect(cube.get_by_role("radiogroup", name="Norm on the left")).to_be_visible()
    cube.get_by_role("button", name="Setup").first.click()
    projector.click()
    cube.set_viewport_size(size)


@pytest.mark.slow
def test_on_a_telephone_the_picture_comes_first_and_the_controls_stay_at_the_lower_edge(cube):
    size = cube.viewport_size
    cube.set_viewport_size({"width": 390, "height": 844})
    cube.wait_for_function("e => e.getBoundingClientRect().top < 150", arg=canvas(cube).element_handle())
    bar = cube.locator(".cube .bar").first.bounding_box()
    assert bar["y"] + bar["height"] <= 845
    layer, told = (cube.locator(f".st-key-cube_{part}").bounding_box()["y"] for part in ("row", "told"))
    assert canvas(cube, 1).bounding_box()["y"] < layer < told
    cube.set_viewport_size(size)


def test_on_paper_there_is_the_picture_and_no_sidebar(cube):
    sidebar = cube.get_by_test_id("stSidebar")
    expect(sidebar).to_be_visible()
    cube.emulate_media(media="print")
    expect(sidebar).to_be_hidden()
    expect(canvas(cube)).to_be_visible()
    cube.emulate_media(media="screen")


@pytest.mark.slow
def test_the_picture_alone_is_there_without_the_page_and_follows_a_click(visitors: BrowserContext, server: str):
    page = visitors.new_page()
    answered = page.goto(f"{server}/cube?picture=cube&embed=true&cube=lit:all")
    assert answered.headers["content-security-policy"].endswith("; frame-ancestors 'none'")
    expect(said(page)).to_contain_text("BatchNorm: 6 families")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_text("Output of layer")).to_have_count(0)
    before = said(page).inner_text()
    click(page, 0.62, 0.5)
    expect(said(page)).not_to_have_text(before)
    expect(numbers(page)).to_contain_text("x = ")
    expect(page.get_by_role("link", name="Open in NormScope")).to_have_attribute(
        "href", re.compile("^cube\\?.*lit%3Aall")
    )
    page.set_content(f"<iframe src='{server}/cube?picture=cube&embed=true'></iframe>")
    page.wait_for_function("() => { try { return !frames[0].document.body; } catch { return true; } }")
    assert page.frames[1].url.startswith("chrome-error:")
    page.close()


@pytest.mark.slow
def test_a_link_shows_exactly_this_picture_again(visit):
    link = "left:in,right:gn,groups:3,cell:1.4.8.20,stage:after"
    page = visit(link)
    assert picked(page) == (1, 4, 8, 20)
    expect(said(page)).to_contain_text(expected_words((1, 4, 8, 20), Norm.IN, "InstanceNorm"))
    expect(said(page)).to_contain_text(expected_words((1, 4, 8, 20), Norm.GN, "GroupNorm, 3 groups", groups=3))
    expect(page.get_by_role("button", name="scale and shift: y")).to_have_attribute("aria-pressed", "true")
    expect(numbers(page)).to_contain_text("y = ")
    expect(page).to_have_url(re.compile("cube=" + re.escape(link.replace(":", "%3A").replace(",", "%2C"))))


@pytest.mark.slow
def test_a_linear_layer_is_a_matrix_where_a_batch_of_one_says_why_batchnorm_cannot_work(visit):
    page = visit("left:nonsense,tensor:fc1,batch:16,cell:8.16")
    expect(page.get_by_text("“left:nonsense” in the link was ignored")).to_be_visible()
    expect(said(page)).to_contain_text("BatchNorm, cell n 8, d 16: 16 of 512 cells drawn share")
    expect(said(page)).to_contain_text("LayerNorm, cell n 8, d 16: 32 of 512 cells drawn share")
    expect(page.get_by_text("16 values → 120 means").first).to_be_visible()
    page.get_by_role("slider", name="Examples in the batch").press("Home")
    expect(page.get_by_text("A family of one value has no spread")).to_be_visible()


# Above the legend, whose words are pink, too; no other colour there has more red and more blue than green.
PINK_IS_DRAWN = """canvas => {
    const legend = 40 * window.devicePixelRatio;
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height - legend).data;
    const at = (i) => [0, 1, 2].map((colour) => (pixels[i + colour] * pixels[i + 3]) / 255);
    return pixels.some((_, i) => i % 4 === 0 && at(i)[0] > at(i)[1] + 8 && at(i)[2] > at(i)[1] + 8);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("view", ["Cube", "Grid"])
def test_the_cells_of_a_network_that_failed_are_drawn_though_they_are_not_finite(failed: Page, view: str):
    go(failed, "Cube")
    expect(origin(failed)).to_contain_text("the run failed")
    failed.get_by_role("button", name=view, exact=True).click()
    failed.wait_for_function(PINK_IS_DRAWN, arg=canvas(failed).element_handle())


@pytest.mark.slow
def test_without_a_canvas_the_same_picture_is_drawn_as_svg(visit):
    page = visit(script="HTMLCanvasElement.prototype.getContext = () => null")
    expect(page.locator(".cube .vector svg").first).to_be_visible()
    assert page.locator(".cube .vector svg").first.locator("polygon").count() > 384


def follow(page: Page, title: str) -> None:
    """Go to the cube and wait for the live network's values in place of the worked example's."""
    page.wait_for_function("document.querySelector('.ns-train')?.dataset.status !== 'queued'")
    go(page, "Cube")
    expect(origin(page)).to_contain_text(f"{title}, step ")
    expect(origin(page)).not_to_contain_text("worked example")


@pytest.mark.slow
def test_a_run_that_has_ended_is_followed_no_longer(new_page):
    page = new_page(TINY + "&arms=bn")
    page.get_by_role("button", name="Start training").click()  # and at once to the cube, before there are networks
    follow(page, "BatchNorm")
    expect(origin(page)).to_contain_text("BatchNorm, step 2, digits")
    expect(page.locator(".cube [data-part=dot]")).to_be_hidden()
    expect(page.locator("[data-part=when]")).to_have_text("At the end")


@pytest.mark.slow
def test_a_live_run_is_followed_and_nothing_that_was_chosen_moves(live: Page):
    follow(live, "BatchNorm")
    click(live, 0.62, 0.5)
    live.get_by_role("button", name="normalize").click()
    turn(live, 90, 30)
    where, cell = camera(live), picked(live)
    for _ in range(2):
        expect(origin(live)).not_to_have_text(origin(live).inner_text())
    assert (camera(live), picked(live)) == (where, cell)
    expect(live.get_by_role("button", name="normalize")).to_have_attribute("aria-pressed", "true")
    live.get_by_role("slider", name="Step").press("Home")
    expect(origin(live)).to_contain_text("BatchNorm, step 0, digits")
    expect(live.locator(".cube [data-part=dot]")).to_be_hidden()
    assert (camera(live), picked(live)) == (where, cell)
    go(live, "Train")
    status(live, "running")


@pytest.mark.slow
def test_a_paused_run_is_called_paused_and_has_no_sign_that_it_is_followed(live: Page):
    press(live, "pause")
    status(live, "paused")
    go(live, "Cube")
    expect(origin(live)).to_contain_text("❚❚ paused")
    expect(live.locator(".cube [data-part=dot]")).to_be_hidden()


@pytest.mark.slow
def test_back_leads_to_the_page_before_however_many_cells_were_picked(new_page: Callable[..., Page]) -> None:
    page = new_page()
    expect(page.locator(".ns-bar")).to_be_visible()
    go(page, "Cube")
    page.wait_for_url(re.compile("cube=cell"))
    canvas(page).focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowDown"):
        before = page.url
        page.keyboard.press(key)
        page.wait_for_function("before => location.href !== before", arg=before)
    settle(page)
    page.go_back()
    expect(page.locator(".ns-bar")).to_be_visible()
    assert "/cube" not in page.url
