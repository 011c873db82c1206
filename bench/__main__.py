"""python -m bench: how fast NormScope trains and shows, mostly as ratios, written to bench/RESULTS.md.

    python -m bench                     every section
    python -m bench training layers     these only; the others keep what was measured before
    python -m bench store --pairs 15    what keeping runs costs: some ten minutes on two quiet cores
    python -m bench soak --steps 10000  a tenth of the long run with watchers who come and go

What is compared is measured alternately in one process, so that a busy machine is busy for both. Absolute times are
this machine's.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from core.experiment.environment import fix_products

fix_products()  # before PyTorch is there

from core.data.device import best_device, describe  # noqa: E402
from core.training.crew import share_cores  # noqa: E402

RESULTS = Path(__file__).parent / "RESULTS.md"
SECTIONS = (
    "training",
    "profiling",
    "layers",
    "watching",
    "load",
    "soak",
    "strip",
    "page",
    "scaling",
    "store",
    "lessons",
    "lab",
)  # a module each, with report(repeats)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.description = __doc__
    parser.add_argument(
        "sections", nargs="*", metavar="section", choices=[*SECTIONS, []], default=[], help="which to measure (all)"
    )
    parser.add_argument("--repeats", type=int, default=7, help="how often each pair is measured (default 7)")
    parser.add_argument("--pairs", type=int, default=15, help="how many pairs `store` measures (default 15)")
    parser.add_argument("--steps", type=int, default=100_000, help="how many steps `soak` trains (default 100,000)")
    options = parser.parse_args()
    share_cores()
    found = _kept()
    for name in options.sections or SECTIONS:
        report: Callable[[int], str] = importlib.import_module(f"bench.{name}").report
        times = {"store": options.pairs, "soak": options.steps}.get(name, options.repeats)
        found[name] = f"<!-- {name} -->\n{report(times).strip()}\n\n{_circumstances()}\n"
        RESULTS.write_text("\n".join(["# Speed\n", *(found[name] for name in SECTIONS if name in found)]))
        print(found[name])


def _kept() -> dict[str, str]:
    """The sections that RESULTS.md has, by name."""
    parts = re.split(r"<!-- (\w+) -->\n", RESULTS.read_text())[1:] if RESULTS.exists() else []
    return {name: f"<!-- {name} -->\n{text.strip()}\n" for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _circumstances() -> str:
    return f"*{date.today()}, {describe(best_device())}, {platform.system()}, Python {platform.python_version()}.*"


if __name__ == "__main__":
    main()
