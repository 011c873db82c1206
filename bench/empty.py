"""A point that is no work, in a module that imports nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def empty(point: Mapping[str, Any]) -> dict[str, Any]:
    return dict(point)
