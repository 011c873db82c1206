"""What a sweep has measured as a list: an entry for each combination, seed and arm that has come to an end.

entries   of the points that are done, in the sweep's order; of_point: those of one
csv_text  the same for a spreadsheet: a row each, with a column for each varied setting; rows: the same as dictionaries
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.experiment.arm import parse_arm
from core.lab.points import Point
from core.lab.probing import ALONG
from core.lab.sweep import LR, NORM
from core.language.message import Message

MEASURED = (
    "validation_accuracy", "validation_loss", "test_accuracy", "test_loss", "test_accuracy_batch", "train_loss",
    "train_accuracy", "gradient_ratio", "learning_rate", "steps", "parameters", "initial_weights", "seconds",
    "examples_per_second", "step_milliseconds", *ALONG,
)  # fmt: skip
BY_STEP = "along_by_step"
FAILED, DIVERGED = "failed", "diverged"
Entry = dict[str, Any]


def entries(
    points: Sequence[Point], found: Mapping[str, Mapping[str, Any]], failed: Mapping[str, Message | str]
) -> list[Entry]:
    """{"values", "seed", "arm", "status", "message", "run", "held_out"} and MEASURED; numbers there are not are None.

    Where the sweep measures along the gradient, BY_STEP has each of these numbers over the steps, None where it is not
    finite: {name: [[step, number], …]}.

    The messages are told in the language that is spoken here.
    """
    every = (entry for point in points for entry in of_point(point, found.get(point.key), failed.get(point.key)))
    return [entry | {"message": str(entry["message"])} for entry in every]


def of_point(point: Point, found: Mapping[str, Any] | None, why: Message | str | None) -> Iterator[Entry]:
    if found is None and why is None:
        return
    for arm in point.config.arms:
        numbers = found["arms"][arm.name] if found else {"status": FAILED, "message": why}
        yield (
            {
                "values": dict(point.values) | {NORM: arm.name},
                "seed": point.config.seed,
                "arm": arm.name,
                "status": numbers["status"],
                "message": numbers["message"],
                "run": found["run"] if found else None,
                "held_out": point.held_out,
            }
            | {name: numbers.get(name) for name in MEASURED}
            | _by_step(point, found, arm.name)
        )


def _by_step(point: Point, found: Mapping[str, Any] | None, arm: str) -> dict[str, Any]:
    if not point.along:
        return {}
    curves = (found or {}).get("along", {}).get(arm, {})
    return {BY_STEP: {name: [list(each) for each in curve] for name, curve in curves.items()}}


def csv_text(found: Sequence[Entry]) -> str:
    text, all_rows = io.StringIO(), rows(found)
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in all_rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(all_rows)
    return text.getvalue()


def rows(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """With what is measured over the steps as JSON, in a column for each of its numbers.

    Where other entries vary the learning rate, it is told of those, too, whose arms have one of their own.
    """
    has_rates = any(LR in entry["values"] for entry in found)
    return [(_own_rate(entry) if has_rates else {}) | entry["values"] | _flat(entry) for entry in found]


def _own_rate(entry: Entry) -> dict[str, float | None]:
    return {LR: parse_arm(entry["arm"]).learning_rate}


def _flat(entry: Entry) -> dict[str, Any]:
    single = {name: value for name, value in entry.items() if name not in ("values", BY_STEP)}
    return single | {f"along_{name}_by_step": json.dumps(curve) for name, curve in entry.get(BY_STEP, {}).items()}
