"""What the charts of the train page say: numbers on axes, labels, colours; their scripts run in the page itself."""

import re
from itertools import pairwise
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import go, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def tab_without_run(lasting_page) -> Page:
    return lasting_page()


@pytest.fixture
def idle(tab_without_run: Page) -> Page:
    """The page without a run, for the tests of its scripts' functions."""
    tab_without_run.bring_to_front()
    return tab_without_run


def call(page: Page, script: str, expression: str):
    """The value of an expression in which `m` is one of the page's own scripts."""
    loaded = "name => performance.getEntriesByType('resource').map(e => e.name).find(n => n.endsWith('/' + name))"
    page.wait_for_function(loaded, arg=script)
    return page.evaluate(f"async name => {{ const m = await import(({loaded})(name)); return {expression}; }}", script)


@pytest.mark.slow
def test_the_loss_axis_keeps_its_numbers_when_it_is_zoomed(ended: Page, zoom) -> None:
    axis = "document.querySelector('[data-part=loss]')._fullLayout.yaxis"
    before = ended.wait_for_function(f"{axis}.ticktext").json_value()
    box = ended.locator("[data-part=loss] .nsewdrag").bounding_box()
    zoom(ended, box, f"String({axis}.ticktext) !== '{','.join(before)}'")
    assert ended.evaluate(f"{axis}.tickvals.length") >= 3
    ended.mouse.dblclick(box["x"] + 60, box["y"] + 60, delay=400)  # the page hears of the second click late
    ended.wait_for_function(f"String({axis}.ticktext) === '{','.join(before)}'")


@pytest.mark.slow
def test_what_is_remembered_of_the_arrays_of_a_trace_is_what_plotly_finds_itself(ended: Page) -> None:
    oracle = ended.context.new_page()
    oracle.goto(urljoin(ended.url, "/_stcore/health"))
    found = "chart => chart._fullData.map(({ type, _arrayAttrs: arrays }) => [type, ...arrays])"
    for name, charts in {"Train": ".ns-train", "Activations": ".ns-inside", "Gradients": ".ns-inside"}.items():
        go(ended, name)
        chart = ended.locator(f"{charts} .js-plotly-plot").first
        chart.wait_for()
        remembered, drawn = chart.evaluate(found), chart.evaluate("({ data, layout }) => ({ data, layout })")
        if not oracle.evaluate("Boolean(window.Plotly)"):
            oracle.add_script_tag(url=ended.evaluate("document.querySelector('script[src*=plotly]').src"))
        drawing = "async ({ data, layout }) => Plotly.newPlot(document.body, data, layout)"
        assert remembered == oracle.evaluate(f"async drawn => ({found})(await ({drawing})(drawn))", drawn)
        assert any(len(arrays) > 3 for arrays in remembered)  # more than x and y
    oracle.close()
    searches = chart.evaluate("""async chart => {
        const { crawl } = Plotly.PlotSchema;
        let count = 0;
        Plotly.PlotSchema.crawl = (...what) => (count++, crawl(...what));
        await Plotly.react(chart, chart.data.map((trace) => ({ ...trace, y: [...trace.y] })), chart.layout);
        Plotly.PlotSchema.crawl = crawl;
        return count;
    }""")
    assert searches == 0, "Plotly searched its schema: has it another way to do so now?"


@pytest.mark.parametrize("paper", ["dark", "light"])
def test_arms_of_one_norm_have_colours_of_their_own_that_stand_off_the_paper(idle: Page, paper: str) -> None:
    idle.locator(".ns-train").wait_for()  # Streamlit hears of a change once it has begun, and of none before
    idle.emulate_media(color_scheme=paper)
    paper_of_the_panel = (
        "getComputedStyle(document.querySelector('.ns-train')).getPropertyValue('--st-background-color')"
    )
    is_light = f"parseInt({paper_of_the_panel}.trim().slice(1), 16) > 0x7fffff"
    idle.wait_for_function(f"({is_light}) === {str(paper == 'light').lower()}")
    arms = "['none','bn','ln','in','gn','rms'].flatMap(norm => [0,1,2].map(n => ({norm, name: norm + n})))"
    look = "m.theme(document.querySelector('.ns-train'))"
    colors = call(idle, "shared/look.js", f"[...m.armColors({arms}, {look}).values()]")
    background = call(idle, "shared/look.js", f"{look}.background")
    assert len(set(colors)) == 18
    for later in (color for i, color in enumerate(colors) if i % 3):
        assert contrast(later, background) >= 4.5, later


def contrast(first: str, second: str) -> float:
    """WCAG's contrast of two #rrggbb colours."""
    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(color: str) -> float:
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.slow
def test_a_diverged_arm_leaves_the_picture_to_the_others(diverged: Page) -> None:
    chart = "document.querySelector('[data-part=loss]')"
    words = f"{chart}.layout?.annotations.find(a => a.yanchor === 'bottom')?.text"
    diverged.wait_for_function(words)
    assert diverged.evaluate(f"{chart}._fullLayout.yaxis.range[1]") < 2  # 100 nats
    assert re.search(r"none:lr=10000: off the chart at step \d+, not finite at \d+$", diverged.evaluate(words))
    expect(diverged.locator(".ns-arm").last).to_contain_text("diverged")
    expect(diverged.locator(".ns-arm").last).not_to_contain_text("test accuracy")


@pytest.mark.slow
def test_the_labels_at_the_lines_ends_fit_into_their_chart(diverged: Page) -> None:
    ends = diverged.wait_for_function(
        """() => ['loss', 'accuracy'].map(part => {
          const chart = document.querySelector(`[data-part=${part}]`);
          const words = [...chart.querySelectorAll('.ns-ends span, .annotation')];
          const texts = words.map(e => e.getBoundingClientRect().right);
          return texts.length >= 4 && Math.max(...texts) - chart.getBoundingClientRect().right;
        })"""
    ).json_value()
    assert all(end is not False and end <= 0 for end in ends), ends


def test_the_page_says_what_the_shown_run_has_and_what_the_next_one_will(ended: Page) -> None:
    expect(ended.locator("[data-part=origin]")).to_contain_text(
        "built-in digits, 320 images · batch 32 · 2 epochs · lr 0.5 · sigmoid · Xavier weights · seed 3"
    )
    expect(ended.locator("[data-part=next]")).to_be_hidden()
    epochs = ended.get_by_test_id("stSidebar").get_by_label("Epochs", exact=True)
    epochs.fill("7")
    epochs.press("Enter")
    expect(ended.locator("[data-part=next]")).to_have_text("For the next run: epochs 7")
    settle(ended)
    epochs.fill("2")
    epochs.press("Enter")
    expect(ended.locator("[data-part=next]")).to_be_hidden()


@pytest.mark.slow
def test_the_idle_page_draws_the_arms_that_are_chosen(new_page) -> None:
    page = new_page("/?arms=bn,rms,gn,bn/none")
    expect(page.locator(".ns-idle li")).to_have_count(4)
    colors = page.locator(".ns-idle li").evaluate_all("all => all.map(e => e.style.getPropertyValue('--arm'))")
    boxes = page.locator("[data-part=idleDrawing] rect[rx='14']")
    assert boxes.evaluate_all("all => all.map(e => e.getAttribute('stroke'))") == colors


def shows_all_on_a_projector(page: Page) -> None:
    page.locator("[data-projector]").click()
    page.wait_for_function("document.querySelector('.ns-foot').getBoundingClientRect().bottom <= innerHeight")
    fits = "(e) => Math.abs(e._fullLayout.height - e.clientHeight) < 3"
    page.wait_for_function(f"[...document.querySelectorAll('.ns-charts .ns-chart')].every({fits})")
    page.locator("[data-projector]").click()


def test_on_a_projector_notices_and_what_is_offered_next_are_as_large_as_the_other_small_type(ended: Page) -> None:
    parts = [
        "[data-part=notices] p",
        "[data-part=next]",
        "[data-part=same]",
        "[data-part=ghosts]",
        "[data-part=verdict]",
    ]
    size = "part => parseFloat(getComputedStyle(document.querySelector(`.ns-train ${part}`)).fontSize)"
    ended.evaluate(
        "document.querySelector('.ns-train [data-part=notices]').append(document.createElement('p'))"
    )  # what a run that fell back to the digits says
    ended.locator("[data-projector]").click()
    read = [ended.evaluate(size, part) for part in parts]
    ended.evaluate("document.querySelector('.ns-train [data-part=notices] p').remove()")
    ended.locator("[data-projector]").click()
    assert min(read) >= 18


def test_a_projector_shows_three_arms_without_scrolling(ended: Page) -> None:
    shows_all_on_a_projector(ended)


@pytest.mark.slow
def test_a_projector_shows_six_arms_without_scrolling(six: Page) -> None:
    shows_all_on_a_projector(six)


@pytest.mark.parametrize("projected", [False, True])
def test_on_a_small_screen_nothing_lies_on_anything_else(ended: Page, projected: bool) -> None:
    ended.set_viewport_size({"width": 1280, "height": 720})
    if projected:
        ended.locator("[data-projector]").click()
    crowded = """() => {
        const rows = [...document.querySelector(".ns-train [data-part=work]").children]
            .filter((e) => e.offsetHeight && getComputedStyle(e).position !== "absolute");
        const box = (row) => {  // with all that is in it
            const all = [row, ...row.children].map((part) => part.getBoundingClientRect())
                .filter((r) => r.width && r.height);
            const end = (side, of) => of(...all.map((r) => r[side]));
            return [end("left", Math.min), end("right", Math.max), end("top", Math.min), end("bottom", Math.max)];
        };
        const lie = ([a, b, c, d], [e, f, g, h]) => a < f - 1 && e < b - 1 && c < h - 1 && g < d - 1;
        return rows.filter((row, i) => rows.slice(i + 1).some((other) => lie(box(row), box(other)))
            || row.scrollHeight > row.clientHeight + 1).map((row) => row.className);
    }"""
    ended.wait_for_function("document.querySelector('[data-part=verdict]').textContent.includes('At the end')")
    assert ended.evaluate(crowded) == []
    if projected:
        key, said = (ended.locator(f".ns-train {part}").bounding_box() for part in (".ns-legend", "[data-part=where]"))
        assert said["x"] + said["width"] < key["x"]  # which stand in one row there
        ended.locator("[data-projector]").click()
    ended.set_viewport_size({"width": 1440, "height": 900})


def test_on_a_telephone_a_card_is_one_line_as_wide_as_the_screen_and_the_curves_come_next(ended: Page) -> None:
    ended.set_viewport_size({"width": 390, "height": 844})
    ended.wait_for_function("document.querySelector('.ns-lines .ns-arm')?.getBoundingClientRect().width < 390")
    for line in ended.locator(".ns-arm").all():
        box = line.bounding_box()
        assert box["width"] > 300
        assert box["height"] < 50
        boxes = [box for part in line.locator("> *").all() if (box := part.bounding_box()) and box["height"]]
        assert len(boxes) == 3  # name, percentage, bar
        assert all(left["x"] + left["width"] <= right["x"] + 1 for left, right in pairwise(boxes))
    charts, verdict = (ended.locator(part).bounding_box() for part in (".ns-charts", "[data-part=verdict]"))
    assert charts["y"] < 0.4 * 844  # the first figure on the first screen
    assert charts["y"] < verdict["y"]
    ended.set_viewport_size({"width": 1440, "height": 900})
