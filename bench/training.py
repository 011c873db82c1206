"""Training against the loops that everybody writes, with and without looks inside."""

from __future__ import annotations

import os

import torch

from bench.loops import bare, book, few_tests, images, normscope
from bench.pairs import Loop, compare, rows
from core.config import ExperimentConfig, parse_arm

STEPS = 234  # as many as First look has
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
    three = ExperimentConfig(data=data.name, examples=examples, epochs=1)

    def ours(config: ExperimentConfig, looks: str) -> None:
        normscope(config, data, looks)

    pairs = [
        compare(
            "one arm with default looks / the bare loop",
            lambda: bare(one, data),
            lambda: ours(one, "default"),
            repeats,
            "1.3",
        ),
        compare("one arm without looks / the bare loop", lambda: bare(one, data), lambda: ours(one, "none"), repeats),
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
            "one arm with default looks / the book's loop",
            lambda: book(one, data),
            lambda: ours(one, "default"),
            repeats,
            "4",
        ),
        compare("looks at every step / none", lambda: ours(one, "none"), lambda: ours(one, "always"), repeats, "0.7"),
    ]
    return f"""## Training

{one.total_steps} mini-batches of 256 of {data.name}, BatchNorm where there is one arm. The bare loop has its images in
memory, torch.nn's layers and as many threads, and measures nothing but the loss; the book's has a DataLoader with four
workers that turn one picture after the other into a tensor (on other cores than the training, where there are any).

{rows(pairs)}
"""
