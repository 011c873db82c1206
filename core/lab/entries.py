"""What a sweep has measured as a list: an entry for each combination, seed and arm that has come to an end.

entries   of the points that are done, in the sweep's order; of_point: those of one
csv_text  the same for a spreadsheet: a row each, with a column for each varied setting; rows: the same as dictionaries
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.lab.points import Point
from core.lab.probing import ALONG
from core.lab.sweep import NORM
from core.language.message import Message

MEASURED = (
    "validation_accuracy", "validation_loss", "test_accuracy", "test_loss", "test_accuracy_batch", "train_loss",
    "train_accuracy", "gradient_ratio", "learning_rate", "steps", "parameters", "initial_weights", "seconds",
    "examples_per_second", "step_milliseconds", *ALONG,
)  # fmt: skip
FAILED, DIVERGED = "failed", "diverged"
Entry = dict[str, Any]


def entries(
    points: Sequence[Point], found: Mapping[str, Mapping[str, Any]], failed: Mapping[str, Message | str]
) -> list[Entry]:
    """{"values", "seed", "arm", "status", "message", "run", "held_out"} and MEASURED; numbers there are not are None.

    The messages are told in the language that is spoken here.
    """
    every = (entry for point in points for entry in of_point(point, found.get(point.key), failed.get(point.key)))
    return [entry | {"message": str(entry["message"])} for entry in every]


def of_point(point: Point, found: Mapping[str, Any] | None, why: Message | str | None) -> Iterator[Entry]:
    if found is None and why is None:
        return
    for arm in point.config.arms:
        numbers = found["arms"][arm.name] if found else {"status": FAILED, "message": why}
        yield {
            "values": dict(point.values) | {NORM: arm.name},
            "seed": point.config.seed,
            "arm": arm.name,
            "status": numbers["status"],
            "message": numbers["message"],
            "run": found["run"] if found else None,
            "held_out": point.held_out,
        } | {name: numbers.get(name) for name in MEASURED}


def csv_text(found: Sequence[Entry]) -> str:
    text, all_rows = io.StringIO(), rows(found)
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in all_rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(all_rows)
    return text.getvalue()


def rows(found: Sequence[Entry]) -> list[dict[str, Any]]:
    return [entry["values"] | {name: value for name, value in entry.items() if name != "values"} for entry in found]
