"""Crowds of tabs: `python -m bench.crowd ADDRESS visitors|followers COUNT SECONDS`, in a process without torch.

visitors   come within half of the SECONDS, open all pages in the other half and press Start; every fifth has a seed of
           their own, and so an experiment of their own, the others press it on the same
followers  have a class link open when the teacher begins another run; SECONDS are how often each asks for news

Prints what became of them as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

from bench.asking import Client
from bench.tabs import FAILED, Tab, opened

PAGES = ("activations", "gradients", "parameters", "cube", "lessons", "lab", "runs", "reference", "")
EVERY = 5  # of the visitors has an experiment of their own
AT_ONCE = 8  # tabs that are opened
APART_S, MOST_S = 0.02, 8.0  # as assets/shared/attending.js spreads followers out
PATIENCE_S = 60.0
PLACE = "a place"
SOON_S = 2.0  # in which whoever waits is to have a time


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("kind", choices=["visitors", "followers"])
    parser.add_argument("count", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    crowd = visitors if options.kind == "visitors" else followers
    started = time.perf_counter()
    told = asyncio.run(crowd(options.address, options.count, options.seconds))
    print(json.dumps(told | {"core": time.process_time() / (time.perf_counter() - started)}))


# --- visitors ---------------------------------------------------------------------------------------------------------


async def visitors(address: str, count: int, seconds: float) -> dict[str, Any]:
    """How many had what, and the longest that one waited for it."""
    done = asyncio.Barrier(count)  # who has had an answer keeps the page open, or a run would end for want of a watcher
    visits = [_visit(address, number, number / count * seconds / 2, seconds / 2, done) for number in range(count)]
    found = await asyncio.gather(*visits)
    return {"had": dict(Counter(had for had, _ in found)), "longest_s": max(waited for _, waited in found)}


async def _visit(address: str, number: int, wait: float, span: float, done: asyncio.Barrier) -> tuple[str, float]:
    await asyncio.sleep(wait)
    found = ("failed", 0.0)
    try:
        async with opened(address, "", f"seed={number}" if number % EVERY == 0 else "seed=1") as tab:
            for page in PAGES:
                await asyncio.sleep(span / len(PAGES))
                await tab.turn(page)
            before = time.perf_counter()
            await tab.order("start")
            while (had := await _had(address, tab)) == PLACE and time.perf_counter() - before < SOON_S:
                await asyncio.sleep(0.2)  # as pages ask; before any run has taken a step, no time can be told
            found = had, time.perf_counter() - before
            await done.wait()
    except FAILED as error:
        found = f"failed: {error}"[:80], 0.0
        await done.wait()
    return found


async def _had(address: str, tab: Tab) -> str:
    if tab.elements["training"]["notices"] and not tab.run:
        return "a refusal in words"
    async with Client(address) as client:
        answer = await client.ask(f"/api/runs/{tab.run}/points")
    if answer.status != 200:
        return f"an answer of {answer.status}"
    state = answer.json()["state"]
    if state["shared"]:
        return "a shared run"
    if not state["place"]:
        return "a run"
    return PLACE if state["wait_seconds"] is None else "a place with a time"


# --- followers --------------------------------------------------------------------------------------------------------


async def followers(address: str, count: int, seconds: float) -> dict[str, Any]:
    """How long the first and the last follower took to have the teacher's next run, and how many never had it."""
    async with AsyncExitStack() as still, opened(address, "", "seed=7") as teacher:
        await teacher.order("start")
        await teacher.order("class", address=address)
        lesson = teacher.elements["training"]["class"]["id"]
        began = time.perf_counter()
        tabs = await _open_all(still, address, count, f"class={lesson}")
        took = time.perf_counter() - began
        following = [asyncio.create_task(_follow(address, tab, lesson, seconds, count)) for tab in tabs]
        await teacher.order("restart")
        pressed = time.perf_counter()
        arrived = [at - pressed for at in await asyncio.gather(*following) if at]
        return {"opened_s": took, "there": len(arrived), "of": count, "last_s": max(arrived, default=0.0)}


async def _open_all(still: AsyncExitStack, address: str, count: int, query: str) -> list[Tab]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one() -> Tab | None:
        async with turns:
            try:
                return await still.enter_async_context(opened(address, "", query))
            except FAILED:
                return None

    return [tab for tab in await asyncio.gather(*(one() for _ in range(count))) if tab is not None]


async def _follow(address: str, tab: Tab, lesson: str, seconds: float, count: int) -> float:
    """When the tab had the teacher's next run in view; 0 if it never had."""
    had, deadline = tab.run, time.perf_counter() + PATIENCE_S
    async with Client(address) as client:
        await asyncio.sleep(random.uniform(0, seconds))
        while time.perf_counter() < deadline:
            answer = await client.ask(f"/api/classes/{lesson}")
            if answer.status == 200 and answer.json()["class"].get("run") != had:
                break
            await asyncio.sleep(seconds)
    await asyncio.sleep(random.uniform(0, min(MOST_S, APART_S * count)))
    try:
        await tab.order("follow")
    except FAILED:
        return 0.0
    return time.perf_counter() if tab.run != had else 0.0


if __name__ == "__main__":
    main()
