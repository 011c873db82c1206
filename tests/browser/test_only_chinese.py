"""On a Chinese page no English is left: what is shown and what is told beside it, on each page in every state of a run.

The catalog's tests find a sentence that is not translated; these find one that nobody gave to the catalog.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.train_page import LONG, ONE_DIVERGES, go, hear, press, settle, status

PAGES = {
    "训练": ".ns-train",
    **dict.fromkeys(("激活值", "梯度", "参数"), ".ns-inside"),
    "立方体": ".cube",
    "课程": ".ns-lessons-page",
    "实验室": ".ns-lab",
    "运行记录": ".ns-runs",
    "参考": "#glossary",
}
FAILS = "/?data=digits&examples=320&batch=32&epochs=2&lr=1000000000&arms=none&act=relu"

# What may stand on a Chinese page in Latin letters, by why.
NAMES = "NormScope LeNet PyTorch Fashion MNIST KMNIST Xavier He ReLU SGD Adam GRU RMSNorm Santurkar English"
ABBREVIATIONS = "BN LN IN GN RMS NaN nan Inf inf CPU NVIDIA PNG SVG IP"
SETTINGS = "none bn ln in gn rms mo vo fix book dropout lr sigmoid tanh relu max avg sgd adam"  # as one types them
LAYERS = "conv fc gru"
KEYS = "Home End Page Up Down Shift Esc"
FILES = "results json experiment py ipynb CSV Parquet JSON TensorBoard ONNX Jupyter"
ALLOWED = set(" ".join((NAMES, ABBREVIATIONS, SETTINGS, LAYERS, KEYS, FILES)).split())
CITED = [
    r"\b(none|bn|ln|in|gn|rms)\d*(/\w+)?(:[\w=.]*)*…",  # an arm's name that is too long for where it stands
    r"(CPU|GPU) · .+? · PyTorch|所用机器为.+?，PyTorch",  # what the machine calls its processor
    r"[A-Z]\w+(, \w+)?( & \w+)? \d{4}, [\w ]+, arXiv",  # a paper
    r"nn\.\w+|BatchNorm1d",  # PyTorch's modules
    r"NORMSCOPE_\w+=\w+",  # a variable, as one sets it
]
STREAMLITS_OWN = (
    r"Skip to main content|Sidebar|App pages|Logo|Navigate to home page|(Collapse|Expand) sidebar|Main menu|"
    r"Open|Close|Dismiss|(Help for|Remove) .*|Selected values|Clear (value|all)|Increment|Decrement|"
    r"\d+ options? available\.|.*, selected"
)

# Of everything on the page [text, where it is], also what is folded away, or comes when a mouse rests somewhere.
READ = r"""() => {
    const found = new Map();
    const note = (text, element, how) => {
        const words = String(text ?? "").replace(/\s+/g, " ").trim();
        if (/[A-Za-z]{2}/.test(words)) found.set(words, `${how}, ${element.outerHTML.slice(0, 80)}`);
    };
    const ATTRIBUTES = ["title", "aria-label", "aria-description", "aria-valuetext", "placeholder", "alt", "label"];
    const ICONS = "[translate=no], [data-testid=stIconMaterial]";
    const TERMS = ".ns-terms, .ns-reference article, #glossary tbody"; // whose words tests/core/words has
    const NOT_READ = `script, style, noscript, code, pre, ${ICONS}, ${TERMS}, [lang=en]`;
    const HOVER = ["text", "hovertext", "hovertemplate"];
    const below = (e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])];
    const all = (root) => [...root.querySelectorAll("*")].flatMap(below);
    for (const e of all(document.body)) {
        if (e.closest(NOT_READ)) continue;
        for (const node of e.childNodes) if (node.nodeType === Node.TEXT_NODE) note(node.data, e, "text");
        for (const name of ATTRIBUTES) note(e.getAttribute(name), e, name);
        if (e.matches("input, textarea") && e.type !== "checkbox") note(e.value, e, "value");
        for (const trace of [...(e._fullData ?? []), ...(e._fullLayout?.annotations ?? [])])
            for (const text of HOVER.flatMap((how) => trace[how]).flat())
                note(String(text ?? "").replace(/%\{[^}]*\}|<[^>]*>/g, " "), e, "chart");
    }
    note(document.title, document.body, "the tab's title");
    for (const text of window.drawn ?? []) note(text, document.body, "canvas");
    return [...found];
}"""
NOTE_WHAT_IS_DRAWN = """
    window.drawn = new Set();
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
        window.drawn.add(text);
        return fillText.call(this, text, ...where);
    };
"""
PLANT = """
    const words = document.body.appendChild(document.createElement("div"));
    words.innerHTML = `<b title="A title"></b><input aria-label="A label"><svg><text>A picture’s</text></svg><p></p>`;
    words.lastChild.attachShadow({ mode: "open" }).innerHTML = "<i>Some text</i>";
"""


def english(page: Page) -> list[str]:
    """Every text of the page with a Latin word that is not allowed."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    return [f"{text} ({where})" for text, where in page.evaluate(READ) if _words(text)]


def _words(text: str) -> list[str]:
    if re.fullmatch(STREAMLITS_OWN, text):
        return []
    for pattern in CITED:
        text = re.sub(pattern, "", text)
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in ALLOWED]


@pytest.fixture
def visit(chinese: BrowserContext, server: str) -> Iterator[Callable[[str], Page]]:
    """Opens a page as a visitor who reads Chinese."""
    page = chinese.new_page()
    page.add_init_script(NOTE_WHAT_IS_DRAWN)
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))

    def opened(path: str) -> Page:
        page.goto(server + path)
        page.get_by_role("link", name="激活值").wait_for()
        settle(page)
        return page

    yield opened
    page.close()
    assert not errors


def start(page: Page, until: str) -> None:
    page.get_by_role("button", name="开始训练").click()
    status(page, until)


def look(page: Page, name: str, has_run: bool = True) -> list[str]:
    """What is English on the page of this name, once all of it is drawn."""
    go(page, name)
    page.locator(PAGES[name]).wait_for()
    settle(page)
    if PAGES[name] == ".ns-inside" and has_run:
        page.wait_for_function("Number(document.querySelector('.ns-inside')?.dataset.looks) > 0")
    if PAGES[name] == ".cube":
        page.wait_for_function("drawn.size > 0")
    else:
        drawn = "[...document.querySelectorAll('.ns-chart')].every(e => !e.offsetParent || e._fullLayout)"
        page.wait_for_function(f"dispatchEvent(new Event('beforeprint')) && {drawn}")  # those below the fold, too
    return english(page)


@pytest.mark.slow
def test_pages_without_a_run_are_chinese(visit) -> None:
    page = visit("/?data=digits&lr=1,,0")  # which a notice says is no number
    for name in PAGES:
        assert look(page, name, has_run=False) == []
    page.evaluate(PLANT)
    assert {found.partition(" (")[0] for found in english(page)} == {"A title", "A label", "Some text", "A picture’s"}


@pytest.mark.slow
def test_what_opens_or_appears_beside_a_page_is_chinese(visit) -> None:
    page = visit("/cube")
    page.wait_for_function("drawn.size > 0")
    settle(page)  # the sidebar, too, is all there
    for fold in page.locator("[data-testid=stExpander] summary").all():
        fold.press("Enter")  # a press of the mouse may miss it: the fold above it still grows
    expect(page.locator("[data-testid=stExpanderDetails][inert]")).to_have_count(0)  # as what is folded is
    opened = page.locator("[data-testid=stPopoverBody], [data-testid=stSelectboxVirtualDropdown]")
    openers = page.locator("[data-testid=stPopover] button, [data-testid=stSelectbox] input")
    for opener in openers.all():
        opener.scroll_into_view_if_needed()
        hear(page)  # a list closes when the page is scrolled
        opener.press("Enter" if opener.get_attribute("aria-haspopup") == "dialog" else "ArrowDown")
        opened.wait_for()
        assert english(page) == []
        page.keyboard.press("Escape")
        opened.wait_for(state="detached")
    told = page.locator("[data-testid=stTooltipContent]")
    helps = page.locator("[data-testid=stTooltipIcon]")
    assert (openers.count(), helps.count()) >= (4, 5)
    for help in helps.all():
        help.hover()
        told.wait_for()
        assert english(page) == []
        page.mouse.move(700, 5)
        told.wait_for(state="detached")


@pytest.mark.slow
def test_pages_of_a_finished_run_are_chinese(visit) -> None:
    page = visit(ONE_DIVERGES + ",gn1/none:lr=0.3")
    start(page, "finished")
    for name in PAGES:
        assert look(page, name) == []


@pytest.mark.slow
def test_pages_of_a_run_under_way_are_chinese(visit) -> None:
    page = visit(LONG)
    start(page, "running")
    for name in reversed(PAGES):
        assert look(page, name) == []
    press(page, "stop")  # the next test's run would wait in line
    status(page, "stopped")
    assert english(page) == []


@pytest.mark.slow
def test_pages_of_a_failed_run_are_chinese(visit) -> None:
    page = visit(FAILS)
    start(page, "failed")
    for name in PAGES:
        assert look(page, name) == []
