"""How long a visitor waits: for the page, for the first point, for the cube, for `make run`.

Times are the browser's own, taken frame by frame (bench/browser.py), from its navigation's start or the mouse button's
release to the frame after the one in which the condition held. Cold is a new visitor with an empty cache, warm the
same visitor's second visit; the server is warm in both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bench import browser
from bench.server import PROJECT, free_port, serving, started
from bench.timings import table, with_range

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

Times = dict[str, list[float]]  # what was waited for: seconds of each time

# What has to hold; CUBE finds the cube in the components' shadow roots.
QUIET = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
INTERACTIVE = f"""() => {QUIET} && document.querySelector(".ns button.ns-huge:enabled")?.offsetWidth > 0
    && document.querySelector("[data-testid=stSidebar] input") !== null"""
# All of a finished run is drawn, and can be moved over: on Train by the strip's look, on the others by their slider.
RECORDED = """() => document.querySelector(".ns-train")?.dataset.status === "finished"
    && Number(document.querySelector(".ns-train").dataset.drawn ?? 0) > 0
    && Boolean(document.querySelector("[data-part=strip]")?.dataset.step)"""
RECORDED_INSIDE = """() => document.querySelector(".ns-inside")?.dataset.shows === "look"
    && document.querySelector("[data-part=slider]")?.disabled === false"""
FIRST_POINT = """() => Number(document.querySelector(".ns")?.dataset.drawn ?? 0) > 0
    && document.querySelector("[data-part=loss]").data?.some((line) => line.x.length > 0)"""
# The loss of a mini-batch on every arm's card: what a visitor sees of a point where the charts cannot be drawn yet.
FIRST_NUMBERS = """() => {
    const losses = [...document.querySelectorAll(".ns-arm [data-figure=loss]")];
    return losses.length > 0 && losses.every((loss) => loss.textContent);
}"""
OWN = "?seed=0"  # with settings in the link a new visitor is not shown the recorded run, and can press Start
PLOTLY = "**/vendor/plotly.min.js*"
CUBE = """
const findCube = (node) => node.querySelector?.(".cube")
    ?? [...node.querySelectorAll("*")].filter((e) => e.shadowRoot).map((e) => findCube(e.shadowRoot)).find(Boolean);
let cubeFound = null;
window.cube = () => (cubeFound?.isConnected ? cubeFound : (cubeFound = findCube(document)));
window.cubeWords = () => window.cube()?.querySelector("[data-part=text]").textContent ?? "";
window.cubeNumbers = () => window.cube()?.querySelector("output").textContent ?? "";
"""
CUBE_READY = """() => cubeWords().includes("cells drawn share") && !["", "…"].includes(cubeNumbers())
    && cube().querySelector("canvas").width > 0"""
# From here on a click's two answers are waited for: the words, which the browser has, and the numbers from Python.
CLICKED = """(() => {
    const words = cubeWords();
    window.said = firstFrame(() => cubeWords() !== words);
    window.reckoned = window.said.then(() => firstFrame(() => cubeNumbers() !== "…"));
})()"""
POINTS = [(0.62, 0.5), (0.45, 0.55), (0.55, 0.6), (0.4, 0.45), (0.6, 0.4), (0.5, 0.5), (0.35, 0.55)]

AIMS = {
    "page, cold: Start can be pressed": "2.5",
    "page, warm: Start can be pressed": "2.5",
    "the recorded run on Train, cold: drawn, with its looks": "1",
    "the same, warm": "1",
    "the recorded run on Activations, cold: drawn, its slider can be moved": "1",
    "the same on Activations, warm": "1",
    "Start to the first point's numbers": "1",
    "the same, before plotly.js has come": "1",
    "Start to the first drawn point": "",
    "the drawn point, Start pressed a second later": "1",
    "cube, cold: the page by its address": "",
    "cube, warm: the page by its address": "",
    "cube, by its link on the page": "1",
    "cube, click to the sentence": "0.5",
    "cube, click to the numbers": "0.5",
    "make run to a page that is served": "6",
}


def report(repeats: int) -> str:
    """The section's text."""
    times: Times = {}
    note = ""
    try:
        with serving() as address, browser.chromium() as chromium:
            for _ in range(repeats + 1):  # the first visit warms the server
                _visit(chromium, address, times)
    except browser.NoBrowser as error:
        note = f"The pages in a browser: left out. {error}\n\n"
    seen = {what: seconds[1:] for what, seconds in times.items()}
    command = _make_run()
    if command:
        seen["make run to a page that is served"] = _starts(command, repeats)
    else:
        note += "`make run`: left out, since this environment was not installed by `make run`.\n\n"
    return f"## Page\n\n{note}{_text(seen, repeats)}"


def _text(times: Times, repeats: int) -> str:
    rows = [[what, with_range(times[what]), aim] for what, aim in AIMS.items() if what in times]
    return "\n".join(
        [
            f"Median of {repeats} with the range, in chromium without a GPU, 1440 × 900, on a warm server. Cold: a new "
            "visitor with an empty cache; warm: the same visitor's second visit. Start can be pressed: the button is "
            "there and enabled, the settings are there, and the page's script has ended. The first point's numbers: "
            "from the mouse button's release until every arm's card has the loss of a mini-batch; Start pressed as "
            "soon as it can be, while plotly.js is read, and on a page where it comes only after that. The first drawn "
            "point: until both charts are drawn; the same press, and one a second later, when the browser has "
            "evaluated plotly.js, too. The cube: its picture, words and numbers are "
            "there; the sentence is the browser's own, the numbers come from Python.",
            "",
            table(["what", "s", "aim, s"], rows),
        ]
    )


def _visit(chromium: Browser, address: str, times: Times) -> None:
    """One new visitor: both pages twice, a run, and clicks in the cube."""
    page = f"{address}/{OWN}"
    with browser.visitor(chromium, CUBE) as visitor:
        _add(times, "page, cold: Start can be pressed", _load(visitor, page, INTERACTIVE))
        _add(times, "page, warm: Start can be pressed", _load(visitor, page, INTERACTIVE))
        numbers, drawn = _train(visitor, page)
        _add(times, "Start to the first point's numbers", numbers)
        _add(times, "Start to the first drawn point", drawn)
        _add(times, "the same, before plotly.js has come", _train_without_charts(visitor, page))
        _, drawn = _train(visitor, page, seconds_of_reading=1)
        _add(times, "the drawn point, Start pressed a second later", drawn)
    with browser.visitor(chromium) as visitor:
        _add(times, "the recorded run on Train, cold: drawn, with its looks", _load(visitor, address, RECORDED))
        _add(times, "the same, warm", _load(visitor, address, RECORDED))
    inside = f"{address}/activations"
    with browser.visitor(chromium) as visitor:
        what = "the recorded run on Activations, cold: drawn, its slider can be moved"
        _add(times, what, _load(visitor, inside, RECORDED_INSIDE))
        _add(times, "the same on Activations, warm", _load(visitor, inside, RECORDED_INSIDE))
    with browser.visitor(chromium, CUBE) as visitor:
        _add(times, "cube, cold: the page by its address", _load(visitor, f"{address}/cube", CUBE_READY))
        _add(times, "cube, warm: the page by its address", _load(visitor, f"{address}/cube", CUBE_READY))
        _turn_to_cube(visitor, page, times)


def _load(visitor: BrowserContext, address: str, condition: str) -> float:
    page = visitor.new_page()
    page.goto(address, wait_until="commit")
    seconds = _until(page, condition)
    page.close()
    return seconds


def _train(visitor: BrowserContext, address: str, seconds_of_reading: float = 0) -> tuple[float, float]:
    """Seconds from Start to the first point's numbers, and to the point in both charts."""
    page = visitor.new_page()
    page.goto(address)
    _until(page, INTERACTIVE)
    page.wait_for_timeout(1000 * seconds_of_reading)
    page.evaluate(f"void (window.numbers = firstFrame({FIRST_NUMBERS}))")
    drawn = _after(page, _start(page), FIRST_POINT)
    numbers = page.evaluate("numbers.then((at) => at - released())") / 1000
    _stop(page)
    return numbers, drawn


def _train_without_charts(visitor: BrowserContext, address: str) -> float:
    """Seconds from Start to the first point's numbers where the request for plotly.js is not answered until then."""
    page = visitor.new_page()
    held: list[Route] = []
    page.route(PLOTLY, lambda route: held.append(route))
    page.goto(address)
    _until(page, INTERACTIVE)
    seconds = _after(page, _start(page), FIRST_NUMBERS)
    for route in held:
        route.continue_()
    _stop(page)
    return seconds


def _start(page: Page) -> Locator:
    return page.get_by_role("button", name="Start training")


def _stop(page: Page) -> None:
    """The next visitor's run would wait for its end."""
    page.locator("button[data-do=stop]").first.click()
    page.locator(".ns[data-status=stopped]").wait_for()
    page.close()


def _turn_to_cube(visitor: BrowserContext, address: str, times: Times) -> None:
    page = visitor.new_page()
    page.goto(address)
    _until(page, INTERACTIVE)
    _add(times, "cube, by its link on the page", _after(page, page.get_by_role("link", name="Cube"), CUBE_READY))
    _until(page, f"() => {QUIET}")
    said, reckoned = zip(*(_click(page, *point) for point in POINTS), strict=True)
    _add(times, "cube, click to the sentence", statistics.median(said))
    _add(times, "cube, click to the numbers", statistics.median(reckoned))
    page.close()


def _click(page: Page, x: float, y: float) -> tuple[float, float]:
    """Seconds from a click in the cube to the sentence about the cell, and to its numbers."""
    box = page.locator(".cube canvas").first.bounding_box()
    assert box is not None
    page.evaluate(CLICKED)
    page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    said, reckoned = page.evaluate("Promise.all([said, reckoned])")
    released = page.evaluate("released()")
    return (said - released) / 1000, (reckoned - released) / 1000


def _until(page: Page, condition: str) -> float:
    """Seconds since the navigation's start when `condition` has been drawn."""
    return float(page.evaluate(f"firstFrame({condition})")) / 1000


def _after(page: Page, button: Locator, condition: str) -> float:
    """Seconds from a click on `button` to when `condition` has been drawn."""
    page.evaluate(f"void (window.waited = firstFrame({condition}))")
    button.click()
    return (float(page.evaluate("waited")) - float(page.evaluate("released()"))) / 1000


def _add(times: Times, what: str, seconds: float) -> None:
    times.setdefault(what, []).append(seconds)


# --- make run ------------------------------------------------------------------------------------------------------


def _make_run() -> list[str] | None:
    """The command, if it would only start the server: this Python's environment is one that `make run` installed."""
    command = ["make", "run", f"VENV={sys.prefix}"]
    try:
        would = subprocess.run([*command, "-n"], cwd=PROJECT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return None if would.returncode or installs(would.stdout.splitlines()) else command


def installs(lines: Iterable[str]) -> bool:
    """Whether make's plan has pip or venv in it."""
    return any(" pip " in line or " venv " in line for line in lines)


def _starts(command: Sequence[str], repeats: int) -> list[float]:
    seconds = []
    for _ in range(repeats + 1):
        port = free_port()
        with started([*command, f"PORT={port}"], f"http://127.0.0.1:{port}/") as took:
            seconds.append(took)
    return seconds[1:]  # the first reads the files from the disk
