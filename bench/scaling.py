"""What grows with what: step time, the cost of a look, what travels and what is kept.

Step time: the median time from one mini-batch's beginning to the next in the trainer's train, everything but tests and
looks in it (a median leaves out the steps that had one). A look: probe and summarise of one arm on the fixed images,
one transfer and all. Payload: the JSON of all records of a run, as a page that is opened late gets it. Memory: what
those records, and the looks, take as Python objects (tracemalloc).
"""

from __future__ import annotations

import json
import pickle
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from bench.browser import NoBrowser
from bench.experiments import lasting
from bench.loops import bare, few_tests, images
from bench.plot import Panel, Point, svg
from bench.timings import table
from core.data.images import Images, as_floats
from core.experiment.arm import ArmConfig, parse_arm
from core.experiment.config import DEPTHS, ExperimentConfig
from core.experiment.machine import usable_cores
from core.nets.steady import threads
from core.probes import distributions, stats
from core.probes.watch import probe
from core.runs.looks import Observations
from core.training.arms import Arm, build_arms
from core.training.records import NetworksSeen, Record, to_json
from core.training.steps import PROBE_IMAGES, look_at_fixed_images
from core.training.trainer import Unattended, train

PLOT = Path(__file__).parent / "scaling.svg"
ARMS = tuple(parse_arm(name) for name in ("none", "bn", "ln", "in", "gn", "rms"))
ANY_BATCH = parse_arm("bn/none")  # on linear layers, batch norm cannot have a batch of one
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
BINS = (20, 40, 80, 160, 320)
LENGTHS = (100, 300, 1000, 3000, 10_000)  # of runs, in steps
LOOKS = (1, 5, 20, 80, 160, 320)
THREADS = (1, 2, 4, 8)
TINY = 2  # the batch where only the number of steps counts

Lines = dict[str, list[Point]]


def report(repeats: int) -> str:
    """The section's text; writes the plot beside it."""
    data = few_tests(images())
    panels = [
        Panel(
            "Training step by batch size, one arm", "examples in the batch", "ms a step", step_times(data, 3 * repeats)
        ),
        Panel("Training step by number of arms, batch 256", "arms", "ms a step", arm_times(data, repeats)),
        Panel(
            "Training step by threads, batch 256, one arm",
            "threads of an operation",
            "ms a step",
            thread_times(data, repeats),
        ),
        Panel(
            f"One look at one arm ({PROBE_IMAGES} images)",
            "bins in a histogram",
            "ms a look",
            look_times(data, repeats),
        ),
        Panel("All points of a run of three arms", "steps", "kB", sizes(data, LENGTHS)),
        Panel("Looks kept of a run of three arms", "looks", "kB of memory", look_sizes(data, LOOKS)),
    ]
    tables = [text for panel in panels for text in (f"**{panel.title}, {panel.y_title}**", "", _table(panel), "")]
    return "\n".join(["## Scaling", "", f"On {data.name}, medians.", "", _plot(panels), "", *tables])


def _plot(panels: Sequence[Panel]) -> str:
    try:
        PLOT.write_text(svg(panels))
    except NoBrowser as why:
        return f"Not drawn: {why}"
    return f"![The same as a plot]({PLOT.name})"


def _table(panel: Panel) -> str:
    xs = sorted({x for line in panel.lines.values() for x, _ in line})
    rows = [[name, *(_cell(dict(line).get(x)) for x in xs)] for name, line in panel.lines.items()]
    return table([panel.x_title, *(f"{x:,g}" for x in xs)], rows)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


# --- steps -----------------------------------------------------------------------------------------------------------


class Clock(Unattended):
    """A control that notes when each mini-batch begins."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def begin_step(self, step: int) -> float | None:
        self.times.append(time.perf_counter())
        return None

    @property
    def step_ms(self) -> float:
        """The median from one beginning to the next, without the first ones, where tests crowd."""
        return 1000 * statistics.median(after - before for before, after in pairwise(self.times[2:]))


def step_times(data: Images, steps: int) -> Lines:
    """ms by batch size, a line for each depth."""
    return {
        f"depth {depth}": [
            (size, _step_ms(data, size, steps, (ANY_BATCH,), depth))
            for size in BATCH_SIZES
            if size <= len(data.train_images)
        ]
        for depth in DEPTHS
    }


def arm_times(data: Images, repeats: int) -> Lines:
    """ms by number of arms, a line for each depth."""
    counts = range(1, len(ARMS) + 1)
    return {
        f"depth {depth}": [(count, _step_ms(data, 256, 3 * repeats, ARMS[:count], depth)) for count in counts]
        for depth in DEPTHS
    }


def thread_times(data: Images, repeats: int) -> Lines:
    """ms by the threads of an operation, as many as there are cores; beside them torch.nn's own layers."""
    counts = [count for count in THREADS if count <= usable_cores()]
    lines: Lines = {name: [] for arm in ARMS[:3] for name in (arm.name, f"{arm.name}, torch.nn's layers")}
    for count in counts:
        with threads(count):
            for arm in ARMS[:3]:
                lines[arm.name].append((count, _step_ms(data, 256, 3 * repeats, (arm,), depth=5)))
                lines[f"{arm.name}, torch.nn's layers"].append((count, _bare_ms(data, 3 * repeats, arm)))
    return lines


def _bare_ms(data: Images, steps: int, arm: ArmConfig) -> float:
    config = lasting(steps, data, 256, (arm,))
    return _median_ms(lambda: bare(config, data), 3) / config.total_steps


def _step_ms(data: Images, batch_size: int, steps: int, arms: tuple[ArmConfig, ...], depth: int) -> float:
    steps = max(6, steps) * max(1, 64 // batch_size)  # short ones are noisier, and cheap
    clock = Clock()
    train(lasting(steps, data, batch_size, arms, depth=depth), data, lambda record: None, clock)
    return clock.step_ms


# --- looks -----------------------------------------------------------------------------------------------------------


def look_times(data: Images, repeats: int) -> Lines:
    """ms by number of bins, a line for each depth, which is the number of layers."""
    return {f"{depth} layers": [(bins, _look_ms(data, depth, bins, repeats)) for bins in BINS] for depth in DEPTHS}


def _look_ms(data: Images, depth: int, bins: int, repeats: int) -> float:
    (arm,) = build_arms(lasting(1, data, 256, (parse_arm("bn"),), depth=depth), data.train_images.device)
    images, labels = as_floats(data.test_images[:PROBE_IMAGES]), data.test_labels[:PROBE_IMAGES]
    with patch.object(distributions, "BINS", bins):
        return _median_ms(lambda: stats.summarise(probe(arm.model, images, labels), 0.1), repeats)


def _median_ms(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return 1000 * statistics.median(times)


# --- bytes -----------------------------------------------------------------------------------------------------------


def sizes(data: Images, lengths: Sequence[int]) -> Lines:
    """kB of all points by the number of steps: as they travel, and as they are kept."""
    lines: Lines = {"JSON": [], "memory": []}
    few = replace(data, test_images=data.test_images[:8], test_labels=data.test_labels[:8])
    for steps in lengths:
        history: list[Record] = []
        train(lasting(steps, few, TINY, ARMS[:3]), few, history.append)
        lines["JSON"].append((steps, len(_json(history)) / 1000))
        lines["memory"].append((steps, memory_kb(history)))
    return lines


def _json(history: Sequence[Record]) -> bytes:
    """As core.web.api's route for points sends it, before compression."""
    records = [{"seq": sequence} | to_json(record) for sequence, record in enumerate(history, 1)]
    return json.dumps(records, separators=(",", ":")).encode()


def look_sizes(data: Images, counts: Sequence[int]) -> Lines:
    """kB that the log of looks takes, by the number of looks; it merges neighbours beyond 160."""
    config = lasting(1, data, 256, ARMS[:3])
    arms = build_arms(config, data.train_images.device)
    kept, line = Observations({arm.name: arm.config.title for arm in arms}), []
    for count in range(1, max(counts) + 1):
        kept.append(_look(config, data, arms, count))
        if count in counts:
            line.append((count, memory_kb(kept)))
    return {"memory": line}


def _look(config: ExperimentConfig, data: Images, arms: list[Arm], step: int) -> NetworksSeen:
    return replace(look_at_fixed_images(config, data, arms, 0), step=step)


def memory_kb(things: object) -> float:
    """What a copy of `things` takes, everything that it refers to included."""
    packed = pickle.dumps(things)
    tracemalloc.start()
    copy = pickle.loads(packed)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del copy
    return size / 1000
