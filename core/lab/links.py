"""A sweep in a link, and what varies in a word: to_query and from_query, and written and read, are inverses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.experiment import links
from core.experiment.config import ExperimentConfig
from core.experiment.links import to_text
from core.experiment.rules import IT, ConfigError, check_choice, narrowed, quoted, read_number
from core.lab.sweep import LR_RULE, MOST_ENTRIES, NORM, SEEDS, SETTINGS, SHARE, Sweep, check_varied
from core.language.message import Message
from core.language.several import Sentences

VARY, VALIDATION, ALONG, THEN = "vary", "validation", "along", "then"
KEYS = (VARY, SEEDS, VALIDATION, ALONG, THEN)
ON, OFF = "1", "0"


def to_query(sweep: Sweep) -> dict[str, str]:
    """The sweep as URL parameters: those of its base, and what makes many of it."""
    varied = {VARY: ";".join(written(name, values) for name, values in sweep.varied)} if sweep.varied else {}
    usual = {SEEDS: str(sweep.seeds), VALIDATION: to_text(sweep.validation)}
    # What came later is in it only where it is asked for: links and ids of before stay what they are.
    along = {ALONG: ON} if sweep.along else {}
    then = {THEN: str(sweep.then)} if sweep.then else {}
    return links.to_query(sweep.base) | varied | usual | along | then


def from_query(params: Mapping[str, str], limit: int = MOST_ENTRIES) -> Sweep:
    """Read strictly: raises ConfigError for whatever is unknown, unreadable or out of range."""
    base, problems = links.from_query({key: text for key, text in params.items() if key not in KEYS}, refuses=True)
    if problems:
        raise ConfigError(Sentences(problems))  # which name their settings themselves
    return of_base(base, params, limit)


def of_base(base: ExperimentConfig, params: Mapping[str, str], limit: int = MOST_ENTRIES) -> Sweep:
    """Many of `base`, as the link's other parameters say."""
    varied = tuple(read(text) for text in params.get(VARY, "").split(";") if text)
    seeds = read_number(params.get(SEEDS, "1"), IT, SEEDS, int)
    share = read_number(params.get(VALIDATION, str(SHARE)), IT, VALIDATION, float)
    along = check_choice(ALONG, params.get(ALONG, OFF), (OFF, ON)) == ON
    then = read_number(params.get(THEN, "0"), IT, THEN, int)
    return Sweep(base, varied, seeds, share, limit, along, then)


def written(name: str, values: tuple[Any, ...]) -> str:
    return f"{name}={','.join(map(to_text, values))}"


def read(text: str) -> tuple[str, tuple[Any, ...]]:
    """lr=0.01,0.1 as its name and values; those of `norm` are arms. Raises ConfigError."""
    name, sign, values = narrowed(text).partition("=")
    name = name.strip().lower().replace("_", "-")
    name = {field.replace("_", "-"): name for name, field in SETTINGS.items()}.get(name, name)
    if sign and not values.strip() and name in (*SETTINGS, LR_RULE):
        raise ConfigError(
            Message("It has no values yet; what is varied has one or more, with commas between them. Write some."),
            SETTINGS.get(name, name),
        )
    if not sign or not values.strip():
        raise ConfigError(
            Message(
                "It must be a setting and its values; got {text}. Write it like lr=0.01,0.1.", {"text": quoted(text)}
            ),
            VARY,
        )
    if name == NORM:
        return name, tuple(links.from_text("arms", values))
    check_varied(name)
    parts = [part.strip() for part in re.split("[,、]", values)]
    return name, tuple(part if name == LR_RULE else links.from_text(SETTINGS[name], part) for part in parts)
