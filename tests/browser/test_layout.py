"""What can be read: no words lie on others or are cut, focus is seen, and numbers stand beside each other."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go

pytestmark = pytest.mark.browser

# Titles that are cut at their chart's edge or lie under its toolbar; type begins 3 pixels above its capitals.
TOUCHING = """() => {
    const box = (e) => e.getBoundingClientRect();
    const lie = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return [...document.querySelectorAll(".ns-chart")].flatMap((chart) => {
        const title = chart.querySelector(".gtitle"), tools = chart.querySelector(".modebar-group");
        if (!title) return [];
        const [words, whole] = [box(title), box(chart)];
        const isCut = words.left < whole.left || words.right > whole.right || words.top < whole.top - 3;
        return isCut || (tools && lie(words, box(tools))) ? [title.textContent] : [];
    });
}"""
NAMES = "[...document.querySelectorAll('[data-part={}] .ns-ends span')].map(e => e.textContent)"


@pytest.fixture
def telephone(tab_of_ended: Page):
    tab_of_ended.bring_to_front()
    yield tab_of_ended
    tab_of_ended.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Gradients", "Parameters"])
def test_on_a_telephone_no_title_is_cut_or_lies_under_the_toolbar(telephone: Page, name: str) -> None:
    go(telephone, name)
    telephone.wait_for_function("Number(document.querySelector('.ns-inside')?.dataset.looks) > 0")
    telephone.set_viewport_size({"width": 390, "height": 844})
    telephone.wait_for_function("document.querySelectorAll('.ns-chart .gtitle tspan.line').length > 1")
    drawn = "window.dispatchEvent(new Event('beforeprint'))"  # those below the fold, too
    telephone.wait_for_function(f"{drawn} && !({TOUCHING})().length")


# Arms that are well; where there is time, one that is lost, too, and four of them, with long names.
@pytest.mark.parametrize(
    ("name", "tab"),
    [
        ("Train", "ended"),
        ("Gradients", "ended"),
        pytest.param("Gradients", "failed", marks=pytest.mark.slow),
        *(pytest.param(name, "diverged", marks=pytest.mark.slow) for name in ("Train", "Gradients")),
    ],
)
def test_on_a_telephone_nothing_lies_under_the_header_or_beside_the_screen(
    request: pytest.FixtureRequest, name: str, tab: str
) -> None:
    page: Page = request.getfixturevalue(tab)
    go(page, name)
    page.wait_for_function("document.querySelector('.ns-pill, .ns-arm')")
    page.set_viewport_size({"width": 390, "height": 844})
    wrong = """() => {
        const under = document.querySelector('[data-testid=stHeader]').getBoundingClientRect().bottom;
        const shown = [...document.querySelectorAll('.ns button')].map(e => [e, e.getBoundingClientRect()]);
        return innerWidth === 390 && shown.filter(([, { width }]) => width)
            .filter(([, { top, left, right }]) => top < under || left < 0 || right > 390)
            .map(([e]) => e.textContent);
    }"""
    try:
        page.wait_for_function(f"JSON.stringify(({wrong})()) === '[]'")
    finally:
        page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.slow
def test_zoomed_a_chart_labels_only_the_lines_whose_ends_it_shows(ended: Page, zoom) -> None:
    names = NAMES.format("loss")
    ended.wait_for_function(f"{names}.length === 3")
    box = ended.locator("[data-part=loss] .nsewdrag").bounding_box()
    zoom(ended, box, f"{names}.length === 0")
    assert ended.evaluate(NAMES.format("accuracy")) == []  # which is zoomed along x, too
    assert ended.locator(".plotly-notifier").count() == 0  # it would lie on the cards
    ended.locator("[data-part=whole]").click()
    ended.wait_for_function(f"{names}.length === 3")


@pytest.mark.slow
def test_zoomed_the_spreads_have_their_names_at_the_heights_of_their_lines(telephone: Page, zoom) -> None:
    go(telephone, "Activations")
    chart = "document.querySelector('[data-part=spread]')"
    telephone.wait_for_function(f"{chart}?._fullLayout?.annotations.length === 5")
    box = telephone.locator("[data-part=spread] .nsewdrag").first.bounding_box()
    before = telephone.evaluate(f"{chart}._fullLayout.yaxis.range")
    zoom(telephone, box, f"{chart}._fullLayout.yaxis.range[0] !== {before[0]}")
    # Of each name, by how many pixels it is off the end of its line, which only another name may push away.
    off = f"""{chart}._fullLayout.annotations.slice(2).map(({{ y, text }}) => {{
        const axis = {chart}._fullLayout.yaxis, name = text.match(/<b>(.*)<\\/b>/)[1];
        const line = {chart}.data.filter(t => t.name === name && t.xaxis === 'x2').at(-1);
        return Math.abs(axis.l2p(Math.log10(line.y.at(-1))) - (1 - y) * axis._length);
    }})"""
    telephone.wait_for_function(f"{off}.every(pixels => pixels < 25)")
    telephone.locator("[data-part=spread]").get_by_role("button", name="Reset axes").or_(
        telephone.locator("[data-part=spread] [data-val=reset]")
    ).first.evaluate("e => e.dispatchEvent(new MouseEvent('click'))")
    telephone.wait_for_function(f"{chart}._fullLayout.annotations.length === 5")


@pytest.mark.slow
def test_the_buttons_of_twelve_layers_do_not_lie_on_the_titles_below(telephone: Page) -> None:
    go(telephone, "Activations")
    layers = telephone.locator(".ns-activations [data-part=layers]")
    layers.locator("button").first.wait_for()
    few = layers.inner_html()
    layers.evaluate("e => { e.innerHTML += e.innerHTML + e.innerHTML }")
    bottoms = "[...document.querySelectorAll('.ns-choices button')].map(e => e.getBoundingClientRect().bottom)"
    top = "document.querySelector('.ns-spread').getBoundingClientRect().top"
    assert telephone.evaluate(f"Math.max(...{bottoms}) <= {top}")
    layers.evaluate("(e, html) => { e.innerHTML = html }", few)


@pytest.mark.slow
def test_the_variance_over_the_run_is_drawn_to_its_top(telephone: Page) -> None:
    go(telephone, "Parameters")
    chart = "document.querySelector('[data-part=lag]')"
    telephone.wait_for_function(f"{chart}?._fullLayout")
    drawn = telephone.evaluate(f"{chart}.data.flatMap(t => Array.from(t.y))")
    low, high = telephone.evaluate(f"{chart}._fullLayout.yaxis.range.map(exponent => 10 ** exponent)")
    assert low < min(drawn)
    assert high > max(drawn)
    assert max(drawn) > 2  # else nothing could be cut


@pytest.mark.slow
def test_gradients_without_zeros_say_so_instead_of_a_map_of_one_colour(telephone: Page) -> None:
    go(telephone, "Gradients")
    telephone.locator("[data-metric=zero_share]").click()
    expect(telephone.locator("[data-part=heatScale]")).to_have_text("No exact zeros in any layer at any look.")
    expect(telephone.locator("[data-part=heats]")).to_be_hidden()
    telephone.locator("[data-metric=mean_abs]").click()
    expect(telephone.locator("[data-part=heats]")).to_be_visible()


@pytest.mark.slow
def test_what_is_in_no_bin_is_one_line_where_there_is_nothing_of_it(telephone: Page) -> None:
    go(telephone, "Activations")
    expect(telephone.locator("[data-column=activated] .ns-counts")).to_have_text(
        "nothing below 0 or above 1, no NaN, no ±Inf"
    )


@pytest.mark.slow
def test_the_figures_of_six_arms_stand_beside_each_other_and_say_what_they_are(six: Page) -> None:
    expect(six.locator(".ns-unit")).to_have_text(["test accuracy"] * 6)
    expect(six.locator("[data-figure=speed]").first).to_be_hidden()
    six.get_by_role("button", name="details").click()
    for figure in ("accuracy", "unit", "loss", "speed", "size"):
        boxes = [each.bounding_box() for each in six.locator(f"[data-figure={figure}]").all()]
        assert max(box["y"] for box in boxes) - min(box["y"] for box in boxes) < 1, figure
    six.get_by_role("button", name="details").click()


def test_who_goes_by_the_keyboard_sees_which_page_is_chosen(ended: Page) -> None:
    link = ended.get_by_role("link", name="Gradients")
    link.focus()
    ended.keyboard.press("Shift+Tab")
    ended.keyboard.press("Tab")
    assert link.evaluate("e => getComputedStyle(e).outline.match(/solid 3px/)?.[0]") == "solid 3px"


def test_the_ring_around_the_learning_rate_does_not_cut_its_name(ended: Page) -> None:
    gap = """document.querySelector('[data-part=rate]').getBoundingClientRect().left - (() => {
        const words = document.createRange();
        words.selectNode(document.querySelector('.ns-rate').firstChild);
        return words.getBoundingClientRect().right;
    })()"""
    assert ended.evaluate(gap) >= 3 + 2  # the ring and its distance


@pytest.mark.slow
def test_the_way_from_an_empty_page_leads_to_one_that_exists(new_page) -> None:
    page = new_page("/gradients")
    page.get_by_role("link", name="Go to Train").click()
    page.get_by_role("button", name="Start training").wait_for()
    assert page.get_by_text("Page not found").count() == 0


# Buttons that lie beside the screen, and pairs of what lies over each other, in the bar, the tabs and the status.
IN_THE_BAR = """() => {
    const row = ".ns-stage > button, .ns-bar :is(button, label, a), .ns-status > :is(b, .ns-when), .ns-legend";
    const shown = [...document.querySelectorAll(row)].map(e => [e, e.getBoundingClientRect()])
        .filter(([, { width, height }]) => width && height);
    const lie = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return shown.flatMap(([e, box], i) => [
        ...(box.left < 0 || box.right > innerWidth ? [e.textContent] : []),
        ...shown.slice(i + 1).filter(([other, its]) => !e.contains(other) && lie(box, its))
            .map(([other]) => [e, other].map(each => each.textContent)),
    ]);
}"""
PLOTS = "[...document.querySelectorAll('.ns-charts .ns-chart')].map(e => e._fullLayout._size.h)"


def _at_widths(page: Page, heights: dict[int, int]) -> None:
    for width, height in heights.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"innerWidth === {width} && !({IN_THE_BAR})().length")


@pytest.mark.slow
def test_the_bar_with_the_class_in_it_lies_over_nothing_and_on_the_screen_at_any_width(ended: Page) -> None:
    expect(ended.locator("[data-part=class]")).to_be_visible()
    try:
        _at_widths(ended, {390: 844, 800: 900, 1024: 768, 1200: 720})
        ended.locator("[data-projector]").first.click()
        _at_widths(ended, {1024: 768, 1280: 720})
        ended.wait_for_function(f"{PLOTS}.every(pixels => pixels >= 0.55 * 720)")
    finally:
        ended.set_viewport_size({"width": 1440, "height": 900})
        ended.keyboard.press("p")


# Where the curves begin, and where the strip ends; and how high the plots of both are.
TOGETHER = """() => {
    const [curves, strip] = [".ns-charts", ".ns-strip"]
        .map(each => document.querySelector(each).getBoundingClientRect());
    const plots = (each) => [...document.querySelectorAll(`${each} .ns-chart`)];
    const least = (each) => Math.min(...plots(each).map(e => e._fullLayout?._size.h ?? 0));
    const isSeen = Math.max(strip.bottom, curves.bottom) <= innerHeight + 1 && curves.top >= 0;
    return isSeen && least(".ns-charts") >= 140 && least(".ns-strip") >= 60;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("tab", ["ended", "six"])
@pytest.mark.parametrize("is_stage", [False, True])
def test_cause_and_effect_are_on_one_screen(request: pytest.FixtureRequest, tab: str, is_stage: bool) -> None:
    page: Page = request.getfixturevalue(tab)
    if is_stage:
        page.locator("[data-projector]").first.click()
    try:
        for width, height in [(1280, 720), (1440, 900), (1366, 860), *([(1920, 1080)] if is_stage else [])]:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function(f"() => innerHeight === {height} && ({TOGETHER})()")
            page.wait_for_function(f"!({IN_THE_BAR})().length")
    finally:
        page.set_viewport_size({"width": 1440, "height": 900})
        if is_stage:
            page.keyboard.press("p")


@pytest.mark.slow
def test_six_arms_leave_the_curves_more_than_half_of_a_low_stage(six: Page) -> None:
    six.set_viewport_size({"width": 1280, "height": 720})
    six.locator("[data-projector]").first.click()
    six.wait_for_function(f"{PLOTS}.every(pixels => pixels >= 0.55 * 720)")
    six.keyboard.press("p")
    six.set_viewport_size({"width": 1440, "height": 900})
