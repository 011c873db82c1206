"""A long run with watchers who come and go: whether memory stays, updates stay small, and what tabs took is given back.

standing   memory, threads and open files of a process, as /proc has them
kept       what of it was not given back
returned   tabs opened and closed, and how the server stood before and after
Line       a visitor whose line breaks again and again; `lost` is what they never had
soaked     one run, watched: what was found
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.asking import Client
from bench.server import served
from bench.tabs import FAILED, opened
from bench.timings import table
from bench.watchers import ENDED

STEPS = 100_000
EARLY, EARLY_UPDATE = 0.1, 0.01  # of all steps: memory and updates are compared with those at 10,000 and at 1,000
MOST_MB = 30.0
MOST_THREADS, MOST_FILES = 4, 16  # a pool's thread, the sessions of VISIT_S: not some for each tab
MOST_GROWTH = 1.05  # of an update: larger numbers have more digits
TABS, AT_ONCE = 500, 8
GOING = 4  # watchers who come and go at the same time
STAYING_S = 2.0
BREAKS_S = 8.0
SETTLED_S = 120.0  # Streamlit keeps a session for 30 s after its tab has gone, and until somebody else comes
FILLED_S = 45.0  # so long the sessions of those who have gone become more, with four files each
VISIT_S = 15.0
BATCH, DIGITS = 4, 1437
SENTENCES = ("verdict", "reasons", "notes")
MOST_REFUSED = 5  # one after the other
EARLIER_TABS = 40  # the first ones bring what stays: compiled scripts, pools, arenas


class Standing(NamedTuple):
    """Of a process, at a moment."""

    memory_mb: float
    threads: int
    files: int


def standing(process: int) -> Standing:
    """What the process takes of the system now."""
    folder = Path("/proc") / str(process)
    told = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    memory = int(told["VmRSS"].split()[0]) / 1000
    return Standing(memory, int(told["Threads"]), len(list((folder / "fd").iterdir())))


def kept(before: Standing, after: Standing) -> list[str]:
    """What was not given back, in words; empty where all was."""
    more = Standing(*(late - early for early, late in zip(before, after, strict=True)))
    most = Standing(MOST_MB, MOST_THREADS, MOST_FILES)
    return [
        f"{name}: {amount:.0f} more than before"
        for name, amount, least in zip(Standing._fields, more, most, strict=True)
        if amount > least
    ]


# --- tabs that come and go --------------------------------------------------------------------------------------------


async def returned(
    address: str, process: int, count: int, patience: float = SETTLED_S, earlier: int = EARLIER_TABS
) -> tuple[Standing, Standing]:
    """(before, after) `count` tabs are opened, all of them there at once, and closed; after as soon as all is back."""
    await _open(address, earlier)
    await asyncio.sleep(patience / 3)
    await _open(address, 1)
    before = standing(process)
    await _open(address, count)
    return before, await _settled(address, process, before, patience)


async def _open(address: str, count: int) -> None:
    turns, there = asyncio.Semaphore(AT_ONCE), asyncio.Barrier(count)

    async def one() -> None:
        await turns.acquire()
        async with opened(address):
            turns.release()
            await there.wait()

    await asyncio.gather(*(one() for _ in range(count)))


async def _settled(address: str, process: int, before: Standing, patience: float) -> Standing:
    """How it stands once all is given back, or the patience has ended. Somebody comes now and then."""
    deadline, visit = time.monotonic() + patience, 0.0
    while kept(before, now := standing(process)) and time.monotonic() < deadline:
        if time.monotonic() >= visit:
            await _open(address, 1)
            visit = time.monotonic() + min(VISIT_S, patience / 6)
        await asyncio.sleep(0.2)
    return now


# --- who watches ------------------------------------------------------------------------------------------------------


@dataclass
class Line:
    """One who asks for news until the run has ended, and whose line breaks every so many seconds."""

    address: str
    run: str
    breaks: float = BREAKS_S
    hz: float = 4.0
    had: set[int] = field(default_factory=set)
    failed: list[int] = field(default_factory=list)  # the status of each answer that was none
    updates: list[tuple[int, int]] = field(default_factory=list)  # (step, bytes of an answer, less its sentences)
    step = 0

    async def watch(self) -> None:
        """Returns when the run has ended, and the last of it has come."""
        latest, status, broken = 0, "", time.monotonic()
        async with Client(self.address) as client:
            while status not in ENDED:
                if time.monotonic() - broken > self.breaks:
                    broken = time.monotonic()
                    await _cut(client, f"/api/runs/{self.run}/points?since={latest}")
                told = await self._asked(client, latest)
                if told is not None:
                    latest, status, self.step = told["latest"], told["state"]["status"], told["state"]["step"]
                    self.had.update(record["seq"] for record in told["records"])
                    await self._weigh(client, latest)
                await asyncio.sleep(1 / self.hz)

    async def _asked(self, client: Client, since: int) -> dict[str, Any] | None:
        answer = await client.ask(f"/api/runs/{self.run}/points?since={since}")
        if answer.status != 200:
            self.failed.append(answer.status)
            return None
        told: dict[str, Any] = answer.json()
        return told

    async def _weigh(self, client: Client, latest: int) -> None:
        answer = await client.ask(f"/api/runs/{self.run}/points?since={max(0, latest - 1)}")
        if answer.status == 200 and [each["kind"] for each in answer.json()["records"]] == ["train"]:
            self.updates.append((self.step, _numbers(answer.json())))

    def lost(self, kept_records: set[int]) -> set[int]:
        """What the server has of the run, and this one never had."""
        return kept_records - self.had


def _numbers(told: dict[str, Any]) -> int:
    """Bytes of an update less what is said of the run in words, which changes with it and is a few lines."""
    state = {key: value for key, value in told["state"].items() if key not in SENTENCES}
    return len(json.dumps(told | {"state": state}, separators=(",", ":")))


async def _cut(client: Client, path: str) -> None:
    """Ask, and hang up before the answer is read."""
    asked = asyncio.create_task(client.ask(path))
    await asyncio.sleep(0)
    client.close()
    await asked


async def come_and_go(address: str, run: str, ended: asyncio.Event) -> tuple[int, list[str]]:
    """Open the run's page, ask for news, leave, come again: (how often, what failed)."""
    came, failed = 0, []
    while not ended.is_set():
        try:
            async with opened(address, "", f"run={run}"), Client(address) as client:
                came, until = came + 1, time.monotonic() + STAYING_S
                while time.monotonic() < until:
                    answer = await client.ask(f"/api/runs/{run}/points?since=0")
                    failed += [f"an answer of {answer.status}"] * (answer.status != 200)
                    await asyncio.sleep(0.25)
        except FAILED as error:
            failed.append(str(error)[:80])
    return came, failed


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Soaked:
    """What was found."""

    steps: int
    early: Standing
    late: Standing
    updates: tuple[float, float]  # bytes, early and late
    came: int
    failed: list[str]
    lost: int

    def faults(self) -> list[str]:
        """What is not as it must be."""
        found = [f"the run: {each}" for each in kept(self.early, self.late)]
        if self.updates[1] > MOST_GROWTH * self.updates[0]:
            found.append(f"an update grew from {self.updates[0]:.0f} to {self.updates[1]:.0f} bytes")
        if self.lost:
            found.append(f"{self.lost} records never came to who lost the line")
        return found + [f"failed: {each}" for each in sorted(set(self.failed))]


async def soaked(address: str, process: int, steps: int, breaks: float = BREAKS_S, filled: float = FILLED_S) -> Soaked:
    """Train that many steps of the built-in digits, watched by who comes and goes, and by one whose line breaks."""
    epochs = max(1, steps * BATCH // DIGITS)
    query = f"data=digits&examples={DIGITS}&batch={BATCH}&arms=none&epochs={epochs}"
    async with opened(address, "", query) as tab:
        await tab.order("start")
        if tab.elements["training"]["notices"] or not tab.run:
            raise RuntimeError(f"The run was not begun: {tab.elements['training']['notices']}")
        line, ended = Line(address, tab.run, breaks), asyncio.Event()
        going = [asyncio.create_task(come_and_go(address, tab.run, ended)) for _ in range(GOING)]
        watching = asyncio.create_task(line.watch())
        total = epochs * -(-DIGITS // BATCH)
        await asyncio.wait([watching], timeout=filled)
        early = await _at(line, EARLY * total, watching, process)
        await watching
        late = standing(process)
        ended.set()
        came, failed = zip(*await asyncio.gather(*going), strict=True)
        refused, told = await _told(address, tab.run)
    lost = line.lost({record["seq"] for record in told["records"]})
    refusals = [f"an answer of {status}" for status in [*line.failed, *refused]]
    failures = refusals + [each for some in failed for each in some]
    return Soaked(total, early, late, _sizes(line.updates, total), sum(came), failures, len(lost))


async def _told(address: str, run: str) -> tuple[list[int], Any]:
    """All that the run has told; and what was answered before that, where answers fail."""
    refused: list[int] = []
    async with Client(address) as client:
        while (answer := await client.ask(f"/api/runs/{run}/points?since=0")).status != 200:
            refused.append(answer.status)
            if len(refused) == MOST_REFUSED:
                raise ConnectionError(f"The server answers {answer.status} again and again.")
    return refused, answer.json()


async def _at(line: Line, step: float, watching: asyncio.Task[None], process: int) -> Standing:
    while line.step < step and not watching.done():
        await asyncio.sleep(0.1)
    return standing(process)


def _sizes(updates: list[tuple[int, int]], total: int) -> tuple[float, float]:
    """Medians of the first ones after EARLY_UPDATE of all steps, and of the last ones before the end.

    By their order, not by their steps: where a machine is busy, who asks for news has those of many steps at once, and
    only now and then those of one.
    """
    sizes = [size for step, size in updates if EARLY_UPDATE * total / 2 <= step < total] or [0]
    some = max(1, len(sizes) // 10)
    return statistics.median(sizes[:some]), statistics.median(sizes[-some:])


def report(steps: int, tabs: int = TABS) -> str:
    """The section's text."""
    with served("app.py", NORMSCOPE_STORE="off") as (address, process):
        began = time.perf_counter()
        found = asyncio.run(soaked(address, process, steps))
        minutes = (time.perf_counter() - began) / 60
    with served("app.py", NORMSCOPE_STORE="off") as (address, process):
        # The first ones have the process grow to what so many at once take, which it keeps; the second find a leak.
        begun, before = asyncio.run(returned(address, process, tabs, SETTLED_S / 3))
        _, after = asyncio.run(returned(address, process, tabs, earlier=1))
    about = _about_tabs(begun, before, after, tabs)
    return "\n\n".join([_about_run(found, minutes), about, _verdict(found, before, after)])


def _about_run(found: Soaked, minutes: float) -> str:
    header = ["", "memory, MB", "threads", "open files", "bytes of an update, less its sentences"]
    rows = [
        [
            f"early (step {EARLY * found.steps:,.0f} or {FILLED_S:g} s; the update {EARLY_UPDATE * found.steps:,.0f})",
            *_cells(found.early),
        ],
        ["at the end", *_cells(found.late)],
    ]
    rows = [[*row, f"{size:,.0f}"] for row, size in zip(rows, found.updates, strict=True)]
    return (
        f"## Soak\n\n{found.steps:,} steps of one arm in {minutes:.1f} minutes, {GOING} watchers at once who came "
        f"{found.came:,} times, and one whose line broke every {BREAKS_S:g} s.\n\n{table(header, rows)}"
    )


def _about_tabs(begun: Standing, before: Standing, after: Standing, tabs: int) -> str:
    whose = {f"before (after {EARLIER_TABS} others)": begun, f"after {tabs}": before, f"after {tabs} more": after}
    rows = [[when, *_cells(now)] for when, now in whose.items()]
    return f"{tabs} tabs, all open at once, then closed:\n\n{table(['', 'memory, MB', 'threads', 'open files'], rows)}"


def _verdict(found: Soaked, before: Standing, after: Standing) -> str:
    faults = [*found.faults(), *(f"the tabs: {each}" for each in kept(before, after))]
    return (
        f"Not as it must be: {'; '.join(faults)}."
        if faults
        else "All within the bounds; no answer failed, none was lost."
    )


def _cells(now: Standing) -> list[str]:
    return [f"{now.memory_mb:,.0f}", str(now.threads), str(now.files)]
