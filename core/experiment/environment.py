"""Every NORMSCOPE_* variable of the environment, read and checked here and nowhere else.

data_root      NORMSCOPE_DATA: the folder that holds FashionMNIST/raw and its like
grace_seconds  NORMSCOPE_GRACE_SECONDS: how long a run that nobody watches goes on
home           NORMSCOPE_HOME: the folder in which runs are kept; NORMSCOPE_STORE=off: none
keep_bytes     NORMSCOPE_KEEP: how much they may take there
shared         NORMSCOPE_SHARED: whether everybody's runs are listed for everybody
most_work      NORMSCOPE_MOST_WORK: how much a run of the page may take, in images × epochs × arms × layers
lab            NORMSCOPE_LAB: whether sweeps are computed for who visits; NORMSCOPE_LAB_POINTS, NORMSCOPE_LAB_MINUTES:
               how large each may be, and how long
ray            NORMSCOPE_RAY: the Ray cluster that computes live runs and the points of sweeps
slots          NORMSCOPE_SLOTS: how many live runs it has room for at once
embed_sites    NORMSCOPE_EMBED_SITES: the sites that may show a page inside one of theirs
metrics        NORMSCOPE_METRICS=off: nobody is told how the server stands
log            NORMSCOPE_LOG: whether the server writes a line an event, and with visitors' addresses
proxied        whether FORWARDED_ALLOW_IPS, which is uvicorn's, names a proxy
check          all of them, for a server that is about to start
fix_products   MKL_CBWR, which is another program's, set where numbers would hang on the number of cores
fix_threads    OMP_NUM_THREADS, PyTorch's, set where this process has a share of the cores only

An empty variable is an unset one. For a bad one ConfigError says the rule, what it got and what to do.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from core.experiment import machine
from core.experiment.rules import IT, ConfigError, quoted, read_number
from core.language.message import Message

PROJECT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 60.0
KEEP = "2 GB"
LAB_POINTS, PUBLIC_POINTS, PUBLIC_MINUTES = 400, 240, 30.0
UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
CLUSTER = re.compile(r"auto|(ray://)?([\w.-]+|\[[0-9a-f:.]+\]):[0-9]{1,5}", re.IGNORECASE | re.ASCII)
IPV4 = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
SITE = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.IGNORECASE)


def data_root() -> Path:
    """$NORMSCOPE_DATA, else data/. A relative path starts at the project's folder, wherever the program was started."""
    return _folder("NORMSCOPE_DATA", os.environ.get("NORMSCOPE_DATA") or "data")


def home() -> Path | None:
    """$NORMSCOPE_HOME, else where this system keeps a user's data; None where $NORMSCOPE_STORE is off."""
    rule = Message("{name}: It must be on or off; got {text}. Set it to off to keep no runs, or leave it unset.")
    if _word("NORMSCOPE_STORE", ("on", "off"), rule) == "off":
        return None
    from platformdirs import user_data_path  # here: what keeps no runs, as on a borrowed card, needs no such package

    usual = str(user_data_path("normscope", appauthor=False))
    return _folder("NORMSCOPE_HOME", os.environ.get("NORMSCOPE_HOME") or usual)


def keep_bytes() -> int:
    """$NORMSCOPE_KEEP, else 2 GB, in bytes."""
    name = "NORMSCOPE_KEEP"
    text = os.environ.get(name) or KEEP
    match = re.fullmatch(r"\s*([0-9.,]{1,20})\s*([kmgt]?b)\s*", text, re.IGNORECASE)
    number = _read(match[1], name, float) if match is not None else None
    if match is None or number is None:
        rule = Message(
            "{name}: It must be a size such as {usual} or 500 MB; got {text}. Set it to one, or leave it unset.",
            {"usual": KEEP},
        )
        raise _refused(name, text, rule)
    return int(number * UNITS[match[2].upper()])


def shared() -> bool:
    """Whether $NORMSCOPE_SHARED is 1."""
    rule = Message(
        "{name}: It must be 0 or 1; got {text}. Set it to 1 to list all runs for all who visit, or leave it unset."
    )
    return _word("NORMSCOPE_SHARED", ("0", "1"), rule) == "1"


def _folder(name: str, text: str) -> Path:
    try:
        return PROJECT / Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(
            Message(
                "{name}: Its ~ must stand for the home of a user who is here; got {text}. Set it to the whole path, or "
                "leave it unset.",
                {"name": name, "text": quoted(text)},
            )
        ) from None


def grace_seconds() -> float:
    """$NORMSCOPE_GRACE_SECONDS, else 60."""
    rule = Message(
        "{name}: It must be a finite number of seconds, 0 or more; got {text}. Set it to {usual:g}, or leave it unset.",
        {"usual": GRACE_SECONDS},
    )
    return _number("NORMSCOPE_GRACE_SECONDS", float, 0, GRACE_SECONDS, rule)


def most_work() -> int | None:
    """$NORMSCOPE_MOST_WORK; None, no limit, where it is unset."""
    rule = Message(
        "{name}: It must be a whole number above 0, of images × epochs × arms × layers; got {text}. The usual run "
        "of three arms takes 900,000. Set it to a number, or leave it unset."
    )
    return _count("NORMSCOPE_MOST_WORK", rule)


@dataclass(frozen=True, slots=True)
class Lab:
    """What a sweep that is started on a page may take: so many entries, and so long."""

    is_on: bool
    points: int = LAB_POINTS
    minutes: float = math.inf


def lab() -> Lab:
    """$NORMSCOPE_LAB: on, off, or public: on, with 240 entries and 30 minutes a sweep. The other two say other numbers.

    240 are enough for each ready-made question with six arms.
    """
    rule = Message(
        "{name}: It must be on, off or public; got {text}. Set it to public where strangers visit, to off to have no "
        "sweeps, or leave it unset."
    )
    of_points = Message(
        "{name}: It must be a whole number above 0, of entries; got {text}. Set it to {usual}, or leave it unset.",
        {"usual": LAB_POINTS},
    )
    of_minutes = Message("{name}: It must be a finite number, 1 or more; got {text}. Set it to one, or leave it unset.")
    word = _word("NORMSCOPE_LAB", ("on", "off", "public"), rule)
    points, minutes = (PUBLIC_POINTS, PUBLIC_MINUTES) if word == "public" else (LAB_POINTS, math.inf)
    return Lab(
        word != "off",
        int(_number("NORMSCOPE_LAB_POINTS", int, 1, points, of_points)),
        _number("NORMSCOPE_LAB_MINUTES", float, 1, minutes, of_minutes),
    )


def ray() -> str:
    """$NORMSCOPE_RAY: auto, HOST:PORT or ray://HOST:PORT; empty where it is unset: this machine does it alone."""
    name = "NORMSCOPE_RAY"
    text = os.environ.get(name) or ""
    if text and not (CLUSTER.fullmatch(text) and (text.lower() == "auto" or _is_port(text.rpartition(":")[2]))):
        rule = Message(
            "{name}: It must be auto, HOST:PORT or ray://HOST:PORT, with a port from 1 to 65535; got {text}. Set it to "
            "the address of a Ray cluster, or leave it unset: the cores of this machine then compute."
        )
        raise _refused(name, text, rule)
    return text.lower() if text.lower() == "auto" else text


def slots() -> int | None:
    """$NORMSCOPE_SLOTS; None, as many as the cluster has cards, or else cores, where it is unset."""
    rule = Message(
        "{name}: It must be a whole number above 0, of live runs at once on the Ray cluster; got {text}. Set it to "
        "one, or leave it unset: one run a card, or a core where there are no cards."
    )
    return _count("NORMSCOPE_SLOTS", rule)


def _is_port(text: str) -> bool:
    return 1 <= int(text) <= 65535


def embed_sites() -> tuple[str, ...]:
    """The origins in $NORMSCOPE_EMBED_SITES, which commas or spaces part; none where it is unset."""
    name = "NORMSCOPE_EMBED_SITES"
    sites = tuple((os.environ.get(name) or "").replace(",", " ").split())
    for site in sites:
        if not SITE.fullmatch(site):
            raise ConfigError(
                Message(
                    "{name}: Each site must be http:// or https://, a host and perhaps a port, and no path; got "
                    "{text}. Write for example https://moodle.example.edu, or leave it unset.",
                    {"name": name, "text": quoted(site)},
                )
            )
    return sites


def metrics() -> bool:
    """Whether $NORMSCOPE_METRICS is on, as it is where it is unset."""
    rule = Message("{name}: It must be on or off; got {text}. Set it to off to close /api/metrics, or leave it unset.")
    return _word("NORMSCOPE_METRICS", ("on", "off"), rule) == "on"


def log() -> str:
    """$NORMSCOPE_LOG: events, addresses or off; events where it is unset."""
    rule = Message(
        "{name}: It must be events, addresses or off; got {text}. Set it to addresses to have those of refused "
        "visitors in the log, or leave it unset."
    )
    return _word("NORMSCOPE_LOG", ("events", "addresses", "off"), rule)


def proxied() -> bool:
    """Whether the operator has named the proxy that this server is behind, whose word for a visitor's address counts.

    uvicorn reads it, and takes what is on its own machine for one where nobody has: not enough to tell visitors apart.
    """
    return bool(os.environ.get("FORWARDED_ALLOW_IPS"))


def proxies() -> list[str]:
    """The proxies that the operator has named in $FORWARDED_ALLOW_IPS, by all addresses that they may come from.

    A server that listens to IPv6, too, as one does without --server.address, sees 127.0.0.1 as ::ffff:127.0.0.1.
    """
    named = [each.strip() for each in os.environ.get("FORWARDED_ALLOW_IPS", "").split(",") if each.strip()]
    return named + [f"::ffff:{each}" for each in named if IPV4.fullmatch(each)]


def _word(name: str, words: tuple[str, ...], rule: Message) -> str:
    """One of `words`, the first where the variable is unset."""
    text = os.environ.get(name) or words[0]
    if text.lower() not in words:
        raise _refused(name, text, rule)
    return text.lower()


def _count(name: str, rule: Message) -> int | None:
    """A whole number above 0; None where the variable is unset."""
    found = _number(name, int, 1, math.inf, rule)
    return int(found) if found < math.inf else None


def _number(name: str, kind: type[int] | type[float], least: float, usual: float, rule: Message) -> float:
    """A finite number, `least` or more; `usual` where the variable is unset."""
    text = os.environ.get(name)
    if not text:
        return usual
    number = _read(text, name, kind)
    if number is None or not least <= number < math.inf:
        raise _refused(name, text, rule)
    return number


def _read(text: str, name: str, kind: type[int] | type[float]) -> float | None:
    """None where it is no number."""
    try:
        return float(read_number(text, IT, name, kind))
    except ConfigError:
        return None


def _refused(name: str, text: str, rule: Message) -> ConfigError:
    return ConfigError(replace(rule, values={**rule.values, "name": name, "text": quoted(text)}))


def check() -> None:
    """Read every variable; raises ConfigError for the first that is not as it must be."""
    data_root()
    grace_seconds()
    home()
    keep_bytes()
    shared()
    most_work()
    lab()
    ray()
    slots()
    embed_sites()
    metrics()
    log()


def fix_products(processor: Path = Path("/proc/cpuinfo")) -> None:
    """Have oneMKL, before PyTorch loads it, sum products up in one order for any number of threads; a value set wins.

    On AMD's processors only, where it costs nothing (measured). On Intel's it takes a fourth of the speed, and products
    of LeNet's sizes are the same without it (docs/decisions/0015).
    """
    if processor.exists() and "AuthenticAMD" in processor.read_text():
        os.environ.setdefault("MKL_CBWR", "AVX2,STRICT")


def fix_threads() -> None:
    """Have PyTorch, before it is loaded, make as many threads as this process has cores of a share; a value set wins.

    It counts the cores of the host, and a container's `cpus:` hides none of them.
    """
    if machine.usable_cores() < machine.cores():
        os.environ.setdefault("OMP_NUM_THREADS", str(machine.usable_cores()))
