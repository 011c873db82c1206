"""A sweep as a page is told it: how it stands, and what is new.

standing  how it stands, and what its numbers say
news      the groups that have new entries, each with its runs and its band
offered   what can be asked: the ready-made sweeps, and the settings that can be varied
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from core.experiment.config import ExperimentConfig
from core.experiment.links import to_text
from core.lab.conclusions import conclusions
from core.lab.conducted import Arrived, Conducted
from core.lab.curves import Band
from core.lab.links import to_query, written
from core.lab.ready_made import READY_MADE
from core.lab.statistics import LEAST_SEEDS, Spread
from core.lab.summary import FINISHED, Group, at_their_best, groups, learns
from core.lab.sweep import LR, LR_RULE, NORM, SETTINGS, Sweep
from core.lab.wording import label, told
from core.language.speech import spoken
from core.training.records import to_finite
from core.words import settings

ALWAYS_TOLD = ("examples", "batch_size", "learning_rate", "epochs")
SPREADS = {
    "validation": "validation_accuracy",
    "test": "test_accuracy",
    "loss": "train_loss",
    "ratio": "gradient_ratio",
    "cost": "step_milliseconds",
    "range": "along_loss_range",
    "cosine": "along_cosine",
    "change": "along_change",
    "steepness": "along_steepness",
}


def link(sweep: Sweep) -> str:
    return urlencode(to_query(sweep), safe=",:/;=")


def planned(sweep: Sweep) -> dict[str, Any]:
    """What it is; `values` are as the groups have them, `texts` as they are shown."""
    return {
        "link": link(sweep),
        "seeds": sweep.seeds,
        "along": sweep.along,
        "data": None if "data" in dict(sweep.varied) else sweep.base.data,
        "base": _base(sweep),
        "share": f"{100 * sweep.validation:g}",
        "arms": [{"name": arm.name, "title": str(arm.title), "norm": arm.main_norm} for arm in sweep.base.arms],
        "varied": [
            {"name": name, "label": str(label(name)), "values": [to_text(value) for value in values]}
            | {"texts": [str(told(name, value)) for value in values]}
            for name, values in sweep.varied
        ],
    }


def _base(sweep: Sweep) -> list[str]:
    """What all its experiments have in common besides the images, as far as it is not as usual, or is told always."""
    usual, varied = ExperimentConfig(), {SETTINGS.get(name) for name, _values in sweep.varied}
    names = [each.name for each in fields(usual) if each.name not in varied | {"arms", "data"}]
    base = sweep.base
    return [
        settings.told(name, base)
        for name in names
        if name in ALWAYS_TOLD or getattr(base, name) != getattr(usual, name)
    ]


def standing(sweep: Conducted, key: str) -> dict[str, Any]:
    """`mine` is that whoever has `key` may steer it."""
    entries = sweep.entries
    said, best = _concluded(sweep, sweep.generation, len(entries), spoken())
    return {
        "id": sweep.id,
        "generation": sweep.generation,
        "status": sweep.status,
        "asked": sweep.asked,
        "message": str(sweep.message),
        "done": sweep.done,
        "failed": sweep.failed,
        "total": sweep.total,
        "seconds_left": sweep.seconds_left,
        "mine": bool(key) and sweep.key == key,
        "pinned": sweep.pinned,
        "said": said,
        "few": sweep.sweep.seeds < LEAST_SEEDS,
        "why": sorted({str(entry["message"]) for entry in entries if entry["status"] == "failed"}),
        "next": best if not sweep.missing else None,
    }


@lru_cache(maxsize=64)
def _concluded(sweep: Conducted, generation: int, count: int, language: str) -> tuple[list[str], dict[str, str] | None]:
    """What its numbers say, and what to ask next; the same for all who ask until another entry has come."""
    found = groups(sweep.entries)
    titles = {arm.name: arm.title for arm in sweep.sweep.base.arms}
    return [str(sentence) for sentence in conclusions(found, titles)] if found else [], _next(sweep, found)


def _next(sweep: Conducted, found: Sequence[Group]) -> dict[str, str] | None:
    """The rates are chosen: several seeds there, for who asks which norm is best."""
    varied, seeds = [name for name, _values in sweep.sweep.varied], READY_MADE["which-norm"].then
    if varied != [LR]:
        return None
    best = at_their_best(sweep.sweep, found, seeds)
    return {"seeds": str(seeds), "link": link(best)} if best else None


def news(arrived: Sequence[Arrived], since: int) -> list[dict[str, Any]]:
    """Of what has `arrived`, the groups to which something belongs that came after the first `since`."""
    by_group: dict[tuple[tuple[str, ...], str], list[Arrived]] = {}
    for each in arrived:
        by_group.setdefault(_group(each), []).append(each)
    changed = dict.fromkeys(map(_group, arrived[since:]))
    return [_of_group(where, arm, sorted(by_group[where, arm], key=lambda each: each.place)) for where, arm in changed]


def _group(arrived: Arrived) -> tuple[tuple[str, ...], str]:
    entry = arrived.entry
    return tuple(to_text(value) for name, value in entry["values"].items() if name != NORM), entry["arm"]


def _of_group(where: tuple[str, ...], arm: str, arrived: Sequence[Arrived]) -> dict[str, Any]:
    entries = [each.entry for each in arrived]
    (group,) = groups(entries)
    return {
        "where": list(where),
        "arm": arm,
        "seeds": len(entries),
        "finished": group.finished,
        "learned": group.learned,
        "runs": [
            {"seed": each["seed"], "run": each["run"], "status": each["status"], "learned": learns(each)}
            | {"validation": each["validation_accuracy"]}
            for each in entries
        ],
        "band": to_finite(Band.of([each.curve for each in arrived if each.entry["status"] == FINISHED])),
        "fate": group.fate,
    } | {name: _spread(group.spread(measured)) for name, measured in SPREADS.items()}


def _spread(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    found: dict[str, float] = to_finite(
        {"n": spread.n, "median": spread.median, "low": spread.low, "high": spread.high}
    )
    return found


def offered(base: ExperimentConfig) -> dict[str, Any]:
    """`base` says what values a setting may have."""
    return {
        "questions": [
            {
                "name": name,
                "answers": str(question.answers),
                "vary": ";".join(written(*varied) for varied in question.varied),
                "seeds": question.seeds,
                "along": question.along,
            }
            for name, question in READY_MADE.items()
        ],
        "settings": [
            {
                "name": name,
                "label": str(label(name)),
                "usual": "" if name == LR_RULE else to_text(getattr(base, SETTINGS[name])),
            }
            for name in (*SETTINGS, LR_RULE)
        ],
    }
