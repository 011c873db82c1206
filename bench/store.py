"""What keeping runs costs, how long a thousand of them take to list, how large one is, and what kill -9 loses.

Some ten minutes on two quiet cores: 15 pairs take three, the kills of a real server six. With fewer pairs than 15 there
are fewer kills, too.
"""

from __future__ import annotations

import json
import math
import random
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import torch

from bench.ended import ended, gone_on
from bench.kills import CONFIG, measured
from bench.loops import few_tests, images
from bench.server import serving_runs
from bench.timings import table, with_range
from bench.two_processes import read_beside
from core.data.images import Images, load
from core.experiment.config import ExperimentConfig
from core.runs.gallery import Gallery
from core.runs.kept_run import KeptRun
from core.runs.line import Line
from core.runs.origin import PAGE, begun
from core.runs.run import Run
from core.runs.writer import Writer
from core.store.card import INTERRUPTED, Begun, Card, write_card
from core.store.recording import Origin
from core.store.run_file import FILE
from core.store.shelf import RUNS, Shelf
from core.training.crew import crew
from core.training.records import Record
from core.training.trainer import train

STEPS, RUNS_LISTED = 234, 1000
PAIRS, KILLS, LAST_STEP, RECORDS_BESIDE = 15, 20, 250, 2000  # of all that is measured in full
MOMENTS = random.Random(0)

Times = tuple[float, float]


def execute(config: ExperimentConfig, data: Images, shelf: Shelf | None) -> Run:
    """To its end, as a server does it: with looks on schedule, and on the shelf if there is one."""
    run, writer = Run(config, Line(), math.inf), Writer(shelf) if shelf is not None else None
    device = data.train_images.device
    if writer is not None:
        writer.keep(run, partial(begun, run, PAGE, device))
    with crew(device, config, spare=1) as workers:
        train(config, data, run.publish, run, workers)
    run.end("finished")
    if writer is not None:
        writer.wait_for(run, 60)
        writer.close(60)
    return run


def processor_seconds(work: Callable[[], object]) -> Times:
    """(processor time of the whole process, wall time)."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - spent, time.perf_counter() - began


def writers_share(work: Callable[[], object]) -> float:
    """The writer's thread's part of the process's processor time: it needs no second run to compare with."""
    write, spent = Writer._write, [0.0]

    def timed(writer: Writer) -> None:
        began = time.thread_time()
        write(writer)
        spent[0] += time.thread_time() - began

    Writer._write = timed  # type: ignore[method-assign]
    try:
        whole = processor_seconds(work)[0]
        return spent[0] / whole
    finally:
        Writer._write = write  # type: ignore[method-assign]


def report(pairs: int) -> str:
    home = Path(tempfile.mkdtemp())
    try:
        return _report(pairs, Shelf(home, 10**12))
    finally:
        shutil.rmtree(home)


def _report(pairs: int, shelf: Shelf) -> str:
    moments = min(KILLS, max(1, KILLS * pairs // PAIRS))  # fewer where it is only tried out
    return f"""## Store

{_cost(pairs, shelf)}

{_size(shelf)}

{_many(shelf)}

{_kills(moments)}

{_beside(moments, RECORDS_BESIDE * moments // KILLS)}
"""


def _cost(pairs: int, shelf: Shelf) -> str:
    data = few_tests(images())
    config = ExperimentConfig(data=data.name, examples=min(256 * STEPS, len(data.train_images)), epochs=1)
    with_it, without = (partial(execute, config, data, each) for each in (shelf, None))
    with_it(), without()
    times = [_pair(number, without, with_it) for number in range(pairs)]
    return _told(config, times, [100 * writers_share(with_it) for _ in range(3)])


def _told(config: ExperimentConfig, times: Sequence[tuple[Times, Times]], shares: Sequence[float]) -> str:
    """`times` are (without, with) it, pair by pair; `shares` are the writer's, in percent."""
    found = [
        [what, with_range(ratios, 3), target, " ".join(f"{ratio:.3f}" for ratio in ratios)]
        for i, (what, target) in enumerate((("processor time", "1.02"), ("wall time", "")))
        if (ratios := [kept[i] / plain[i] for plain, kept in times])
    ]
    seconds = median(plain[0] for plain, _ in times), median(kept[0] for _, kept in times)
    return f"""{config.total_steps} mini-batches of First look ({config.data}), looks on schedule, with the store and
without it; {len(times)} pairs, of which every second begins with the store. Processor time of the whole process:
{seconds[0]:.2f} s without, {seconds[1]:.2f} s with it.

{table(["with / without", "ratio, median", "target", "each pair"], found)}

The writer's thread takes {median(shares):.1f} % of the process's processor time."""


def _pair(number: int, without: Callable[[], object], with_it: Callable[[], object]) -> tuple[Times, Times]:
    """Without and with it. Which comes first alternates: a machine that grows busier or hotter is so for both."""
    if number % 2:
        kept, plain = processor_seconds(with_it), processor_seconds(without)
    else:
        plain, kept = processor_seconds(without), processor_seconds(with_it)
    return plain, kept


def _size(shelf: Shelf) -> str:
    data = load("digits")
    config = ExperimentConfig(data="digits", examples=1280, batch_size=64, epochs=12)
    run = execute(config, data, shelf)
    file = shelf.read(run.id)
    looks = [len(row[0]) for row in file._rows("SELECT body FROM looks")]
    texts = [len(row[0]) for row in file._rows("SELECT body FROM records")]
    networks = [len(row[0]) for row in file._rows("SELECT body FROM networks")]
    rows = [
        ["records", f"{len(texts)}", f"{sum(texts) / 1e3:.0f}"],
        ["looks", f"{len(looks)}", f"{sum(looks) / 1e3:.0f}"],
        ["networks", f"{len(networks)}", f"{sum(networks) / 1e3:.0f}"],
        ["the whole file", "", f"{file.size() / 1e3:.0f}"],
    ]
    file.close()
    opened = median(_seconds(lambda: KeptRun(shelf, run.id, Gallery(None, torch.device("cpu")))) for _ in range(9))
    return f"""A run of three arms and {config.total_steps} mini-batches takes, in kB:

{table(["", "number", "kB"], rows)}

It is opened, with all its records, in {1e3 * opened:.0f} ms."""


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _many(shelf: Shelf) -> str:
    """On a real server, which has listed none before: what it grows by is what a thousand take."""
    card = shelf.cards()[0]
    with tempfile.TemporaryDirectory() as home, serving_runs(Path(home)) as (address, pid):
        many = Shelf(Path(home), 10**12)
        _answered(address)
        before = _megabytes(pid)
        for number in range(RUNS_LISTED):
            copied(shelf, card, many, f"run-{number}")
        first, listed = _answered(address)
        times = [_answered(address)[0] for _ in range(9)]
        grown = _megabytes(pid) - before
        alone = median(_seconds(Shelf(many.home, many.limit).cards) for _ in range(9))
    return f"""{listed:,} runs are listed by a server, all of them to one visitor, in {1e3 * first:.0f} ms the
first time (target: 300), then in {1e3 * median(times):.0f} ms; the server grew by {grown:.0f} MB for it (target: 30). A
new process, as of `runs list`, reads their cards in {1e3 * alone:.0f} ms."""


def _answered(address: str) -> tuple[float, int]:
    """(seconds until all of the answer is there, how many runs it has)."""
    began = time.perf_counter()
    with urlopen(f"{address}/api/runs", timeout=60) as answer:
        content = answer.read()
    return time.perf_counter() - began, len(json.loads(content)["runs"])


def _megabytes(pid: int) -> float:
    """What of the process is in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def copied(shelf: Shelf, card: Card, into: Shelf, name: str) -> None:
    """Its file is the same on the disk: a thousand of them would not fit on every one."""
    folder = into.home / RUNS / name
    folder.mkdir(parents=True)
    (folder / FILE).hardlink_to(shelf.folder(card.id) / FILE)
    write_card(folder, replace(card, id=name))


def _kills(moments: int) -> str:
    """Of a real server, each on the runs of those before it; some fifteen seconds each."""
    config, home = replace(CONFIG, epochs=40), Path(tempfile.mkdtemp())
    shelf, alone = Shelf(home, 10**12), list[Record]()
    train(config, load("digits"), alone.append)
    try:
        kills = [ended(shelf, config, MOMENTS.randint(1, LAST_STEP), signal.SIGKILL) for _ in range(moments)]
        shown = {card.id for card in shelf.cards() if card.status == INTERRUPTED and card.resumable}
        same = [kill for kill in kills if measured(gone_on(shelf, kill.run_id).records) == measured(alone)]
    finally:
        shutil.rmtree(home)
    lost = [max(0, kill.measured - kill.kept) for kill in kills]
    steps = [kill.step for kill in kills]
    return f"""kill -9 at {len(kills)} random moments of a server that trains with momentum, dropout and batch norm,
after {min(steps)} to {max(steps)} mini-batches: {len(shown)} of {len(kills)} runs are interrupted then and can go on,
and {len(same)} of {len(kills)} that went on have the records of one that was never interrupted, bit for bit but for
`seconds`. A watcher had been told of {sum(lost) / len(lost):.1f} records on average, {max(lost)} at most, that were not
on the shelf yet, the first of them {max(kill.lost_seconds for kill in kills):.2f} s before the kill (target: 1)."""


def _beside(kills: int, records: int) -> str:
    """The file grows from kill to kill."""
    begun = Begun(CONFIG, CONFIG, Origin(datetime.now(UTC), PAGE, "", "", "", "", 1))
    with tempfile.TemporaryDirectory() as home:
        file = Shelf(Path(home), 10**12).create("run", begun)
        file.close()
        found = [read_beside(file.folder, records) for _ in range(kills)]
    reads, torn = sum(each.reads for each in found), sum(each.torn for each in found)
    wrong = sum(each.wrong + each.lost for each in found)
    return f"""One process wrote {found[-1].said:,} batches into one file, and was killed with kill -9 {kills} times,
while another read it {reads:,} times: {torn} reads had something else than what had been written by then, and {wrong}
records were lost or wrong in the end."""
