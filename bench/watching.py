"""What watching costs the training, and how long a measurement takes to the screen.

Speed: the same experiment again and again on one server (bench/stamping_app.py), alternately with nobody there and
with 8 watchers at 5 Hz in another process (bench/watchers.py), as pairs whose order changes.

Publish to pixel: a page in chromium starts the experiment and watches it, alone and with 7 more watchers. For every
training and test point: from Run.publish's return on the server until the frame after the one in which the page had
both charts drawn with it (live.js sets data-drawn once Plotly has), looked at in every frame.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from bench import browser
from bench.server import PROJECT, serving
from bench.timings import percentile, ratios, table, with_range
from core.experiment.config import ExperimentConfig
from core.experiment.links import to_query

if TYPE_CHECKING:
    from playwright.sync_api import Page

WATCHERS, HZ = 8, 5.0
FIRST_STEP = 30  # before it the watchers are still arriving
PATIENCE_S = 600
HEARD = ("hz", "median_ms", "p95_ms", "bytes", "asked", "failed", "core")  # what bench.watchers prints
DRAWN = """
window.drawnFrames = [];
const drawnNow = () => Number(document.querySelector(".ns")?.dataset.drawn ?? 0);
let drawnBefore = 0;
const sample = () => {
  const drawn = drawnNow();
  if (drawn !== drawnBefore) requestAnimationFrame(() => window.drawnFrames.push([drawn, Date.now() / 1000]));
  drawnBefore = drawn;
  requestAnimationFrame(sample);
};
requestAnimationFrame(sample);
"""
LAST_STEP = "Math.max(...document.querySelector('[data-part=loss]').data.map((line) => Array.from(line.x).at(-1)))"

Stamp = tuple[int, str, int, float]  # (sequence number, kind, step, time)


def report(repeats: int, epochs: int = 3) -> str:
    """The section's text."""
    config = ExperimentConfig(epochs=epochs)
    with serving("bench/stamping_app.py", grace_seconds=PATIENCE_S) as address:
        watched_run(address, config)  # reads the images
        speed = _speed(address, config, repeats)
        pixel = _pixel(address, config, max(1, repeats // 3))
    return "\n".join(["## Watching", "", speed, "", pixel])


# --- speed -----------------------------------------------------------------------------------------------------------


def _speed(address: str, config: ExperimentConfig, repeats: int) -> str:
    pairs, heard = [], []
    for turn in range(repeats):
        found: dict[int, float] = {}
        for watchers in (0, WATCHERS) if turn % 2 else (WATCHERS, 0):
            found[watchers], answers = watched_run(address, config, watchers)
            heard += answers
        pairs.append((found[WATCHERS], found[0]))
    return _speed_text(config, pairs, heard)


def watched_run(
    address: str, config: ExperimentConfig, watchers: int = 0, hz: float = HZ
) -> tuple[float, list[dict[str, float]]]:
    """(examples per second and arm of one run, what its watchers heard)."""
    run = begun(address, config)
    with watched(address, run, watchers, hz) as answers:
        stamps = get_json(f"{address}/bench/runs/{run}/published")
    return config.batch_size * steps_per_second(stamps), answers


def begun(address: str, config: ExperimentConfig) -> str:
    """The id of a run that nobody has a page of."""
    query = "&".join(f"{key}={value}" for key, value in to_query(config).items())
    return str(get_json(Request(f"{address}/bench/runs?{query}", method="POST"))["run"])


def steps_per_second(stamps: Sequence[Stamp]) -> float:
    """From FIRST_STEP to the last one by the clock, tests and all included."""
    steps = [(step, at) for _, kind, step, at in stamps if kind == "train" and step >= FIRST_STEP]
    (first, before), (last, after) = steps[0], steps[-1]
    return (last - first) / (after - before)


@contextmanager
def watched(address: str, run: str, count: int, hz: float = HZ, *options: str) -> Iterator[list[dict[str, float]]]:
    """`count` watchers of the run, until it ends; then the list says what they heard."""
    answers: list[dict[str, float]] = []
    command = [sys.executable, "-m", "bench.watchers", address, run, str(count), str(hz), *options]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) if count else None
    yield answers
    if process is not None:
        said, _ = process.communicate(timeout=PATIENCE_S)
        answers.append(json.loads(said))


def _speed_text(config: ExperimentConfig, pairs: list[tuple[float, float]], heard: list[dict[str, float]]) -> str:
    watched, idle = zip(*pairs, strict=True)
    row = [
        f"{WATCHERS} watchers at {HZ:g} Hz / none",
        with_range(ratios(pairs)),
        with_range(watched, 0),
        with_range(idle, 0),
    ]
    hz, median_ms, p95_ms, size, _, _, core = (statistics.median(each[key] for each in heard) for key in HEARD)
    return "\n".join(
        [
            f"Training speed, {len(config.arms)} arms, batch {config.batch_size}, {config.total_steps} steps of which "
            f"those from {FIRST_STEP} on count, tests and looks included; {len(pairs)} pairs, in alternating order. "
            "Medians, with their range; the aim is 0.95 at least.",
            "",
            table(["what", "ratio", "examples/s an arm, watched", "examples/s an arm, alone"], [row]),
            "",
            f"A watcher asked {hz:.1f} times a second and had its answer, {size:,.0f} bytes compressed, in "
            f"{median_ms:.1f} ms (median; p95 {p95_ms:.0f} ms). The watchers' process took {core:.0%} of a core here.",
        ]
    )


# --- publish to pixel --------------------------------------------------------------------------------------------


def _pixel(address: str, config: ExperimentConfig, repeats: int) -> str:
    rows = []
    try:
        with browser.chromium() as chromium, browser.visitor(chromium, DRAWN) as visitor:
            for others in (0, WATCHERS - 1):
                pages = (_delays(visitor.new_page(), address, config, others) for _ in range(repeats))
                rows.append(_pixel_row(others, [delay for delays in pages for delay in delays]))
    except browser.NoBrowser as error:
        return f"Publish to pixel: left out. {error}"
    return "\n".join(
        [
            f"Publish to pixel, {repeats} runs a line: from a point's publish on the server to the frame after the one "
            "in which the page had drawn it in both charts. The aim is a median under 300 ms.",
            "",
            table(["who watches", "points", "p50, ms", "p95, ms", "longest, ms"], rows),
        ]
    )


def _delays(page: Page, address: str, config: ExperimentConfig, others: int) -> list[float]:
    """Seconds from publish to pixel of every training and test point of one run."""
    query = "&".join(f"{key}={value}" for key, value in to_query(config).items())
    page.goto(f"{address}/?{query}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function("document.querySelector('.ns').dataset.run")
    run = str(page.evaluate("document.querySelector('.ns').dataset.run"))
    with watched(address, run, others):
        stamps = get_json(f"{address}/bench/runs/{run}/published")
    last = stamps[-1][0]
    page.wait_for_function("last => (window.drawnFrames.at(-1) ?? [0])[0] >= last", arg=last)
    if page.evaluate(LAST_STEP) != config.total_steps:
        raise RuntimeError("The chart's last point is not the run's last step, though the page says that it is drawn.")
    drawn = page.evaluate("window.drawnFrames")
    page.close()
    return delays(stamps, drawn)


def delays(stamps: Sequence[Stamp], drawn: Sequence[tuple[int, float]]) -> list[float]:
    """Seconds from the publish of each training and test point to the first frame that had it."""
    points = [(sequence, at) for sequence, kind, _, at in stamps if kind in ("train", "test")]
    return [next(frame for latest, frame in drawn if latest >= sequence) - at for sequence, at in points]


def _pixel_row(others: int, seconds: Sequence[float]) -> list[str]:
    who = f"the page and {others} more at {HZ:g} Hz" if others else "the page alone"
    numbers = [percentile(seconds, 50), percentile(seconds, 95), max(seconds)]
    return [who, f"{len(seconds):,}", *(f"{1000 * number:.0f}" for number in numbers)]


def get_json(where: str | Request) -> Any:
    with urlopen(where, timeout=PATIENCE_S) as answer:
        return json.load(answer)
