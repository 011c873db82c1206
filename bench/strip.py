"""What the strip below Train's curves costs a watched run, and how long the page with it holds the browser up.

The same experiment again and again on one server (bench/stamping_app.py), watched by one page's questions at 5 Hz, in
turn with the strip's questions beside them and without. Counted is the processor time of the server, trainer and all,
for the same steps: the strip adds its looks inside the networks, their upkeep and its answers. Of the page itself, with
the strip in sight and points at 5 Hz, the browser notes the tasks longer than a frame may be, and how long each of them
had a processor: the browser shares both cores with the training here.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import Request

from bench import browser
from bench.loops import few_tests, images, normscope
from bench.server import serving
from bench.timings import ratios, table, with_range
from bench.watching import DRAWN, HZ, PATIENCE_S, get_json, watched
from core.data.images import Images
from core.experiment.config import ExperimentConfig
from core.experiment.links import to_query
from core.runs.pace import STRIP_SECONDS
from core.runs.run import ENDED

if TYPE_CHECKING:
    from playwright.sync_api import Page

AIM = 1.03
FRAME_MS = 50
# The strip stays in sight below the charts, and has its first look.
STRIP_IS_DRAWN = "document.querySelector('[data-part=strip]')?.dataset.step"


class Task(NamedTuple):
    """One piece of a page's work, during which it neither hears a click nor draws a frame."""

    ms: float
    processor_ms: float


def report(repeats: int, epochs: int = 6) -> str:
    """The section's text."""
    config = ExperimentConfig(epochs=epochs)
    with serving("bench/stamping_app.py", grace_seconds=PATIENCE_S) as address:
        _seconds(address, config, has_strip=False)  # reads the images
        frames = _frames(address, config, max(1, repeats // 3))
        pairs, looks = [], []
        for turn in range(repeats):
            found: dict[bool, float] = {}
            for has_strip in (False, True) if turn % 2 else (True, False):
                found[has_strip], seen = _seconds(address, config, has_strip)
                looks += [seen] * has_strip
            pairs.append((found[True], found[False]))
    return f"{_text(config, pairs, looks)}\n\n{_looks_text(repeats)}\n\n{frames}"


def _looks_text(repeats: int) -> str:
    """What a look costs by itself: pairs of whole runs differ by chance by more than the strip's few looks take."""
    data = few_tests(images())
    config = ExperimentConfig(epochs=1, examples=min(20_000, len(data.train_images)))
    spans = [_processor_ms(config, data, looks) for _ in range(repeats) for looks in ("always", "none")]
    each = [(always - none) / config.total_steps for always, none in zip(spans[::2], spans[1::2], strict=True)]
    share = statistics.median(each) / (1000 * STRIP_SECONDS)
    return (
        f"A look takes {with_range(each, 1)} ms of processor time ({repeats} pairs of {config.total_steps} steps, with "
        f"a look at each and with none); one every {STRIP_SECONDS:g} s, which is all that the strip asks for, is "
        f"{100 * share:.1f} % of one processor."
    )


def _processor_ms(config: ExperimentConfig, data: Images, looks: str) -> float:
    before = time.process_time()
    normscope(config, data, looks, spare=1)
    return 1000 * (time.process_time() - before)


def _frames(address: str, config: ExperimentConfig, runs: int) -> str:
    try:
        with browser.chromium() as chromium, browser.visitor(chromium, DRAWN) as visitor:
            return _frames_text([_long_tasks(visitor.new_page(), address, config) for _ in range(runs)])
    except browser.NoBrowser as error:
        return f"The page's frame: left out. {error}"


def _long_tasks(page: Page, address: str, config: ExperimentConfig) -> tuple[int, list[Task]]:
    """(how often the curves were drawn, each task longer than FRAME_MS), from the strip's first look on."""
    query = "&".join(f"{key}={value}" for key, value in to_query(config).items())
    page.goto(f"{address}/?{query}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function(STRIP_IS_DRAWN)
    chromium = page.context.browser
    assert chromium is not None
    before = page.evaluate("window.drawnFrames.length")
    chromium.start_tracing(page=page, categories=["disabled-by-default-devtools.timeline"])
    page.locator(".ns[data-status=finished]").wait_for(timeout=PATIENCE_S * 1000)
    tasks = _tasks(chromium.stop_tracing())
    drawn = page.evaluate("window.drawnFrames.length")
    page.close()
    return drawn - before, tasks


def _tasks(trace: bytes) -> list[Task]:
    """Those of the page's own thread that took longer than FRAME_MS."""
    events = json.loads(trace)["traceEvents"]
    threads = {_thread(event) for event in events if event.get("args", {}).get("name") == "CrRendererMain"}
    tasks = [event for event in events if event["name"] == "RunTask" and _thread(event) in threads]
    found = [Task(event["dur"] / 1000, event.get("tdur", event["dur"]) / 1000) for event in tasks if "dur" in event]
    return [task for task in found if task.ms > FRAME_MS]  # the browser leaves the processor time of tiny ones out


def _thread(event: dict[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]


def _frames_text(runs: list[tuple[int, list[Task]]]) -> str:
    drawn, tasks = sum(count for count, _ in runs), [task for _, found in runs for task in found]
    busy = [task for task in tasks if task.processor_ms > FRAME_MS]
    longest = max((task.ms for task in tasks), default=0)
    busiest = max((task.processor_ms for task in tasks), default=0)
    return (
        f"The page's frame with the strip in sight, {len(runs)} runs, each chart drawn {drawn} times: {len(tasks)} "
        f"tasks of the browser took more than {FRAME_MS} ms by the clock (the longest {longest:.0f} ms), {len(busy)} "
        f"of them more than {FRAME_MS} ms of processor time (at most {busiest:.0f} ms). The aim is none."
    )


def _seconds(address: str, config: ExperimentConfig, has_strip: bool) -> tuple[float, int]:
    """(processor time of the server over one run, looks that its strip had)."""
    query = "&".join(f"{key}={value}" for key, value in to_query(config).items())
    before = get_json(f"{address}/bench/processor")["seconds"]
    run = get_json(Request(f"{address}/bench/runs?{query}", method="POST"))["run"]
    with watched(address, run, 1):
        looks = _ask(address, run) if has_strip else []
        get_json(f"{address}/bench/runs/{run}/published")
    return get_json(f"{address}/bench/processor")["seconds"] - before, len(looks)


def _ask(address: str, run: str) -> list[int]:
    """As the strip does, until the run's end: the steps of what it was told."""
    looks: list[int] = []
    latest, status = 0, ""
    while status not in ENDED:
        answer = get_json(f"{address}/api/runs/{run}/inside?view=depth&source=fixed&since={latest}")
        latest, status = answer["latest"], answer["status"]
        looks += [look["step"] for look in answer["looks"]]
        time.sleep(STRIP_SECONDS)
    return looks


def _text(config: ExperimentConfig, pairs: list[tuple[float, float]], looks: list[int]) -> str:
    with_strip, without = zip(*pairs, strict=True)
    row = ["with the strip / without", with_range(ratios(pairs)), with_range(with_strip, 1), with_range(without, 1)]
    return "\n".join(
        [
            "## Strip",
            "",
            f"Processor time of the server, {len(config.arms)} arms, batch {config.batch_size}, {config.total_steps} "
            f"steps, watched at {HZ:g} Hz; {len(pairs)} pairs, in alternating order. The strip was told of "
            f"{min(looks)} to {max(looks)} looks. Medians, with their range; the aim is {AIM:g} at most.",
            "",
            table(["what", "ratio", "s, with it", "s, without"], [row]),
        ]
    )
