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
from core.lab.arrived import Arrived
from core.lab.conclusions import concluded
from core.lab.conducted import Conducted
from core.lab.curves import Band
from core.lab.links import to_query, written
from core.lab.ready_made import READY_MADE
from core.lab.statistics import LEAST_SEEDS, Spread
from core.lab.summary import FINISHED, Group, at_their_best, groups, learns
from core.lab.sweep import LR, LR_RULE, NORM, SETTINGS, Sweep
from core.lab.wording import label, told
from core.language.speech import _, spoken
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
Which = tuple[int, tuple[str, ...], str]  # a group's part, values and arm
OVER_STEPS = {"cosine": "cosine", "range": "loss_range"}  # of core.probes.along.Along


def link(sweep: Sweep) -> str:
    return urlencode(to_query(sweep), safe=",:/;=")


def planned(sweep: Sweep) -> dict[str, Any]:
    """What it is; `values` are as the groups have them, `texts` as they are shown."""
    return {
        "link": link(sweep),
        "seeds": sweep.seeds,
        "along": sweep.along,
        "after": sweep.then,
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
    base, has_rule = sweep.base, LR_RULE in dict(sweep.varied)
    return [
        _rate_of_the_rules(base) if name == "learning_rate" and has_rule else settings.told(name, base)
        for name in names
        if name in ALWAYS_TOLD or getattr(base, name) != getattr(usual, name)
    ]


def _rate_of_the_rules(base: ExperimentConfig) -> str:
    """The fixed one; the proportional one is it at this batch size."""
    return _("learning rate {rate:g} at batch size {size:,}", rate=base.learning_rate, size=base.batch_size)


def standing(sweep: Conducted, key: str) -> dict[str, Any]:
    """`mine` is that whoever has `key` may steer it; `said` and `few` have one for each part that is known.

    `spent`: it has had all minutes that this server gives, and can only go on elsewhere.
    """
    entries = sweep.entries
    said, best = _concluded(sweep, sweep.generation, len(entries), spoken())
    return {
        "id": sweep.id,
        "generation": sweep.generation,
        "status": sweep.status,
        "asked": sweep.asked,
        "message": str(sweep.out_of_time or sweep.message),
        "spent": bool(sweep.out_of_time),
        "done": sweep.done,
        "failed": sweep.failed,
        "total": sweep.total,
        "seconds_left": sweep.seconds_left,
        "mine": bool(key) and sweep.key == key,
        "pinned": sweep.pinned,
        "said": said,
        "few": [part.sweep.seeds < LEAST_SEEDS for part in sweep.parts],
        "why": sorted({str(entry["message"]) for entry in entries if entry["status"] == "failed"}),
        "next": best if not sweep.missing else None,
    }


@lru_cache(maxsize=64)
def _concluded(
    sweep: Conducted, generation: int, count: int, language: str
) -> tuple[list[list[str]], dict[str, str] | None]:
    """What the numbers of each part say, and what to ask next; the same for all who ask until another entry comes."""
    parts = [(part.sweep, groups(part.entries)) for part in sweep.findings]
    said = [[str(sentence) for sentence in concluded(part, found)] for part, found in parts]
    return said, _next(sweep.sweep, parts[0][1])


def _next(sweep: Sweep, found: Sequence[Group]) -> dict[str, str] | None:
    """The rates are chosen: several seeds there, for who asks which norm is best, unless they follow anyway."""
    varied, seeds = [name for name, _values in sweep.varied], READY_MADE["which-norm"].then
    if varied != [LR] or sweep.then:
        return None
    best = at_their_best(sweep, found, seeds)
    return {"seeds": str(seeds), "link": link(best)} if best else None


def news(arrived: Sequence[Arrived], since: int) -> list[dict[str, Any]]:
    """Of what has `arrived`, the groups to which something belongs that came after the first `since`."""
    by_group: dict[Which, list[Arrived]] = {}
    for each in arrived:
        by_group.setdefault(_group(each), []).append(each)
    changed = dict.fromkeys(map(_group, arrived[since:]))
    return [_of_group(which, sorted(by_group[which], key=lambda each: each.place)) for which in changed]


def _group(arrived: Arrived) -> Which:
    entry = arrived.entry
    where = tuple(to_text(value) for name, value in entry["values"].items() if name != NORM)
    return arrived.part, where, entry["arm"]


def _of_group(which: Which, arrived: Sequence[Arrived]) -> dict[str, Any]:
    part, where, arm = which
    entries = [each.entry for each in arrived]
    finished = [each for each in arrived if each.entry["status"] == FINISHED]
    (group,) = groups(entries)
    return {
        "part": part,
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
        "band": to_finite(Band.of([each.curve for each in finished])),
        "along": {name: _over_steps(finished, measured) for name, measured in OVER_STEPS.items()},
        "fate": group.fate,
    } | {name: _spread(group.spread(measured)) for name, measured in SPREADS.items()}


def _over_steps(finished: Sequence[Arrived], measured: str) -> dict[str, Any]:
    """A band; `lost` is how many of its numbers are not finite, and so not in it."""
    curves = [each.along.get(measured, ()) for each in finished]
    band = Band.of([[(step, number) for step, number in curve if number is not None] for curve in curves])
    told: dict[str, Any] = to_finite(band)
    return told | {"lost": sum(number is None for curve in curves for _step, number in curve)}


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
                "after": question.then,
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
