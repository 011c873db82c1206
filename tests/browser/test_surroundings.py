"""What is drawn follows the page's colours, type and size, from the first moment on; panels of the tests' own."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from core.web.assets import assets_address
from tests.browser.train_page import answer_no_more

pytestmark = pytest.mark.browser

ARMS = [{"name": name, "title": name, "norm": name} for name in ("none", "bn", "ln")]
TRAIN = {"arms": ARMS, "status": "finished", "changed": "", "rate": "0.5", "settings": ""}
EVERY = {"mine": False, "label": "", "ghosts": [], "armList": ARMS, "problem": "", "notices": []}
DARK = {"--st-background-color": "#000000", "--st-text-color": "#fefefe"}

# The panel's clock is the test's: what changes before the first tick has changed before it, on any machine.
MOUNT = """async ([address, data]) => {
    const { mount } = await import(new URL(address, document.baseURI).href);
    const root = document.body.appendChild(document.createElement("div"));
    root.style = "position: fixed; inset: 0; z-index: 9; overflow: auto; width: 1300px; background: white";
    const [ticks, setInterval] = [[], window.setInterval];
    window.setInterval = (act) => (ticks.push(act), 0);
    const leave = mount({ data, parentElement: root, setTriggerValue: () => {} });
    window.setInterval = setInterval;
    window.beside = { root, tick: () => ticks.forEach((act) => act()), leave };
}"""
LEAVE = "() => { const { root, leave } = window.beside; root.remove(); leave(); }"

Mount = Callable[[str], Page]


@pytest.fixture
def mount(ended: Page) -> Iterator[Mount]:
    """mount("live") puts a panel of the run that has ended over the page, and stops its clock."""

    def beside(script: str) -> Page:
        run = re.search(r"run=([\w-]+)", ended.url)[1]
        folder = "train" if script == "live" else "inside"
        ended.evaluate(MOUNT, [f"{assets_address()}/{folder}/{script}.js", EVERY | TRAIN | {"run": run}])
        return ended

    yield beside
    ended.evaluate(LEAVE)


def part(name: str) -> str:
    return f"window.beside.root.querySelector('{name}')"


def change(page: Page, **style: str) -> None:
    page.evaluate(
        "style => Object.entries(style).forEach(([k, v]) => window.beside.root.style.setProperty(k, v))", style
    )


def tick(page: Page) -> None:
    page.evaluate("window.beside.tick()")


def arm(selector: str) -> str:
    """The arm's colour on an element."""
    return f"{part(selector)}?.style.getPropertyValue('--arm')"


@pytest.mark.parametrize(
    ("script", "chart", "name"),
    [
        ("live", "[data-part=accuracy]", ".ns-arm[data-arm=bn]"),
        pytest.param("activations", "[data-part=spread]", ".ns-pill[data-arm=bn]", marks=pytest.mark.slow),
        pytest.param("gradients", "[data-part=depth]", ".ns-pill[data-arm=bn]", marks=pytest.mark.slow),
        pytest.param("parameters", "[data-part=gamma]", ".ns-pill[data-arm=bn]", marks=pytest.mark.slow),
    ],
)
def test_colours_that_change_before_the_first_tick_are_drawn_at_it(
    mount: Mount, script: str, chart: str, name: str
) -> None:
    page = mount(script)
    page.wait_for_function(f"{part(chart)}?._fullLayout?.font && {arm(name)} === '#0072b2'")
    change(page, **DARK)
    tick(page)
    page.wait_for_function(f"{part(chart)}._fullLayout.font.color === '#fefefe' && {arm(name)} === '#56b4e9'")


def test_colours_that_change_while_the_charts_are_being_drawn_are_drawn_after_it(mount: Mount) -> None:
    page = mount("live")
    chart = part("[data-part=accuracy]")
    page.wait_for_function(f"{chart}?._fullLayout")
    page.evaluate(
        f"""async dark => {{
            const {{ root, tick }} = window.beside;
            const react = Plotly.react;
            Plotly.react = async (...picture) => {{
                Plotly.react = react;
                await react(...picture); // the first of two charts: the other's colours are taken already
                Object.entries(dark).forEach(([k, v]) => root.style.setProperty(k, v));
                tick();
            }};
            {part("[data-log]")}.click();
        }}""",
        DARK,
    )
    for name in ("loss", "accuracy"):
        page.wait_for_function(f"{part(f'[data-part={name}]')}._fullLayout.font.color === '#fefefe'")
    page.evaluate(f"{part('[data-log]')}.click()")  # the tab keeps the choice, and other tests share it


def test_a_tick_that_finds_everything_as_it_was_draws_nothing(mount: Mount) -> None:
    page = mount("live")
    chart = part("[data-part=accuracy]")
    page.wait_for_function(f"{part('.ns-train')}?.dataset.drawn > 0")
    drawings = page.evaluate(
        f"""async () => {{
            let drawings = 0;
            {chart}.on("plotly_afterplot", () => drawings++);
            for (let i = 0; i < 3; i++) {{
                window.beside.tick();
                await new Promise(requestAnimationFrame);
            }}
            return drawings;
        }}"""
    )
    assert drawings == 0


@pytest.mark.slow
def test_the_maps_of_one_image_follow_the_colours_too(mount: Mount) -> None:
    page = mount("activations")
    page.evaluate(f"{part('[data-part=maps]')}.open = true")
    page.wait_for_function(f"{arm('[data-maps=bn]')} === '#0072b2'")
    change(page, **DARK)
    tick(page)
    page.wait_for_function(f"{arm('[data-maps=bn]')} === '#56b4e9'")
    page.wait_for_function(f"{part('[data-maps=bn] canvas')}.width > 1")  # and are painted


@pytest.mark.slow
def test_words_that_fit_a_wide_chart_leave_a_narrow_one(mount: Mount) -> None:
    page = mount("activations")
    heads = f"{part('[data-part=spread]')}?._fullLayout?.annotations?.slice(0, 2).map(a => a.text).join()"
    page.wait_for_function(f"{heads}?.includes('all values together')")
    change(page, width="500px")
    tick(page)
    page.wait_for_function(f"{heads} === '<b>pooled</b>,<b>per unit</b>'")


@pytest.mark.slow
def test_the_verdict_is_as_high_as_its_words_again_once_it_has_room(mount: Mount) -> None:
    page = mount("live")
    height = f"{part('[data-part=verdict]')}.offsetHeight"
    page.wait_for_function(f"{part('[data-part=verdict]')}?.textContent.includes('At the end')")
    usual = page.evaluate(height)
    change(page, width="300px")
    for _ in range(2):
        page.evaluate(f"{part('.ns-arm')}.click()")  # hidden and shown, and all words written anew
    page.wait_for_function(f"{height} > {usual}")
    change(page, width="1300px")
    tick(page)
    page.wait_for_function(f"{height} === {usual}")


@pytest.mark.slow
@pytest.mark.parametrize(("script", "chart"), [("live", "[data-part=accuracy]"), ("gradients", "[data-part=depth]")])
def test_a_drawing_that_fails_once_is_tried_again(mount: Mount, ended: Page, script: str, chart: str) -> None:
    ended.evaluate(
        """() => {
            const { react } = Plotly;
            window.addEventListener("unhandledrejection", (event) => event.preventDefault(), { once: true });
            Plotly.react = () => {
                Plotly.react = react;
                return Promise.reject(new Error("for the test"));
            };
        }"""
    )
    page = mount(script)
    page.wait_for_function(f"{part(chart)}?._fullLayout")


@pytest.mark.slow
def test_tests_that_do_not_come_are_asked_for_again(mount: Mount, ended: Page) -> None:
    answers = iter([lambda route: route.abort()] * 2)
    ended.route("**/points?*", lambda route: next(answers, lambda other: other.continue_())(route))
    page = mount("parameters")
    page.wait_for_function(f"{part('[data-part=accuracy]')}?._fullLayout")
    answer_no_more(ended)
