"""Training against the loops that everybody writes, with and without looks inside."""

from __future__ import annotations

import os

import torch

from bench.loops import bare, book, few_tests, images, normscope
from bench.pairs import Loop, compare, rows
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig

STEPS = 234  # as many as First look has; of three arms half as many, which take long enough
CORES = os.cpu_count() or 1


def with_all_cores(loop: Loop) -> None:
    """As PyTorch is by itself: the page leaves one core to its server and to the browser."""
    threads = torch.get_num_threads()
    torch.set_num_threads(CORES)
    try:
        loop()
    finally:
        torch.set_num_threads(threads)


def report(repeats: int) -> str:
    data = few_tests(images())
    examples = min(256 * STEPS, len(data.train_images))
    one = ExperimentConfig(data=data.name, examples=examples, epochs=1, arms=(parse_arm("bn"),))
    three = ExperimentConfig(data=data.name, examples=256 * (one.total_steps // 2), epochs=1)

    def ours(config: ExperimentConfig, looks: str, spare: int = 0) -> None:
        normscope(config, data, looks, spare)

    pairs = [
        compare(
            "one arm with default looks / the bare loop",
            lambda: bare(one, data),
            lambda: ours(one, "default"),
            repeats,
            "1.3",
        ),
        compare(
            "the same with a core left to the page / the bare loop",
            lambda: bare(one, data),
            lambda: ours(one, "default", spare=1),
            repeats,
        ),
        compare(
            f"one arm with default looks / the bare loop with {CORES} threads",
            lambda: with_all_cores(lambda: bare(one, data)),
            lambda: ours(one, "default"),
            repeats,
        ),
        compare(
            "three arms in lock-step / three bare loops",
            lambda: bare(three, data),
            lambda: ours(three, "none"),
            repeats,
            "1.8",
        ),
        compare(
            "the same with a core left to the page / three bare loops",
            lambda: bare(three, data),
            lambda: ours(three, "none", spare=1),
            repeats,
        ),
        compare(
            f"three arms in lock-step / three bare loops with {CORES} threads",
            lambda: with_all_cores(lambda: bare(three, data)),
            lambda: ours(three, "none"),
            repeats,
        ),
        compare(
            "one arm with default looks / the book's loop",
            lambda: book(one, data),
            lambda: ours(one, "default"),
            repeats,
            "4",
        ),
        compare("looks at every step / none", lambda: ours(one, "none"), lambda: ours(one, "always"), repeats, "0.7"),
    ]
    return f"""## Training

{one.total_steps} mini-batches of 256 of {data.name} (three arms: {three.total_steps}); one arm is BatchNorm.

The bare loop has its images in memory, torch.nn's layers and one thread unless more are said, and measures nothing but
the loss. NormScope shares the cores ({CORES} here) out among its arms and the looks beside them, as
`python -m core train` does; the page leaves one alone.
The book's loop has a DataLoader with four workers that turn one picture after the other into a tensor, on any core.

{rows(pairs)}
"""
