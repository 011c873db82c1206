"""python -m bench.gpu: what a CUDA card does with NormScope's loop. Needs torch, numpy and safetensors.

`python -m bench.card` runs this with all else that needs a card; `--device cpu --quick` tries it out on a processor.

Loops (bench/gpu_loops.py), each from the same initial weights and on the same batches:

    bare        written by hand: images on the card, torch.nn's layers, .item() at every step, one arm after another
    book        the same with a DataLoader on the host that turns each picture into floats, as in the book
    NormScope   the trainer's, with no looks inside, those of a run that nobody looks into, or one at every step

First every loop's losses are compared with those of the same networks in float64 on the processor. A step's time is
between two moments at which the device had finished. Busy is the time in kernels and copies, which torch.profiler sees
in a second run, over the time of the same steps in the first: profiling slows the host, not the kernels.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch

from bench.experiments import lasting
from bench.gpu_loops import LOOPS, Losses, reference
from bench.timings import table
from core.data.device import describe
from core.data.files import DataError, verify
from core.data.images import Images, load
from core.experiment.arm import ArmConfig, parse_arm
from core.experiment.config import ExperimentConfig
from core.training.steps import PROBE_IMAGES

OUT = Path(__file__).parent / "GPU.md"
ARMS = {"one": (parse_arm("bn"),), "three": tuple(parse_arm(name) for name in ("none", "bn", "ln"))}
BATCH_SIZES = (256, 32, 1024)
OWN_STEPS = 20  # times as many of NormScope's own steps are measured: they are shorter
WARM_STEPS = 10  # not measured: cuDNN chooses, the allocator grows
PROFILED_STEPS = 20  # of those measured; a look alone is thousands of kernels, each an event
# What is compared, and how far any loss may be from float64's, in nats. TF32 keeps 10 bits of a convolution's factors.
# At the product's rate of 0.1 batch norm makes a thousandfold of a rounding error within 50 steps. At this rate float32
# on a processor was off by 6e-5 at most, convolutions rounded to TF32 by 2e-4, and a rate 2 % higher by 2e-3.
CHECKED_BATCH, CHECKED_STEPS, CHECKED_RATE = 256, 50, 0.02
TOLERANCES = {"float32": 2e-4, "TF32": 1e-3}
HEADER = ("arms", "batch", "loop", "ms a step", "examples/s an arm", "of the bare loop", "busy")
NO_MEMORY = "out of memory; lower the batch"


def main() -> None:
    options = _options()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here: nothing was measured. `--device cpu --quick` tries the loops out.")
        sys.exit(2 if options.require else 0)
    data = images(torch.device(options.device))
    checked, right = check(data, options.checked_steps)
    lines = [f"# On a card\n\n{_origin(data)}\n\n{checked}\n"]
    print(lines[0], flush=True)
    rows: list[Sequence[str]] = []
    for arms in ARMS.values():
        for batch_size in options.batches:
            rows += cell(data, arms, batch_size, options.steps)
            _write(options, [*lines, _measured(rows, options.steps)])
    print(_measured(rows, options.steps))
    sys.exit(not right)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--require", action="store_true", help="exit with 2 where there is no CUDA device")
    parser.add_argument("--quick", action="store_true", help="one batch size and a few steps")
    parser.add_argument("--steps", type=int, default=100, help="of the loops written by hand (default 100)")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCH_SIZES, metavar="SIZE")
    parser.add_argument("--out", type=Path, help="where the table goes (default: bench/GPU.md, for a card)")
    options = parser.parse_args()
    options.checked_steps = 10 if options.quick else CHECKED_STEPS
    if options.quick:
        options.batches, options.steps = BATCH_SIZES[:1], 5
    return options


def _origin(data: Images) -> str:
    where = f"{describe(data.train_images.device)}, {platform.system()}, Python {platform.python_version()}"
    return f"{date.today()}, {where}, {data.name}. `python -m bench.gpu`"


def _measured(rows: Iterable[Sequence[str]], steps: int) -> str:
    return (
        f"{steps} mini-batches a measurement ({OWN_STEPS} times as many of NormScope's) after {WARM_STEPS} to warm up, "
        f"with PyTorch's defaults (convolutions in "
        f"TF32 where the card can). NormScope's tests, on {PROBE_IMAGES} images, count. Busy: the share of the time in "
        f"which the device computes or copies, seen in {PROFILED_STEPS} of them.\n\n{table(HEADER, rows)}\n"
    )


def _write(options: argparse.Namespace, lines: Sequence[str]) -> None:
    # After every cell, since a machine may be taken back. What a processor did does not overwrite what a card did.
    path = options.out or (OUT if options.device == "cuda" else None)
    if path is not None:
        path.write_text("\n".join(lines))


def images(device: torch.device) -> Images:
    """Fashion-MNIST where its files are, else as many random images with random labels; few of them for tests."""
    try:
        complete = all(check.status == "ok" for check in verify("fashion-mnist"))
        data = load("fashion-mnist", device=device) if complete else synthetic(60_000, device)
    except (ImportError, DataError):  # the checksums are torchvision's
        data = synthetic(60_000, device)
    few = data.test_images[:PROBE_IMAGES], data.test_labels[:PROBE_IMAGES]
    return Images(data.name, data.train_images, data.train_labels, *few, data.classes)


def synthetic(count: int, device: torch.device) -> Images:
    """Random pixels and labels: they cost what real ones cost."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count + PROBE_IMAGES, 1, 28, 28), dtype=torch.uint8, generator=generator).to(device)
    labels = torch.randint(0, 10, (count + PROBE_IMAGES,), generator=generator).to(device)
    classes = tuple(map(str, range(10)))
    return Images("random images", pixels[:count], labels[:count], pixels[count:], labels[count:], classes)


# --- correctness -----------------------------------------------------------------------------------------------------


def check(data: Images, steps: int) -> tuple[str, bool]:
    """(what to say, whether every loop is right): each loop's losses beside float64's."""
    batch_size = min(CHECKED_BATCH, len(data.train_images))
    config = lasting(steps, data, batch_size, ARMS["three"], learning_rate=CHECKED_RATE)
    expected = reference(config, data)
    precisions = list(TOLERANCES) if data.train_images.is_cuda else ["float32"]
    rows, right = [], True
    for precision in precisions:
        for name in LOOPS:
            words, agrees = _agreement(name, config, data, expected, precision)
            rows.append([name, precision, words, f"{TOLERANCES[precision]:g}"])
            right = right and agrees
    said = f"Losses of {steps} mini-batches of {batch_size}, three arms, learning rate {CHECKED_RATE:g}, in nats:"
    header = ("loop", "convolutions in", "largest difference from float64", "tolerance")
    return f"{said}\n\n{table(header, rows)}", right


def _agreement(name: str, config: ExperimentConfig, data: Images, expected: Losses, precision: str) -> tuple[str, bool]:
    try:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=precision == "TF32"):
            found = LOOPS[name](config, data, lambda step: None)
    except RuntimeError as error:
        return f"failed: {_first_line(error)}", False
    worst = largest_difference(found, expected)
    agrees = worst <= TOLERANCES[precision]
    return f"{worst:.1e}" + ("" if agrees else " WRONG"), agrees


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0].replace("|", "/")


def largest_difference(found: Losses, expected: Losses) -> float:
    """Of any arm at any step; infinite where some are missing or are not finite."""
    counts = [{name: len(of_arm) for name, of_arm in losses.items()} for losses in (found, expected)]
    if counts[0] != counts[1]:
        return math.inf
    differences = [abs(a - b) for name in expected for a, b in zip(found[name], expected[name], strict=True)]
    return max(differences) if all(map(math.isfinite, differences)) else math.inf


# --- speed -----------------------------------------------------------------------------------------------------------


@dataclass
class Stopwatch:
    """A tick that adds up the seconds from the beginning of step `first` to that of `last`, of one arm or of all."""

    device: torch.device
    first: int
    last: int
    seconds: float = 0.0
    _since: float = 0.0

    def __call__(self, step: int) -> None:
        if step in (self.first, self.last):
            synchronize(self.device)
            now = time.perf_counter()
            self.seconds += now - self._since if step == self.last else 0.0
            self._since = now


@dataclass
class BusyWatch:
    """A tick that adds up the seconds in which the device worked, from the beginning of `first` to that of `last`.

    On a processor they are those in torch's operators, which serves for trying this out only.
    """

    device: torch.device
    first: int
    last: int
    seconds: float = 0.0
    _profile: Any = None

    def __call__(self, step: int) -> None:
        if step == self.first:
            synchronize(self.device)
            activities = torch.profiler.ProfilerActivity
            kind = activities.CUDA if self.device.type == "cuda" else activities.CPU
            self._profile = torch.profiler.profile(activities=[kind])
            self._profile.start()
        elif step == self.last:
            synchronize(self.device)
            self._profile.stop()
            self.seconds += covered(_work_of(self.device, self._profile)) / 1e6


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _work_of(device: torch.device, profile: Any) -> list[tuple[float, float]]:
    """(begin, end) in µs of every kernel and copy; annotations, which the profiler puts beside them, are no work."""
    kind = torch.autograd.DeviceType.CUDA if device.type == "cuda" else torch.autograd.DeviceType.CPU
    events = [event for event in profile.events() if event.device_type == kind]
    work = [event for event in events if not getattr(event, "is_user_annotation", False)]
    return [(event.time_range.start, event.time_range.end) for event in work]


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The length that the spans cover together, overlaps counted once."""
    length, free = 0.0, float("-inf")
    for start, end in sorted(spans):
        length += max(0.0, end - max(start, free))
        free = max(free, end)
    return length


def cell(data: Images, arms: tuple[ArmConfig, ...], batch_size: int, steps: int) -> list[list[str]]:
    """A row for each loop."""
    rows, bare_ms = [], math.nan
    for name in LOOPS:
        own = OWN_STEPS if name.startswith("NormScope") and data.train_images.is_cuda else 1
        ms, busy = _measure(name, data, arms, batch_size, own * steps)
        bare_ms = ms if name == "bare" and isinstance(ms, float) else bare_ms
        rows.append(
            [", ".join(arm.name for arm in arms), f"{batch_size:,}", name, *_figures(ms, busy, bare_ms, batch_size)]
        )
        print(" | ".join(rows[-1]), flush=True)
    return rows


def _figures(ms: float | str, busy: float | None, bare_ms: float, batch_size: int) -> list[str]:
    if isinstance(ms, str):
        return [ms, "", "", ""]
    share = "–" if busy is None else f"{100 * busy / (ms / 1000):.0f} %"
    return [f"{ms:.3f}", f"{batch_size / ms * 1000:,.0f}", f"{bare_ms / ms:.2f}", share]


def _measure(
    name: str, data: Images, arms: tuple[ArmConfig, ...], batch_size: int, steps: int
) -> tuple[float | str, float | None]:
    """(ms a step of all arms, or why not; seconds a step in which the device is busy, where that can be seen)."""
    if batch_size > len(data.train_images):
        return f"there are {len(data.train_images):,} images only", None
    config = lasting(WARM_STEPS + steps + 1, data, batch_size, arms)
    device, first, profiled = data.train_images.device, WARM_STEPS + 1, min(steps, PROFILED_STEPS)
    clock, busy = Stopwatch(device, first, first + steps), BusyWatch(device, first, first + profiled)
    try:
        if device.type == "cuda":
            torch.cuda.empty_cache()  # what a loop before this one has left
        LOOPS[name](config, data, clock)
        if device.type == "cuda":
            LOOPS[name](config, data, busy)
    except torch.OutOfMemoryError:
        return NO_MEMORY, None
    except RuntimeError as error:  # a loader's workers that ended: the other loops' figures stay
        return f"not done: {_first_line(error)}", None
    return 1000 * clock.seconds / steps, busy.seconds / profiled or None


if __name__ == "__main__":
    main()
