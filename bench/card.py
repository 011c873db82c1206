"""python -m bench.card: everything that only a CUDA card can show, in under ten minutes. Writes after every part.

    tests    the tests that need a card (pytest -m cuda)
    speed    python -m bench.gpu: NormScope's loop against loops written by hand
    look     First look from Start to its verdict, on a server that is warm
    seeds    20 seeds of First look's arms at once, and one after another
    profile  the kernels of one captured step

Needs torch, torchvision, numpy, scikit-learn, safetensors, tqdm and pytest, of whatever version. `--device cpu --quick`
tries the parts out where there is no card; what it prints then means nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from bench.gpu import images, synchronize
from bench.timings import table
from core.data.device import best_device, describe
from core.data.images import Images, load
from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.runs.manager import RunManager
from core.training.records import Record
from core.training.seeds import train_seeds
from core.training.trainer import Training, train
from core.words.verdict import verdict

SEEDS = 20
CARD_TESTS = (  # by name: other files import what is not to be had there
    "tests/core/nets/test_card.py",
    "tests/core/training/test_ahead.py",
    "tests/core/training/test_seeds.py",
    "tests/core/training/test_training_on_card.py",
    "tests/core/runs/test_runs_on_card.py",
    "tests/core/lab/test_measure_on_card.py",
    "tests/core/data/test_images.py",
)
HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.card", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.description = __doc__
    parser.add_argument("parts", nargs="*", default=[], help=f"which ({', '.join(PARTS)}; all)")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--quick", action="store_true", help="a few steps of each")
    parser.add_argument("--out", type=Path, default=HERE / "card", help="a folder for what each part finds")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("There is no CUDA device here: nothing was measured. `--device cpu --quick` tries the parts out.")
    options.out.mkdir(parents=True, exist_ok=True)
    failed = [name for name in options.parts or PARTS if not _done(name, options)]
    sys.exit(f"Not as it should be: {', '.join(failed)}." if failed else 0)


def _done(name: str, options: argparse.Namespace) -> bool:
    began = time.perf_counter()
    try:
        said, right = PARTS[name](options)
    except Exception as error:  # noqa: BLE001  (the other parts shall be done; a card is lent for minutes)
        said, right = f"failed: {type(error).__name__}: {error}", False
    words = f"## {name}\n\n{said}\n\n({time.perf_counter() - began:.0f} s)\n"
    (options.out / f"{name}.md").write_text(words)
    print(words, flush=True)
    return right


def tests(options: argparse.Namespace) -> tuple[str, bool]:
    """The tests that need a card; on a processor those of the same files that do not."""
    marked = ["-m", "cuda"] if options.device == "cuda" else []
    files = [*CARD_TESTS] if options.device == "cuda" else CARD_TESTS[:2]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "4",  # a test waits for the processor that calls, not for the card
        "-W",
        "default",
        "-rfE",
        "--tb=short",
        "--timeout=60",
        *marked,
        *files,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent, check=False)
    return f"```\n{done.stdout[-12_000:]}{done.stderr[-2_000:]}\n```", done.returncode == 0


def speed(options: argparse.Namespace) -> tuple[str, bool]:
    """The loops beside each other."""
    out = options.out / "speed-table.md"
    quick = ["--quick"] * options.quick
    command = [sys.executable, "-m", "bench.gpu", "--device", options.device, "--out", str(out), *quick]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent, check=False)
    return done.stdout[-8_000:] + done.stderr[-1_000:], done.returncode == 0


def look(options: argparse.Namespace) -> tuple[str, bool]:
    """From Start to the verdict, the second and third time."""
    config = PRESETS["First look"]
    manager = RunManager(device=torch.device(options.device))
    seconds, said = [], ""
    for _ in range(1 if options.quick else 4):
        began = time.perf_counter()
        run = manager.submit(config)
        run.join("bench")
        manager.join(run)
        said = verdict(run.config, run.history, run.status == "finished")
        seconds.append(time.perf_counter() - began)
    first, *others = (f"{each:.2f}" for each in seconds)
    return (
        f"{run.config.data}: cold {first} s, then {', '.join(others)} s. {run.status}: {said}",
        run.status == "finished",
    )


def seeds(options: argparse.Namespace) -> tuple[str, bool]:
    """Runs a minute, together and one after another: the same training, the same tests at each epoch's end."""
    config, data = PRESETS["First look"], _all_images(options.device)
    if options.quick:
        config = replace(config, examples=1024, epochs=1)
    config = replace(config, examples=min(config.examples, len(data.train_images)))
    count = 2 if options.quick else SEEDS
    train(replace(config, epochs=1), data, _nobody)  # for the libraries' sake
    train_seeds(replace(config, epochs=1), data, range(count))
    alone = [_seconds(partial(train, replace(config, seed=seed), data, _nobody)) for seed in range(min(count, 5))]
    apart = sum(alone) / len(alone) * count
    together = _seconds(lambda: train_seeds(config, data, range(count)))
    return (
        f"{count} seeds of {len(config.arms)} arms, {config.total_steps} steps, {data.name}: "
        f"{together:.2f} s together, {apart:.2f} s one after another (from {len(alone)}): "
        f"{apart / together:.1f} times the runs a minute."
    ), True


def _nobody(record: Record) -> None:
    """What is measured is nobody's here."""


def _seconds(work: Callable[[], object]) -> float:
    device = best_device()
    synchronize(device)
    began = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - began


def _all_images(device: str) -> Images:
    few = images(torch.device(device))
    return load(few.name, device=device) if few.name == "fashion-mnist" else few


def profile(options: argparse.Namespace) -> tuple[str, bool]:
    """What a step of each arm consists of."""
    if options.device == "cpu":
        return "needs a card", True
    data = images(torch.device("cuda"))
    return "\n\n".join(_kernels(name, data) for name in ("none", "bn", "ln")), True


def _kernels(arm: str, data: Images, steps: int = 20) -> str:
    config = ExperimentConfig(data="fashion-mnist", examples=60_000, epochs=2, arms=(parse_arm(arm),))
    training = Training(config, data)
    for _ in range(20):
        training.advance()
    training.settle()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as found:
        for _ in range(steps):
            training.advance()
        training.settle()
    times: dict[str, list[float]] = {}
    for event in found.events():
        if event.device_type == torch.autograd.DeviceType.CUDA:
            times.setdefault(event.name[:90], []).append(event.time_range.end - event.time_range.start)
    total = sum(map(sum, times.values())) / steps
    rows: list[Sequence[str]] = [
        (f"{sum(each) / steps:.1f}", f"{len(each) / steps:.0f}", name.replace("|", "/"))
        for name, each in sorted(times.items(), key=lambda item: -sum(item[1]))[:18]
    ]
    head = f"{arm}: {sum(map(len, times.values())) / steps:.0f} kernels a step, {total:.0f} µs if one after another"
    return f"{head}\n\n{table(('µs a step', 'times', 'kernel'), rows)}"


PARTS: dict[str, Callable[[argparse.Namespace], tuple[str, bool]]] = {
    "tests": tests,
    "speed": speed,
    "look": look,
    "seeds": seeds,
    "profile": profile,
}


if __name__ == "__main__":
    print(describe(best_device()), flush=True)
    main()
