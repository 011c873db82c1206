"""`python -m core status URL`: how a server stands, in ten lines, by what it tells Prometheus."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from core.cli.sweep_progress import duration
from core.data.reasons import why
from core.experiment.rules import quoted
from core.language.message import Message
from core.language.speech import _

PATIENCE_SECONDS = 10.0
MB = 1e6
STARTED = "process_start_time_seconds"

STATUS_DESCRIPTION = Message("""\
How a server of NormScope stands: its runs, who watches, what it answered and how fast, what it uses.

URL is the address of its first page. Exit codes: 0 it answered; 2 it cannot be reached, or tells nobody how it stands,
said in one line.""")


class NoStatus(Exception):
    """Why nothing can be told; its message says so."""


def add_status(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "status", help=_("say in ten lines how a server stands"), description=str(STATUS_DESCRIPTION)
    )
    parser.add_argument("url", metavar="URL", help=_("such as http://localhost:8501"))


def status_command(arguments: argparse.Namespace) -> int:
    """Ask, and say it on stdout. Raises NoStatus."""
    figures = _read(_asked(arguments.url), arguments.url)
    print("\n".join(lines(arguments.url, figures, time.time())))
    return 0


def _asked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        values = {"url": quoted(url)}
        raise NoStatus(
            Message(
                "URL: It must begin with http:// or https://; got {url}. Copy the address of the first page.", values
            )
        )
    address = f"{url.partition('?')[0].rstrip('/')}/api/metrics"
    # Its own machine is asked directly, whatever proxy there is for others.
    opener = build_opener(ProxyHandler({})) if "//localhost" in url or "//127." in url else build_opener()
    try:
        with opener.open(address, timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode(errors="replace"))
    except HTTPError as error:
        raise NoStatus(
            Message(
                "{address} answers with {status}. Give the address of NormScope's first page; where it is that, the "
                "server was started with NORMSCOPE_METRICS=off.",
                {"address": address, "status": error.code},
            )
        ) from error
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        told = why(reason) if isinstance(reason, OSError) else str(reason)
        raise NoStatus(Message("{address} cannot be reached: {why}.", {"address": address, "why": told})) from error


def _read(text: str, url: str) -> Figures:
    """Raises NoStatus where it is another page than that of figures, whoever answered with it."""
    with suppress(ValueError):  # what is no line of Prometheus' format
        found = Figures(text)
        if found.has("normscope_runs"):
            return found
    raise NoStatus(
        Message(
            "{url} answers, but not with the figures of NormScope. Give the address of NormScope's first page.",
            {"url": url},
        )
    )


class Figures:
    """What was told, summed up over the labels that nobody asks for."""

    def __init__(self, text: str) -> None:
        from prometheus_client.parser import text_string_to_metric_families

        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def of(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name with these labels."""
        return float(sum(sample.value for sample in self._all(name, labels)))

    def has(self, name: str) -> bool:
        return any(True for _sample in self._all(name, {}))

    def answered(self, least: int, most: int) -> int:
        """How many answers had a status from `least` to `most`."""
        counts = self._all("normscope_answer_seconds_count", {})
        return int(sum(each.value for each in counts if least <= int(each.labels["status"]) <= most))

    def within(self, share: float, route: str) -> float:
        """In how many seconds that share of the route's answers came, by the bounds that they were sorted into."""
        bounds: dict[float, float] = {}
        for sample in self._all("normscope_answer_seconds_bucket", {"route": route}):
            bound = float(sample.labels["le"])
            bounds[bound] = bounds.get(bound, 0) + sample.value
        most = max(bounds.values(), default=0)
        return next((bound for bound in sorted(bounds) if bounds[bound] >= share * most), 0.0)

    def _all(self, name: str, labels: dict[str, str]) -> Iterable[Any]:
        return (
            sample
            for sample in self._samples
            if sample.name == name and all(sample.labels[key] == value for key, value in labels.items())
        )


def lines(url: str, told: Figures, now: float) -> list[str]:
    """Ten of them."""
    runs = {status: int(told.of("normscope_runs", status=status)) for status in ("running", "queued", "paused")}
    return [
        _up(url, told, now),
        _("runs: {running} computing, {queued} waiting, {paused} paused", **runs),
        _("watched by: {n} open pages", n=int(told.of("normscope_watchers"))),
        _pace(told),
        _("answers: {n:,}", n=told.answered(0, 599)),
        _(
            "refused: {n:,} that asked too often (429), {busy:,} while it was busy (503)",
            n=told.answered(429, 429),
            busy=told.answered(503, 503),
        ),
        _("failed: {n:,} (500)", n=told.answered(500, 502) + told.answered(504, 599)),
        _speed(told),
        _used(told, now),
        _store(told),
    ]


def _up(url: str, told: Figures, now: float) -> str:
    if not told.has(STARTED):
        return _("{url} answers", url=url)
    return _("{url} has been up for {time}", url=url, time=duration(_seconds_up(told, now)))


def _seconds_up(told: Figures, now: float) -> float:
    return max(1.0, now - told.of(STARTED))


def _used(told: Figures, now: float) -> str:
    """Only Linux has /proc, from which the server reads it."""
    if not told.has(STARTED):
        return _("uses: its system does not say")
    return _(
        "uses: {memory:,} MB of memory, {files} open files, {share:.0f} % of a core",
        memory=round(told.of("process_resident_memory_bytes") / MB),
        files=int(told.of("process_open_fds")),
        share=100 * told.of("process_cpu_seconds_total") / _seconds_up(told, now),
    )


def _pace(told: Figures) -> str:
    if not told.has("normscope_step_seconds"):
        return _("a step: no run computes")
    return _("a step: {ms:,} ms, looks and tests included", ms=round(1000 * told.of("normscope_step_seconds")))


def _speed(told: Figures) -> str:
    half, most = (told.within(share, "runs/points") for share in (0.5, 0.95))
    if not most:
        return _("news of runs: nobody has asked")
    return _("news of runs: half within {half:g} ms, 95 of 100 within {most:g} ms", half=1000 * half, most=1000 * most)


def _store(told: Figures) -> str:
    if not told.of("normscope_store_limit_bytes"):
        return _("store: none, runs are in memory only")
    return _(
        "store: {used:,} of {limit:,} MB, {n:,} records not on the disk yet",
        used=round(told.of("normscope_store_bytes") / MB),
        limit=round(told.of("normscope_store_limit_bytes") / MB),
        n=int(told.of("normscope_store_unwritten_records")),
    )
