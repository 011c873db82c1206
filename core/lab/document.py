"""What a sweep found, for programs.

document  the sweep or its parts, every entry of them, and what is concluded
as_file   the entries of a sweep, or of its parts, as CSV, Parquet or that document
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from core.lab.arrived import Findings
from core.lab.conclusions import concluded
from core.lab.entries import MEASURED, Entry, csv_text, rows
from core.lab.links import to_query
from core.lab.probing import ALONG
from core.lab.statistics import Pair
from core.lab.summary import Group, chosen, groups, is_whole, ladders, pairs
from core.lab.sweep import Sweep
from core.language.languages import ENGLISH
from core.language.speech import speaking

FORMATS = ("csv", "parquet", "json")
WHOLE = ("part", "seed", "held_out", "steps", "parameters")
TEXT = ("arm", "status", "message", "run", "initial_weights", *(f"along_{name}_by_step" for name in ALONG))
KINDS = (
    dict.fromkeys(MEASURED, "double") | dict.fromkeys(WHOLE, "int64") | dict.fromkeys(TEXT, "string")
)  # of Parquet's columns, also where nothing was measured


def document(parts: Sequence[Findings], status: str) -> dict[str, Any]:
    """For programs, in English whoever asks: its parts, numbered from 1 on, their entries, and what is concluded."""
    with speaking(ENGLISH):
        told = _told(parts)
        found = [groups(entries) for entries in told]
        whole = [of_it for part, of_it in zip(parts, found, strict=True) if is_whole(part.sweep, of_it)]
        by_part = [concluded(part.sweep, of_it) for part, of_it in zip(parts, found, strict=True)]
        said = [sentence for sentences in reversed(by_part) for sentence in sentences]  # the last part has the answer
        return {
            "sweeps": [_sweep(part.sweep, number) for number, part in enumerate(parts, 1)],
            "status": status,
            "points": [entry for entries in told for entry in entries],
            "groups": [{"part": number} | group.to_json() for number, of_it in enumerate(found, 1) for group in of_it],
            "conclusions": _concluded(whole) | {"sentences": [str(each) for each in said]},
        }


def _told(parts: Sequence[Findings]) -> list[list[Entry]]:
    """The entries of each, in the language that is spoken here; of a part is told which one it is."""
    return [
        [{"part": number} | entry | {"message": str(entry["message"])} for entry in part.entries]
        for number, part in enumerate(parts, 1)
    ]


def _sweep(sweep: Sweep, part: int) -> dict[str, Any]:
    """Its `entries` are those of this part; what follows counts as the other one."""
    return {
        "part": part,
        "description": str(sweep.described()),
        "base": sweep.base.to_json(),
        "varied": dict(sweep.varied),
        "norms": list(sweep.arms),
        "seeds": list(range(sweep.base.seed, sweep.base.seed + sweep.seeds)),
        "validation_share": sweep.validation,
        "held_out": sweep.held_out(sweep.base),
        "entries": replace(sweep, then=0).entries,
        "link": to_query(sweep),
    }


def _concluded(parts: Sequence[Sequence[Group]]) -> dict[str, Any]:
    """Of parts that are whole; of two both: their arms have names of their own."""
    best = {arm: dict(group.where) for found in parts for arm, group in chosen(found).items()}
    return {
        "chosen": best,
        "pairs": [_pair(pair) for found in parts for pair in pairs(found)],
        "largest_rates": [asdict(each) | {"where": dict(each.where)} for found in parts for each in ladders(found)],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return asdict(pair) | {"where": dict(pair.where), "also": [dict(where) for where in pair.also]}


def as_file(parts: Sequence[Findings], status: str, form: str) -> bytes:
    """In one of FORMATS, in English whoever asks."""
    with speaking(ENGLISH):
        if form == "json":
            text = json.dumps(document(parts, status), indent=1, ensure_ascii=False, allow_nan=False)
            return f"{text}\n".encode()
        every = [entry for entries in _told(parts) for entry in entries]
        return csv_text(every).encode() if form == "csv" else _parquet(rows(every))


def _parquet(table: list[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    text = io.BytesIO()
    names = dict.fromkeys(name for row in table for name in row)  # not all rows have all of them
    kinds = {name: pyarrow.type_for_alias(kind) for name, kind in KINDS.items()}
    columns = {name: pyarrow.array([row.get(name) for row in table], kinds.get(name)) for name in names}
    parquet.write_table(pyarrow.table(columns), text)
    return text.getvalue()
