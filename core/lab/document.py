"""What a sweep found, for programs.

document  the sweep or its parts, every entry of them, and what is concluded
as_file   the entries of one sweep as CSV, Parquet or that document
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.lab.conclusions import conclusions
from core.lab.entries import Entry, csv_text, rows
from core.lab.links import to_query
from core.lab.summary import Group, chosen, groups, ladders, pairs
from core.lab.sweep import Sweep
from core.language.languages import ENGLISH
from core.language.message import Message
from core.language.speech import speaking

FORMATS = ("csv", "parquet", "json")


def document(
    parts: Sequence[tuple[Sweep, Sequence[Entry], Sequence[Group]]], status: str, said: Sequence[Message | str]
) -> dict[str, Any]:
    """For programs: the sweep or its parts one after the other, every entry of them, and what is concluded."""
    with speaking(ENGLISH):
        return {
            "sweeps": [_sweep(sweep) for sweep, _entries, _groups in parts],
            "status": status,
            "points": [entry for _sweep, entries, _groups in parts for entry in entries],
            "groups": [group.to_json() for _sweep, _entries, groups in parts for group in groups],
            "conclusions": _concluded(parts[-1][2]) | {"sentences": [str(sentence) for sentence in said]},
        }


def _sweep(sweep: Sweep) -> dict[str, Any]:
    return {
        "description": str(sweep.described()),
        "base": sweep.base.to_json(),
        "varied": dict(sweep.varied),
        "norms": list(sweep.arms),
        "seeds": list(range(sweep.base.seed, sweep.base.seed + sweep.seeds)),
        "validation_share": sweep.validation,
        "held_out": sweep.held_out(sweep.base),
        "entries": sweep.entries,
        "link": to_query(sweep),
    }


def _concluded(found: Sequence[Group]) -> dict[str, Any]:
    return {
        "chosen": {arm: dict(group.where) for arm, group in chosen(found).items()},
        "pairs": [asdict(pair) | {"where": dict(pair.where)} for pair in pairs(found)],
        "largest_rates": [asdict(ladder) | {"where": dict(ladder.where)} for ladder in ladders(found)],
    }


def as_file(sweep: Sweep, entries: Sequence[Entry], status: str, form: str) -> bytes:
    """In one of FORMATS, in English whoever asks."""
    with speaking(ENGLISH):
        told = [entry | {"message": str(entry["message"])} for entry in entries]
        if form == "csv":
            return csv_text(told).encode()
        if form == "parquet":
            return _parquet(rows(told))
        found = groups(told)
        said = conclusions(found, {arm.name: arm.title for arm in sweep.base.arms}) if found else []
        return json.dumps(document([(sweep, told, found)], status, said), indent=1, allow_nan=False).encode()


def _parquet(table: list[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    text = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(table), text)
    return text.getvalue()
