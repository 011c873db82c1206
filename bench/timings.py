"""Repeated measurements as a few numbers: medians, percentiles, the ratio of what was measured in pairs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` percent of `values` lie, linear between ranks as numpy's."""
    if not values:
        raise ValueError("There is no percentile of no measurements.")
    ordered = sorted(values)
    rank = (len(ordered) - 1) * share / 100
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def ratios(pairs: Iterable[tuple[float, float]]) -> list[float]:
    """first / second of each pair, smallest first. Pairs, not medians: a slow minute is slow for both of one pair."""
    return sorted(first / second for first, second in pairs)


def with_range(values: Sequence[float], digits: int = 2) -> str:
    """'median (smallest to largest)'."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
