"""python -m bench: how fast NormScope trains, as ratios to reference loops, written to bench/RESULTS.md.

Each pair is measured alternately, so that a busy machine is busy for both; the ratio is the median of the pairs'.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch

from bench.loops import bare, book, few_tests, normscope
from core.config import ExperimentConfig, parse_arm
from core.data import DataError, Images, load
from core.device import describe, leave_a_core_free

RESULTS = Path(__file__).parent / "RESULTS.md"
Loop = Callable[[], None]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="pairs of measurements a line (default 7)")
    parser.add_argument("--steps", type=int, default=234, help="mini-batches of 256 (default 234, First look's)")
    options = parser.parse_args()
    leave_a_core_free()
    data = few_tests(_images())
    rows = [_row(*line, options.repeats) for line in _lines(data, options.steps)]
    text = _report(data, options.steps, options.repeats, rows)
    RESULTS.write_text(text)
    print(text)


def _images() -> Images:
    try:
        return load("fashion-mnist")
    except DataError:
        return load("digits")


def _lines(data: Images, steps: int) -> list[tuple[str, Loop, Loop]]:
    """(what, reference, NormScope): the ratio is the reference's time over NormScope's, more is faster."""
    examples = min(256 * steps, len(data.train_images))
    one = ExperimentConfig(examples=examples, epochs=1, arms=(parse_arm("bn"),))
    three = ExperimentConfig(examples=examples, epochs=1)
    return [
        ("one arm, default looks / the bare loop", lambda: bare(one, data), lambda: normscope(one, data, "default")),
        (
            "three arms in lock-step / three bare loops",
            lambda: bare(three, data),
            lambda: normscope(three, data, "none"),
        ),
        ("one arm, default looks / the book's loop", lambda: book(one, data), lambda: normscope(one, data, "default")),
        ("looks at every step / none", lambda: normscope(one, data, "none"), lambda: normscope(one, data, "always")),
    ]


def _row(what: str, reference: Loop, ours: Loop, repeats: int) -> str:
    reference(), ours()
    pairs = [(_seconds(reference), _seconds(ours)) for _ in range(repeats)]
    ratios = sorted(a / b for a, b in pairs)
    times = " | ".join(f"{statistics.median(column):.2f}" for column in zip(*pairs, strict=True))
    return f"| {what} | {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} | {times} |"


def _seconds(loop: Loop) -> float:
    started = time.perf_counter()
    loop()
    return time.perf_counter() - started


def _report(data: Images, steps: int, repeats: int, rows: list[str]) -> str:
    where = f"{describe(data.train_images.device)}, {platform.system()}, Python {platform.python_version()}"
    return "\n".join(
        [
            "# Speed",
            "",
            f"{date.today()}, {where}, PyTorch {torch.__version__}, {data.name}. `python -m bench`",
            "",
            f"Each measurement is {steps} mini-batches of 256, {repeats} pairs a line, alternating in one process; the",
            "ratio is the median, with its range. Above 1, what is named first is faster. Seconds are this machine's.",
            "",
            "| what | ratio | range | reference, s | NormScope, s |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
