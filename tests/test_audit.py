"""What CI says of pip-audit's answer: a vulnerability fails it, a service that cannot be reached is a notice."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

verdict = runpy.run_path(str(Path(__file__).parents[1] / ".ci/audit.py"))["verdict"]

SOUND = {"name": "torch", "version": "2.15.0", "vulns": []}
BAD = {"name": "numpy", "version": "1.0", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
UNKNOWN = {"name": "segno", "skip_reason": "Dependency not found on PyPI and could not be audited: segno (1.6.6)"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([SOUND, SOUND, UNKNOWN], 0, "none of 2 packages"),
        ([SOUND, BAD, UNKNOWN], 1, "numpy 1.0: PYSEC-1\nnumpy 1.0: PYSEC-2"),
        ([UNKNOWN, UNKNOWN, SOUND], 0, "NOTICE: the packages were not audited: the service knew 1 of 3"),
    ],
)
def test_what_the_service_says(packages: list[dict[str, Any]], code: int, said: str) -> None:
    told = verdict(json.dumps({"dependencies": packages, "fixes": []}), "")
    assert (told[0], said in told[1]) == (code, True)


@pytest.mark.parametrize("told", ["", "{}", "no JSON"])
def test_no_answer_is_a_notice_with_the_reason(told: str) -> None:
    assert verdict(told, "WARNING: …\nERROR: Failed to connect\n") == (
        0,
        "NOTICE: the packages were not audited, since pip-audit had no answer: ERROR: Failed to connect",
    )
