"""Lessons run to their end without a page: how long each takes, and how far its check is from its margin.

    python -m bench lessons                               all of them, written to bench/RESULTS.md
    python -m bench.lessons vanishing-gradients           one
    python -m bench.lessons vanishing-gradients --seeds 3 with the seeds 0, 1, 2: what a margin is taken from
    python -m bench.lessons vanishing-gradients --step 1  one step of it
    python -m bench.lessons vanishing-gradients --record  kept beside the lesson, for who would stand in line

What decides is a lead, or the distance from an edge, as the check's margin is: a difference or a factor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core.experiment.environment import fix_products

fix_products()  # before PyTorch is there

import torch  # noqa: E402

from core.lessons import recorded  # noqa: E402
from core.lessons.catalog import lesson, lessons  # noqa: E402
from core.lessons.checks import Outcome, outcome  # noqa: E402
from core.lessons.lesson import Lesson, Step  # noqa: E402
from core.lessons.trying import Ran, found_by, ran, seeded  # noqa: E402
from core.runs.origin import COMMAND_LINE, origin  # noqa: E402
from core.store.recording import Networks, Recording  # noqa: E402
from core.training.crew import share_cores  # noqa: E402
from core.training.records import StatusChanged  # noqa: E402


@dataclass(frozen=True, slots=True)
class Tried:
    """One step, run once."""

    lesson: Lesson
    number: int
    step: Step
    seed: int
    minutes: float
    found: Outcome


def report(repeats: int) -> str:
    """Each lesson once, however often pairs are measured."""
    tried = list(_tries(lessons(), None, None))
    minutes = sum(each.minutes for each in tried)
    head = "| lesson | step | minutes | answer | what decides | margin |\n|---|---|---|---|---|---|"
    return "\n".join([f"## Lessons\n\n{minutes:.1f} minutes in all.\n", head, *map(_row, tried)])


def _tries(chosen: Iterable[Lesson], number: int | None, seeds: int | None) -> Iterator[Tried]:
    """With the steps' own seeds, or with the first so many."""
    for each in chosen:
        for at, step in enumerate(each.steps, 1):
            if number in (None, at):
                own = step.experiments[0].seed if step.experiments else 0
                for seed in (own,) if seeds is None else range(seeds):
                    yield _try(each, at, step if seeds is None else seeded(step, seed), seed)


def _try(of: Lesson, number: int, step: Step, seed: int) -> Tried:
    began = time.monotonic()
    found = found_by(step, seed)
    return Tried(of, number, step, seed, (time.monotonic() - began) / 60, found)


def _row(tried: Tried) -> str:
    deciding = "–" if tried.found.deciding is None else f"{tried.found.deciding:.3g}"
    answer = tried.found.answer if tried.found.answer is not None else "undecided"
    check = tried.step.check
    margin = f"{check.margin:g} ({check.how.scale})"
    return f"| {tried.lesson.slug} | {tried.number} | {tried.minutes:.2f} | {answer} | {deciding} | {margin} |"


def _record(chosen: Iterable[Lesson], number: int | None) -> Iterator[tuple[str, Path]]:
    """Each experiment as it is run here, and what the step's numbers then say."""
    for each in chosen:
        for at, step in enumerate(each.steps, 1):
            if number in (None, at) and step.experiments:
                made = [_recorded(each, at, which, step) for which in range(len(step.experiments))]
                found = outcome(step, [ran.evidence for ran, _ in made])
                for _, path in made:
                    yield f"{found.answer or found.why}: {found.numbers}", path


def _recorded(of: Lesson, number: int, which: int, step: Step) -> tuple[Ran, Path]:
    config, started = step.experiments[which], datetime.now(UTC).replace(microsecond=0)
    found = ran(config, step.check.how.question)
    begun, ended = StatusChanged("running", 0), StatusChanged(found.status, config.total_steps)
    recording = Recording(
        id="",
        name="",
        config=config,
        asked=config,
        status=found.status,
        origin=replace(origin(COMMAND_LINE, torch.device("cpu")), started=started),
        records=(begun, *found.records, ended),
        looks=lambda: found.looks,
        network_steps=(),
        networks=_none_kept,
    )
    kept = recorded.thinned(step, recording)
    return found, recorded.write(of.slug, number, which, kept, found.answers)


def _none_kept(step: int) -> Networks:
    raise LookupError(f"no networks are kept, of step {step} neither")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.lessons", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="*", metavar="lesson", help="the names of folders in core/lessons (all)")
    parser.add_argument("--step", type=int, help="only this step, from 1")
    parser.add_argument("--seeds", type=int, help="with the seeds 0 to this, in place of the lesson's own")
    parser.add_argument("--record", action="store_true", help="keep the runs beside their lessons")
    options = parser.parse_args()
    share_cores()
    chosen = [lesson(Path(name).name) for name in options.lessons] or lessons()
    if options.record:
        for said, path in _record(chosen, options.step):
            print(f"{path}: {path.stat().st_size:,} bytes. {said}", flush=True)
        return
    for tried in _tries(chosen, options.step, options.seeds):
        print(f"{_row(tried)} seed {tried.seed}\n    {tried.found.numbers} {tried.found.why}", flush=True)


if __name__ == "__main__":
    main()
