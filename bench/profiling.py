"""Where the time of a training step goes, and that of a look: what limits both."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from torch.profiler import ProfilerActivity, profile

from bench.experiments import lasting
from bench.loops import few_tests, images
from bench.pairs import seconds
from bench.timings import table
from core.experiment.arm import parse_arm
from core.runs.looks import Observations
from core.training.arms import Batches, build_arms
from core.training.steps import learn, look_at_fixed_images

STEPS = 20
OPERATIONS = 12  # shown; the rest is summed up


def report(repeats: int) -> str:
    data = few_tests(images())
    config = lasting(2 * STEPS * (repeats + 2), data, 256, (parse_arm("bn"),))
    (arm,) = build_arms(config, data.train_images.device)
    kept, each = Observations({arm.name: arm.config.title}), iter(Batches(config, data))
    parts = [
        _section("A training step of 256 images", lambda: learn(arm, next(each)), repeats),
        _section(
            "A look at 64 images, kept", lambda: kept.append(look_at_fixed_images(config, data, [arm], 0)), repeats
        ),
    ]
    return f"""## Profile

One arm with BatchNorm. The milliseconds are the median of {repeats} times {STEPS} after {STEPS} for warmth; the shares
are those of PyTorch's profiler (self time on the CPU, the median of {STEPS}), which takes time itself, most where
operations are small.

{parts[0]}

{parts[1]}
"""


def _section(what: str, work: Callable[[], object], repeats: int) -> str:
    for _ in range(STEPS):
        work()
    unwatched = statistics.median(seconds(work) for _ in range(repeats * STEPS)) * 1000
    return f"**{what}: {unwatched:.1f} ms**\n\n{_operations([_profiled(work) for _ in range(STEPS)])}"


def _profiled(work: Callable[[], object]) -> dict[str, tuple[float, int]]:
    """µs and calls of each operation in one run of `work`."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        work()
    return {each.key: (each.self_cpu_time_total, each.count) for each in found.key_averages()}


def _operations(runs: Sequence[dict[str, tuple[float, int]]]) -> str:
    """The longest by their share of the time in operations, and all others in one row."""
    medians = {key: statistics.median(run.get(key, (0.0, 0))[0] for run in runs) for key in runs[0]}
    longest = sorted(medians, key=lambda key: -medians[key])
    shown, rest = longest[:OPERATIONS], longest[OPERATIONS:]
    rows = [(f"`{key}`", [key]) for key in shown] + [(f"{len(rest)} others", rest)]
    whole = sum(medians.values())
    return table(
        ["operation", "share", "calls"],
        [
            (name, f"{sum(medians[key] for key in keys) / whole:.1%}", str(sum(runs[0][key][1] for key in keys)))
            for name, keys in rows
        ],
    )
